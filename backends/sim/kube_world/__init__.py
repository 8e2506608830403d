"""The Kubernetes half of the simulated world: clusters that behave as real ones do."""

from __future__ import annotations

import random

from backends.clock import Clock
from backends.sim.blueprint import Blueprint
from backends.sim.kube_world.cluster import KubeCluster

__all__ = ["KubeCluster", "build"]


def build(
    blueprint: Blueprint,
    clock: Clock,
    rng: random.Random,
    *,
    lively: bool = True,
    require_token: bool = False,
) -> dict[str, KubeCluster]:
    """Lay out the EKS clusters of a blueprint, by name; the same seed gives the same clusters.

    `lively` off leaves out what nobody asked for: incidents, autoscaling, releases, probes that
    fail. With `require_token` a request without a token is 401 instead of the operator's.
    """
    laid_out = [cluster for cluster in blueprint.clusters if cluster.provider == "eks"]
    return {
        cluster.name: KubeCluster(
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
