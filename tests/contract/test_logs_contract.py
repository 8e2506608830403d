"""The logs of ECS services against the simulator and against moto, over real HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from typing import NamedTuple, cast

import pytest
from aws_facts import AUDIT, LOG, SERVICES, SHOP
from aws_site import Site
from aws_views import DEADLINE

from backends.model import LogBatch, LogRequest, Resource

PAST = 1200.0
"""Seconds of it that are read: more events than a page of CloudWatch holds, of the simulator."""

CONTAINERS = SERVICES[AUDIT][0].containers


class Said(NamedTuple):
    """One line, as anybody can tell it from others."""

    at: float
    source: str
    text: str


async def streams(site: Site) -> list[str]:
    """Return the names of the streams of the service, as the server has them."""
    found = site.raw.pages("logs", "DescribeLogStreams", "logStreams", logGroupName=LOG)
    return [stream["logStreamName"] async for stream in found]


async def said(site: Site, since: float) -> list[Said]:
    """Return every line of the service, read by the server's own API one stream at a time."""
    lines: list[Said] = []
    for stream in await streams(site):
        _, container, task = stream.split("/")
        where = {"logGroupName": LOG, "logStreamName": stream, "startFromHead": True}
        token: dict[str, str] = {}
        while True:
            page = await site.raw(
                "logs", "GetLogEvents", startTime=int(since * 1000), **where, **token
            )
            lines += [
                Said(event["timestamp"] / 1000, f"{container}/{task[:6]}", event["message"])
                for event in page["events"]
            ]
            following = {"nextToken": page["nextForwardToken"]}
            if following == token:
                break
            token = following
    return sorted(lines)


class Tail:
    """A log that is being read."""

    def __init__(self, site: Site, row: Resource, request: LogRequest) -> None:
        self._batches = cast("AsyncGenerator[LogBatch, None]", site.ecs.logs(row, request))
        self.lines: list[Said] = []
        self.problems: set[str] = set()
        self.live = False

    async def __aenter__(self) -> Tail:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._batches.aclose()

    async def batch(self) -> bool:
        """Read on; return whether there was more."""
        batch = await anext(self._batches, None)
        if batch is None:
            return False
        self.lines += [Said(line.at, line.source, line.text) for line in batch.lines]
        if batch.problem is not None:
            self.problems.add(batch.problem.code)
        self.live = self.live or batch.live
        return True

    async def whole(self) -> list[Said]:
        """Read to the end."""
        async with asyncio.timeout(DEADLINE):
            while await self.batch():
                assert not self.problems
        return self.lines

    async def until(self, lines: list[Said]) -> None:
        """Read until all these lines have come."""
        async with asyncio.timeout(DEADLINE):
            while not self.live or Counter(lines) - Counter(self.lines):
                assert await self.batch()


async def read(site: Site, row: Resource, request: LogRequest) -> list[Said]:
    async with site.server.time(), Tail(site, row, request) as tail:
        return await tail.whole()


async def test_a_services_log_is_that_of_all_its_streams_in_order(site: Site) -> None:
    web = await site.service(AUDIT, "web")
    since = site.server.clock.now() - PAST
    before = [line for line in await said(site, since) if line.at >= since]
    assert {line.source.partition("/")[0] for line in before} == set(CONTAINERS)
    lines = await read(site, web, LogRequest(since=PAST, follow=False))
    times = [line.at for line in lines]
    assert times == sorted(times)
    # Time may have gone on meanwhile: what was there before is there, and nothing is made up.
    later = min(line.at for line in lines)
    assert not Counter(line for line in before if line.at >= later) - Counter(lines)
    assert not Counter(lines) - Counter(await said(site, since - 60))


async def test_what_is_written_while_it_is_followed_comes_once(site: Site) -> None:
    web = await site.service(AUDIT, "web")
    async with Tail(site, web, LogRequest(since=30.0)) as tail:
        async with site.server.time():
            async with asyncio.timeout(DEADLINE):
                while not tail.live:
                    assert await tail.batch()
            began = site.server.clock.now()
            for _ in range(2):
                await site.server.chatter(await streams(site), 20)
                now = [line for line in await said(site, began) if line.at >= began]
                assert now
                await tail.until(now)
        assert not Counter(tail.lines) - Counter(await said(site, began - 600))
        assert not tail.problems


