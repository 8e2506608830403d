"""CloudWatch Logs: windows, pages, cursors, patterns, and streams that come and go."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from sim_aws import Aws

from backends.sim.aws.errors import AwsError
from backends.sim.aws.logpattern import compile_pattern
from backends.sim.server import SimServer

GROUP = "/ecs/shop-prod/checkout"


async def everything(aws: Aws, **params: Any) -> list[dict[str, Any]]:
    """Return all events of a request, page by page, and count the pages that were empty."""
    events: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = await aws("logs", "filter_log_events", logGroupName=GROUP, **params, **token)
        events += answer["events"]
        if "nextToken" not in answer:
            return events
        token = {"nextToken": answer["nextToken"]}


def window(sim: SimServer, ago: float, until: float = 0.0) -> dict[str, int]:
    now = sim.world.clock.now()
    return {"startTime": int((now - ago) * 1000), "endTime": int((now - until) * 1000)}


async def test_events_of_all_streams_come_merged_by_time(sim: SimServer, aws: Aws) -> None:
    asked = window(sim, 300)
    events = await everything(aws, **asked)
    times = [e["timestamp"] for e in events]
    assert times == sorted(times)
    assert asked["startTime"] <= times[0]
    assert times[-1] < asked["endTime"]
    assert len({e["logStreamName"] for e in events}) > 2, "tasks that are gone are there too"
    assert len({e["eventId"] for e in events}) == len(events)
    assert all(len(e["eventId"]) == 56 for e in events)
    assert all(0 < e["ingestionTime"] - e["timestamp"] < 60_000 for e in events)


async def test_small_pages_hold_the_same_as_a_large_one(sim: SimServer, aws: Aws) -> None:
    asked = window(sim, 120)
    assert await everything(aws, limit=7, **asked) == await everything(aws, **asked)


async def test_an_hour_is_there_and_no_more(sim: SimServer, aws: Aws) -> None:
    stream = next(
        f"ecs/web/{t.id}"
        for t in sim.world.ecs.service("shop-prod", "web").tasks.values()
        if t.started is not None and t.started < sim.world.opened - 7200
    )
    answer = await aws(
        "logs", "get_log_events", logGroupName="/ecs/shop-prod/web", logStreamName=stream,
        startFromHead=True, limit=1,
    )  # fmt: skip
    age = sim.world.opened - answer["events"][0]["timestamp"] / 1000
    assert 3500 < age <= 3600


async def test_some_first_pages_are_empty_and_not_the_end(sim: SimServer, aws: Aws) -> None:
    empty = 0
    for second in range(32):
        start = int((sim.world.clock.now() - 200 - second) * 1000)
        answer = await aws(
            "logs", "filter_log_events", logGroupName=GROUP, startTime=start, limit=1
        )
        if not answer["events"]:
            empty += 1
            again = await aws(
                "logs", "filter_log_events", logGroupName=GROUP, startTime=start, limit=1,
                nextToken=answer["nextToken"],
            )  # fmt: skip
            assert again["events"]
    assert 0 < empty < 16


async def test_a_cursor_with_overlap_misses_nothing(sim: SimServer, aws: Aws) -> None:
    begin = sim.world.clock.now()
    seen: dict[str, dict[str, Any]] = {}
    cursor = begin
    for _ in range(30):
        await sim.advance(2)
        for event in await everything(aws, startTime=int((cursor - 15) * 1000)):
            seen[event["eventId"]] = event
            cursor = max(cursor, event["timestamp"] / 1000)
    await sim.advance(30)
    end = sim.world.clock.now() - 32
    whole = await everything(aws, startTime=int(begin * 1000), endTime=int(end * 1000))
    assert whole
    assert {e["eventId"] for e in whole} <= set(seen)


async def test_a_stopped_task_says_its_last_words_and_then_nothing(
    sim: SimServer, aws: Aws
) -> None:
    service = sim.world.ecs.service("shop-prod", "checkout")
    sim.world.incident("oom", "shop-prod", "checkout")
    await sim.advance(40)
    task = [t for t in service.stopped.values() if t.containers[0].exit_code == 137][-1]
    assert task.executions_stopped is not None
    events = await everything(aws, logStreamNames=[f"ecs/checkout/{task.id}"])
    assert events[-1]["timestamp"] == round(task.executions_stopped * 1000)
    assert {e["message"] for e in events[-2:]} == {
        "Killed",
        "java.lang.OutOfMemoryError: Java heap space",
    }


async def test_last_words_of_one_millisecond_come_on_different_pages(
    sim: SimServer, aws: Aws
) -> None:
    service = sim.world.ecs.service("shop-prod", "checkout")
    sim.world.incident("oom", "shop-prod", "checkout")
    await sim.advance(40)
    task = [t for t in service.stopped.values() if t.containers[0].exit_code == 137][-1]
    task.executions_stopped = int(task.executions_stopped or 0) + 0.0006  # told of as 1 ms
    since = int(task.executions_stopped - 5) * 1000
    asked = {"logStreamNames": [f"ecs/checkout/{task.id}"], "startTime": since}
    whole = await everything(aws, **asked)
    assert whole[-1]["timestamp"] == whole[-2]["timestamp"]
    assert await everything(aws, limit=1, **asked) == whole


async def test_a_pattern_finds_what_it_says_over_the_whole_hour(sim: SimServer, aws: Aws) -> None:
    hits = await everything(aws, filterPattern="OutOfMemoryError -Killed")
    assert len(hits) > 3
    assert all("OutOfMemoryError" in e["message"] for e in hits)
    span = hits[-1]["timestamp"] - hits[0]["timestamp"]
    assert span > 300_000


async def test_one_stream_is_read_in_both_directions(sim: SimServer, aws: Aws) -> None:
    task = next(iter(sim.world.ecs.service("shop-prod", "web").tasks))
    where = {"logGroupName": "/ecs/shop-prod/web", "logStreamName": f"ecs/web/{task}"}

    async def get(**params: Any) -> Any:
        return await aws("logs", "get_log_events", **where, **params)

    newest = await get(limit=10)
    before = await get(limit=10, nextToken=newest["nextBackwardToken"])
    again = await get(limit=10, nextToken=before["nextForwardToken"])
    assert again["events"] == newest["events"]
    assert before["events"][-1]["timestamp"] <= newest["events"][0]["timestamp"]
    end = await get(limit=10, nextToken=newest["nextForwardToken"])
    assert end["events"] == []
    assert end["nextForwardToken"] == newest["nextForwardToken"], "the same token is the end"
    await sim.advance(60)
    later = await get(limit=1000, nextToken=newest["nextForwardToken"])
    assert later["events"]
    assert later["events"][0]["timestamp"] >= newest["events"][-1]["timestamp"]


async def test_streams_can_be_listed_with_the_latest_first(sim: SimServer, aws: Aws) -> None:
    streams: list[Any] = []
    token: dict[str, str] = {}
    while True:
        answer = await aws(
            "logs", "describe_log_streams", logGroupName=GROUP, orderBy="LastEventTime",
            descending=True, limit=5, **token,
        )  # fmt: skip
        assert len(answer["logStreams"]) <= 5
        streams += answer["logStreams"]
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}
    times = [s["lastEventTimestamp"] for s in streams]
    assert times == sorted(times, reverse=True)
    assert len(streams) > 5
    assert len({s["logStreamName"] for s in streams}) == len(streams)


async def test_a_driver_without_prefix_names_streams_by_container(sim: SimServer, aws: Aws) -> None:
    streams = await aws(
        "logs", "describe_log_streams", region="eu-central-1", logGroupName="/ecs/batch-prod/mailer"
    )
    tasks = await aws(
        "ecs", "list_tasks", region="eu-central-1", cluster="batch-prod", serviceName="mailer"
    )
    described = await aws(
        "ecs",
        "describe_tasks",
        region="eu-central-1",
        cluster="batch-prod",
        tasks=tasks["taskArns"],
    )
    ids = {c["runtimeId"] for t in described["tasks"] for c in t["containers"]}
    assert ids <= {s["logStreamName"] for s in streams["logStreams"]}


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("filter_log_events", {"logStreamNames": ["ecs/web/none"]}, "ResourceNotFoundException"),
        (
            "filter_log_events",
            {"logStreamNames": ["a"], "logStreamNamePrefix": "a"},
            "InvalidParameterException",
        ),
        ("filter_log_events", {"logStreamNames": ["a"] * 101}, "InvalidParameterException"),
        ("filter_log_events", {"limit": 10_001}, "InvalidParameterException"),
        ("filter_log_events", {"nextToken": "forged"}, "InvalidParameterException"),
        ("filter_log_events", {"startTime": 5, "endTime": 4}, "InvalidParameterException"),
        ("filter_log_events", {"filterPattern": "[a, b]"}, "InvalidParameterException"),
        ("get_log_events", {"logStreamName": "none"}, "ResourceNotFoundException"),
        (
            "describe_log_streams",
            {"orderBy": "LastEventTime", "logStreamNamePrefix": "e"},
            "InvalidParameterException",
        ),
    ],
)
async def test_bad_log_requests_are_refused(
    calm: SimServer, aws: Aws, operation: str, params: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        await aws("logs", operation, logGroupName=GROUP, **params)
    assert refused.value.response["Error"]["Code"] == code


LINE = '{"level":"error","status":503,"ctx":{"user":"kim"}} ERROR in checkout [ok]'
JSON_LINE = '{"level":"error","status":503,"ctx":{"user":"kim"}}'


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("", LINE, True),
        ("ERROR", LINE, True),
        ("error ERROR", LINE, True),
        ("ERROR nothing", LINE, False),
        ('"ERROR in checkout"', LINE, True),
        ('"in ERROR"', LINE, False),
        ("ERROR -checkout", LINE, False),
        ("-nothing", LINE, True),
        ("?nothing ?ERROR", LINE, True),
        ("?nothing ?never", LINE, False),
        ("%5\\d3%", LINE, True),
        ("%^x%", LINE, False),
        ('{ $.level = "error" }', JSON_LINE, True),
        ('{ $.level != "error" }', JSON_LINE, False),
        ("{ $.status >= 500 }", JSON_LINE, True),
        ("{ $.status < 500 }", JSON_LINE, False),
        ('{ $.ctx.user = "kim" }', JSON_LINE, True),
        ('{ $.none = "kim" }', JSON_LINE, False),
        ('{ $.level = "error" }', "plain text", False),
        ("{ $.level > 5 }", JSON_LINE, False),
    ],
)
def test_patterns_mean_what_cloudwatch_means(pattern: str, text: str, *, matches: bool) -> None:
    assert compile_pattern(pattern)(text) is matches


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pattern_is_used_or_refused(pattern: str, text: str) -> None:
    outcome: object
    try:
        outcome = compile_pattern(pattern)(text)
    except AwsError as error:
        outcome = error.code
    assert outcome in (True, False, "InvalidParameterException")
