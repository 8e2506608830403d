"""Asking Insights: every query that is begun is ended or stopped, and its cost is told before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.base import Conflict, Denied, Invalid
from backends.clock import ManualClock
from backends.logs.insights import MOST_ROWS, Insights, bytes_told, check, read_answer
from backends.logs.insights_cost import DEAREST, PRICES, kept_share, price, stored_bytes
from backends.logs.insights_model import Answer, LogGroup, Question, State
from backends.model import Scope

SCOPE = Scope("ecs", profile="p", account="111122223333", region="us-east-1")
CLOCK = ManualClock()
NOW = int(CLOCK.now())


def question(query: str = "fields @message", *groups: str) -> Question:
    return Question(SCOPE, groups or ("/a",), query, NOW - 3600, NOW)


def results(status: str, *rows: dict[str, str], scanned: float = 0.0) -> dict[str, Any]:
    return {
        "status": status,
        "results": [[{"field": n, "value": v} for n, v in row.items()] for row in rows],
        "statistics": {
            "recordsMatched": 3.0, "recordsScanned": 9.0, "bytesScanned": scanned,
        },
    }  # fmt: skip


class FakeAccess:
    """Stands where `AwsAccess` does, and keeps which queries are under way."""

    def __init__(self, answers: Callable[[str, int], dict[str, Any]]) -> None:
        self.answers = answers
        """Makes the answer to a query's nth look at it."""
        self.queries: dict[str, str] = {}
        self.looks: dict[str, int] = {}
        self.stopped: list[str] = []
        self.ended: set[str] = set()
        self.refusal: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.mutating = 0

    async def call(
        self, scope: Scope, service: str, operation: str, *, mutates: bool = False, **params: Any
    ) -> dict[str, Any]:
        assert (scope.region, service) == ("us-east-1", "logs")
        if operation == "StartQuery":
            self.mutating += mutates
            if self.hold is not None:
                await self.hold.wait()
            if self.refusal is not None:
                raise self.refusal
            identity = f"q{len(self.queries)}"
            self.queries[identity] = params["queryString"]
            return {"queryId": identity}
        identity = params["queryId"]
        if operation == "StopQuery":
            self.stopped.append(identity)
            return {"success": True}
        assert operation == "GetQueryResults"
        self.looks[identity] = self.looks.get(identity, -1) + 1
        answer = self.answers(self.queries[identity], self.looks[identity])
        if answer["status"] not in ("Scheduled", "Running"):
            self.ended.add(identity)
        return answer

    async def pages(
        self, scope: Scope, service: str, operation: str, **params: Any
    ) -> AsyncIterator[dict[str, Any]]:
        assert operation == "DescribeLogGroups"
        groups = [
            {"logGroupName": "/a", "storedBytes": 3_000, "creationTime": (NOW - 36_000) * 1000},
            {"logGroupName": "/a/more", "storedBytes": 9, "creationTime": 0},
        ]
        prefix = params.get("logGroupNamePrefix", "")
        for group in groups:
            if str(group["logGroupName"]).startswith(prefix):
                yield {"logGroups": [group]}

    def under_way(self) -> set[str]:
        return set(self.queries) - self.ended - set(self.stopped)


def insights(access: FakeAccess) -> Insights:
    return Insights(access, CLOCK, poll=0.0)  # type: ignore[arg-type]


def progressing(_query: str, look: int) -> dict[str, Any]:
    return results(["Scheduled", "Running", "Complete"][min(look, 2)], {"a": str(look)})


async def collected(made: Insights, asked: Question) -> list[Answer]:
    async with asyncio.timeout(30), aclosing(made.ask(asked)) as answers:
        return [answer async for answer in answers]


async def test_a_query_is_followed_to_its_end() -> None:
    access = FakeAccess(progressing)
    made = insights(access)
    answers = await collected(made, question())
    assert [answer.state for answer in answers] == ["Scheduled", "Running", "Complete"]
    assert answers[-1].rows == ((("a", "2"),),)
    assert (answers[-1].matched, answers[-1].examined) == (3, 9)
    await made.close()
    assert access.stopped == []
    assert access.mutating == 1  # sent once, whatever comes of it


@pytest.mark.parametrize("status", ["Complete", "Failed", "Cancelled", "Timeout"])
async def test_what_is_over_is_not_stopped(status: str) -> None:
    access = FakeAccess(lambda query, look: results(status))
    made = insights(access)
    assert [answer.state for answer in await collected(made, question())] == [status]
    await made.close()
    assert access.stopped == []


async def test_a_query_that_nobody_reads_on_is_stopped() -> None:
    access = FakeAccess(lambda query, look: results("Running"))
    made = insights(access)
    async with aclosing(made.ask(question())) as answers:
        await anext(answers)
    await made.close()
    assert access.stopped == ["q0"]
    assert not access.under_way()


async def test_a_reader_that_is_cancelled_stops_the_query() -> None:
    access = FakeAccess(lambda query, look: results("Running"))
    made = insights(access)
    task = asyncio.create_task(collected(made, question()))
    async with asyncio.timeout(30):
        while not access.looks:
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.close()
    assert access.stopped == ["q0"]


async def test_a_query_that_was_just_being_started_is_stopped_too() -> None:
    access = FakeAccess(lambda query, look: results("Running"))
    access.hold = asyncio.Event()
    made = insights(access)
    task = asyncio.create_task(collected(made, question()))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    access.hold.set()
    await made.close()
    assert list(access.queries) == access.stopped == ["q0"]


async def test_a_refusal_is_told_and_nothing_is_left_running() -> None:
    access = FakeAccess(progressing)
    access.refusal = Conflict("logs:StartQuery", "too many", "wait")
    made = insights(access)
    with pytest.raises(Conflict, match="too many"):
        await collected(made, question())
    await made.close()
    assert access.stopped == []


