"""What there is in the world of the contract, whichever server holds it."""

from __future__ import annotations

from typing import NamedTuple

from backends.sim.blueprint import Blueprint, SimAccount, SimCluster, SimWorkload

ACCOUNT = SimAccount("ops", "111122223333", "AKIACONTRACT00000001", "contract-secret")
"""Whose everything is, and the key that all is asked with."""

HOME, CROWDED, EMPTY = "us-east-1", "eu-west-1", "eu-central-1"
"""The region with a fleet, that with more clusters than a page holds, and one with nothing."""

IMAGE = f"{ACCOUNT.account_id}.dkr.ecr.{HOME}.amazonaws.com/"
SHOP, OTHER = "shop-prod", "prod"
"""Two clusters; the name of the second is a part of that of the first."""

AUDIT = "audit"
"""A cluster of one service, so that all its tasks are that service's."""

LOG = f"/ecs/{AUDIT}/web"
"""The log group of that service; the only one that there is in moto."""

NAMESPACE = "shop.local"
MANY = 130
"""Of tasks and of instances: more than a page holds of either."""

CROWD = {"ecs": 105, "eks": 12}
"""How many clusters `CROWDED` has: of ECS more than a page holds, and of EKS more than `EKS_PAGE`,
since moto takes long to make one."""

EKS_PAGE = 5


class ServiceFact(NamedTuple):
    """A service that has settled, all its tasks running."""

    name: str
    desired: int = 3
    registered: bool = False
    """Whether its tasks are instances of the Cloud Map service of its name."""
    autoscaled: bool = False
    """Between its desired count and three times that."""

    @property
    def containers(self) -> tuple[str, ...]:
        """The names of the containers of each task."""
        return (self.name, "datadog-agent") if self.name == "web" else (self.name,)


SERVICES = {
    SHOP: (
        ServiceFact("web", registered=True, autoscaled=True),
        ServiceFact("cart"),
        ServiceFact("horde", MANY, registered=True),
        *(ServiceFact(f"svc-{number:02d}") for number in range(11, 20)),
    ),
    OTHER: (ServiceFact("web"), ServiceFact("parcel")),
    AUDIT: (ServiceFact("web"),),
}
"""The services of each cluster of `HOME`."""

UNDONE = "svc-18"
"""A service of `SHOP` that ran an earlier revision of its task definition once."""

EKS = ("payments-prod",)
"""The EKS clusters of `HOME`."""


def crowd(provider: str) -> tuple[str, ...]:
    """Return the names of the clusters of `CROWDED`, those of ECS or of EKS."""
    return tuple(f"{provider}-{number:03d}" for number in range(CROWD[provider]))


def _workload(fact: ServiceFact) -> SimWorkload:
    return SimWorkload(
        name=fact.name,
        namespace="shop",
        desired=fact.desired,
        image=f"{IMAGE}{fact.name}:1.9.0",
        cpu=256,
        memory=512,
        registered=fact.registered,
        autoscaled=fact.autoscaled,
    )


def blueprint() -> Blueprint:
    """Return the simulator's plan of this world."""
    ecs = [
        SimCluster("ecs", name, ACCOUNT, HOME, tuple(_workload(fact) for fact in facts))
        for name, facts in SERVICES.items()
    ]
    ecs += [SimCluster("ecs", name, ACCOUNT, CROWDED, ()) for name in crowd("ecs")]
    eks = [
        SimCluster("eks", name, ACCOUNT, HOME, (_workload(ServiceFact("ledger")),), "1.36")
        for name in EKS
    ]
    eks += [SimCluster("eks", name, ACCOUNT, CROWDED, (), "1.36", 0) for name in crowd("eks")]
    return Blueprint(1, "small", (ACCOUNT,), (HOME, CROWDED, EMPTY), (*ecs, *eks))
