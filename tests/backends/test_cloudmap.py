"""The Cloud Map backend over HTTP, against the simulator."""

import pytest
from cloudmap_world import ROOT, SHOP, World, cloudmap_world, rows_of

from backends.base import Backend, Demand, Invalid, NotFound
from backends.ecs import create as ecs
from backends.model import (
    FeedState,
    Health,
    LogRequest,
    Query,
    Ref,
    Resource,
    Restart,
    Scale,
    Scope,
)
from backends.related import matches
from backends.sim.faults import Fault

NAMESPACES = Query(ROOT, "cloudmap/namespaces")
SERVICES = Query(SHOP, "cloudmap/services")
WEB = Ref(SHOP, "cloudmap/services", "web")
INSTANCES = Query(SHOP, "cloudmap/instances", WEB)


@pytest.fixture
async def world(tmp_path, monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    async with cloudmap_world(tmp_path) as made:
        yield made


def test_it_is_a_backend(world: World):
    assert isinstance(world.backend, Backend)
    assert world.backend.providers == {"cloudmap"}
    assert world.backend.workloads(WEB) == ()
    assert world.backend.plan(SERVICES) == SERVICES
    assert list(world.backend.roots()) == [
        NAMESPACES,
        Query(ROOT.at(region="eu-west-1"), "cloudmap/namespaces"),
    ]


async def test_namespaces_of_all_types_with_their_counts(world: World):
    rows = await world.rows(NAMESPACES)
    assert {name: row.cells[1] for name, row in rows.items()} == {
        "shop.local": "private DNS",
        "edge.acme.example": "public DNS",
        "shop-prod-connect": "HTTP",
        "payments": "HTTP",
    }
    shop = rows["shop.local"]
    here = world.server.world.cloudmap.namespaces("111122223333", "us-east-1")
    assert shop.cells[2] == len(here["shop"].services)
    assert shop.ref.scope == ROOT.at(account="111122223333")
    assert shop.uid == here["shop"].arn


async def test_services_with_records_checks_and_who_is_behind(world: World):
    rows = await world.rows(SERVICES)
    web, database = rows["web"], rows["database"]
    there = len(world.server.world.ecs.service("shop-prod", "web").tasks)
    ratio = f"{there}/{there}"
    assert web.cells[:7] == ("web", "HEALTHY", ratio, there, "A 10s", "custom", "shop-prod/web")
    assert (web.health, web.ready, web.desired) == (Health.OK, there, there)
    assert web.parents == (
        Ref(ROOT.at(account="111122223333"), "cloudmap/namespaces", "shop.local"),
    )
    assert web.addresses == (world.service("web").arn,)
    (link,) = web.links
    assert (link.kinds, link.name) == (("ecs/services",), "web")
    assert (link.scope.provider, link.scope.cluster) == ("ecs", "shop-prod")
    assert (database.cells[4:7], database.status) == (("CNAME 10s", "none", None), "REGISTERED")


async def test_an_unhealthy_instance_degrades_its_service(world: World):
    world.server.world.incident("target-health", "shop-prod", "web")
    watch = world.watch(INSTANCES)

    def unhealthy() -> list[Resource]:
        return [row for row in watch.rows.values() if row.status == "UNHEALTHY"]

    await watch.until(unhealthy, step=lambda: world.server.advance(2.0))
    bad = unhealthy()[0]
    assert (bad.health, bad.reason) == (Health.FAILING, "its health check fails")
    web = (await world.rows(SERVICES))["web"]
    assert web.health in (Health.DEGRADED, Health.FAILING)


async def test_instances_have_health_address_and_links_to_their_tasks(world: World):
    rows = await world.rows(INSTANCES)
    tasks = world.server.world.ecs.service("shop-prod", "web").tasks
    assert {row.cells[0] for row in rows.values()} == {task.id for task in tasks.values()}
    by_id = {task.id: task for task in tasks.values()}
    for row in rows.values():
        task = by_id[row.cells[0]]
        assert row.ref.name == f"web/{task.id}"
        assert row.parents[0] == WEB
        assert (row.health, row.status) == (Health.OK, "HEALTHY")
        assert row.addresses == (task.ip,)
        assert row.cells[4] == task.zone
        link = row.links[0]
        assert (link.kinds, link.name) == (("ecs/tasks",), task.id)
        assert link.scope == Scope(
            "ecs", account="111122223333", region="us-east-1", cluster="shop-prod"
        )


async def ecs_rows(world: World, name: str) -> tuple[Resource, list[Resource]]:
    """Return a service of shop-prod and its tasks, as the ECS backend has them."""
    scope = Scope("ecs", "acme-prod", "111122223333", "us-east-1", "shop-prod")
    backend = ecs(world.sources, world.clock)
    try:
        services = await rows_of(backend, Query(scope, "ecs/services"))
        parent = Ref(scope, "ecs/services", name)
        tasks = await rows_of(backend, Query(scope, "ecs/tasks", parent))
    finally:
        await backend.close()
    return services[name], list(tasks.values())


@pytest.mark.parametrize(
    ("name", "namespace"), [("web", "shop.local"), ("sessions", "edge.acme.example")]
)
async def test_ecs_and_cloud_map_find_each_other(world: World, name, namespace):
    scope = SHOP.at(namespace=namespace)
    registered = (await world.rows(Query(scope, "cloudmap/services")))[name]
    instances = await world.rows(Query(scope, "cloudmap/instances", registered.ref))
    service, tasks = await ecs_rows(world, name)
    assert matches(service.links[0], registered)
    assert any(matches(link, service) for link in registered.links)
    assert len(tasks) == len(instances) > 0
    for row in instances.values():
        (task,) = [t for t in tasks if any(matches(link, t) for link in row.links)]
        assert row.ref.name == f"{name}/{task.ref.name}"
        if task.addresses[0] == row.addresses[0]:  # a task without an address of its own has not
            assert any(matches(link, row) for link in task.links)


async def test_pods_are_linked_by_address(world: World):
    scope = SHOP.at(namespace="payments")
    rows = await world.rows(Query(scope, "cloudmap/services"))
    assert rows["ledger"].cells[5] == "none"
    instances = await world.rows(Query(scope, "cloudmap/instances", rows["ledger"].ref))
    assert instances
    for row in instances.values():
        (link,) = row.links
        assert (link.kinds, link.scope, link.addresses) == (("k8s/pods",), Scope(""), row.addresses)
        assert row.cells[5] == "Kubernetes payments-prod"
        assert not matches(link, row)


async def test_instances_that_come_go_and_change_are_seen(world: World):
    watch = world.watch(INSTANCES)
    await watch.until(lambda: watch.live)
    before = set(watch.rows)
    web = world.service("web")
    web.fixed["by-hand"] = {"AWS_INSTANCE_IPV4": "10.9.9.9", "AWS_INSTANCE_PORT": "81"}
    await watch.until(lambda: "web/by-hand" in watch.rows)
    assert watch.rows["web/by-hand"].cells[2:4] == ("10.9.9.9", 81)
    assert [link.label for link in watch.rows["web/by-hand"].links] == ["task", "pod"]
    del web.fixed["by-hand"]
    await watch.until(lambda: set(watch.rows) == before)
    assert [change.resync for change in watch.changes if change.upserts or change.deletes][-1] is (
        False
    )


async def test_unchanged_rounds_change_nothing(world: World):
    watch = world.watch(INSTANCES)
    await watch.until(lambda: watch.live)
    seen = len(watch.changes)
    await watch.until(lambda: len(watch.changes) >= seen + 3)
    assert not any(change.upserts or change.deletes for change in watch.changes[seen:])
    assert all(change.status.state is FeedState.LIVE for change in watch.changes[seen:])


async def test_everything_below_can_be_listed_at_once(world: World):
    services = await world.rows(Query(ROOT, "cloudmap/services"))
    assert {"web", "ledger", "gateway", "database"} <= set(services)
    assert services["ledger"].ref.scope.namespace == "payments"
    instances = await world.rows(Query(SHOP, "cloudmap/instances"))
    assert {name.partition("/")[0] for name in instances} >= {"web", "database"}
    parent = Ref(ROOT.at(account="111122223333"), "cloudmap/namespaces", "shop.local")
    by_parent = await world.rows(Query(ROOT, "cloudmap/instances", parent))
    assert set(by_parent) == set(instances)


async def test_listings_are_paged_to_their_end(world: World):
    web = world.service("web")
    for number in range(250):
        web.fixed[f"host-{number:03d}"] = {"AWS_INSTANCE_IPV4": f"10.9.0.{number}"}
    rows = await world.rows(INSTANCES)
    assert sum(name.startswith("web/host-") for name in rows) == 250
    assert all(row.status == "HEALTHY" for row in rows.values())
    count = len(rows)
    assert (await world.rows(SERVICES))["web"].cells[2:4] == (f"{count}/{count}", count)


async def test_a_failing_feed_keeps_its_rows_and_heals(world: World):
    watch = world.watch(SERVICES)
    await watch.until(lambda: watch.live)
    rows = dict(watch.rows)
    world.server.world.faults.add(
        Fault(action="servicediscovery:ListServices", times=-1, code="AccessDeniedException")
    )
    await watch.until(lambda: watch.state is FeedState.STALE)
    assert watch.shelf.status.problem.code == "denied"
    assert "servicediscovery:ListServices" in watch.shelf.status.problem.remedy
    assert set(watch.rows) == set(rows)
    world.server.world.faults.clear()
    await watch.until(lambda: watch.live and watch.shelf.status.problem is None)


async def test_instances_show_without_permission_for_their_health(world: World):
    world.server.world.faults.add(
        Fault(
            action="servicediscovery:GetInstancesHealthStatus",
            times=-1,
            code="AccessDeniedException",
        )
    )
    rows = await world.rows(INSTANCES)
    assert {row.status for row in rows.values()} == {"HEALTHY"}  # as ECS registered them
    assert all("GetInstancesHealthStatus" in row.reason for row in rows.values())
    services = await world.rows(SERVICES)
    assert services["web"].status == "UNKNOWN"


async def test_throttling_is_said_and_does_not_fail_the_view(world: World):
    watch = world.watch(SERVICES)
    await watch.until(lambda: watch.live)
    world.server.world.faults.add(
        Fault(action="servicediscovery:ListServices", times=6, code="ThrottlingException")
    )
    await watch.until(lambda: watch.shelf.status.problem is not None)
    assert watch.live
    assert watch.shelf.status.problem.code == "throttled"
    await watch.until(lambda: watch.shelf.status.problem is None)


async def test_what_is_deleted_is_said_to_be_gone_and_found_anew(world: World):
    gone = world.watch(Query(SHOP.at(namespace="gone.local"), "cloudmap/services"))
    await gone.until(lambda: gone.state is FeedState.STALE)
    assert gone.shelf.status.problem.code == "not-found"
    watch = world.watch(INSTANCES)
    await watch.until(lambda: watch.live)
    world.service("web").id = "srv-made-anew"
    await watch.until(lambda: watch.state is FeedState.STALE)
    await watch.until(lambda: watch.live)
    assert all(row.uid.startswith("srv-made-anew/") for row in watch.rows.values())


async def test_a_hidden_feed_rests_until_it_is_wanted(world: World):
    demand = Demand(visible=False)
    watch = world.watch(SERVICES, demand)
    await watch.until(lambda: watch.live)
    seen = len(watch.changes)
    demand.visible = True
    await watch.until(lambda: len(watch.changes) > seen)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(ROOT, "cloudmap/things"), "no kind cloudmap/things"),
        (Query(SHOP, "cloudmap/services", WEB), "cloudmap/services have no cloudmap/services"),
        (
            Query(ROOT, "cloudmap/instances", Ref(ROOT, "cloudmap/services", "web")),
            "a service of no namespace",
        ),
    ],
)
async def test_queries_that_make_no_sense_are_refused(world: World, query, words):
    with pytest.raises(Invalid, match=words):
        await anext(world.backend.watch(query, Demand()))


