"""What the simulated world consists of before anything happens in it, by seed and scale.

Both halves of the world (ECS and Kubernetes) are laid out from one `Blueprint`, so that names,
accounts and regions agree between them.
"""

from __future__ import annotations

import random
from typing import Literal, NamedTuple, TypeAlias

import msgspec

ScaleName: TypeAlias = Literal["small", "large", "huge"]
"""``small``: 4 ECS and 3 EKS clusters with 40 services; ``large``: 10,000 tasks, 10,000 pods in
15 clusters; ``huge``: 50,000 tasks, 50,000 pods in 200 clusters over 20 scopes."""


class SimAccount(msgspec.Struct, frozen=True):
    """One AWS account; requests are told apart by the access key they are signed with."""

    profile: str
    account_id: str
    access_key: str
    secret_key: str


class SimWorkload(msgspec.Struct, frozen=True):
    """One service or deployment before it runs."""

    name: str
    namespace: str
    """Its Kubernetes namespace, and its Cloud Map namespace without the ``.local``."""
    desired: int
    image: str
    cpu: int
    """ECS CPU units; 1024 are one core."""
    memory: int
    """MiB."""
    kind: str = "deployment"
    """On Kubernetes: ``deployment``, ``statefulset`` or ``daemonset``. On ECS: ``service``."""
    launch: str = "FARGATE"
    """On ECS: ``FARGATE``, ``FARGATE_SPOT`` or ``EC2``."""
    incident: str = ""
    """What is wrong with it from the start: ``crash-loop``, ``oom``, ``image-pull``, ``spot``,
    ``target-health``, ``slow-start``, or nothing."""
    registered: bool = False
    """Whether its tasks or pods are registered in Cloud Map."""
    autoscaled: bool = False


class SimCluster(msgspec.Struct, frozen=True):
    """One ECS or EKS cluster."""

    provider: Literal["ecs", "eks"]
    name: str
    account: SimAccount
    region: str
    workloads: tuple[SimWorkload, ...]
    version: str = ""
    """The Kubernetes version of an EKS cluster: ``1.36``."""
    nodes: int = 3


class Blueprint(msgspec.Struct, frozen=True):
    """The whole world as laid out."""

    seed: int
    scale: ScaleName
    accounts: tuple[SimAccount, ...]
    regions: tuple[str, ...]
    clusters: tuple[SimCluster, ...]


class Places(NamedTuple):
    """Where somebody who is to see a whole world has to look."""

    accounts: tuple[SimAccount, ...]
    regions: tuple[str, ...]
    contexts: tuple[str, ...] = ()
    """The Kubernetes clusters that only a kubeconfig leads to."""


ACCOUNTS = (
    SimAccount("acme-prod", "111122223333", "AKIASIMACMEPROD00001", "simulated-secret-prod"),
    SimAccount("acme-staging", "444455556666", "AKIASIMACMESTAG00001", "simulated-secret-staging"),
)
"""Made-up accounts; the ids are those that AWS's documentation uses for examples."""

HUGE_ACCOUNTS = (
    *ACCOUNTS,
    SimAccount("acme-data", "555566667777", "AKIASIMACMEDATA00001", "simulated-secret-data"),
    SimAccount("acme-labs", "777788889999", "AKIASIMACMELABS00001", "simulated-secret-labs"),
)
"""Those of the huge world."""

ELSEWHERE = SimAccount("acme-sites", "123456789012", "AKIASIMACMESITE00001", "simulated-secret")
"""Whose Kubernetes clusters in the huge world are known by their kubeconfig contexts alone."""

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")
"""Three, so that region columns and per-region call budgets have something to show."""

HUGE_REGIONS = (*REGIONS, "ap-southeast-2")
"""Those of the huge world: with its accounts 16 scopes."""

PROVIDED = 100
"""Clusters of each provider in the huge world."""

SITES = 4
"""How many of its Kubernetes clusters are known by contexts: with them there are 20 scopes."""

SIZES = (5, 10, 20, 30, 60)
"""Services of a cluster in the huge world, in turn: on average 25 of 20 tasks each."""

_SITES = (
    ("ecs", "shop-prod", 0, "us-east-1"),
    ("ecs", "media-prod", 0, "eu-west-1"),
    ("ecs", "batch-prod", 0, "eu-central-1"),
    ("ecs", "shop-staging", 1, "us-east-1"),
    ("eks", "payments-prod", 0, "us-east-1"),
    ("eks", "search-prod", 0, "eu-west-1"),
    ("eks", "platform-staging", 1, "eu-central-1"),
)

_NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "shop": (
        ("web", "shop"), ("checkout", "shop"), ("cart", "shop"), ("catalog", "shop"),
        ("inventory", "shop"), ("recommendations", "shop"), ("gateway", "edge"),
        ("sessions", "edge"),
    ),
    "media": (
        ("thumbnailer", "media"), ("transcoder", "media"), ("uploads", "media"),
        ("player-api", "media"), ("captions", "media"),
    ),
    "batch": (
        ("invoices", "batch"), ("reports", "batch"), ("exports", "batch"), ("dunning", "batch"),
        ("mailer", "batch"),
    ),
    "payments": (
        ("ledger", "payments"), ("card-api", "payments"), ("fraud", "payments"),
        ("webhooks", "payments"), ("settlement", "payments"), ("redis", "payments"),
        ("node-agent", "kube-system"),
    ),
    "search": (
        ("query", "search"), ("indexer", "search"), ("suggest", "search"), ("ranker", "search"),
        ("node-agent", "kube-system"),
    ),
    "platform": (
        ("auth", "platform"), ("config", "platform"), ("flags", "platform"),
        ("postgres", "platform"),
        ("node-agent", "kube-system"),
    ),
}  # fmt: skip

