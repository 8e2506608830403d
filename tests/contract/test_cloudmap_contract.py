"""The Cloud Map backend against the simulator and against moto, over real HTTP."""

from __future__ import annotations

import pytest
from aws_facts import ACCOUNT, HOME, MANY, NAMESPACE, SERVICES, SHOP
from aws_site import Site
from aws_views import View

from backends.model import FeedState, Health, Query, Ref, Resource, Scope

REGISTERED = sorted(fact.name for fact in SERVICES[SHOP] if fact.registered)


async def namespace(site: Site) -> Resource:
    return (await site.settled(site.root("cloudmap"))).row(NAMESPACE)


async def inside(site: Site) -> Scope:
    """Return the scope of the one namespace."""
    row = await namespace(site)
    return row.ref.scope.at(namespace=row.ref.name)


async def services(site: Site) -> View:
    return await site.settled(Query(await inside(site), "cloudmap/services"))


async def instances(site: Site, service: str) -> View:
    row = (await services(site)).row(service)
    return await site.settled(Query(row.ref.scope, "cloudmap/instances", row.ref))


async def test_every_namespace_is_found(site: Site) -> None:
    row = await namespace(site)
    assert row.status == "private DNS"
    assert row.uid.startswith(f"arn:aws:servicediscovery:{HOME}:{ACCOUNT.account_id}:namespace/ns-")
    assert row.ref.scope.account == ACCOUNT.account_id


async def test_a_namespace_counts_its_services(site: Site) -> None:
    assert (await namespace(site)).cells[2] == len(REGISTERED) + 1


async def test_the_services_of_a_namespace_are_found(site: Site) -> None:
    view = await services(site)
    assert view.names == sorted([*REGISTERED, "database"])
    for row in view.rows:
        column = {c.key: n for n, c in enumerate(site.cloudmap.kinds[row.ref.kind].columns)}
        mine = row.ref.name != "database"
        assert row.cells[column["records"]] == ("A 10s" if mine else "CNAME 10s")
        assert row.cells[column["check"]] == ("custom" if mine else "none")
        assert row.parents[0].name == NAMESPACE


async def test_a_service_counts_its_instances(site: Site) -> None:
    row = (await services(site)).row("horde")
    assert (row.ready, row.desired, row.status) == (MANY, MANY, "HEALTHY")


async def test_the_server_filters_services_by_their_namespace(site: Site) -> None:
    other = [{"Name": "NAMESPACE_ID", "Values": ["ns-other"], "Condition": "EQ"}]
    answer = await site.raw("servicediscovery", "ListServices", Filters=other)
    assert answer["Services"] == []


@pytest.mark.parametrize("service", REGISTERED)
async def test_instances_beyond_a_page_are_found_with_their_tasks(site: Site, service: str) -> None:
    view = await instances(site, service)
    tasks = await site.listed(SHOP, "ecs/tasks", await site.service(SHOP, service))
    wanted = next(fact.desired for fact in SERVICES[SHOP] if fact.name == service)
    assert len(view.rows) == wanted
    by_name = {row.ref.name: row for row in tasks.rows}
    for row in view.rows:
        assert (row.health, row.status) == (Health.OK, "HEALTHY")
        assert row.parents[0].name == service
        to_task, to_service = row.links
        task = by_name[to_task.name]
        assert row.ref.name == f"{service}/{task.ref.name}"
        assert row.addresses[0] in task.addresses
        assert (to_task.kinds, to_service.kinds) == (("ecs/tasks",), ("ecs/services",))
        assert to_service.name == service
        for link in row.links:
            where = link.scope
            assert (where.account, where.region, where.cluster) == (ACCOUNT.account_id, HOME, SHOP)


async def test_a_task_points_to_its_instance(site: Site) -> None:
    tasks = await site.listed(SHOP, "ecs/tasks", await site.service(SHOP, "web"))
    (link,) = tasks.rows[0].links
    view = await instances(site, "web")
    found = [row for row in view.rows if set(row.addresses) & set(link.addresses)]
    assert [row.ref.name for row in found] == [f"web/{link.name}"]


async def test_an_instance_that_is_not_a_task_resolves_to_its_name(site: Site) -> None:
    (row,) = (await instances(site, "database")).rows
    assert row.ref.name == "database/writer"
    assert row.status == "REGISTERED"
    assert row.addresses[0].endswith(".com")
    assert row.links == ()


async def test_an_instance_that_ails_is_failing(site: Site) -> None:
    view = await instances(site, "web")
    row = view.rows[-1]
    service, _, identity = row.uid.partition("/")
    try:
        await site.server.ail(service, identity)
        await view.until(lambda v: v.row(row.ref.name).health is Health.FAILING)
        assert view.row(row.ref.name).reason == "its health check fails"
        others = [r.status for r in view.rows if r.ref != row.ref]
        assert set(others) == {"HEALTHY"}
        described = await site.cloudmap.describe(view.row(row.ref.name))
        assert described.document["HealthStatus"] == "UNHEALTHY"
    finally:
        await site.server.heal(service, identity)


@pytest.mark.parametrize("kind", ["namespaces", "services", "instances"])
async def test_everything_in_it_can_be_described(site: Site, kind: str) -> None:
    scope = await inside(site)
    view = await site.settled(Query(scope if kind != "namespaces" else scope.at(namespace=""),
                                    f"cloudmap/{kind}"))  # fmt: skip
    for row in (view.rows[0], view.rows[-1]):
        found = await site.cloudmap.describe(row)
        assert found.sections[0].title == "Summary"
        assert found.document["Id"] in row.uid


@pytest.mark.parametrize("kind", ["services", "instances"])
async def test_a_namespace_that_is_not_there_is_not_found(site: Site, kind: str) -> None:
    scope = (await inside(site)).at(namespace="gone.local")
    view = await site.settled(Query(scope, f"cloudmap/{kind}"))
    assert view.last is not None
    assert view.last.status.state is FeedState.STALE
    assert view.problem() == "not-found"


async def test_a_service_that_is_not_in_it_is_not_found(site: Site) -> None:
    scope = await inside(site)
    gone = Ref(scope, "cloudmap/services", "gone")
    assert (await site.settled(Query(scope, "cloudmap/instances", gone))).problem() == "not-found"
