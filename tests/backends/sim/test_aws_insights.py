"""Logs Insights of the simulator through botocore: progress, answers, costs, the end of queries."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sim_aws import Aws

from backends.sim.aws.insights import MOST_GROUPS
from backends.sim.server import SimServer

GROUP = "/ecs/shop-prod/web"


def span(calm: SimServer) -> tuple[int, int]:
    """Return four minutes of which every event has arrived."""
    end = int(calm.world.opened) - 60
    return end - 240, end


async def start(aws: Aws, calm: SimServer, query: str, **more: Any) -> str:
    begin, end = span(calm)
    asked = {"logGroupNames": [GROUP], "startTime": begin, "endTime": end} | more
    answer = await aws("logs", "start_query", queryString=query, **asked)
    return str(answer["queryId"])


async def finished(aws: Aws, calm: SimServer, identity: str) -> dict[str, Any]:
    for _ in range(100):
        answer: dict[str, Any] = await aws("logs", "get_query_results", queryId=identity)
        if answer["status"] not in ("Scheduled", "Running"):
            return answer
        await calm.advance(0.5)
    raise AssertionError("the query does not end")


def records(answer: dict[str, Any]) -> list[dict[str, str]]:
    return [{f["field"]: f["value"] for f in row} for row in answer["results"]]


async def lines(aws: Aws, calm: SimServer) -> list[str]:
    """Return the messages of these minutes, as FilterLogEvents has them."""
    begin, end = span(calm)
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = await aws(
            "logs", "filter_log_events", logGroupName=GROUP, startTime=begin * 1000,
            endTime=end * 1000 + 999, **token,
        )  # fmt: skip
        found += [event["message"] for event in page["events"]]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


async def test_a_query_finds_what_filtering_finds(aws: Aws, calm: SimServer) -> None:
    told = await lines(aws, calm)
    answer = await finished(aws, calm, await start(aws, calm, "fields @message"))
    assert Counter(r["@message"] for r in records(answer)) == Counter(told)
    assert answer["statistics"]["recordsScanned"] == len(told)
    assert answer["statistics"]["recordsMatched"] == len(told)
    sizes = sum(len(text.encode()) + 26 for text in told)
    assert answer["statistics"]["bytesScanned"] == sizes


async def test_a_query_counts_what_filtering_finds(aws: Aws, calm: SimServer) -> None:
    told = await lines(aws, calm)
    wanted = sum("GET" in text for text in told)
    query = 'filter @message like "GET" | stats count(*) as n by bin(1m)'
    answer = await finished(aws, calm, await start(aws, calm, query))
    assert sum(int(r["n"]) for r in records(answer)) == wanted
    assert answer["statistics"]["recordsMatched"] == wanted


async def test_a_query_gets_on_by_the_clock_and_has_partial_answers(
    aws: Aws, calm: SimServer
) -> None:
    identity = await start(aws, calm, "stats count(*) as n")
    seen = []
    for _ in range(40):
        answer = await aws("logs", "get_query_results", queryId=identity)
        again = await aws("logs", "get_query_results", queryId=identity)
        assert again["statistics"] == answer["statistics"]  # no time has passed
        seen.append((answer["status"], answer["statistics"]["recordsScanned"]))
        if answer["status"] == "Complete":
            break
        await calm.advance(0.1)
    states = [state for state, _ in seen]
    assert list(dict.fromkeys(states)) == ["Scheduled", "Running", "Complete"]
    scanned = [count for _, count in seen]
    assert scanned == sorted(scanned)
    assert 0 < next(count for count in scanned if count) < scanned[-1]


async def test_a_query_that_is_stopped_keeps_its_answer(aws: Aws, calm: SimServer) -> None:
    identity = await start(aws, calm, "fields @message")
    await calm.advance(0.5)
    before = await aws("logs", "get_query_results", queryId=identity)
    assert before["status"] == "Running"
    assert (await aws("logs", "stop_query", queryId=identity))["success"]
    await calm.advance(10)
    after = await aws("logs", "get_query_results", queryId=identity)
    assert after["status"] == "Cancelled"
    assert after["results"] == before["results"]
    with pytest.raises(ClientError, match="not running"):
        await aws("logs", "stop_query", queryId=identity)


async def test_an_estimate_is_near_what_is_scanned(aws: Aws, calm: SimServer) -> None:
    query = "fields @message"
    scanned = await finished(aws, calm, await start(aws, calm, query))
    told = await finished(aws, calm, await start(aws, calm, f"{query} | estimate"))
    assert told["statistics"]["bytesScanned"] == 0
    ((field,),) = told["results"]
    real = scanned["statistics"]["bytesScanned"]
    assert 0.5 * real < float(field["value"]) < 2 * real


async def test_a_row_leads_to_its_event(aws: Aws, calm: SimServer) -> None:
    query = "fields @timestamp | sort @timestamp desc | limit 3"
    answer = await finished(aws, calm, await start(aws, calm, query))
    told = await lines(aws, calm)
    for row in records(answer):
        found = await aws("logs", "get_log_record", logRecordPointer=row["@ptr"])
        record = found["logRecord"]
        assert record["@timestamp"] == row["@timestamp"]
        assert record["@logStream"].startswith("ecs/")
        assert record["@log"] == f"111122223333:{GROUP}"
        assert record["@message"] in told


async def test_a_query_reads_every_group_and_no_other(aws: Aws, calm: SimServer) -> None:
    groups = [GROUP, "/ecs/shop-prod/cart"]
    query = "stats count(*) as n by @log"
    answer = await finished(aws, calm, await start(aws, calm, query, logGroupNames=groups))
    assert {r["@log"].partition(":")[2] for r in records(answer)} == set(groups)


async def test_a_limit_of_the_call_is_a_last_command(aws: Aws, calm: SimServer) -> None:
    identity = await start(aws, calm, "fields @message", limit=7)
    assert len((await finished(aws, calm, identity))["results"]) == 7
    with pytest.raises(ClientError, match="unexpected symbol found limit"):
        await start(aws, calm, "fields @message | estimate", limit=7)


async def test_another_account_does_not_see_a_query(aws: Aws, calm: SimServer) -> None:
    from sim_aws import STAGING

    identity = await start(aws, calm, "fields @message")
    with pytest.raises(ClientError, match="does not exist"):
        await Aws(calm.url, STAGING)("logs", "get_query_results", queryId=identity)


async def test_too_many_groups_are_refused(aws: Aws, calm: SimServer) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        await start(aws, calm, "fields @message", logGroupNames=[GROUP] * (MOST_GROUPS + 1))