@pytest.mark.parametrize("container", CONTAINERS)
async def test_one_containers_log_is_its_own(site: Site, container: str) -> None:
    tasks = await site.listed(AUDIT, "ecs/tasks", await site.service(AUDIT, "web"))
    task = tasks.rows[0]
    request = LogRequest(since=PAST, follow=False, container=container)
    lines = await read(site, task, request)
    assert {line.source for line in lines} == {f"{container}/{task.ref.name[:6]}"}


async def test_the_head_is_the_first_lines(site: Site) -> None:
    web = await site.service(AUDIT, "web")
    since = site.server.clock.now() - PAST
    first = [line for line in await said(site, since) if line.at >= since]
    lines = await read(site, web, LogRequest(since=PAST, head=25, follow=False))
    assert len(lines) == 25
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert lines[0].at - first[0].at < 60  # its hour may have begun a little later
    assert not Counter(lines) - Counter(first)


async def test_the_tail_is_the_last_lines_of_each_source(site: Site) -> None:
    web = await site.service(AUDIT, "web")
    lines = await read(site, web, LogRequest(since=None, tail=7, follow=False))
    counts = Counter(line.source for line in lines)
    assert set(counts.values()) == {7}
    assert len(counts) == len(await streams(site))
    for source in counts:
        mine = [line.at for line in lines if line.source == source]
        everything = await said(site, min(mine) - 1)
        between = [x for x in everything if x.source == source and min(mine) <= x.at <= max(mine)]
        assert len(between) == 7


async def test_a_log_group_that_is_not_there_is_said_to_be_missing(site: Site) -> None:
    cart = await site.service(SHOP, "cart")
    site.server.unlog(f"/ecs/{SHOP}/cart")
    async with site.server.time(), Tail(site, cart, LogRequest(since=60.0)) as tail:
        async with asyncio.timeout(DEADLINE):
            while not tail.problems:
                assert await tail.batch()
        assert tail.problems == {"not-found"}
        assert not tail.lines


# What the reader counts on of CloudWatch Logs, asked of the server itself.


async def filtered(site: Site, **params: object) -> list[dict[str, object]]:
    """Return what FilterLogEvents says, with all its pages."""
    found = site.raw.pages("logs", "FilterLogEvents", "events", logGroupName=LOG, **params)
    return [event async for event in found]


async def test_the_servers_events_come_in_order_of_time(site: Site) -> None:
    since = int((site.server.clock.now() - PAST) * 1000)
    times = [event["timestamp"] for event in await filtered(site, startTime=since)]
    assert len(set(times)) > 100
    assert times == sorted(times)  # type: ignore[type-var]


async def test_an_event_of_the_last_millisecond_is_within_the_time_asked_for(site: Site) -> None:
    since = int((site.server.clock.now() - PAST) * 1000)
    names = (await streams(site))[:1]
    events = await filtered(site, startTime=since, logStreamNames=names, limit=50)
    edge = cast("int", events[20]["timestamp"])
    upto = await filtered(site, startTime=since, endTime=edge, logStreamNames=names)
    assert max(cast("int", event["timestamp"]) for event in upto) == edge
    first = await filtered(site, startTime=edge, logStreamNames=names)
    assert min(cast("int", event["timestamp"]) for event in first) == edge


async def test_a_stream_that_is_not_there_fails_the_whole_call(site: Site) -> None:
    names = [*await streams(site), "ecs/web/gone"]
    said = await site.raw.refusal("logs", "FilterLogEvents", logGroupName=LOG, logStreamNames=names)
    assert said == "ResourceNotFoundException"


async def test_a_call_takes_a_hundred_streams(site: Site) -> None:
    names = [f"ecs/web/{number}" for number in range(101)]
    said = await site.raw.refusal("logs", "FilterLogEvents", logGroupName=LOG, logStreamNames=names)
    assert said == "InvalidParameterException"
