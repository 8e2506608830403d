"""The order of lines of many sources: late ones, clocks that are off, pasts beyond the buffer."""

import asyncio
from collections import Counter
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_logs_merge import LIVE, collect, for_ever, line, notes, script
from virtual_loop import LoopClock, run

from backends.logs.merge import WINDOW, LogMerge
from backends.logs.skew import AHEAD, BEHIND, SPAN, Clocks, Skew
from backends.model import LogBatch

START = 1_790_000_000.0


async def writer(name, lines, off=0.0, *, past=()):
    """Play a source: `lines` are (when it is written, how long it is under way) in seconds of
    the loop; its clock is `off` by so many seconds, or by what a function says of a moment."""
    yield LogBatch(lines=tuple(line(at, text, name) for at, text in past), live=True)
    clock, arrivals, reached = LoopClock(START), [], 0.0
    for number, (written, way) in enumerate(sorted(lines)):
        reached = max(reached, written + way)  # a stream keeps its order
        arrivals.append((reached, written, number))
    for reached, written, number in arrivals:
        await asyncio.sleep(max(0.0, reached - clock.monotonic()))
        by = off(written) if callable(off) else off
        yield LogBatch(lines=(line(START + written + by, f"{name}.{number} {written!r}", name),))


def written(one):
    """The true second of a line."""
    return float(one.text.split()[1])


def play(*sources, **options):
    async def main():
        merge = LogMerge(LoopClock(START), **options)
        for name, source in sources:
            merge.add(name, source)
        return await collect(merge)

    batches = run(main())
    return batches, [one for _, batch in batches for one in batch.lines]


way = st.floats(0.0, 2.0, allow_nan=False)
stream = st.lists(st.tuples(st.floats(2.0, 8.0, allow_nan=False), way), min_size=1, max_size=12)


@settings(deadline=None, max_examples=80)
@given(st.lists(stream, min_size=2, max_size=6))
@example([[(2.0, 0.0)], [(2.0, 0.4)]])
def test_a_line_is_out_of_order_by_what_its_way_exceeds_the_window_at_the_most(streams):
    # that a line has to wait for the one before it counts as its way
    sources = [(str(n), writer(str(n), lines)) for n, lines in enumerate(streams)]
    batches, lines = play(*sources, settle=0.0)
    assert Counter(one.text for one in lines).most_common(1)[0][1] == 1
    assert len(lines) == sum(map(len, streams))
    arrived = {}
    for number, plan in enumerate(streams):
        reached = 0.0
        for count, (at, late) in enumerate(sorted(plan)):
            reached = max(reached, at + late)
            arrived[f"{number}.{count} {at!r}"] = reached
    newest = 0.0
    worst = 0.0
    for one in lines:
        behind = newest - written(one)
        excess = arrived[one.text] - written(one) - WINDOW
        assert behind <= max(excess, 0.0) + 1e-6
        worst = max(worst, behind)
        newest = max(newest, written(one))
    told = any("late line" in note for note in notes(batches))
    assert told == (worst > WINDOW)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(
            st.tuples(st.floats(2.0, 30.0), st.floats(0.0, WINDOW - 0.02)), min_size=3, max_size=15
        ),
        min_size=3,
        max_size=5,
    ),
    st.floats(1.0, 600.0),
)
def test_a_clock_that_is_ahead_disturbs_nobody(streams, ahead):
    sources = [(str(n), writer(str(n), lines)) for n, lines in enumerate(streams)]
    sources[0] = ("0", writer("0", streams[0], off=ahead))
    _, lines = play(*sources)
    assert len(lines) == sum(map(len, streams))
    right = [written(one) for one in lines if one.source != "0"]
    assert all(a <= b + 1e-6 for a, b in pairwise(right))
    for first, second in pairwise(lines):  # and it is itself among them where it belongs
        assert written(second) >= written(first) - 2 * WINDOW


def beats(begin, end, every=0.25, way=0.05):
    count = round((end - begin) / every)
    return [(begin + number * every, way) for number in range(count)]


def test_a_clock_that_is_behind_is_found_out_and_told():
    batches, lines = play(
        ("a", writer("a", beats(1.0, 40.0))),
        ("b", writer("b", beats(1.1, 40.0), off=-180.0)),
        ("c", writer("c", beats(1.2, 40.0))),
    )
    assert len(lines) == sum(round((40 - begin) / 0.25) for begin in (1.0, 1.1, 1.2))
    settled = [written(one) for one in lines if written(one) > 2 * SPAN + 2]
    assert all(a <= b + 0.06 for a, b in pairwise(settled))
    assert [n for n in notes(batches) if n.startswith("b: its clock is 3 min behind")]
    assert any(batch.status == "clock of b 3 min behind" for _, batch in batches)
    assert not [note for note in notes(batches) if note.startswith(("a: its", "c: its"))]


