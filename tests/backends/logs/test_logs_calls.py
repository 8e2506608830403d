"""What a tail of hundreds of streams asks of CloudWatch, and what becomes of wrong clocks."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest
from fake_logs import stream
from test_logs_cloudwatch import Tail, scene
from virtual_loop import LoopClock, run

from backends.logs.cloudwatch import StreamSet
from backends.logs.turns import BURST, RATE, Turns
from backends.model import LogRequest


def spread(logs, streams, now, begin, end, every, late=0.4):
    """Put one line into each stream in turn, `every` seconds one; return their texts."""
    texts = []
    for number in range(round((end - begin) / every)):
        texts.append(f"line {number}")
        where = streams[number % len(streams)]
        logs.put(where, texts[-1], now + begin + number * every, late=late)
    return texts


class Timed:
    """Notes when each call was made."""

    def __init__(self, logs):
        self.logs, self.clock, self.at = logs, logs.clock, []

    async def pages(self, *args, **params):
        async for page in self.logs.pages(*args, **params):
            self.at.append(self.clock.monotonic())
            yield page


@pytest.mark.parametrize("count", [100, 200, 450])
def test_hundreds_of_streams_are_read_within_a_call_a_second(count):
    async def play(logs, now):
        streams = [stream(f"app/{number}") for number in range(count)]
        for one in streams:
            logs.create(one)
        texts = spread(logs, streams, now, -60, 240, 0.1)
        timed = Timed(logs)
        tailing = Tail(timed, StreamSet(streams))
        await asyncio.sleep(300)
        assert Counter(tailing.texts) == Counter(texts)
        lines = [line for _, batch in tailing.got for line in batch.lines]
        assert all(a.at <= b.at for a, b in pairwise(lines))
        names = [set(call["logStreamNames"]) for call in logs.calls]
        chunks = {frozenset(one) for one in names if len(one) == min(100, count)}
        assert len(chunks) == count // 100
        for begin in range(240):
            within = sum(begin <= at < begin + 60 for at in timed.at)
            assert within <= 60 * RATE + (BURST if begin < BURST else 1)
        await tailing.stop()

    scene(play)


class Slow:
    """Needs a while for each page, as a service over a network does."""

    def __init__(self, logs, seconds):
        self.logs, self.clock, self.seconds = logs, logs.clock, seconds

    async def pages(self, *args, **params):
        async for page in self.logs.pages(*args, **params):
            await asyncio.sleep(self.seconds)
            yield page


@pytest.mark.parametrize(("seconds", "page"), [(0.3, 500), (0.9, 500), (1.8, 10_000)])
def test_hundreds_of_busy_streams_are_in_order_where_every_call_takes_its_time(seconds, page):
    async def play(logs, now):
        streams = [stream(f"app/{number}") for number in range(200)]
        texts = spread(logs, streams, now, -60, 240, 0.02, late=2.9)
        tailing = Tail(Slow(logs, seconds), StreamSet(streams))
        await asyncio.sleep(300)
        assert Counter(tailing.texts) == Counter(texts)
        settled = [line for at, batch in tailing.got if at > now + 60 for line in batch.lines]
        assert len(settled) > 5_000
        assert all(a.at <= b.at for a, b in pairwise(settled))
        await tailing.stop()

    scene(play, page=page)


def test_what_comes_very_late_to_a_busy_group_is_found_without_delaying_what_is_new():
    async def play(logs, now):
        streams = [stream(f"app/{number}") for number in range(120)]
        texts = spread(logs, streams, now, -30, 150, 0.004)
        for number, lag in enumerate((20, 35, 50)):
            texts.append(f"late {number}")
            logs.put(streams[number], texts[-1], now + 60 + number, late=lag)
        timed = Timed(logs)
        tailing = Tail(timed, StreamSet(streams))
        await asyncio.sleep(200)
        assert Counter(tailing.texts) == Counter(texts)
        waits = [
            at - line.at
            for at, batch in tailing.got
            if at > now + 10
            for line in batch.lines
            if not line.text.startswith("late")
        ]
        assert max(waits) < 8.0
        assert sum(90 <= at < 150 for at in timed.at) <= 60
        await tailing.stop()

    scene(play)


def test_a_turn_to_spare_is_one_that_nobody_waits_for():
    async def main():
        clock = LoopClock()
        turns, got = Turns(clock, rate=1.0, burst=1), []
        await turns.take()

        async def take(name):
            await turns.take()
            got.append((name, clock.monotonic()))

        async def spare(seconds):
            got.append((await turns.take_spare(seconds), clock.monotonic()))

        await asyncio.gather(spare(10), take("a"), take("b"))
        assert got == [("a", 1.0), ("b", 2.0), (True, 3.0)]
        await asyncio.gather(spare(0.5))
        assert got[3:] == [(False, 3.5)]
        await turns.take()
        assert clock.monotonic() == 4.0

    run(main())


def test_turns_come_in_order_at_a_rate_after_a_burst():
    async def main():
        clock = LoopClock()
        turns, got = Turns(clock, rate=1.0, burst=3), []

        async def take(name):
            await turns.take()
            got.append((name, clock.monotonic()))

        assert turns.spare
        await asyncio.gather(*(take(n) for n in range(6)))
        assert got == [(0, 0.0), (1, 0.0), (2, 0.0), (3, 1.0), (4, 2.0), (5, 3.0)]
        assert not turns.spare
        await asyncio.sleep(60)
        await asyncio.gather(*(take(n) for n in range(4)))
        assert [at - 63 for _, at in got[6:]] == pytest.approx([0.0, 1.0, 2.0, 3.0])

    run(main())


def ticking(logs, where, now, end, off=lambda at: 0.0, begin=-30):
    """Write a line a second whose time is off by what a function says of each moment."""
    for second in range(begin, end):
        stamped = now + second + off(second)
        logs.put(where, f"{where.source} {second}", stamped, late=0.4 - off(second))
    return [f"{where.source} {second}" for second in range(begin, end)]


@pytest.mark.parametrize(
    ("ahead", "words"), [(200.0, "its clock is 3 min ahead"), (20.0, "its clock is 20 s ahead")]
)
def test_a_stream_from_the_future_does_not_hide_the_others(ahead, words):
    async def play(logs, now):
        good, off, other = (stream(f"app/{name}") for name in ("good", "off", "other"))
        texts = [text for one in (good, other) for text in ticking(logs, one, now, 240)]
        texts += ticking(logs, off, now, 240, lambda _: ahead)
        tailing = Tail(logs, StreamSet([good, off, other]), LogRequest(since=600.0))
        await asyncio.sleep(260)
        assert Counter(tailing.texts) == Counter(texts)
        assert any(words in note for note in tailing.notes if note.startswith("app/off"))
        live = [line for at, batch in tailing.got if at > now + 20 for line in batch.lines]
        seconds = [int(line.text.split()[1]) for line in live]
        assert all(b >= a - 1 for a, b in pairwise(seconds))  # also among the others
        await tailing.stop()

    scene(play)


@pytest.mark.parametrize("behind", [45.0, 180.0, 500.0])
def test_a_stream_whose_clock_is_behind_is_read_all_the_same(behind):
    async def play(logs, now):
        good, off = stream("app/good"), stream("app/off")
        texts = ticking(logs, good, now, 300)
        texts += ticking(logs, off, now, 300, lambda _: -behind)
        tailing = Tail(logs, StreamSet([good, off]), LogRequest(since=900.0))
        await asyncio.sleep(330)
        assert Counter(tailing.texts) == Counter(texts)
        assert any("behind" in note for note in tailing.notes if note.startswith("app/off"))
        live = [line for at, batch in tailing.got if at > now + 60 for line in batch.lines]
        seconds = [int(line.text.split()[1]) for line in live]
        assert all(b >= a - 1 for a, b in pairwise(seconds))
        await tailing.stop()

    scene(play)


@pytest.mark.parametrize("step", [-240.0, 240.0])
def test_a_clock_that_is_set_in_the_middle_loses_and_doubles_nothing(step):
    def off(second):
        return step if 100 <= second < 400 else 0.0

    async def play(logs, now):
        good, stepped = stream("app/good"), stream("app/stepped")
        texts = ticking(logs, good, now, 700) + ticking(logs, stepped, now, 700, off)
        tailing = Tail(logs, StreamSet([good, stepped]), LogRequest(since=600.0))
        await asyncio.sleep(800)
        assert Counter(texts) - Counter(tailing.texts) == Counter()
        assert Counter(tailing.texts) - Counter(texts) == Counter()
        came = {
            line.text: at - now
            for at, batch in tailing.got
            for line in batch.lines
            if line.source == "app/good"
        }
        waits = [at - int(text.split()[1]) for text, at in came.items() if at > 20]
        assert max(waits) < 9.0
        await tailing.stop()

    scene(play)


def test_a_stream_that_joins_empty_makes_nothing_come_twice():
    async def play(logs, now):
        chatty, late = stream("app/chatty"), stream("app/late", begins=now)
        texts = ticking(logs, chatty, now, 600)
        streams = StreamSet([chatty])
        tailing = Tail(logs, streams, LogRequest(since=600.0))
        await asyncio.sleep(300)
        logs.create(late)
        streams.replace([chatty, late])
        await asyncio.sleep(400)
        assert Counter(tailing.texts) == Counter(texts)
        await tailing.stop()

    scene(play)


def test_what_was_not_asked_for_does_not_come_later_either():
    async def play(logs, now):
        where = stream("app/a")
        texts = ticking(logs, where, now, 120, begin=-60)
        tailing = Tail(logs, StreamSet([where]), LogRequest(since=30.0))
        await asyncio.sleep(130)
        assert tailing.texts == texts[30:]
        assert [batch.since for _, batch in tailing.got if batch.live] == [now - 30]
        await tailing.stop()

    scene(play)
