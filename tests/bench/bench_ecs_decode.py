"""What it costs to turn an answer of DescribeTasks into rows: bytes in, Resources out."""

from __future__ import annotations

import asyncio
import time

import orjson

TASKS = 100
"""The most that one DescribeTasks answers."""

ROUNDS = 60
"""The fastest counts: what the others take longer is other programs' doing."""


def measure() -> list[tuple[str, float, str]]:
    """Return the CPU milliseconds of decoding 100 tasks, and the size of the answer."""
    from backends.aws.session import client_session
    from backends.aws.turns import Turns
    from backends.base import AwsSource
    from backends.ecs.kinds import KINDS
    from backends.ecs.kinds.base import Facts
    from tests.backends.ecs.ecs_payloads import NOW, SCOPE, big_task

    body = orjson.dumps({"tasks": [big_task(n) for n in range(TASKS)], "failures": []})
    response = {"status_code": 200, "headers": {}, "body": body, "context": {}}
    session = client_session(AwsSource(), Turns())
    from_wire = KINDS["ecs/tasks"].from_wire
    facts = Facts(NOW)

    async def run() -> float:
        model = await session.get_service_model("ecs")
        shape = model.operation_model("DescribeTasks").output_shape
        factory = session.get_component("response_parser_factory")
        times = []
        for _ in range(ROUNDS):
            began = time.process_time()
            parsed = await factory.create_parser("json").parse(response, shape)
            rows = [row for task in parsed["tasks"] for row in from_wire(SCOPE, task, facts)]
            times.append((time.process_time() - began) * 1000)
            if len(rows) != TASKS:
                raise AssertionError(f"{len(rows)} rows of {TASKS} tasks")
        return min(times)

    return [
        ("ECS: DescribeTasks of 100 tasks decoded", asyncio.run(run()), "ms of CPU (at most 4)"),
        ("ECS: size of that answer", len(body) / 1000, "kB"),
    ]
