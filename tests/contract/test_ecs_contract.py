"""The ECS backend against the simulator and against moto, over real HTTP."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest
from aws_facts import ACCOUNT, CROWDED, EMPTY, HOME, MANY, OTHER, SERVICES, SHOP, UNDONE, crowd
from aws_site import Site
from aws_views import View

from backends.base import Denied, NotFound
from backends.model import (
    FeedState,
    Health,
    Query,
    Ref,
    Resource,
    Restart,
    Rollout,
    RolloutState,
    Scale,
)

WEB = SERVICES[SHOP][0]


def cells(view: View, row: Resource, site: Site) -> dict[str, object]:
    """Return a row's cells by the keys of its columns."""
    columns = site.ecs.kinds[row.ref.kind].columns
    return dict(zip((column.key for column in columns), row.cells, strict=True))


async def test_every_cluster_of_a_region_is_found(site: Site) -> None:
    view = await site.settled(site.root("ecs"))
    assert view.names == sorted(SERVICES)
    for row in view.rows:
        assert row.status == "ACTIVE"
        assert row.uid == f"arn:aws:ecs:{HOME}:{ACCOUNT.account_id}:cluster/{row.ref.name}"
        assert row.ref.scope.account == ACCOUNT.account_id


async def test_a_cluster_counts_its_tasks(site: Site) -> None:
    row = await site.cluster(SHOP)
    services = [await site.described(SHOP, fact.name) for fact in SERVICES[SHOP]]
    assert row.ready == sum(service["runningCount"] for service in services)
    assert row.pending == 0


async def test_a_cluster_counts_its_services(site: Site) -> None:
    view = await site.settled(site.root("ecs"))
    assert cells(view, view.row(SHOP), site)["services"] == len(SERVICES[SHOP])


async def test_clusters_beyond_a_page_are_found(site: Site) -> None:
    view = await site.settled(site.root("ecs", CROWDED))
    assert view.names == sorted(crowd("ecs"))


async def test_a_region_with_nothing_is_live_and_empty(site: Site) -> None:
    for provider in ("ecs", "eks", "cloudmap"):
        view = await site.settled(site.root(provider, EMPTY))
        assert view.rows == []
        assert view.last is not None
        assert view.last.status.state is FeedState.LIVE


@pytest.mark.parametrize("cluster", SERVICES)
async def test_services_beyond_a_page_are_found(site: Site, cluster: str) -> None:
    view = await site.listed(cluster, "ecs/services")
    facts = {fact.name: fact for fact in SERVICES[cluster]}
    assert view.names == sorted(facts)
    for row in view.rows:
        wanted = facts[row.ref.name].desired
        said = await site.described(cluster, row.ref.name)
        assert (row.ready, row.desired, row.pending) == (wanted, wanted, 0)
        assert (row.status, row.uid) == ("ACTIVE", said["serviceArn"])
        shown = cells(view, row, site)
        assert shown["definition"] == said["taskDefinition"].rpartition("/")[2]
        assert shown["launch"] == "FARGATE"
        assert shown["rollout"] == "COMPLETED"
        assert row.health is Health.OK
        assert row.parents == (Ref(row.ref.scope, "ecs/clusters", cluster),)


async def test_a_cluster_lists_no_other_ones_services(site: Site) -> None:
    found = [a async for a in site.raw.pages("ecs", "ListServices", "serviceArns", cluster=OTHER)]
    assert {arn.split("/")[1] for arn in found} == {OTHER}


async def test_a_cluster_has_no_other_ones_tasks(site: Site) -> None:
    view = await site.listed(OTHER, "ecs/tasks")
    assert len(view.rows) == sum(fact.desired for fact in SERVICES[OTHER])


async def test_tasks_beyond_a_page_are_found(site: Site) -> None:
    view = await site.listed(SHOP, "ecs/tasks")
    held = await site.held(SHOP)
    assert view.names == sorted(held)
    assert len(held) >= sum(fact.desired for fact in SERVICES[SHOP])
    for row in view.rows:
        said = held[row.ref.name]
        shown = cells(view, row, site)
        assert (row.status, row.uid) == (said["lastStatus"], said["taskArn"])
        assert shown["definition"] == said["taskDefinitionArn"].rpartition("/")[2]
        assert shown["launch"] == "FARGATE"
        service = said["group"].removeprefix("service:")
        assert [parent.name for parent in row.parents] == [service, SHOP]
        address = next(d for d in said["attachments"][0]["details"] if "IPv4" in d["name"])
        assert shown["ip"] == address["value"]
        assert row.addresses == (address["value"], row.uid)
    running = [row for row in view.rows if row.status == "RUNNING"]
    assert all(row.health is not Health.FAILING for row in running)


async def test_a_services_tasks_are_its_own(site: Site) -> None:
    for name, count in (("web", WEB.desired), ("horde", MANY)):
        service = await site.service(SHOP, name)
        view = await site.listed(SHOP, "ecs/tasks", service)
        assert len(view.rows) == count
        assert {row.parents[0] for row in view.rows} == {service.ref}