async def test_descriptions_of_every_kind(world: World):
    namespace = (await world.rows(NAMESPACES))["shop.local"]
    service = (await world.rows(SERVICES))["web"]
    instance = next(iter((await world.rows(INSTANCES)).values()))

    def flat(description) -> dict[str, str]:
        return {key: value for section in description.sections for key, value in section.pairs}

    told = await world.backend.describe(namespace)
    assert flat(told)["Type"] == "private DNS"
    assert flat(told)["Hosted zone"].startswith("Z0")
    assert told.document["Name"] == "shop.local"
    told = await world.backend.describe(service)
    assert flat(told)["Records"] == "A 10s"
    assert flat(told)["Checked by"] == "custom"
    table = next(section for section in told.sections if section.title == "Instances")
    assert {row[1] for row in table.rows} == {"HEALTHY"}
    assert told.document["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 10}]
    told = await world.backend.describe(instance)
    assert flat(told)["Health"] == "HEALTHY"
    assert flat(told)["IPv4"] == instance.addresses[0]
    assert flat(told)["ECS_SERVICE_NAME"] == "web"
    assert told.document["Attributes"]["ECS_CLUSTER_NAME"] == "shop-prod"


async def test_describing_what_is_gone_says_so(world: World):
    instances = await world.rows(INSTANCES)
    world.service("web").tasks = None
    with pytest.raises(NotFound):
        await world.backend.describe(next(iter(instances.values())))


async def test_nothing_is_operated_here_and_the_remedy_says_where(world: World):
    row = next(iter((await world.rows(INSTANCES)).values()))
    backend = world.backend
    with pytest.raises(Invalid, match="task or pod behind it"):
        await anext(backend.logs(row, LogRequest()))
    for attempt in (
        backend.scale_info(row),
        backend.perform(Scale(row.ref, 1, 2)),
        backend.perform(Restart(row.ref)),
        anext(backend.rollout(row.ref)),
    ):
        with pytest.raises(Invalid, match="the ECS service or the workload behind it"):
            await attempt


async def test_calls_are_counted_in_the_budget(world: World):
    await world.rows(SERVICES)
    classes = {usage.action_class for usage in world.backend.usage()}
    assert any(name.startswith("servicediscovery:") for name in classes)
