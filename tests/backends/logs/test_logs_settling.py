"""The order of what several streams of CloudWatch bring at different times, in virtual time."""

import asyncio
import re
from collections import Counter
from itertools import pairwise

from fake_logs import stream
from hypothesis import given, settings
from hypothesis import strategies as st
from test_logs_cloudwatch import Tail, scene
from virtual_loop import LoopClock, run

from backends.logs.cloudwatch import StreamSet
from backends.logs.settling import CALL, LAG, LAG_MOST, ROUNDS, Settling
from backends.logs.turns import Turns
from backends.model import LogRequest

POLL = 1.5


def lines(tailing):
    return [line for _, batch in tailing.got for line in batch.lines]


# a stream: how long its lines need to CloudWatch, and when it writes them
lagging = st.tuples(
    st.floats(0.1, LAG), st.lists(st.integers(-20_000, 40_000), min_size=1, max_size=25)
)


@settings(deadline=None, max_examples=60)
@given(st.lists(lagging, min_size=2, max_size=5), st.integers(1, 2), st.integers(1, 7))
def test_lines_of_streams_that_lag_differently_come_in_order(streams, groups, page):
    async def play(logs, now):
        made, texts = [], Counter()
        for number, (lag, times) in enumerate(streams):
            made.append(stream(f"app/{number}", group=f"/ecs/{number % groups}"))
            for count, at in enumerate(times):
                texts[f"{number}.{count}"] += 1
                logs.put(made[-1], f"{number}.{count}", now + at / 1000, late=lag)
        for second in range(-40, 80):  # so that no group is quiet: quiet ones are read rarely
            for group in range(groups):
                where = next(one for one in made if one.group.endswith(str(group % len(made))))
                logs.put(where, f"beat {group} {second}", now + second / 2, late=0.5)
                texts[f"beat {group} {second}"] += 1
        tailing = Tail(logs, StreamSet(made), rate=1e6)  # pages are far smaller than AWS's
        await asyncio.sleep(60)
        assert Counter(tailing.texts) == texts
        assert all(one.at <= other.at for one, other in pairwise(lines(tailing)))
        assert not any("late line" in note for note in tailing.notes)
        await tailing.stop()

    scene(play, page=page)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.floats(8, 14)), max_size=12),
    st.lists(st.tuples(st.integers(20, 60), st.floats(16, 28)), max_size=4),
)
def test_late_lines_come_at_once_and_are_counted(late, later):
    async def play(logs, now):
        regular, slow = stream("app/regular"), stream("app/slow")
        logs.create(slow)
        for second in range(-10, 120):
            logs.put(regular, f"beat {second}", now + second, late=0.3)
        for number, (at, lag) in enumerate((*late, *later)):
            logs.put(slow, f"late {number}", now + at + 0.5, late=lag)
        tailing = Tail(logs, StreamSet([regular, slow]))
        await asyncio.sleep(140)
        assert Counter(tailing.texts) == Counter(
            [f"beat {second}" for second in range(-10, 120)]
            + [f"late {number}" for number in range(len(late) + len(later))]
        )
        came = {line.text: at for at, batch in tailing.got for line in batch.lines}
        for number, (at, lag) in enumerate(late):
            assert came[f"late {number}"] <= now + at + 0.5 + lag + POLL + 0.2
        beats = [line for line in lines(tailing) if line.text.startswith("beat")]
        assert all(one.at < other.at for one, other in pairwise(beats))
        newest, misplaced = 0.0, 0
        for line in lines(tailing):
            misplaced += line.at < newest
            newest = max(newest, line.at)
        told = [match for note in tailing.notes if (match := re.match(r"(\d+) late line", note))]
        assert sum(int(match[1]) for match in told) == misplaced
        assert misplaced == len(late) + len(later)
        assert len(told) <= 5
        await tailing.stop()

    scene(play)


def test_the_past_comes_at_once_and_a_single_stream_is_never_held_back():
    async def play(logs, now):
        one, other = stream("app/one"), stream("app/other")
        for second in range(1, 200):
            logs.put(one, f"one {second}", now - second, late=0.2)
            logs.put(other, f"other {second}", now - second, late=0.2)
        both, alone = Tail(logs, StreamSet([one, other])), Tail(logs, StreamSet([one]))
        await asyncio.sleep(0.2)
        settled = LAG + POLL + CALL
        assert len(both.texts) == 2 * (199 - settled + 1)
        assert len(alone.texts) == 199
        assert any(batch.live for _, batch in alone.got)
        await asyncio.sleep(settled)
        assert len(both.texts) == 2 * 199
        assert any(batch.live for _, batch in both.got)
        await alone.stop(others=True)
        await both.stop()

    scene(play)


def test_nothing_is_held_back_where_nothing_follows():
    async def play(logs, now):
        one, other = stream("app/one"), stream("app/other")
        logs.put(one, "a", now - 2)
        logs.put(other, "b", now - 1)
        tailing = Tail(logs, StreamSet([one, other]), LogRequest(follow=False))
        await asyncio.sleep(0.5)
        assert tailing.done
        assert tailing.texts == ["a", "b"]

    scene(play)


def settling_of(clock):
    return Settling(clock, POLL, lambda: 2, Turns(clock))


def event(lag: float) -> dict:
    return {"timestamp": 1_000_000, "ingestionTime": 1_000_000 + int(lag * 1000)}


def test_the_hold_follows_the_lags_that_are_measured_up_to_a_bound_and_forgets():
    async def main():
        settling = settling_of(LoopClock())
        usual = LAG + POLL + CALL
        assert settling.span == usual
        settling.measure([event(0.2), event(5.0), {"timestamp": 5}])
        assert settling.span == 5.0 + POLL + CALL
        settling.measure([event(LAG_MOST + 600)])
        assert settling.span == 5.0 + POLL + CALL
        for _ in range(3):
            await asyncio.sleep(31)
            settling.measure([event(0.2)])
        assert settling.span == usual

    run(main())


def test_the_hold_follows_how_long_reads_take_but_not_those_in_trouble():
    async def main():
        settling = settling_of(LoopClock())
        settling.measure_read(POLL / 2)
        assert settling.span == LAG + POLL + CALL
        settling.measure_read(ROUNDS * POLL)
        assert settling.span == LAG + ROUNDS * POLL
        settling.measure_read(ROUNDS * POLL + 0.1)
        assert settling.span == LAG + ROUNDS * POLL
        for _ in range(3):
            await asyncio.sleep(31)
            settling.measure_read(POLL)
        assert settling.span == LAG + POLL + CALL

    run(main())


@given(st.floats(-1e6, 1e6))
def test_no_clock_makes_the_hold_longer_than_its_span(ahead):
    async def main():
        clock = LoopClock()
        settling = settling_of(clock)
        assert 0.0 <= settling.hold(clock.now() + ahead) <= settling.span

    run(main())
