"""Tails of 200 pods and of 200 tasks, and their past, against the simulator over real HTTP."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from aws_views import DEADLINE
from crowd_site import COUNT, Crowd, Tail, counted, layout

from backends.base import LogHistory
from backends.clock import ManualClock
from backends.eks.rest import KubeClient
from backends.model import LogLine, LogPage, LogRequest
from backends.sim.server import SimServer


@pytest.fixture
async def crowd(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Crowd]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    clock = ManualClock()
    world = layout(getattr(request, "param", COUNT))
    async with SimServer(clock=clock, throttling=False, lively=False, layout=world) as sim:
        crowd = Crowd(sim, clock, tmp_path)
        try:
            yield crowd
        finally:
            await crowd.close()


async def test_two_hundred_pods_are_one_connection_each(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    original = KubeClient.stream

    def stream(self, path, *args, **params):  # type: ignore[no-untyped-def]
        if path.endswith("/log"):
            asked["follow" if params.get("follow") else "past"] += 1
        return original(self, path, *args, **params)

    monkeypatch.setattr(KubeClient, "stream", stream)
    row = await crowd.row(crowd.eks, "k8s/deployments")
    began = crowd.clock.now() - 20
    tail = Tail(crowd.eks, row, LogRequest(since=20))
    await tail.until(lambda t: t.live)
    assert [s for s in tail.statuses if s.startswith("opening ") and s.endswith(f" of {COUNT}")]
    assert len({line.source for line in tail.lines}) == COUNT
    times = [line.at for line in tail.lines]
    assert times == sorted(times)
    held = await crowd.row(crowd.eks, "k8s/deployments")  # another request, with all of it open
    assert held.ready == COUNT
    client = await crowd.eks._connections.client(row.ref.scope)
    past = len(tail.lines)
    async with crowd.time():
        await tail.until(lambda t: len({line.source for line in t.lines[past:]}) == COUNT)
    assert asked["past"] == COUNT
    assert COUNT <= asked["follow"] <= COUNT + 5
    assert client._session is not None
    open_now = len(client._session.connector._acquired)  # type: ignore[union-attr]
    assert COUNT <= open_now <= COUNT + 3  # the watch of the pods, and that of the row
    assert max(counted(tail.lines).values()) == 1
    upto = max(line.at for line in tail.lines) - 5
    await tail.close()
    whole = Tail(crowd.eks, row, LogRequest(since=crowd.clock.now() - began, follow=False))
    await whole.until(lambda t: t.live)
    await whole.close()
    begin = began + 2
    expected = counted([x for x in whole.lines if begin <= x.at <= upto])
    assert expected == counted([x for x in tail.lines if begin <= x.at <= upto])


async def test_two_hundred_tasks_are_two_calls_at_a_time(crowd: Crowd) -> None:
    row = await crowd.row(crowd.ecs, "ecs/services")
    calls: list[dict[str, object]] = []
    access = crowd.ecs._access
    original = access.call

    async def call(scope, service, operation, /, **params):  # type: ignore[no-untyped-def]
        if operation == "FilterLogEvents":
            calls.append(params)
        return await original(scope, service, operation, **params)

    access.call = call  # type: ignore[method-assign]
    began = crowd.clock.now() - 20
    tail = Tail(crowd.ecs, row, LogRequest(since=20))
    await tail.until(lambda t: t.live)
    sizes = Counter(len(params["logStreamNames"]) for params in calls)  # type: ignore[arg-type]
    assert set(sizes) == {100}
    chunks = {frozenset(params["logStreamNames"]) for params in calls}  # type: ignore[call-overload]
    assert len(chunks) == 2
    past = len(tail.lines)
    async with crowd.time():
        await tail.until(lambda t: len({line.source for line in t.lines[past:]}) == COUNT)
    assert max(counted(tail.lines).values()) == 1
    newest = {line.source: line.at for line in sorted(tail.lines, key=lambda x: x.at)}
    read = [
        max(at for source, at in newest.items() if any(source in name for name in chunk))
        for chunk in chunks
    ]
    upto = min(read) - 15  # so fast a world is far ahead of the chunk that was read before
    await tail.close()
    whole = Tail(crowd.ecs, row, LogRequest(since=crowd.clock.now() - began, follow=False))
    await whole.until(lambda t: t.live)
    await whole.close()
    expected = counted([x for x in whole.lines if began <= x.at <= upto])
    assert expected == counted([x for x in tail.lines if began <= x.at <= upto])
    assert tail.since == pytest.approx(began, abs=1.0)


async def back(history: LogHistory, before: float, count: int) -> LogPage:
    """Look for older lines once; return the page that has them."""
    async with asyncio.timeout(DEADLINE):
        pages = [one async for one in history.older(before, count)]
    assert pages[0].progress.startswith("looking before ")
    assert all(one.progress and not one.lines for one in pages[:-1])
    last = pages[-1]
    assert last.begins <= before
    assert all(last.begins <= line.at < before for line in last.lines)
    assert all(a.at <= b.at for a, b in pairwise(last.lines))
    return last


@pytest.mark.parametrize("crowd", [2], indirect=True)
@pytest.mark.parametrize(
    ("provider", "kind"), [("eks", "k8s/deployments"), ("ecs", "ecs/services")]
)
async def test_pages_backwards_have_every_line_once(crowd: Crowd, provider: str, kind: str) -> None:
    backend = crowd.eks if provider == "eks" else crowd.ecs
    row = await crowd.row(backend, kind)
    await crowd.sim.advance(30)
    whole = Tail(backend, row, LogRequest(since=600, follow=False))
    await whole.until(lambda t: t.live)
    await whole.close()
    first = before = sorted(line.at for line in whole.lines)[-50]
    history = backend.history(row, LogRequest())
    got: list[LogLine] = []
    for _ in range(4):
        last = await back(history, before, 300)
        got = [*last.lines, *got]
        before = last.begins
        assert not last.ended
    wanted = [line for line in whole.lines if before <= line.at < first]
    assert len(wanted) > 600
    assert counted(got) == counted(wanted)


@pytest.mark.parametrize("crowd", [1], indirect=True)
async def test_the_first_of_a_tasks_lines_is_where_its_past_ends(crowd: Crowd) -> None:
    row = await crowd.row(crowd.ecs, "ecs/services")
    history = crowd.ecs.history(row, LogRequest())
    before = crowd.clock.now() - 3300  # the simulator's logs begin an hour before it does
    ended = ""
    for _ in range(8):
        last = await back(history, before, 100_000)
        before, ended = last.begins, last.ended
        if ended:
            break
    assert re.fullmatch(r"no older lines: the first of these tasks began [-0-9: ]+.*", ended)