def test_a_clock_that_is_set_holds_up_nobody_and_loses_nothing():
    def stepped(moment):
        return 0.0 if moment < 10 else 300.0 if moment < 30 else -120.0 if moment < 50 else 0.0

    async def main():
        merge = LogMerge(LoopClock(START))
        merge.add("good", writer("good", beats(1.0, 70.0)))
        merge.add("stepped", writer("stepped", beats(1.1, 70.0), off=stepped))
        merge.add("other", writer("other", beats(1.2, 70.0)))
        merge.seal()
        loop, shown = asyncio.get_running_loop(), []
        async for batch in merge.batches():
            shown += [(loop.time(), batch, one) for one in batch.lines]
        return shown

    shown = run(main())
    lines = [one for *_, one in shown]
    assert len({one.text for one in lines}) == len(lines) == 276 + 276 + 275
    assert all(at - written(one) <= 0.05 + WINDOW + 0.06 for at, _, one in shown if at > 2)
    for name in ("good", "stepped", "other"):  # what is written later stays later
        mine = [written(one) for one in lines if one.source == name]
        assert mine == sorted(mine)
    true = [written(one) for one in lines]
    assert all(b >= a - WINDOW for a, b in pairwise(true))
    said = {batch.status for _, batch, _ in shown}
    assert {"clock of stepped 5 min ahead", "clock of stepped 2 min behind", ""} <= said


def test_our_own_clock_that_is_off_is_nobodys_fault():
    sources = [(n, writer(n, beats(1.0, 20.0), off=240.0)) for n in "abc"]
    batches, lines = play(*sources, ("d", writer("d", beats(1.0, 20.0), off=0.0)))
    assert len(lines) == 4 * 76
    assert batches[-1][1].status in ("clock of d 4 min behind", "")
    assert not [note for note in notes(batches)[5:] if note.startswith(("a: its", "b: its"))]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.integers(0, 10_000), min_size=1, max_size=120), min_size=2, max_size=6),
    st.integers(12, 40),
    st.lists(st.floats(0, 3), min_size=6, max_size=6),
)
@example([[0], [1], [0] * 9], 12, [0.0] * 6)
def test_pasts_that_are_larger_than_the_buffer_still_come_in_order(pasts, capacity, delays):
    async def source(number, times):
        await asyncio.sleep(delays[number])
        made = [line(START - 20_000 + at, f"{number}.{i}") for i, at in enumerate(sorted(times))]
        for begin in range(0, len(made), 7):
            yield LogBatch(lines=tuple(made[begin : begin + 7]))
            await asyncio.sleep(0.01)
        yield LIVE
        await asyncio.sleep(30)

    sources = [(str(n), source(n, times)) for n, times in enumerate(pasts)]
    batches, lines = play(*sources, capacity=capacity, settle=10.0)
    assert len({one.text for one in lines}) == len(lines) == sum(map(len, pasts))
    assert all(a.at <= b.at for a, b in pairwise(lines))
    assert all(len(batch.lines) <= capacity for _, batch in batches)


def test_a_source_that_never_answers_holds_the_past_up_only_for_a_time():
    async def main():
        merge = LogMerge(LoopClock(START), settle=1.0, capacity=10)
        merge.add("hung", for_ever())
        past = tuple(line(START - 100 + n, f"{n}") for n in range(30))
        merge.add("quick", script(LogBatch(lines=past, live=True), 60.0))
        got = []
        asyncio.get_running_loop().call_later(0.5, merge.allow, 3.5)
        async for batch in merge.batches():
            got += [(asyncio.get_running_loop().time(), one.text) for one in batch.lines]
            if len(got) == 30:
                break
        return got

    got = run(main())
    assert [text for _, text in got] == [str(n) for n in range(30)]
    assert 4.0 <= got[0][0] <= got[-1][0] < 6.0


def test_what_a_source_says_of_itself_stands_until_it_says_otherwise():
    async def main():
        merge = LogMerge(LoopClock(START))
        opening = [LogBatch(status=f"opening {n} of 3") for n in (1, 2)]
        merge.add("finder", script(opening[0], 1.0, opening[1], 1.0, LIVE, 2.0), control=True)
        merge.add("a", script(0.5, "x", LIVE, 3.0, "y"))
        return await collect(merge)

    batches = run(main())
    assert list(dict.fromkeys(batch.status for _, batch in batches)) == [
        "opening 1 of 3",
        "opening 2 of 3",
        "",
    ]


def test_since_when_nothing_is_missing_is_the_latest_of_all():
    async def main():
        merge = LogMerge(LoopClock(START))
        merge.add("a", script(LogBatch(live=True, since=50.0)))
        merge.add("b", script(LogBatch(live=True, since=70.0)))
        merge.add("c", script(LIVE))
        return await collect(merge)

    assert [batch.since for _, batch in run(main()) if batch.live] == [70.0]


# The estimate itself


def test_a_burst_that_catches_up_is_no_clock_that_is_behind():
    skew = Skew()
    for second in range(20):
        skew.measure(0.1, float(second))
    for number in range(50):  # a connection broke, and 60 s of lines come within half a second
        skew.measure(60.0 - number, 80.0 + number / 100)
        assert skew.lag <= 0.1
    skew.measure(0.1, 81.0)
    assert skew.lag == 0.1


@given(st.floats(-600, 600), st.lists(st.floats(0, 0.25), min_size=1, max_size=30))
def test_a_steady_clock_is_known_to_a_window(off, ways):
    clocks = Clocks()
    for number, late in enumerate(ways):
        offset = clocks.offset("a", late - off, float(number), live=True)
    behind = -off > BEHIND and len(ways) > SPAN
    if off > AHEAD + 0.25 or behind:
        assert -off <= offset <= -off + 0.25
    elif -BEHIND < off <= 0:
        assert offset == 0.0
