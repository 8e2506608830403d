"""The Kubernetes face of the simulated world: its clusters' REST API over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from backends.sim.kube_face.face import Face, KubeWorld

__all__ = ["KubeWorld", "routes"]


def routes(world: KubeWorld) -> Sequence[web.AbstractRouteDef]:
    """Return the routes that serve each cluster's API below ``/k8s/<cluster>``."""
    return [web.route("*", "/k8s/{cluster}{path:(?:/.*)?}", Face(world).handle)]
