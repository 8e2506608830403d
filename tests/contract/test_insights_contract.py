"""Questions to logs against the simulator and against moto, over real HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing

import msgspec
import pytest
from aws_facts import AUDIT, HOME, LOG
from aws_site import Site
from aws_views import DEADLINE

from backends.base import BackendError
from backends.logs.insights_model import Answer, Choice, Question, State
from backends.model import Resource
from backends.text import clean

PAST = 150
"""Seconds that are asked about."""


async def tasks(site: Site) -> list[Resource]:
    web = await site.service(AUDIT, "web")
    return (await site.listed(AUDIT, "ecs/tasks", web)).rows


async def asked_of(site: Site, query: str) -> Question:
    choice = await site.ecs.log_groups(await site.service(AUDIT, "web"))
    assert choice.scope is not None
    where = await site.ecs.insights.place(choice.scope)
    end = int(site.server.clock.now())
    return Question(where, choice.groups, query, end - PAST, end)


async def latest(site: Site, question: Question) -> Question:
    """Return a question about the latest lines there are: nobody writes to moto meanwhile."""
    streams = site.raw.pages("logs", "DescribeLogStreams", "logStreams", logGroupName=LOG)
    end = max([stream.get("lastEventTimestamp", 0) async for stream in streams]) // 1000 + 1
    return msgspec.structs.replace(question, start=end - PAST, end=end)


async def answered(site: Site, question: Question) -> Answer:
    last = Answer(State.UNKNOWN)
    asking = site.ecs.insights.ask(question)
    async with asyncio.timeout(DEADLINE), site.server.time(), aclosing(asking) as answers:
        async for last in answers:
            assert len(last.rows) <= last.total
    return last


async def filtered(site: Site, question: Question) -> list[str]:
    """Return the messages of a question's time, as FilterLogEvents has them, cleaned."""
    found = site.raw.pages(
        "logs", "FilterLogEvents", "events", logGroupName=LOG,
        startTime=question.start * 1000, endTime=question.end * 1000 + 999,
    )  # fmt: skip
    return [clean(event["message"]) async for event in found]


async def test_a_service_and_its_tasks_lead_to_their_log_group(site: Site) -> None:
    choice = await site.ecs.log_groups(await site.service(AUDIT, "web"))
    assert choice.groups == (LOG,)
    assert choice.scope is not None
    assert choice.scope.region == HOME
    assert choice.narrow == ""
    task = (await tasks(site))[0]
    choice = await site.ecs.log_groups(task)
    assert choice.groups == (LOG,)
    assert task.ref.name in choice.narrow
    assert await site.ecs.log_groups(await site.cluster(AUDIT)) == Choice(choice.scope)


async def test_the_log_groups_are_those_that_the_server_has(site: Site) -> None:
    question = await asked_of(site, "fields @message")
    found = await site.ecs.insights.groups(question.scope)
    held = site.raw.pages("logs", "DescribeLogGroups", "logGroups")
    assert {group.name for group in found} == {group["logGroupName"] async for group in held}
    assert LOG in {group.name for group in found}
    assert question.scope.account == "111122223333"


async def test_a_question_finds_the_lines_of_the_log(site: Site) -> None:
    question = await latest(site, await asked_of(site, "fields @message | limit 10000"))
    before = Counter(await filtered(site, question))
    answer = await answered(site, question)
    assert answer.state is State.COMPLETE
    lines = Counter(dict(row)["@message"] for row in answer.rows)
    assert lines
    # Lines may have arrived meanwhile: what was there before is there, and nothing is made up.
    assert not before - lines
    assert not lines - Counter(await filtered(site, question))


async def test_what_a_question_would_scan_is_told_before(site: Site) -> None:
    question = await asked_of(site, "fields @message")
    async with asyncio.timeout(DEADLINE), site.server.time():
        told = await site.ecs.insights.estimate(question)
    assert told.scanned is not None
    assert told.scanned > 0
    assert told.dollars is not None
    assert 0 < told.dollars < 1
    assert told.price.known


async def test_a_log_group_that_is_not_there_is_refused(site: Site) -> None:
    question = await asked_of(site, "fields @message")
    gone = Question(question.scope, ("/gone",), question.query, question.start, question.end)
    with pytest.raises(BackendError) as caught:
        await answered(site, gone)
    assert caught.value.problem.code == "not-found"
    assert caught.value.problem.action == "logs:StartQuery"


async def test_a_malformed_query_is_pointed_at(site: Site) -> None:
    question = await asked_of(site, "fields @message\n| limt 5")
    with pytest.raises(BackendError) as caught:
        await answered(site, question)
    assert caught.value.problem.code == "invalid"
    assert "line 2, character 3" in caught.value.problem.remedy


async def test_a_task_s_narrowed_question_has_only_its_own_lines(site: Site) -> None:
    task = (await tasks(site))[0]
    choice = await site.ecs.log_groups(task)
    whole = await asked_of(site, f"{choice.narrow} | fields @message, @logStream | limit 10000")
    answer = await answered(site, whole)
    assert answer.rows
    assert {dict(row)["@logStream"].rpartition("/")[2] for row in answer.rows} == {task.ref.name}
