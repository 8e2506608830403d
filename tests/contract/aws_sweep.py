"""Everything that Topdeck asks of AWS, asked once, and every call and answer of it kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, NamedTuple
from unittest import mock

import msgspec
from aiobotocore.client import AioBaseClient
from aws_shapes import signing_name
from aws_views import DEADLINE, Views

from backends.aws.access import AwsAccess
from backends.base import BackendError, Sources
from backends.cloudmap.backend import CloudMapBackend
from backends.ecs.backend import EcsBackend
from backends.eks.backend import KubeBackend
from backends.eks.mint import Minter
from backends.eks.token import GetToken
from backends.logs.insights_model import POINTER, Answer, Question
from backends.model import LogRequest, Query, Resource, Restart, Scale, Verb
from backends.sim.aws import wire
from backends.sim.server import SimServer

MINUTE = LogRequest(since=60.0, follow=False)
REQUESTS = (
    LogRequest(since=None, tail=200, follow=False),
    LogRequest(since=3600.0, head=500, follow=False),
    MINUTE,
)
"""How the screens and the plain output ask for logs, short of following them."""

LONG = LogRequest(since=600.0, head=10_500, follow=False)
"""More than a page of them."""


BOTOCORE_NAMES = {"elasticloadbalancing": "elbv2"}
"""botocore's names of the services that requests are signed for under another one."""


class Sent(NamedTuple):
    """One call as it was handed to botocore."""

    service: str
    operation: str
    params: dict[str, Any]


class Got(NamedTuple):
    """One answer of the simulator as it was sent."""

    service: str
    operation: str
    body: bytes


class Record:
    """What was sent and answered."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.got: list[Got] = []

    @property
    def actions(self) -> set[str]:
        """The operations that were called, as IAM names them: ``ecs:ListTasks``."""
        return {f"{signing_name(sent.service)}:{sent.operation}" for sent in self.sent}


@contextmanager
def recording() -> Iterator[Record]:
    """Keep every call of every client in this process, and every answer of every simulator."""
    record = Record()
    call, answer = AioBaseClient._make_api_call, wire.answer

    async def calling(client: Any, operation: str, params: dict[str, Any]) -> Any:
        record.sent.append(Sent(client.meta.service_model.service_name, operation, dict(params)))
        return await call(client, operation, params)

    def answering(request: Any, output: Any, request_id: str) -> Any:
        made = answer(request, output, request_id)
        service = BOTOCORE_NAMES.get(request.service, request.service)
        record.got.append(Got(service, request.action, bytes(made.body)))
        return made

    with (
        mock.patch.object(AioBaseClient, "_make_api_call", calling),
        mock.patch.object(wire, "answer", answering),
    ):
        yield record


@asynccontextmanager
async def passing(sim: SimServer) -> AsyncIterator[None]:
    """Let a simulator's time pass, a hundred times as fast as ours."""

    async def tick() -> None:
        while True:
            await sim.advance(1.0)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sweep(sources: Sources, sim: SimServer) -> None:
    """Look at, describe, tail, scale and restart everything once, by every backend."""
    async with passing(sim):
        await _sweep(sources, sim)


async def _sweep(sources: Sources, sim: SimServer) -> None:
    clock = sim.world.clock
    views = Views(
        (EcsBackend(sources, clock), CloudMapBackend(sources, clock), KubeBackend(sources, clock))
    )
    try:
        await _sweep_ecs(views)
        await _sweep_cloudmap(views)
        await _sweep_eks(views)
        await _sweep_identity(sources, sim)
        await _sweep_queue(sources, sim)
    finally:
        await views.close()


async def _sweep_ecs(views: Views) -> None:
    ecs = views.backend("ecs")
    for root in ecs.roots():
        clusters = await views.settled(root)
        for cluster in clusters.rows:
            rows: dict[str, list[Resource]] = {"ecs/clusters": [cluster]}
            for kind in ecs.kinds:
                if kind != "ecs/clusters":
                    rows[kind] = (await views.settled(Query(cluster.ref.scope, kind))).rows
            services, tasks = rows["ecs/services"], rows["ecs/tasks"]
            for parent, kind in ((services, "ecs/tasks"), (services, "ecs/events"),
                                 (tasks, "ecs/containers")):  # fmt: skip
                for row in parent[:2]:
                    await views.settled(Query(row.ref.scope, kind, row.ref))
            for found in rows.values():
                for row in found[:2]:
                    await ecs.describe(row)
            for service in services[:3]:
                await _operate(views, service)
            reads = [(services[0], LONG), *((service, MINUTE) for service in services[:2])]
            for row in (tasks[0], rows["ecs/containers"][0]):
                reads += [(row, request) for request in REQUESTS]
            await asyncio.gather(*(_read(views, row, request) for row, request in reads))
            await _question(views, services[0])


