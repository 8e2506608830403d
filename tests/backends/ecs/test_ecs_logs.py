"""The logs of ECS over HTTP, against the simulator."""

import asyncio
from collections import Counter

import pytest
from ecs_log_world import LogWorld, log_world, tailing

from backends.base import Invalid
from backends.ecs.logs import Finder
from backends.model import LogRequest
from backends.sim.faults import Fault


@pytest.fixture(autouse=True)
def _no_aws_environment(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def world(tmp_path):
    async with log_world(tmp_path) as made:
        yield made


def within(tail, until):
    return Counter(line for line in tail.lines if line[0] <= until)


async def test_every_line_of_a_service_is_delivered_once_and_in_order(world: LogWorld):
    begin = world.clock.now() - 60
    service = world.resource("shop-prod", "ecs/services", "web")
    async with tailing(world, service) as tail:
        await tail.until(lambda: tail.live)
        past = tail.lines
        assert past == sorted(past, key=lambda line: line[0])
        assert past
        tasks = await world.tasks("shop-prod", "web")
        short = {task["taskArn"].rpartition("/")[2][:6] for task in tasks}
        assert tail.sources <= {f"{c}/{s}" for c in ("web", "datadog-agent") for s in short}
        for _ in range(10):
            await world.server.advance(2.0)
            seen = len(tail.batches)
            await tail.until(lambda seen=seen: len(tail.batches) > seen, step=0.1)
        until = world.clock.now() - 5
        expected = Counter(
            line for line in world.written("shop-prod", "/ecs/shop-prod/web", begin)
            if line[0] <= until
        )  # fmt: skip
        await tail.until(lambda: within(tail, until) >= expected)
        assert within(tail, until) == expected


async def test_a_deployment_is_followed_to_its_new_tasks(world: LogWorld):
    service = world.resource("shop-prod", "ecs/services", "cart")
    async with tailing(world, service) as tail:
        await tail.until(lambda: tail.live)
        old = await world.tasks("shop-prod", "cart")
        await world.access.call(
            world.scope("shop-prod"), "ecs", "UpdateService", mutates=True,
            cluster="shop-prod", service="cart", forceNewDeployment=True,
        )  # fmt: skip
        before = {task["taskArn"].rpartition("/")[2][:6] for task in old}
        await tail.until(lambda: bool(tail.sources - before), step=2.0)
        assert any(note.endswith(": task begins") for note in tail.notes)

        def stopped() -> set[str]:
            return {note[:6] for note in tail.notes if ": task stopped: " in note}

        await tail.until(lambda: stopped() >= before, step=2.0)
        assert not stopped() & (tail.sources - before)


async def test_a_tasks_tail_ends_when_it_has_stopped(world: LogWorld):
    task, *_ = await world.tasks("shop-prod", "catalog")
    identity = task["taskArn"].rpartition("/")[2]
    resource = world.resource("shop-prod", "ecs/tasks", identity, task)
    async with tailing(world, resource) as tail:
        await tail.until(lambda: bool(tail.lines))
        await world.access.call(
            world.scope("shop-prod"), "ecs", "StopTask", mutates=True,
            cluster="shop-prod", task=identity, reason="by hand",
        )  # fmt: skip
        await tail.until(tail.task.done, step=2.0)
        assert tail.sources == {identity[:6]}
        assert any("task stopped: " in note and "by hand" in note for note in tail.notes)


async def test_a_task_that_stopped_before_shows_its_last_lines(world: LogWorld):
    task, *_ = await world.tasks("shop-prod", "catalog")
    identity = task["taskArn"].rpartition("/")[2]
    await world.access.call(
        world.scope("shop-prod"), "ecs", "StopTask", mutates=True,
        cluster="shop-prod", task=identity,
    )  # fmt: skip
    for _ in range(60):
        await world.server.advance(10.0)
    resource = world.resource("shop-prod", "ecs/tasks", identity, task)
    async with tailing(world, resource, LogRequest(since=60.0)) as tail:
        await tail.until(tail.task.done)
        assert tail.lines
        assert any("min ago: these are its last lines" in note for note in tail.notes)


async def test_a_container_is_tailed_alone(world: LogWorld):
    task, *_ = await world.tasks("shop-prod", "web")
    identity = task["taskArn"].rpartition("/")[2]
    raw = {"task": task, "container": task["containers"][0]}
    resource = world.resource("shop-prod", "ecs/containers", f"{identity}/datadog-agent", raw)
    async with tailing(world, resource, LogRequest(since=600.0)) as tail:
        await tail.until(lambda: bool(tail.lines))
        assert tail.sources == {f"datadog-agent/{identity[:6]}"}


async def test_a_service_on_ec2_without_a_prefix_is_found_by_docker_id(world: LogWorld):
    service = world.resource("batch-prod", "ecs/services", "mailer")
    async with tailing(world, service, LogRequest(since=300.0)) as tail:
        await tail.until(lambda: bool(tail.lines))
        tasks = await world.tasks("batch-prod", "mailer")
        assert tail.sources <= {task["taskArn"].rpartition("/")[2][:6] for task in tasks}


async def test_a_log_in_a_region_that_is_not_looked_at_is_read_there(tmp_path):
    async with log_world(tmp_path, regions=("eu-west-1",)) as near:
        definition = await near.access.call(
            near.scope("media-prod"), "ecs", "DescribeTaskDefinition",
            taskDefinition="media-prod-captions",
        )  # fmt: skip
        (app, *_) = definition["taskDefinition"]["containerDefinitions"]
        assert app["logConfiguration"]["options"]["awslogs-region"] == "us-east-1"
        service = near.resource("media-prod", "ecs/services", "captions")
        async with tailing(near, service, LogRequest(since=300.0)) as tail:
            await tail.until(lambda: bool(tail.lines) and tail.live)
            assert {batch.problem for batch in tail.batches} == {None}
        assert {usage.region for usage in near.access.usage()} == {"eu-west-1", "us-east-1"}


@pytest.mark.parametrize(
    ("cluster", "service", "said"),
    [
        ("shop-prod", "recommendations", "through FireLens to opensearch"),
        ("batch-prod", "dunning", "its log goes to splunk (splunk-url https://splunk.acme"),
        ("batch-prod", "invoices", "kept by the json-file driver"),
    ],
)
async def test_logs_that_go_elsewhere_are_told_of_once(world: LogWorld, cluster, service, said):
    async with tailing(world, world.resource(cluster, "ecs/services", service)) as tail:
        await tail.until(lambda: tail.live and any(said in note for note in tail.notes))
        assert sum(said in note for note in tail.notes) == 1


async def test_tail_and_head_limit_what_is_past(world: LogWorld):
    service = world.resource("shop-prod", "ecs/services", "catalog")
    last = LogRequest(since=None, tail=3)
    async with tailing(world, service, last) as tail:
        await tail.until(lambda: tail.live)
        written = world.written("shop-prod", "/ecs/shop-prod/catalog", world.clock.now() - 3600)
        assert set(tail.lines) <= set(written)
        assert max(line[0] for line in tail.lines) == written[-1][0]
    first = LogRequest(since=600.0, head=5)
    async with tailing(world, service, first) as tail:
        await tail.until(tail.task.done)
        written = world.written("shop-prod", "/ecs/shop-prod/catalog", world.clock.now() - 600)
        assert tail.lines == written[:5]


@pytest.mark.parametrize(
    ("action", "code", "expected"),
    [
        ("logs:FilterLogEvents", "ThrottlingException", "throttled"),
        ("logs:FilterLogEvents", "AccessDeniedException", "denied"),
        ("ecs:ListTasks", "AccessDeniedException", "denied"),
        ("ecs:DescribeTaskDefinition", "ServerException", "unreachable"),
    ],
)
async def test_errors_are_problems_and_the_tail_goes_on(world: LogWorld, action, code, expected):
    status = 500 if code == "ServerException" else 400
    world.server.world.faults.add(Fault(action=action, times=-1, code=code, status=status))
    service = world.resource("shop-prod", "ecs/services", "catalog")
    async with tailing(world, service) as tail:
        await tail.until(lambda: bool(tail.batches) and tail.batches[-1].problem is not None)
        problem = tail.batches[-1].problem
        assert problem is not None
        assert (problem.code, problem.action) == (expected, action)
        assert problem.remedy
        world.server.world.faults.clear()
        await tail.until(lambda: bool(tail.lines) and tail.batches[-1].problem is None)


async def test_a_group_that_is_not_there_is_a_problem(world: LogWorld):
    groups = world.server.world.logs.groups("111122223333", "us-east-1")
    held = groups.pop("/ecs/shop-prod/catalog")
    service = world.resource("shop-prod", "ecs/services", "catalog")
    async with tailing(world, service) as tail:
        await tail.until(lambda: bool(tail.batches) and tail.batches[-1].problem is not None)
        problem = tail.batches[-1].problem
        assert problem is not None
        assert "no log group /ecs/shop-prod/catalog in us-east-1" in problem.message
        groups[held.name] = held
        await tail.until(lambda: bool(tail.lines))


async def test_a_service_without_tasks_waits_for_them(world: LogWorld):
    scope = world.scope("shop-prod")

    async def scale(count: int) -> None:
        await world.access.call(
            scope, "ecs", "UpdateService", mutates=True,
            cluster="shop-prod", service="catalog", desiredCount=count,
        )  # fmt: skip

    await scale(0)
    for _ in range(60):
        await world.server.advance(10.0)
    service = world.resource("shop-prod", "ecs/services", "catalog")
    async with tailing(world, service) as tail:
        await tail.until(lambda: tail.live)
        assert tail.notes == ["no task is running; lines come as soon as one does"]
        await scale(1)
        await tail.until(lambda: bool(tail.lines), step=2.0)


async def test_only_what_runs_has_a_log(world: LogWorld):
    cluster = world.resource("shop-prod", "ecs/clusters", "shop-prod")
    with pytest.raises(Invalid, match="have no log of their own"):
        Finder(world.access, cluster, LogRequest(), world.clock)


async def test_leaving_a_tail_ends_its_calls(world: LogWorld):
    service = world.resource("shop-prod", "ecs/services", "web")
    async with tailing(world, service) as tail:
        await tail.until(lambda: tail.live)
    calls = world.server.world.faults.calls.total()
    await asyncio.sleep(0)
    assert world.server.world.faults.calls.total() == calls