async def test_the_server_narrows_a_list_of_tasks_to_a_service(site: Site) -> None:
    listed = site.raw.pages("ecs", "ListTasks", "taskArns", cluster=SHOP, serviceName="web")
    assert len([arn async for arn in listed]) == WEB.desired


async def test_tasks_have_an_age(site: Site) -> None:
    view = await site.listed(SHOP, "ecs/tasks", await site.service(SHOP, "web"))
    assert all(row.created for row in view.rows)


async def test_a_task_has_all_its_containers(site: Site) -> None:
    tasks = await site.listed(SHOP, "ecs/tasks", await site.service(SHOP, "web"))
    view = await site.listed(SHOP, "ecs/containers", tasks.rows[0])
    assert sorted(str(row.cells[0]) for row in view.rows) == sorted(WEB.containers)
    assert {row.status for row in view.rows} == {"RUNNING"}
    assert {row.parents[0] for row in view.rows} == {tasks.rows[0].ref}


async def test_a_settled_service_has_a_past(site: Site) -> None:
    service = await site.service(SHOP, "web")
    assert (await site.listed(SHOP, "ecs/events", service)).rows


@pytest.mark.parametrize("kind", ["ecs/clusters", "ecs/services", "ecs/tasks", "ecs/containers"])
async def test_everything_can_be_described(site: Site, kind: str) -> None:
    scope = (await site.cluster(SHOP)).ref.scope
    row = (await site.settled(Query(scope, kind))).rows[0]
    found = await site.ecs.describe(row)
    assert found.ref == row.ref
    assert found.sections[0].title == "Summary"
    assert row.uid in str(found.document)


async def stop_one(site: Site, name: str) -> Resource:
    """Stop a task of a service by the server's own API, and return its row once it is over."""
    task = (await site.listed(SHOP, "ecs/tasks", await site.service(SHOP, name))).rows[0]
    await site.raw("ecs", "StopTask", cluster=SHOP, task=task.uid, reason="the contract says so")
    view = site.open(Query(task.ref.scope, "ecs/tasks"))
    async with site.server.time():
        await view.until(lambda v: any(r.ref == task.ref and r.status == "STOPPED" for r in v.rows))
    return view.row(task.ref.name)


async def test_a_task_that_was_stopped_says_why(site: Site) -> None:
    row = await stop_one(site, "svc-13")
    assert "the contract says so" in row.reason
    described = await site.ecs.describe(row)
    assert described.sections[0].title == "Why it stopped"
    assert (await site.held(SHOP))[row.ref.name]["lastStatus"] == "STOPPED"


async def test_a_task_that_was_stopped_has_a_code_and_a_time(site: Site) -> None:
    row = await stop_one(site, "svc-14")
    view = await site.listed(SHOP, "ecs/tasks")
    shown = cells(view, row, site)
    assert shown["stop_code"] == "UserInitiated"
    assert isinstance(shown["stopped"], float)


async def settled(site: Site, service: Resource) -> list[Rollout]:
    """Follow a service's rollout to its end."""
    async with site.server.time(), aclosing(site.ecs.rollout(service.ref)) as looks:  # type: ignore[type-var]
        return [look async for look in looks]


@pytest.mark.parametrize("change", [2, -3])
async def test_a_scale_is_what_the_server_has_then(site: Site, change: int) -> None:
    service = await site.service(SHOP, "svc-11")
    current = service.desired or 0
    wanted = max(0, current + change)
    accepted = await site.ecs.perform(Scale(service.ref, current, wanted))
    assert accepted.summary == f"{current} -> {wanted} requested"
    assert accepted.request_id
    assert (await site.described(SHOP, "svc-11"))["desiredCount"] == wanted
    view = site.open(Query(service.ref.scope, "ecs/services"))
    async with site.server.time():
        await view.until(
            lambda v: (
                v.shelf.settled
                and (v.row("svc-11").ready, v.row("svc-11").desired) == (wanted, wanted)
            )
        )
    await site.ecs.perform(Scale(service.ref, wanted, current))
    assert (await site.described(SHOP, "svc-11"))["desiredCount"] == current


async def test_a_service_scaled_to_nothing_is_idle(site: Site) -> None:
    service = await site.service(SHOP, "svc-15")
    current = service.desired or 0
    await site.ecs.perform(Scale(service.ref, current, 0))
    view = site.open(Query(service.ref.scope, "ecs/services"))
    async with site.server.time():
        await view.until(lambda v: v.shelf.settled and v.row("svc-15").health is Health.IDLE)
    assert (await site.described(SHOP, "svc-15"))["runningCount"] == 0
    await site.ecs.perform(Scale(service.ref, 0, current))


async def test_a_scale_starts_tasks(site: Site) -> None:
    service = await site.service(SHOP, "svc-16")
    current = service.desired or 0
    await site.ecs.perform(Scale(service.ref, current, current + 2))
    await settled(site, service)
    view = await site.listed(SHOP, "ecs/tasks", service)
    await site.ecs.perform(Scale(service.ref, current + 2, current))
    assert len([row for row in view.rows if row.status == "RUNNING"]) == current + 2


