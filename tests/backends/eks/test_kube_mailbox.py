"""When a mailbox is emptied: at once, together, or not at all where nothing is new."""

from __future__ import annotations

import asyncio

from kube_help import SCOPE, until

from backends.clock import ManualClock
from backends.eks.mailbox import Mailbox
from backends.model import FeedState, Health, Ref, Resource


def row(name: str) -> Resource:
    ref = Ref(SCOPE.at(namespace="default"), "k8s/pods", name)
    return Resource(ref=ref, health=Health.OK, status="Running", cells=(name,))


def live(mailbox: Mailbox, clock: ManualClock) -> None:
    part = mailbox.part("")
    part.state, part.at = FeedState.LIVE, clock.now()


async def test_a_heartbeat_says_nothing_where_nothing_is_new() -> None:
    beats: list[float] = []

    def beat() -> float:
        beats.append(0.001)
        return beats[-1]

    clock = ManualClock()
    mailbox = Mailbox(clock, interval=lambda: 0.0, heartbeat=beat)
    live(mailbox, clock)
    mailbox.said()
    assert (await mailbox.take()).status.state is FeedState.LIVE
    waiting = asyncio.create_task(mailbox.take())
    await until(lambda: len(beats) > 5)
    assert not waiting.done()
    clock.advance(7)
    live(mailbox, clock)
    change = await asyncio.wait_for(waiting, 10)
    assert (change.status.at, change.upserts) == (clock.now(), ())


async def test_what_comes_between_two_changes_is_handed_on_together() -> None:
    clock = ManualClock()
    mailbox = Mailbox(clock, interval=lambda: 0.05)
    loop = asyncio.get_running_loop()
    mailbox.put([row("a")])
    await mailbox.take()
    began = loop.time()
    mailbox.put([row("b")])
    waiting = asyncio.create_task(mailbox.take())
    await asyncio.sleep(0)
    mailbox.put([row("b"), row("c")])
    mailbox.remove([row("a").ref])
    change = await waiting
    assert loop.time() - began >= 0.04
    assert [r.ref.name for r in change.upserts] == ["b", "c"]
    assert [ref.name for ref in change.deletes] == ["a"]


async def test_it_knows_whether_what_it_handed_on_was_live() -> None:
    clock = ManualClock()
    mailbox = Mailbox(clock, interval=lambda: 0.0)
    assert not mailbox.live
    mailbox.put([row("a")])
    mailbox.part("")
    await mailbox.take()
    assert not mailbox.live
    live(mailbox, clock)
    mailbox.said()
    await mailbox.take()
    assert mailbox.live
