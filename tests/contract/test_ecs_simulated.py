"""The ECS backend in what only a simulator can be made to do: incidents, faults, time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import cast

import pytest
from aws_views import DEADLINE, View

from backends.base import AwsSource, Conflict, Denied, Expired, NotFound, Sources
from backends.clock import ManualClock
from backends.ecs.backend import EcsBackend
from backends.model import (
    FeedState,
    Health,
    Query,
    Resource,
    Restart,
    RolloutState,
    Scale,
)
from backends.sim.ecs.model import Cluster
from backends.sim.faults import Fault
from backends.sim.server import SimServer

PROD = ("acme-prod", "us-east-1", "shop-prod")


class SimClock:
    """The simulator's time of day, and the machine's own monotonic clock for call budgets."""

    def __init__(self, sim: SimServer) -> None:
        self._sim = sim

    def now(self) -> float:
        return self._sim.world.clock.now()

    def monotonic(self) -> float:
        return time.monotonic()


class Lab:
    """A simulator, a backend pointed at it, and the views that were opened."""

    def __init__(self, sim: SimServer, tmp_path: Path, **sources: float) -> None:
        config, credentials = sim.write_aws_config(tmp_path)
        self.sim = sim
        self.backend = EcsBackend(
            Sources(
                aws=tuple(
                    AwsSource(
                        profile=account.profile,
                        regions=sim.world.blueprint.regions,
                        config_file=str(config),
                        credentials_file=str(credentials),
                    )
                    for account in sim.world.blueprint.accounts
                ),
                **{"budget_share": 1.0, "request_timeout": DEADLINE, **sources},
            ),
            SimClock(sim),
        )
        self._stack = AsyncExitStack()

    def open(self, query: Query) -> View:
        view = View(self.backend, query)
        self._stack.push_async_callback(view.aclose)
        return view

    def root(self, profile: str, region: str) -> Query:
        return next(
            query
            for query in self.backend.roots()
            if (query.scope.profile, query.scope.region) == (profile, region)
        )

    async def cluster(self, profile: str, region: str, name: str) -> Resource:
        return (await self.open(self.root(profile, region)).settle()).row(name)

    def shop(self) -> Cluster:
        """The simulated cluster shop-prod itself."""
        return self.sim.world.ecs.service("shop-prod", "web").cluster

    async def services(self, where: tuple[str, str, str] = PROD) -> View:
        cluster = await self.cluster(*where)
        return await self.open(Query(cluster.ref.scope, "ecs/services")).settle()

    async def tasks(self, service: Resource) -> View:
        return await self.open(Query(service.ref.scope, "ecs/tasks", service.ref)).settle()

    def fault(self, action: str, **trouble: object) -> None:
        self.sim.world.faults.add(Fault(action=action, **{"times": -1, **trouble}))  # type: ignore[arg-type]

    async def close(self) -> None:
        await self._stack.aclose()
        await self.backend.close()


@pytest.fixture(autouse=True)
def _no_aws_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the variables and files of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A small, calm world that stands still unless it is moved on."""
    async with SimServer(clock=ManualClock(), throttling=False, lively=False) as sim:
        made = Lab(sim, tmp_path)
        yield made
        await made.close()


async def test_every_cluster_of_every_scope_is_found(lab: Lab) -> None:
    views = [lab.open(query) for query in lab.backend.roots()]
    await asyncio.gather(*(view.settle() for view in views))
    assert {row.ref.name: row.ref.scope.account for view in views for row in view.rows} == {
        "shop-prod": "111122223333",
        "media-prod": "111122223333",
        "batch-prod": "111122223333",
        "shop-staging": "444455556666",
    }


async def test_a_cluster_without_services_is_live_and_empty(lab: Lab) -> None:
    lab.shop().services.clear()
    view = await lab.services()
    assert view.rows == []
    assert view.problem() == ""


async def test_any_query_for_clusters_is_that_of_their_whole_scope(lab: Lab) -> None:
    scope = (await lab.cluster(*PROD)).ref.scope
    assert lab.backend.plan(Query(scope, "ecs/clusters")) == lab.root(*PROD[:2])


async def test_the_way_down_from_a_cluster_to_its_containers(lab: Lab) -> None:
    services = await lab.services()
    assert len(services.rows) == 8
    web = services.row("web")
    assert web.health is Health.OK
    assert web.ready == web.desired
    tasks = await lab.tasks(web)
    assert len(tasks.rows) == web.desired
    task = tasks.rows[0]
    assert task.parents[0] == web.ref
    assert task.addresses[0].startswith("10.")
    containers = await lab.open(Query(task.ref.scope, "ecs/containers", task.ref)).settle()
    assert {row.cells[0] for row in containers.rows} == {"web", "datadog-agent"}
    events = await lab.open(Query(web.ref.scope, "ecs/events", web.ref)).settle()
    assert all(row.parents == (web.ref,) for row in events.rows)


async def test_a_registered_service_links_to_cloud_map(lab: Lab) -> None:
    (link,) = (await lab.services()).row("web").links
    assert link.kinds == ("cloudmap/services",)
    assert link.addresses[0].startswith("arn:aws:servicediscovery:us-east-1:111122223333:service/")


