"""Many logs at once: opened one after the other, joined and left, one stuck delaying no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from aiohttp import web
from kube_docs import deployment, owner, pod
from kube_fake import LogFile, status
from test_kube_logs import WEB, Tail, lines, said

from backends.eks import logs
from backends.eks.opening import Opening
from backends.model import LogRequest


@pytest.fixture
async def tail(backend) -> AsyncIterator[Callable[..., Tail]]:
    opened = []

    def open_tail(target, **request: object) -> Tail:
        asked = LogRequest(**{"since": None, **request})  # type: ignore[arg-type]
        opened.append(backend.logs(target, asked))
        return Tail(opened[-1])

    yield open_tail
    for batches in opened:
        await batches.aclose()


async def test_turns_are_taken_in_order_at_a_rate_and_so_many_at_once() -> None:
    said: list[str] = []
    opening = Opening(lambda: said.append(opening.status), rate=1000, burst=2, at_once=3)
    release, inside, most = asyncio.Event(), 0, 0
    order: list[int] = []

    async def one(number: int) -> None:
        nonlocal inside, most
        async with opening.turn():
            order.append(number)
            inside += 1
            most = max(most, inside)
            await release.wait()
            inside -= 1

    tasks = [asyncio.create_task(one(number)) for number in range(8)]
    async with asyncio.timeout(30):
        while len(order) < 3:
            await asyncio.sleep(0.001)
    assert (order, opening.status) == ([0, 1, 2], "opening 3 of 8")
    tasks[4].cancel()
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 1, 2, 3, 5, 6, 7]
    assert most == 3
    assert opening.status == said[-1] == ""
    assert "opening 5 of 8" in said


async def test_one_that_hangs_keeps_nobody_from_being_opened() -> None:
    opening = Opening(rate=1000, at_once=1, patience=0.01)
    opened: list[int] = []

    async def one(number: int) -> None:
        async with opening.turn():
            opened.append(number)
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(one(number)) for number in range(5)]
    async with asyncio.timeout(30):
        while len(opened) < 5:
            await asyncio.sleep(0.001)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def name_of(number: int) -> str:
    return f"web-767575c589-{number:05d}"


def crowd(kube, *numbers: int) -> None:
    """Put a pod of the deployment for each number, with a line of that number."""
    kube.put("deployments", deployment("web"))
    for number in numbers:
        doc = pod(name_of(number), owners=owner("ReplicaSet", "web-767575c589"))
        kube.logs["shop", name_of(number), "app"] = LogFile(*lines(number))
        kube.put("pods", doc)


async def test_one_that_is_stuck_and_one_that_is_refused_delay_no_other(kube, tail) -> None:
    stuck = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        await stuck.wait()
        return web.Response(text="")

    crowd(kube, *range(40))
    path = "/api/v1/namespaces/shop/pods/{}/log"
    kube.script(hang, path=path.format(name_of(3)), once=False)
    kube.script(status(403, "Forbidden", "no"), path=path.format(name_of(5)), once=False)
    try:
        reading = await tail(WEB).until(lambda t: len(t.texts) >= 38)
        assert reading.texts == said(*(n for n in range(40) if n not in (3, 5)))
        assert any("00005/app: log ends" in note for note in reading.notes)
        assert not reading.live  # the one that is stuck has not told its past
        await kube.logs["shop", name_of(7), "app"].write(*lines(60))
        await reading.until(lambda t: "line 60" in t.texts)
    finally:
        stuck.set()


async def test_beyond_the_most_others_wait_and_join_as_some_leave(kube, tail, monkeypatch) -> None:
    monkeypatch.setattr(logs, "MOST", 3)
    crowd(kube, *range(5))
    reading = await tail(WEB).until(lambda t: t.live)
    assert reading.texts == said(0, 1, 2)
    assert any("3 containers are followed; others begin" in note for note in reading.notes)
    kube.remove("pods", "shop", name_of(1))
    await kube.logs["shop", name_of(1), "app"].end()
    await reading.until(lambda t: "line 3" in t.texts)
    assert "line 4" not in reading.texts


async def test_older_lines_are_those_of_both_runs_and_then_it_says_the_end(kube, backend) -> None:
    doc = pod(name_of(0), owners=owner("ReplicaSet", "web-767575c589"))
    state = doc["status"]["containerStatuses"][0]
    state["restartCount"] = 2
    state["lastState"] = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-22T21:30:44Z"}}
    kube.put("deployments", deployment("web"))
    kube.put("pods", doc)
    log = kube.logs["shop", name_of(0), "app"] = LogFile(*lines(*range(50, 90)))
    log.previous = list(lines(*range(10, 45)))
    history = backend.history(WEB, LogRequest())
    got: list[str] = []
    before = at_of(80)
    for _ in range(20):
        pages = [page async for page in history.older(before, 10)]
        got = [*(line.text for line in pages[-1].lines), *got]
        before = pages[-1].begins
        if pages[-1].ended:
            break
    assert got == said(*range(10, 45), *range(50, 80))
    assert pages[-1].ended.startswith("no older lines: what nodes keep begins ")
    assert pages[-1].ended.endswith("what ran before that is gone")


async def test_a_pod_whose_past_is_refused_is_named_and_hides_no_other(kube, backend) -> None:
    crowd(kube, 0, 1)
    path = f"/api/v1/namespaces/shop/pods/{name_of(1)}/log"
    kube.script(status(403, "Forbidden", "no"), path=path, once=False)
    pages = [page async for page in backend.history(WEB, LogRequest()).older(at_of(30), 10)]
    assert [line.text for line in pages[-1].lines] == said(0)
    assert [note.split(":")[0] for note in pages[-1].notes] == ["00001/app"]


def at_of(number: int) -> float:
    """Return the epoch second of a line, a little before it."""
    return 1_795_383_040.0 + number / 10


async def test_all_pasts_begin_together_though_some_are_opened_later(kube, tail, clock) -> None:
    crowd(kube, 0, 1)
    begin = clock.now() - 60 + 2
    stamped = [(second, stamp_of(begin + second)) for second in (-3.0, -0.5, 0.5, 1.5)]
    for number in (0, 1):
        texts = [(at, f"{number} {second}") for second, at in stamped]
        kube.logs["shop", name_of(number), "app"] = LogFile(*texts)
    reading = await tail(WEB, since=60.0).until(lambda t: t.live)
    assert reading.texts == ["0 0.5", "1 0.5", "0 1.5", "1 1.5"]


async def test_where_clocks_differ_nothing_of_the_past_is_left_out(kube, tail, clock) -> None:
    crowd(kube, 0)
    begin = clock.now() - 60 + 2
    stamped = [(f"{second}", stamp_of(begin + second)) for second in (-200.0, -3.0, 0.5)]
    log = LogFile(*((at, text) for text, at in stamped))
    kube.logs["shop", name_of(0), "app"] = log
    reading = await tail(WEB, since=60.0).until(lambda t: t.live)
    assert reading.texts == ["-200.0", "-3.0", "0.5"]


def stamp_of(at: float) -> str:
    """Return an epoch second as the kubelet writes it."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond:06d}000Z"