async def _operate(views: Views, service: Resource) -> None:
    ecs = views.backend("ecs")
    await ecs.scale_info(service)
    rollout = ecs.rollout(service.ref)
    async with aclosing(rollout):  # type: ignore[type-var]
        await anext(rollout)
    desired = service.desired or 0
    await ecs.perform(Scale(service.ref, desired, desired + 1))
    await ecs.perform(Restart(service.ref))
    assert isinstance(ecs, EcsBackend)
    await ecs.perform((await ecs.rollback_plan(service)).operation)
    await ecs.perform((await ecs.rollback_plan(service)).operation)


async def _read(views: Views, row: Resource, request: LogRequest) -> None:
    backend = views.backend(row.ref.scope.provider)
    assert Verb.LOGS in backend.kinds[row.ref.kind].verbs
    async with asyncio.timeout(DEADLINE):
        async for batch in backend.logs(row, request):
            assert batch.problem is None, batch.problem


async def _question(views: Views, service: Resource) -> None:
    """Ask Insights of the logs of a service, look at an event, and leave a question early."""
    ecs = views.backend("ecs")
    assert isinstance(ecs, EcsBackend)
    choice = await ecs.log_groups(service)
    assert choice.scope is not None
    where = await ecs.insights.place(choice.scope)
    assert await ecs.insights.groups(where)
    now = int(ecs._clock.now())
    question = Question(where, choice.groups, "fields @message | limit 3", now - 120, now)
    await ecs.insights.estimate(question)
    async with asyncio.timeout(DEADLINE), aclosing(ecs.insights.ask(question)) as answers:
        async for answer in answers:
            last = answer
    pointer = dict(last.rows[0])[POINTER]
    assert await ecs.insights.record(where, pointer)
    leaving = asyncio.create_task(_first(ecs.insights.ask(question)))
    await asyncio.sleep(0)
    leaving.cancel()  # while the query is being started: it is stopped once it was
    await asyncio.gather(leaving, return_exceptions=True)
    async with asyncio.timeout(DEADLINE):
        while ecs.insights._stopping:
            await ecs.insights.close()


async def _first(answers: AsyncGenerator[Answer, None]) -> Answer:
    async with aclosing(answers):
        return await anext(answers)


async def _sweep_cloudmap(views: Views) -> None:
    cloudmap = views.backend("cloudmap")
    for root in cloudmap.roots():
        for kind in cloudmap.kinds:
            view = await views.settled(Query(root.scope, kind))
            for row in view.rows[:3]:
                await cloudmap.describe(row)
        services = await views.settled(Query(root.scope, "cloudmap/services"))
        for row in services.rows:
            await views.settled(Query(row.ref.scope, "cloudmap/instances", row.ref))


async def _sweep_eks(views: Views) -> None:
    eks = views.backend("eks")
    for root in eks.roots():
        for row in (await views.settled(root)).rows:
            await views.settled(Query(row.ref.scope, "k8s/pods"))
            await eks.describe(row)


async def _sweep_queue(sources: Sources, sim: SimServer) -> None:
    """Watch tasks by the events of a queue, until one of them was heard and deleted."""
    account = sim.world.blueprint.accounts[0].account_id
    queue = sim.world.queues.make(account, sources.aws[0].regions[0], "topdeck")
    fed = msgspec.structs.replace(sources, feed_queues=(queue.arn,))
    ecs = EcsBackend(fed, sim.world.clock)
    views = Views((ecs,))
    clusters = await views.settled(ecs.roots()[0])
    scope = clusters.rows[0].ref.scope
    service = next(
        iter(sim.world.ecs.clusters(account, scope.region)[scope.cluster].services.values())
    )
    sim.world.ecs.update(service, force=True)
    try:
        tasks = views.open(Query(scope, "ecs/tasks"))
        await tasks.until(lambda v: v.last is not None and v.last.status.by == "queue")
        while not sim.world.faults.calls["sqs:DeleteMessageBatch"]:
            await asyncio.sleep(0.01)
    finally:
        await views.close()


async def _sweep_identity(sources: Sources, sim: SimServer) -> None:
    access = AwsAccess(sources, sim.world.clock)
    for scope in access.scopes("ecs"):
        assert await access.account(scope) == sim.world.blueprint.accounts[0].account_id
    role = "arn:aws:iam::111122223333:role/ops"
    profile = sources.aws[0].profile
    try:  # the simulator may know no roles: what counts is what was asked
        await Minter(sources, sim.world.clock).mint(GetToken("c", "us-east-1", profile, role))
    except BackendError:
        pass
    await access.close()
