"""EKS and any other Kubernetes: clusters, workloads, pods, nodes, events, logs, live by watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.base import Backend, Sources
    from backends.clock import Clock


def create(sources: Sources, clock: Clock) -> Backend:
    """Make the backend for `sources`; nothing is read or connected yet."""
    from backends.eks.backend import KubeBackend

    return KubeBackend(sources, clock)