async def test_insights_itself_says_what_a_query_would_scan() -> None:
    def answers(query: str, look: int) -> dict[str, Any]:
        assert query == "fields @message\n| estimate"
        return results("Complete", {"estimatedBytes": "2000000000"})

    access = FakeAccess(answers)
    told = await insights(access).estimate(question())
    assert told.scanned == 2_000_000_000
    assert told.dollars == pytest.approx(2 * PRICES["us-east-1"])
    assert "free" in told.source


@pytest.mark.parametrize(
    "answer",
    [
        results("Complete", {"@message": "x"}),
        results("Complete", {"estimatedBytes": "1"}, {"estimatedBytes": "2"}),
        results("Complete", {"estimatedBytes": "many"}),
        results("Complete"),
        results("Failed"),
    ],
)
async def test_a_server_that_knows_no_estimate_is_asked_what_it_stores(
    answer: dict[str, Any],
) -> None:
    told = await insights(FakeAccess(lambda query, look: answer)).estimate(question())
    assert told.scanned == 300  # an hour of ten, of what the one group of that name stores
    assert "store" in told.source


async def test_a_complaint_about_the_estimate_is_not_one_about_the_query() -> None:
    access = FakeAccess(progressing)
    said = "MalformedQueryException: unexpected symbol found estimate at line 2 and position 2"
    access.refusal = Invalid("logs:StartQuery", said, "")
    assert (await insights(access).estimate(question())).scanned == 300
    said = "MalformedQueryException: unexpected symbol found limt at line 1 and position 2"
    access.refusal = Invalid("logs:StartQuery", said, "")
    with pytest.raises(Invalid, match="limt"):
        await insights(access).estimate(question())


async def test_a_refused_estimate_is_told() -> None:
    access = FakeAccess(progressing)
    access.refusal = Denied("logs:StartQuery", "no", "allow logs:StartQuery")
    with pytest.raises(Denied):
        await insights(access).estimate(question())


async def test_a_group_that_is_gone_leaves_the_cost_unknown() -> None:
    access = FakeAccess(lambda query, look: results("Complete"))
    told = await insights(access).estimate(question("fields a", "/gone"))
    assert told.scanned is None
    assert told.dollars is None
    assert "/gone" in told.source


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Question(SCOPE, (), "fields a", 1, 2), "no log group"),
        (Question(SCOPE, ("/a",) * 51, "fields a", 1, 2), "51 log groups"),
        (Question(SCOPE, ("/a",), " \n", 1, 2), "empty"),
        (Question(SCOPE, ("/a",), "a" * 10_001, 1, 2), "10,001 characters"),
        (Question(SCOPE, ("/a",), "fields a", 2, 1), "before it begins"),
    ],
)
async def test_what_aws_would_refuse_is_not_sent(asked: Question, said: str) -> None:
    access = FakeAccess(progressing)
    with pytest.raises(Invalid, match=said):
        check(asked)
    with pytest.raises(Invalid, match=said):
        await insights(access).estimate(asked)
    with pytest.raises(Invalid, match=said):
        await collected(insights(access), asked)
    assert not access.queries


def test_an_answer_is_cleaned_and_cut() -> None:
    rows = [{"@message": f"\x1b[31m{number}\x07"} for number in range(MOST_ROWS + 1)]
    answer = read_answer(results("Complete", *rows))
    assert len(answer.rows) == MOST_ROWS
    assert answer.rows[1] == (("@message", "1\ufffd"),)
    assert read_answer({"status": "New"}).state is State.UNKNOWN
    assert read_answer({}).rows == ()


def test_only_one_field_called_bytes_is_an_estimate() -> None:
    assert bytes_told(None) is None
    assert bytes_told(Answer(State.RUNNING, ((("estimatedBytes", "5"),),))) is None
    assert bytes_told(Answer(State.COMPLETE, ((("estimatedBytes", "5.4"),),))) == 5


def test_an_unknown_region_is_reckoned_with_the_dearest_price() -> None:
    assert price("eu-west-1").known
    assert not price("mars-north-1").known
    assert price("mars-north-1").per_gb == DEAREST >= max(PRICES.values())


@pytest.mark.parametrize(
    ("created", "days", "share"), [(0, 10, 0.1), (NOW - 172_800, 10, 0.5), (0, 1, 1.0)]
)
def test_what_is_stored_is_of_the_time_that_is_kept(created: int, days: int, share: float) -> None:
    group = LogGroup("/a", 1000, created, days * 86_400.0)
    assert kept_share(group, NOW - 86_400, NOW, NOW) == pytest.approx(share)
    assert stored_bytes([group], NOW - 86_400, NOW, NOW) == round(1000 * share)


MOMENTS = st.integers(1_500_000_000, 1_800_000_000)


@given(MOMENTS, MOMENTS, MOMENTS, MOMENTS, st.one_of(st.none(), st.integers(1, 3653)))
def test_parts_of_the_kept_time_add_up(
    created: int, now: int, a: int, b: int, days: int | None
) -> None:
    group = LogGroup("/a", 1_000_000, created, None if days is None else days * 86_400.0)
    start, end = sorted((a, b))
    share = kept_share(group, start, end, now)
    assert 0 <= share <= 1
    assert kept_share(group, 0, 4_000_000_000, now) == pytest.approx(1)
    if now > created:
        parts = [(0, start), (start, end), (end, 4_000_000_000)]
        assert sum(kept_share(group, *part, now) for part in parts) == pytest.approx(1)
    assert stored_bytes([group, group], start, end, now) == pytest.approx(2e6 * share, abs=2)
