"""The consumer against moto's SQS: receives, applies, deletes, and skips what is no event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aws_facts import ACCOUNT, AUDIT, HOME
from aws_servers import Moto
from aws_views import DEADLINE

from backends.base import Demand
from backends.clock import SystemClock
from backends.ecs.backend import EcsBackend
from backends.model import Change, Query, Scope
from backends.store import Shelf

NAME = "topdeck-moto"
ARN = f"arn:aws:sqs:{HOME}:{ACCOUNT.account_id}:{NAME}"


def _event(task: dict[str, Any], **changed: Any) -> str:
    """Return a task as EventBridge would tell of it: times in words."""
    detail = json.loads(json.dumps({**task, **changed}, default=lambda at: at.isoformat()))
    detail["updatedAt"] = datetime.now(UTC).isoformat()
    return json.dumps(
        {
            "version": "0",
            "id": "e",
            "detail-type": "ECS Task State Change",
            "source": "aws.ecs",
            "account": ACCOUNT.account_id,
            "time": datetime.now(UTC).isoformat(),
            "region": HOME,
            "resources": [task["taskArn"]],
            "detail": detail,
        }
    )


@pytest.fixture
async def queue(moto: Moto) -> AsyncIterator[str]:
    made = await moto.raw("sqs", "CreateQueue", QueueName=NAME)
    yield made["QueueUrl"]
    await moto.raw("sqs", "DeleteQueue", QueueUrl=made["QueueUrl"])


async def _messages(moto: Moto, queue: str) -> int:
    """Return how many messages are in a queue, those that somebody has received included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = await moto.raw("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


@pytest.mark.usefixtures("_clean_environment")
async def test_events_in_motos_queue_become_rows_and_are_deleted(
    moto: Moto, queue: str, tmp_path: Path
) -> None:
    sources = msgspec.structs.replace(moto.sources(tmp_path), feed_queues=(ARN,))
    backend = EcsBackend(sources, SystemClock())
    query = Query(Scope("ecs", ACCOUNT.profile, ACCOUNT.account_id, HOME, AUDIT), "ecs/tasks")
    shelf, demand = Shelf(query), Demand()
    seen: list[Change] = []

    async def run() -> None:
        async for change in backend.watch(query, demand):
            shelf.apply(change)
            seen.append(change)

    watch = asyncio.create_task(run())
    try:
        async with asyncio.timeout(DEADLINE):
            while not shelf.settled:
                await asyncio.sleep(0.02)
            row = next(iter(shelf.rows.values()))
            task = next(
                one
                for one in (
                    await moto.raw("ecs", "DescribeTasks", cluster=AUDIT, tasks=[row.ref.name])
                )["tasks"]
            )
            bodies = [
                "not JSON",
                "[]",
                '{"source": "aws.ecs", "detail-type": "ECS Task State Change"}',
            ]
            bodies += [
                _event(task, version=number, healthStatus=f"V{number}")
                for number in (51, 52, 50, 51)
            ]
            fresh = {
                "taskArn": task["taskArn"].rpartition("/")[0] + "/" + "f" * 32,
                "version": 1,
                "lastStatus": "PROVISIONING",
            }
            bodies += [_event(task, **fresh)] * 6
            for body in bodies:
                await moto.raw("sqs", "SendMessage", QueueUrl=queue, MessageBody=body)
            while "f" * 32 not in {ref.name for ref in shelf.rows}:
                await asyncio.sleep(0.02)
            while shelf.rows[row.ref].raw["healthStatus"] != "V52":
                await asyncio.sleep(0.02)
            while await _messages(moto, queue):
                await asyncio.sleep(0.1)
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await backend.close()
    assert seen[-1].status.by == "queue"
    assert not any(change.status.problem for change in seen)
