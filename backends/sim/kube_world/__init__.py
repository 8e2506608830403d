"""The Kubernetes half of the simulated world: clusters that behave as real ones do."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from backends.clock import Clock
from backends.sim.blueprint import Blueprint
from backends.sim.kube_world.cluster import KubeCluster

__all__ = ["KubeCluster", "KubeClusters", "build"]

AT_ONCE = 20
"""Clusters that are all laid out when one is asked for; more than that each by itself."""


class KubeClusters(Mapping[str, KubeCluster]):
    """The clusters of a world by name. In a world of many each is laid out when it is first
    asked for, which takes some 40 ms."""

    def __init__(self, makers: dict[str, Callable[[], KubeCluster]]) -> None:
        self._makers = makers
        self._made: dict[str, KubeCluster] = {}

    def __getitem__(self, name: str) -> KubeCluster:
        cluster = self._made.get(name)
        if cluster is None:
            cluster = self._made[name] = self._makers[name]()
        return cluster

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def advance(self, now: float) -> None:
        """Process everything due up to epoch second `now` in those that are laid out."""
        for cluster in self._made.values():
            cluster.advance(now)

    def lay_out_next(self) -> None:
        """Lay out one more, if any is left."""
        name = next((name for name in self._makers if name not in self._made), None)
        if name is not None:
            self[name]


def build(
    blueprint: Blueprint,
    clock: Clock,
    rng: random.Random,
    *,
    lively: bool = True,
    require_token: bool = False,
) -> KubeClusters:
    """Lay out the EKS clusters of a blueprint, by name; the same seed gives the same clusters.

    `lively` off leaves out what nobody asked for: incidents, autoscaling, releases, probes that
    fail. With `require_token` a request without a token is 401 instead of the operator's.
    """
    laid_out = [cluster for cluster in blueprint.clusters if cluster.provider == "eks"]
    clusters = KubeClusters(
        {
            cluster.name: partial(
                KubeCluster,
                cluster,
                clock,
                random.Random(rng.getrandbits(64)),
                index,
                seed=blueprint.seed,
                lively=lively,
                require_token=require_token,
            )
            for index, cluster in enumerate(laid_out)
        }
    )
    if len(clusters) <= AT_ONCE:
        for _ in laid_out:
            clusters.lay_out_next()
    return clusters
