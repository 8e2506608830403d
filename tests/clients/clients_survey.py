"""The same simulated fleet, read by the aws CLI and by `topdeck get`."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, cast

import aws_program

from backends.base import AwsSource, Demand, Sources
from backends.clock import ManualClock
from backends.ecs.backend import EcsBackend
from backends.model import (
    Change,
    Description,
    FeedState,
    LogLine,
    LogRequest,
    Query,
    Resource,
)
from backends.sim.server import SimServer
from backends.store import Shelf
from tui.cli import Options
from tui.compose import make_fleet
from tui.config import Config
from tui.plain import print_rows

SCALED = 130
"""Tasks of one service: more than a page of ListTasks or a call of DescribeTasks holds."""

ROLLING = 240
"""Seconds that the world is given to start them."""

LOGGED = 300
"""Seconds back from which on logs are compared."""

DEADLINE = 120.0
"""Seconds that anything of ours may take."""

KINDS = ("ecs-clusters", "services", "tasks", "eks", "cm", "cmsvc", "inst")


class SimClock:
    """The simulator's time of day, and the machine's own monotonic clock for call budgets."""

    def __init__(self, sim: SimServer) -> None:
        self._sim = sim

    def now(self) -> float:
        return self._sim.world.clock.now()

    def monotonic(self) -> float:
        return time.monotonic()


def epoch(value: Any) -> float | None:
    """Return a time as the CLI prints it, whichever way it is set to, in seconds."""
    if value is None or isinstance(value, int | float):
        return value
    return datetime.fromisoformat(value).timestamp()


def batched(things: Iterable[Any], size: int) -> Iterator[tuple[Any, ...]]:
    """Yield tuples of `size` things; the last one may be shorter."""
    rest = iter(things)
    while some := tuple(islice(rest, size)):
        yield some


def tail(arn: str) -> str:
    return arn.rpartition("/")[2]


class Place:
    """A profile and region, as arguments of the CLI."""

    def __init__(self, profile: str, region: str) -> None:
        self.name = (profile, region)
        self.args = ("--profile", profile, "--region", region, "--output", "json")

    def asks(self, *words: str) -> tuple[str, ...]:
        return (*words, *self.args)


class Theirs:
    """What the aws CLI says of the fleet, page after page; small pages, so that there are many."""

    def __init__(self, places: Sequence[Place], aws: aws_program.AwsProgram) -> None:
        self._places = places
        self._aws = aws
        self.clusters: dict[str, Any] = {}
        self.services: dict[tuple[str, str], Any] = {}
        self.tasks: dict[str, Any] = {}
        self.eks: dict[str, Any] = {}
        self.namespaces: dict[str, Any] = {}
        self.registries: dict[str, Any] = {}
        self.instances: dict[tuple[str, str], Any] = {}
        self.healths: dict[tuple[str, str], str] = {}
        self.groups: dict[str, Any] = {}
        self.targets: dict[str, list[Any]] = {}
        self.logs: list[dict[str, Any]] = []

    async def scale(self, cluster: str, service: str, desired: int) -> None:
        """Set the desired count of a service of the first place."""
        where = ("--cluster", cluster, "--service", service, "--desired-count", str(desired))
        await self._aws.beside([self._places[0].asks("ecs", "update-service", *where)])

    async def read(self) -> None:
        """Ask for everything, in as few rounds as it takes to know what to ask for."""
        small = ("--page-size", "7")
        clusters = await self._each("ecs list-clusters", "--page-size", "1")
        eks = await self._each("eks list-clusters", "--page-size", "1")
        namespaces = await self._each("servicediscovery list-namespaces", *small)
        groups = await self._each("elbv2 describe-target-groups", *small)
        self.namespaces = {n["Id"]: n for _, a in namespaces for n in a["Namespaces"]}
        self.groups = {g["TargetGroupArn"]: g for _, a in groups for g in a["TargetGroups"]}
        await self._eks([(place, name) for place, a in eks for name in a["clusters"]])
        await self._ecs([(place, tail(arn)) for place, a in clusters for arn in a["clusterArns"]])
        await self._registered([(place, n) for place, a in namespaces for n in a["Namespaces"]])
        await self._balanced([(place, g) for place, a in groups for g in a["TargetGroups"]])

    async def _each(self, words: str, *more: str) -> list[tuple[Place, Any]]:
        """Ask the same in every place."""
        commands = [place.asks(*words.split(), *more) for place in self._places]
        return list(zip(self._places, await self._aws.beside(commands), strict=True))

    async def _eks(self, names: list[tuple[Place, str]]) -> None:
        found = await self._aws.beside(
            [place.asks("eks", "describe-cluster", "--name", name) for place, name in names]
        )
        self.eks = {answer["cluster"]["name"]: answer["cluster"] for answer in found}

    async def _ecs(self, clusters: list[tuple[Place, str]]) -> None:
        asks = []
        for place, name in clusters:
            where = ("--cluster", name, "--page-size")
            asks += [
                place.asks("ecs", "describe-clusters", "--clusters", name),
                place.asks("ecs", "list-services", *where, "3"),
                place.asks("ecs", "list-tasks", *where, "60"),
                place.asks("ecs", "list-tasks", *where, "60", "--desired-status", "STOPPED"),
            ]
        found = await self._aws.beside(asks)
        asks = []
        for (place, name), answers in zip(clusters, batched(found, 4), strict=True):
            described, services, running, stopped = answers
            (self.clusters[name],) = described["clusters"]
            where = ("--cluster", name)
            tasks = [*running["taskArns"], *stopped["taskArns"]]
            for some in batched(services["serviceArns"], 10):
                asks.append(place.asks("ecs", "describe-services", *where, "--services", *some))
            for some in batched(tasks, 100):
                asks.append(place.asks("ecs", "describe-tasks", *where, "--tasks", *some))
        for answer in await self._aws.beside(asks):
            assert answer["failures"] == []
            for service in answer.get("services", ()):
                self.services[tail(service["clusterArn"]), service["serviceName"]] = service
            self.tasks |= {tail(task["taskArn"]): task for task in answer.get("tasks", ())}

    async def _registered(self, namespaces: list[tuple[Place, Any]]) -> None:
        words = ("servicediscovery", "list-services", "--page-size", "2", "--filters")
        found = await self._aws.beside(
            [place.asks(*words, f"Name=NAMESPACE_ID,Values={namespace['Id']},Condition=EQ")
             for place, namespace in namespaces]
        )  # fmt: skip
        registries = []
        for (place, namespace), answer in zip(namespaces, found, strict=True):
            for registry in answer["Services"]:
                self.registries[registry["Id"]] = registry | {"Namespace": namespace["Name"]}
                registries.append((place, registry))
        pages = ("--page-size", "4", "--service-id")
        found = await self._aws.beside(
            [place.asks("servicediscovery", "list-instances", *pages, registry["Id"])
             for place, registry in registries]
        )  # fmt: skip
        for (_, registry), answer in zip(registries, found, strict=True):
            for instance in answer["Instances"]:
                self.instances[registry["Id"], instance["Id"]] = instance["Attributes"]
        full = {identity for identity, _ in self.instances}
        checked = [(place, r["Id"]) for place, r in registries if r["Id"] in full]
        words = ("servicediscovery", "get-instances-health-status", "--max-results", "100")
        healths = await self._aws.beside(
            [place.asks(*words, "--service-id", identity) for place, identity in checked]
        )
        for (_, identity), answer in zip(checked, healths, strict=True):
            self.healths |= {(identity, name): status for name, status in answer["Status"].items()}

    async def _balanced(self, groups: list[tuple[Place, Any]]) -> None:
        arns = [group["TargetGroupArn"] for _, group in groups]
        words = ("elbv2", "describe-target-health", "--target-group-arn")
        found = await self._aws.beside(
            [place.asks(*words, arn) for (place, _), arn in zip(groups, arns, strict=True)]
        )
        for arn, answer in zip(arns, found, strict=True):
            self.targets[arn] = answer["TargetHealthDescriptions"]

    async def log(self, group: str, since: float) -> None:
        """Read every line of a log group of the first place since a moment."""
        words = ("logs", "filter-log-events", "--log-group-name", group, "--page-size", "500")
        (answer,) = await self._aws.beside(
            [self._places[0].asks(*words, "--start-time", str(int(since * 1000)))]
        )
        self.logs = answer["events"]


class Survey:
    """A fleet that stands still while both look at it."""

    def __init__(self, sim: SimServer, folder: Path) -> None:
        config, credentials = sim.write_aws_config(folder)
        world = sim.world.blueprint
        self.sim = sim
        self.folder = folder
        self.clock = SimClock(sim)
        self.places = [Place(a.profile, r) for a in world.accounts for r in world.regions]
        self.sources = Sources(
            aws=tuple(
                AwsSource(a.profile, world.regions, config_file=str(config),
                          credentials_file=str(credentials)) for a in world.accounts
            ),
            budget_share=1.0,
        )  # fmt: skip
        self.env = {
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        }
        self.ours: dict[str, list[dict[str, Any]]] = {}
        self.described: dict[str, Description] = {}
        self.lines: list[LogLine] = []

    async def read(self) -> None:
        """Scale a service with the CLI, let it start its tasks, and read it all with both."""
        with aws_program.program(self.env) as aws:
            self.theirs = Theirs(self.places, aws)
            await self.theirs.scale("shop-prod", "inventory", SCALED)
            for _ in range(ROLLING // 10):
                await self.sim.advance(10)
            self.sim.world.incident("target-health", "shop-prod", "gateway")
            since = self.clock.now() - LOGGED
            await self.theirs.read()
            await self.theirs.log("/ecs/shop-prod/cart", since)
        for kind in KINDS:
            self.ours[kind] = await self._get(kind)
        await self._look_closer()

    async def _get(self, kind: str) -> list[dict[str, Any]]:
        """Run `topdeck get KIND -o json`."""
        fleet = make_fleet(Config(), clock=self.clock, state_dir=self.folder / "state")

        async def where() -> Sources:
            return self.sources

        out = io.StringIO()
        options = Options("get", Config(), kind=kind, output="json", timeout=DEADLINE)
        assert await print_rows(fleet, where, options, out) == 0
        return list(json.loads(out.getvalue()))

    async def _look_closer(self) -> None:
        """Describe every service and some tasks of a cluster, and read a service's log."""
        backend = EcsBackend(self.sources, self.clock)
        async with asyncio.timeout(DEADLINE):
            scope = next(
                query.scope for query in backend.roots()
                if (query.scope.profile, query.scope.region) == self.places[0].name
            ).at(cluster="shop-prod")  # fmt: skip
            services = await rows_of(backend, Query(scope, "ecs/services"))
            tasks = await rows_of(backend, Query(scope, "ecs/tasks"))
            balanced = [row for row in tasks if row.parents[0].name == "checkout"]
            for row in (*services, *balanced):
                self.described[row.ref.name] = await backend.describe(row)
            cart = next(row for row in services if row.ref.name == "cart")
            request = LogRequest(since=LOGGED, follow=False)
            async for batch in backend.logs(cart, request):
                self.lines += batch.lines
        await backend.close()


async def rows_of(backend: EcsBackend, query: Query) -> list[Resource]:
    """Return the rows of a query once they are all in."""
    shelf = Shelf(query)
    changes = cast(AsyncGenerator[Change, None], backend.watch(query, Demand()))
    async with aclosing(changes):
        async for change in changes:
            shelf.apply(change)
            if change.status.state is FeedState.LIVE:
                break
    return list(shelf.rows.values())


async def surveyed(folder: Path) -> Survey:
    """Return what both read of a fleet with incidents; the simulator has ended by then."""
    async with SimServer(clock=ManualClock(), throttling=False) as sim:
        survey = Survey(sim, folder)
        await survey.read()
    return survey