async def test_pages_are_followed_to_the_end(tmp_path: Path) -> None:
    async with SimServer(scale="large", clock=ManualClock(), throttling=False, lively=False) as sim:
        lab = Lab(sim, tmp_path)
        where = ("acme-prod", "us-east-1", "ecs-large-00")
        services = await lab.services(where)
        assert len(services.rows) == 50
        tasks = lab.open(Query(services.rows[0].ref.scope, "ecs/tasks"))
        await tasks.settle()
        running = [row for row in tasks.rows if row.status == "RUNNING"]
        assert len(running) == 1000
        calls = sim.world.faults.calls
        assert calls["ecs:DescribeServices"] == 5
        assert 10 <= calls["ecs:DescribeTasks"] <= -(-len(tasks.rows) // 100) + 1
        await lab.close()


async def test_stopped_tasks_say_why_and_count_against_their_service(lab: Lab) -> None:
    services = await lab.services()
    catalog = services.row("catalog")
    assert catalog.health is Health.OK
    lab.sim.world.incident("oom", "shop-prod", "catalog")
    await lab.sim.advance(60)
    tasks = await lab.tasks(catalog)
    (dead,) = [row for row in tasks.rows if row.health is Health.FAILING]
    assert dead.status == "STOPPED"
    assert "OutOfMemoryError" in dead.reason
    assert "exit 137" in dead.reason
    described = await lab.backend.describe(dead)
    assert described.sections[0].title == "Why it stopped"
    again = await lab.services()
    assert again.row("catalog").health is Health.DEGRADED
    assert "OutOfMemoryError" in again.row("catalog").reason


async def test_a_release_that_cannot_start_fails_and_says_so(lab: Lab) -> None:
    services = await lab.services()
    lab.sim.world.incident("image-pull", "shop-prod", "catalog")
    async with asyncio.timeout(DEADLINE):
        while services.row("catalog").health < Health.DEGRADED:
            await lab.sim.advance(15)
            await services.settle()
    assert "failed" in services.row("catalog").reason


async def test_scaling_is_requested_and_then_seen_to_happen(lab: Lab) -> None:
    services = await lab.services()
    web = services.row("web")
    assert web.desired is not None
    wanted = web.desired + 2
    accepted = await lab.backend.perform(Scale(web.ref, current=web.desired, desired=wanted))
    assert accepted.summary == f"{web.desired} -> {wanted} requested"
    assert accepted.request_id
    assert lab.sim.world.faults.calls["ecs:UpdateService"] == 1
    await services.until(lambda view: view.row("web").desired == wanted)
    assert services.row("web").health is Health.PROGRESSING
    await lab.sim.advance(120)
    await services.until(lambda view: view.row("web").ready == wanted)
    assert services.row("web").health is Health.OK


async def test_a_restart_replaces_every_task_and_the_rollout_is_followed(lab: Lab) -> None:
    services = await lab.services()
    web = services.row("web")
    before = {row.ref.name for row in (await lab.tasks(web)).rows}
    accepted = await lab.backend.perform(Restart(web.ref))
    assert accepted.summary == "new deployment requested"
    seen = []
    async with (
        asyncio.timeout(60),
        aclosing(cast("AsyncGenerator[object, None]", lab.backend.rollout(web.ref))) as looks,
    ):
        async for look in looks:
            seen.append(look)
            await lab.sim.advance(45)
    assert seen[0].state is RolloutState.RUNNING  # type: ignore[attr-defined]
    assert [r.role for r in seen[0].revisions] == ["new", "old"]  # type: ignore[attr-defined]
    assert seen[-1].state is RolloutState.SETTLED  # type: ignore[attr-defined]
    assert seen[-1].events  # type: ignore[attr-defined]
    after = {row.ref.name for row in (await lab.tasks(web)).rows if row.status == "RUNNING"}
    assert not after & before


async def test_the_autoscaler_denied_is_a_problem_and_not_an_error(lab: Lab) -> None:
    web = (await lab.services()).row("web")
    lab.fault("application-autoscaling:*", code="AccessDeniedException")
    info = await lab.backend.scale_info(web)
    assert info.problem is not None
    assert info.problem.code == "denied"


@pytest.mark.parametrize(
    ("code", "problem", "remedy"),
    [
        ("AccessDeniedException", "denied", "allow ecs:ListServices"),
        ("ExpiredTokenException", "expired", "aws configure --profile acme-prod"),
        ("UnrecognizedClientException", "expired", "aws configure --profile acme-prod"),
        ("ClusterNotFoundException", "not-found", "deleted"),
        ("InvalidParameterException", "invalid", "correct"),
    ],
)
async def test_a_refusal_is_named_with_its_remedy(
    lab: Lab, code: str, problem: str, remedy: str
) -> None:
    scope = (await lab.cluster(*PROD)).ref.scope
    lab.fault("ecs:ListServices", code=code)
    view = await lab.open(Query(scope, "ecs/services")).settle()
    assert view.last is not None
    assert view.last.status.state is FeedState.STALE
    assert view.last.status.problem is not None
    assert view.last.status.problem.code == problem
    assert view.last.status.problem.action == "ecs:ListServices"
    assert remedy in view.last.status.problem.remedy


async def test_rows_outlive_a_failure_and_come_back_to_life(lab: Lab) -> None:
    services = await lab.services()
    lab.fault("ecs:DescribeServices", code="ExpiredTokenException")
    await services.until(lambda view: view.problem() == "expired")
    assert len(services.rows) == 8
    lab.sim.world.faults.clear()
    await services.until(lambda view: view.problem() == "")


async def test_one_region_that_hangs_delays_nobody(lab: Lab) -> None:
    lab.fault("ecs:*", scope="111122223333/eu-west-1", hang=True)
    hanging = lab.open(lab.root("acme-prod", "eu-west-1"))
    waiting = asyncio.ensure_future(hanging.settle())
    others = [lab.open(q) for q in lab.backend.roots() if q != hanging.query]
    await asyncio.gather(*(view.settle() for view in others))
    assert sum(len(view.rows) for view in others) == 3
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_region_that_hangs_is_unreachable(tmp_path: Path) -> None:
    async with SimServer(clock=ManualClock(), throttling=False, lively=False) as sim:
        lab = Lab(sim, tmp_path, request_timeout=0.5)
        lab.fault("ecs:*", scope="111122223333/eu-west-1", hang=True)
        hanging = await lab.open(lab.root("acme-prod", "eu-west-1")).settle()
        assert hanging.problem() == "unreachable"
        await lab.close()


async def test_an_endpoint_that_is_gone_is_unreachable(tmp_path: Path) -> None:
    async with SimServer(clock=ManualClock(), lively=False) as sim:
        lab = Lab(sim, tmp_path)
    view = await lab.open(lab.root("acme-prod", "us-east-1")).settle()
    assert view.problem() == "unreachable"
    assert view.rows == []
    await lab.close()


async def test_throttling_slows_a_feed_down_and_never_fails_it(lab: Lab) -> None:
    services = await lab.services()
    lab.fault("ecs:DescribeServices", code="ThrottlingException", message="Rate exceeded")
    await services.until(lambda view: view.problem() == "throttled")
    assert services.last is not None
    assert services.last.status.state is FeedState.LIVE
    assert len(services.rows) == 8
    slowed = {u.action_class for u in lab.backend.usage() if u.throttled_until}
    assert slowed == {"ecs:services"}


async def test_within_the_budget_aws_never_has_to_throttle(tmp_path: Path) -> None:
    async with SimServer(scale="large", lively=False) as sim:
        lab = Lab(sim, tmp_path, budget_share=0.9)
        views = [lab.open(query) for query in lab.backend.roots()]
        await asyncio.gather(*(view.settle() for view in views))
        clusters = [row for view in views for row in view.rows]
        assert len(clusters) == 10
        services = [lab.open(Query(row.ref.scope, "ecs/services")) for row in clusters]
        await asyncio.gather(*(view.settle() for view in services))
        assert sum(len(view.rows) for view in services) == 500
        assert not any(usage.throttled_until for usage in lab.backend.usage())
        await lab.close()


NASTY = "[red][@click=app.quit]\x1b]52;c;eA==\x07名前" + "n" * 230


async def test_names_that_nobody_should_give(lab: Lab) -> None:
    assert lab.sim.world.cloudmap  # laid out by the names that services have until now
    cluster = lab.shop()
    web = cluster.services.pop("web")
    web.name, web.arn = NASTY, f"{web.arn.rpartition('/')[0]}/{NASTY}"
    cluster.services[NASTY] = web
    rows = (await lab.services()).rows
    (row,) = [row for row in rows if "名前" in row.ref.name]
    assert "\x1b" not in str((row.ref, row.cells, row.status, row.reason))
    assert row.ref.name.endswith("n" * 230)


async def test_a_mutation_that_is_refused_says_what_is_missing(lab: Lab) -> None:
    web = (await lab.services()).row("web")
    said = (
        "User: arn:aws:iam::111122223333:user/ops is not authorized to perform: ecs:UpdateService "
        f"on resource: {web.uid} because no identity-based policy allows it"
    )
    lab.fault("ecs:UpdateService", code="AccessDeniedException", message=said)
    with pytest.raises(Denied) as caught:
        await lab.backend.perform(Restart(web.ref))
    assert caught.value.problem.remedy.startswith(f"allow ecs:UpdateService on {web.uid}")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ServiceNotActiveException", Conflict),
        ("ServiceNotFoundException", NotFound),
        ("ExpiredTokenException", Expired),
    ],
)
async def test_a_mutation_is_never_repeated(lab: Lab, code: str, kind: type[Exception]) -> None:
    web = (await lab.services()).row("web")
    lab.fault("ecs:UpdateService", code=code)
    with pytest.raises(kind):
        await lab.backend.perform(Scale(web.ref, current=1, desired=2))
    assert lab.sim.world.faults.calls["ecs:UpdateService"] == 1