async def test_a_restart_is_a_new_deployment_at_the_server(site: Site) -> None:
    service = await site.service(SHOP, "svc-12")
    before = await site.described(SHOP, "svc-12")
    accepted = await site.ecs.perform(Restart(service.ref))
    assert accepted.summary == "new deployment requested"
    after = await site.described(SHOP, "svc-12")
    assert after["deployments"][0]["id"] != before["deployments"][0]["id"]
    assert after["desiredCount"] == before["desiredCount"]
    assert after["taskDefinition"] == before["taskDefinition"]
    looks = await settled(site, service)
    assert looks[-1].state is RolloutState.SETTLED


async def test_a_restart_replaces_tasks_and_shows_old_and_new(site: Site) -> None:
    service = await site.service(SHOP, "svc-17")
    before = {row.ref.name for row in (await site.listed(SHOP, "ecs/tasks", service)).rows}
    await site.ecs.perform(Restart(service.ref))
    looks = await settled(site, service)
    assert {revision.role for revision in looks[0].revisions} == {"new", "old"}
    after = (await site.listed(SHOP, "ecs/tasks", service)).rows
    assert not before & {row.ref.name for row in after if row.status == "RUNNING"}


async def test_a_rollback_goes_to_the_revision_before(site: Site) -> None:
    service = await site.service(SHOP, UNDONE)
    before = (await site.described(SHOP, UNDONE))["taskDefinition"]
    plan = await site.ecs.rollback_plan(service)
    family, _, revision = before.rpartition(":")
    assert plan.operation.to == f"{family}:{int(revision) - 1}"
    accepted = await site.ecs.perform(plan.operation)
    assert accepted.summary == f"{plan.current} -> {plan.to} requested"
    assert (await site.described(SHOP, UNDONE))["taskDefinition"] == plan.operation.to


async def test_a_service_has_a_history_of_deployments(site: Site) -> None:
    listed = site.raw.pages(
        "ecs", "ListServiceDeployments", "serviceDeployments", cluster=SHOP, service=UNDONE
    )
    assert [one async for one in listed]


async def test_the_scale_dialog_knows_the_autoscaler(site: Site) -> None:
    info = await site.ecs.scale_info(await site.service(SHOP, "web"))
    assert (info.desired, info.running, info.pending) == (WEB.desired, WEB.desired, 0)
    assert info.problem is None
    assert info.autoscaler is not None
    bounds = (info.autoscaler.minimum, info.autoscaler.maximum)
    assert bounds == (WEB.desired, 3 * WEB.desired)
    assert info.autoscaler.note == ""
    other = await site.ecs.scale_info(await site.service(OTHER, "web"))
    assert (other.autoscaler, other.problem) == (None, None)


async def test_a_service_that_is_not_there_is_not_found(site: Site) -> None:
    web = await site.service(SHOP, "web")
    gone = Ref(web.ref.scope, "ecs/services", "gone")
    with pytest.raises(NotFound):
        await site.ecs.perform(Restart(gone))
    with pytest.raises(NotFound):
        await site.ecs.perform(Scale(gone, 1, 2))
    with pytest.raises(NotFound):
        await anext(site.ecs.rollout(gone))
    async with site.server.time():
        assert await site.service(SHOP, "web")


@pytest.mark.parametrize("kind", ["ecs/services", "ecs/tasks", "ecs/containers", "ecs/events"])
async def test_a_cluster_that_is_not_there_is_not_found(site: Site, kind: str) -> None:
    scope = (await site.cluster(SHOP)).ref.scope.at(cluster="gone")
    view = await site.settled(Query(scope, kind))
    assert view.last is not None
    problem = view.last.status.problem
    assert problem is not None
    assert problem.code == "not-found"
    assert problem.action in ("ecs:ListServices", "ecs:ListTasks")


async def test_whoever_may_not_is_told_what_to_allow(site: Site, tmp_path: Path) -> None:
    with site.server.strict() as keys:
        limited = Site(site.server, site.server.sources(tmp_path / "limited", *keys))
        try:
            cluster = await limited.cluster(SHOP)
            view = await limited.settled(Query(cluster.ref.scope, "ecs/services"))
            assert view.last is not None
            problem = view.last.status.problem
            assert problem is not None
            assert (problem.code, problem.action) == ("denied", "ecs:ListServices")
            assert problem.remedy.startswith("allow ecs:ListServices on *")
            with pytest.raises(Denied):
                await limited.ecs.perform(Restart(Ref(cluster.ref.scope, "ecs/services", "web")))
        finally:
            await limited.close()
    assert (await site.service(SHOP, "web")).health is Health.OK


async def test_a_key_that_nobody_knows_is_to_be_renewed(site: Site, tmp_path: Path) -> None:
    with site.server.strict():
        sources = site.server.sources(tmp_path / "stranger", "AKIASTRANGER00000001", "secret")
        stranger = Site(site.server, sources)
        try:
            view = await stranger.settled(stranger.root("ecs"))
            assert view.problem() == "expired"
        finally:
            await stranger.close()
