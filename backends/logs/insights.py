"""CloudWatch Logs Insights: log groups, what a query would cost, its answer as it comes.

A query costs money by the bytes that it scans, and goes on without anybody to read its answer:
whoever stops reading stops it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from backends.apart import apart
from backends.aws.access import AwsAccess
from backends.base import BackendError, Invalid, NotFound
from backends.clock import Clock
from backends.logs.insights_cost import price, stored_bytes
from backends.logs.insights_model import (
    LONGEST_QUERY,
    MOST_GROUPS,
    MOST_ROWS,
    Answer,
    Estimate,
    LogGroup,
    Question,
    State,
)
from backends.model import Scope
from backends.text import clean

POLL = 0.5
"""Seconds between the first two looks at an answer."""

SLOWEST_POLL = 3.0
"""Seconds between two looks at a query that takes long: a third of a call a second."""

SLOWER = 1.25
"""How much longer each pause is than the one before."""

MOST_LISTED = 5_000
"""Log groups that are listed at most: a hundred calls."""

ESTIMATING = 20.0
"""Seconds after which an estimate is done without."""

STOPPING = 3.0
"""Seconds that the end of the app waits for queries to be stopped."""

LONGEST_VALUE = 100_000
"""Characters of a value that are shown."""

_ESTIMATE = re.compile(r"\|\s*estimate\s*$", re.IGNORECASE)
_UNKNOWN_COMMAND = re.compile(r"found estimate\b")


class Insights:
    """Insights of every profile and region that an `AwsAccess` reaches. Errors: `BackendError`."""

    def __init__(self, access: AwsAccess, clock: Clock, *, poll: float = POLL) -> None:
        self._access = access
        self._clock = clock
        self._poll = poll
        self._stopping: set[asyncio.Task[None]] = set()

    async def groups(self, scope: Scope, prefix: str = "") -> Sequence[LogGroup]:
        """Return the log groups whose names begin with `prefix`, at most `MOST_LISTED`."""
        narrowed: dict[str, Any] = {"logGroupNamePrefix": prefix} if prefix else {}
        found: list[LogGroup] = []
        pages = self._access.pages(scope, "logs", "DescribeLogGroups", **narrowed)
        async for page in pages:
            found.extend(_group(one) for one in page.get("logGroups", ()))
            if len(found) >= MOST_LISTED:
                break
        return found

    async def place(self, scope: Scope) -> Scope:
        """Return a scope's profile, account and region, the account looked up if need be."""
        account = await self._access.account(scope)
        return Scope(scope.provider, scope.profile, account, scope.region)

    async def estimate(self, question: Question) -> Estimate:
        """Return what a query would cost, without running it; raises `Invalid` where it can't be.

        Insights itself is asked, which costs nothing ("estimate" in the query syntax). Where it
        can't tell, the bytes that the groups store count, by the share of the time they are kept.
        """
        check(question)
        cost = price(question.scope.region)
        found = await self._estimated(question)
        if found is not None:
            return Estimate(found, "by Insights' own estimate, which is free", cost)
        try:
            groups = [await self._one(question.scope, name) for name in question.groups]
        except BackendError as error:
            return Estimate(None, f"nothing tells how much: {error.problem.message}", cost)
        held = stored_bytes(groups, question.start, question.end, self._clock.now())
        return Estimate(held, "by what the groups store, as if written evenly", cost)

    async def ask(self, question: Question) -> AsyncGenerator[Answer, None]:
        """Run a query and yield its answer so far, again and again, until it is over.

        It is started once and never again. Closed or cancelled, it stops the query.
        """
        check(question)
        starting = apart(self._start(question), "start a query")
        try:
            identity = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._later(self._stop_started(question.scope, starting))
            raise
        over = False
        try:
            async with aclosing(self._watch(question.scope, identity)) as answers:
                async for answer in answers:
                    over = answer.over
                    yield answer
        finally:
            if not over:
                self._later(self._stop(question.scope, identity))

    async def record(self, scope: Scope, pointer: str) -> Mapping[str, str]:
        """Return every field of the event that a row's `POINTER` is of."""
        answer = await self._access.call(scope, "logs", "GetLogRecord", logRecordPointer=pointer)
        record = answer.get("logRecord") or {}
        return {
            clean(str(name)): clean(str(value), LONGEST_VALUE) for name, value in record.items()
        }

    async def close(self) -> None:
        """Wait a moment for the queries that are being stopped."""
        if self._stopping:
            await asyncio.wait(self._stopping, timeout=STOPPING)

    async def _start(self, question: Question) -> str:
        answer = await self._access.call(
            question.scope, "logs", "StartQuery", mutates=True,
            logGroupNames=list(question.groups), queryString=question.query,
            startTime=question.start, endTime=question.end,
        )  # fmt: skip
        return str(answer["queryId"])

    async def _watch(self, scope: Scope, identity: str) -> AsyncGenerator[Answer, None]:
        pause = self._poll
        while True:
            found = await self._access.call(scope, "logs", "GetQueryResults", queryId=identity)
            # Ten thousand rows take 60 ms to clean: too long for whoever answers keys.
            answer = await asyncio.to_thread(read_answer, found)
            yield answer
            if answer.over:
                return
            await asyncio.sleep(pause)
            pause = min(SLOWEST_POLL, pause * SLOWER)

    async def _estimated(self, question: Question) -> int | None:
        """Return the bytes that Insights itself says a query would scan; None: it does not say."""
        text = question.query
        if not _ESTIMATE.search(text):
            text = f"{text}\n| estimate"
        if len(text) > LONGEST_QUERY:
            return None
        asked = Question(question.scope, question.groups, text, question.start, question.end)
        last: Answer | None = None
        try:
            async with asyncio.timeout(ESTIMATING), aclosing(self.ask(asked)) as answers:
                async for answer in answers:
                    last = answer
        except TimeoutError:
            return None
        except Invalid as error:
            if _UNKNOWN_COMMAND.search(error.problem.message):
                return None
            raise
        return bytes_told(last)

    async def _one(self, scope: Scope, name: str) -> LogGroup:
        for group in await self.groups(scope, name):
            if group.name == name:
                return group
        raise NotFound(
            "logs:DescribeLogGroups",
            f"there is no log group {name} in {scope.region}",
            "choose other log groups",
        )

    def _later(self, work: Any) -> None:
        """Do something that outlives whoever asked for it."""
        task = apart(work, "stop a query")
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _stop_started(self, scope: Scope, starting: asyncio.Task[str]) -> None:
        try:
            identity = await starting
        except BackendError:
            return  # it never began
        await self._stop(scope, identity)

    async def _stop(self, scope: Scope, identity: str) -> None:
        try:
            await self._access.call(scope, "logs", "StopQuery", queryId=identity)
        except BackendError:
            return  # it was over already, or goes on to its end; nobody is there to be told