_INCIDENTS = {
    ("shop-prod", "checkout"): "oom",
    ("shop-prod", "gateway"): "target-health",
    ("media-prod", "transcoder"): "spot",
    ("batch-prod", "exports"): "image-pull",
    ("payments-prod", "webhooks"): "crash-loop",
    ("search-prod", "indexer"): "oom",
    ("platform-staging", "flags"): "image-pull",
}


_Workloads: TypeAlias = tuple[SimWorkload, ...]


def _workloads(provider: str, cluster: str, rng: random.Random) -> _Workloads:
    account = "444455556666" if cluster.endswith("staging") else "111122223333"
    made = []
    for name, namespace in _NAMES[cluster.partition("-")[0]]:
        incident = _INCIDENTS.get((cluster, name), "")
        kind = "deployment"
        if name in ("redis", "postgres"):
            kind = "statefulset"
        elif name == "node-agent":
            kind = "daemonset"
        launch = "FARGATE"
        if incident == "spot" or name in ("thumbnailer", "reports"):
            launch = "FARGATE_SPOT"
        elif name in ("invoices", "mailer", "sessions"):
            launch = "EC2"
        made.append(
            SimWorkload(
                name=name,
                namespace=namespace,
                desired=rng.choice((2, 2, 3, 3, 4, 6)),
                image=f"{account}.dkr.ecr.us-east-1.amazonaws.com/{name}:1.{rng.randint(2, 40)}.0",
                cpu=rng.choice((256, 512, 1024)),
                memory=rng.choice((512, 1024, 2048)),
                kind="service" if provider == "ecs" else kind,
                launch=launch,
                incident=incident,
                registered=name in ("web", "ledger")
                or (name != "node-agent" and rng.random() < 0.6),
                autoscaled=name in ("web", "query", "card-api", "player-api"),
            )
        )
    return tuple(made)


def _many(account: SimAccount, count: int, provider: str, rng: random.Random) -> _Workloads:
    """Lay out so many services of 20 tasks each, some of them in trouble."""
    incidents = ("", "", "", "", "", "", "", "", "crash-loop", "oom", "image-pull")
    return tuple(
        SimWorkload(
            name=f"svc-{index:03d}",
            namespace=f"team-{index % 10}",
            desired=20,
            image=f"{account.account_id}.dkr.ecr.us-east-1.amazonaws.com/svc-{index:03d}:1.0.0",
            cpu=256,
            memory=512,
            kind="service" if provider == "ecs" else "deployment",
            incident=rng.choice(incidents) if index % 10 == 0 else "",
            registered=index % 10 == 0,
            autoscaled=index % 25 == 0,
        )
        for index in range(count)
    )


def _large(rng: random.Random) -> tuple[SimCluster, ...]:
    """10 ECS clusters of 50 services of 20 tasks, and 5 EKS clusters of 100 deployments of 20."""
    clusters = []
    for provider, count, services in (("ecs", 10, 50), ("eks", 5, 100)):
        for number in range(count):
            account = ACCOUNTS[number % len(ACCOUNTS)]
            clusters.append(
                SimCluster(
                    provider="ecs" if provider == "ecs" else "eks",
                    name=f"{provider}-large-{number:02d}",
                    account=account,
                    region=REGIONS[number % len(REGIONS)],
                    workloads=_many(account, services, provider, rng),
                    version="" if provider == "ecs" else "1.36",
                    nodes=40,
                )
            )
    return tuple(clusters)


def _huge(rng: random.Random) -> tuple[SimCluster, ...]:
    """100 ECS and 100 Kubernetes clusters of 100 to 1,200 tasks or pods, each kind 50,000."""
    places = [(account, region) for account in HUGE_ACCOUNTS for region in HUGE_REGIONS]
    clusters = []
    for provider in ("ecs", "eks"):
        for number in range(PROVIDED):
            account, region = places[number % len(places)]
            name = f"{provider}-huge-{number:03d}"
            if provider == "eks" and number < SITES:
                account, region, name = ELSEWHERE, HUGE_REGIONS[0], _site(number)
            services = SIZES[number % len(SIZES)]
            clusters.append(
                SimCluster(
                    provider="ecs" if provider == "ecs" else "eks",
                    name=name,
                    account=account,
                    region=region,
                    workloads=_many(account, services, provider, rng),
                    version="" if provider == "ecs" else "1.36",
                    nodes=max(3, services // 2),
                )
            )
    return tuple(clusters)


def _site(number: int) -> str:
    return f"site-huge-{number:03d}"


def places(scale: ScaleName) -> Places:
    """Return the accounts, regions and contexts of a world, without laying it out."""
    if scale == "huge":
        return Places(HUGE_ACCOUNTS, HUGE_REGIONS, tuple(_site(n) for n in range(SITES)))
    return Places(ACCOUNTS, REGIONS)


def blueprint(seed: int = 1, scale: ScaleName = "small") -> Blueprint:
    """Lay out a world; the same seed and scale give the same one."""
    rng = random.Random(seed)
    if scale == "huge":
        accounts = (*HUGE_ACCOUNTS, ELSEWHERE)
        return Blueprint(seed, scale, accounts, HUGE_REGIONS, _huge(rng))
    if scale == "large":
        clusters = _large(rng)
    else:
        clusters = tuple(
            SimCluster(
                provider="ecs" if provider == "ecs" else "eks",
                name=name,
                account=ACCOUNTS[account],
                region=region,
                workloads=_workloads(provider, name, rng),
                version="" if provider == "ecs" else rng.choice(("1.35", "1.36")),
            )
            for provider, name, account, region in _SITES
        )
    return Blueprint(seed, scale, ACCOUNTS, REGIONS, clusters)