def check(question: Question) -> None:
    """Raise `Invalid` for a question that AWS would refuse for its form."""
    action = "logs:StartQuery"
    if not question.groups:
        raise Invalid(action, "no log group is chosen", "choose at least one")
    if len(question.groups) > MOST_GROUPS:
        count = len(question.groups)
        raise Invalid(action, f"{count} log groups are chosen", f"choose at most {MOST_GROUPS}")
    if not question.query.strip():
        raise Invalid(action, "the query is empty", "type one, or choose one")
    if len(question.query) > LONGEST_QUERY:
        size = len(question.query)
        raise Invalid(action, f"the query has {size:,} characters", f"{LONGEST_QUERY:,} are taken")
    if question.start > question.end:
        raise Invalid(action, "the range ends before it begins", "choose another range")


def _group(payload: Mapping[str, Any]) -> LogGroup:
    days = payload.get("retentionInDays")
    return LogGroup(
        name=clean(str(payload.get("logGroupName", ""))),
        stored=int(payload.get("storedBytes") or 0),
        created=float(payload.get("creationTime") or 0) / 1000,
        keeps=float(days) * 86_400 if days else None,
    )


def read_answer(payload: Mapping[str, Any]) -> Answer:
    """Return what GetQueryResults says; a status that is new to us counts as unknown."""
    said = str(payload.get("status"))
    state = State(said) if said in State._value2member_map_ else State.UNKNOWN
    numbers = payload.get("statistics") or {}
    rows = tuple(
        tuple(
            (clean(str(field.get("field", ""))), clean(str(field.get("value", "")), LONGEST_VALUE))
            for field in row
        )
        for row in (payload.get("results") or ())[:MOST_ROWS]
    )
    return Answer(
        state=state,
        rows=rows,
        matched=int(numbers.get("recordsMatched") or 0),
        examined=int(numbers.get("recordsScanned") or 0),
        scanned=int(numbers.get("bytesScanned") or 0),
        total=max(len(rows), int(numbers.get("resultCount") or 0)),
    )


def bytes_told(answer: Answer | None) -> int | None:
    """Return the bytes in the answer of an ``estimate``: one row with one field called after them.

    The documentation names no field. Anything else is no estimate: a server that does not know
    the command may have answered the query instead.
    """
    if answer is None or answer.state is not State.COMPLETE or len(answer.rows) != 1:
        return None
    fields = answer.rows[0]
    if len(fields) != 1 or "bytes" not in fields[0][0].lower():
        return None
    try:
        return max(0, round(float(fields[0][1])))
    except ValueError:
        return None
