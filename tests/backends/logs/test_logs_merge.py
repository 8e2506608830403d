"""The merge of live sources, in virtual time."""

import asyncio
from collections import Counter
from contextlib import aclosing, suppress
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_loop import LoopClock, run

from backends.base import Denied
from backends.logs.merge import INTERVAL, WINDOW, LogMerge
from backends.model import LogBatch, LogLine, Problem


def line(at: float, text: str = "x", source: str = "s") -> LogLine:
    return LogLine(at=at, source=source, text=text)


async def script(*steps: object):
    """Play a source: a number waits, a string is a line of now, a LogBatch is itself."""
    for step in steps:
        if isinstance(step, (int, float)):
            await asyncio.sleep(step)
        elif isinstance(step, str):
            yield LogBatch(lines=(line(LoopClock().now(), step),))
        elif isinstance(step, BaseException):
            raise step
        else:
            yield step


async def for_ever(*steps: object, closed: list[str] | None = None, name: str = ""):
    try:
        async for batch in script(*steps):
            yield batch
        await asyncio.Event().wait()
    finally:
        if closed is not None:
            closed.append(name)


LIVE = LogBatch(live=True)


async def collect(merge: LogMerge) -> list[tuple[float, LogBatch]]:
    """Read a sealed merge to its end."""
    merge.seal()
    loop = asyncio.get_running_loop()
    return [(loop.time(), batch) async for batch in merge.batches()]


def texts(batches: list[tuple[float, LogBatch]]) -> list[str]:
    return [one.text for _, batch in batches for one in batch.lines]


def notes(batches: list[tuple[float, LogBatch]]) -> list[str]:
    return [note for _, batch in batches for note in batch.notes if note]


# a source: steps of (seconds to wait, seconds that its lines are old when they arrive)
sources = st.lists(
    st.lists(
        st.tuples(
            st.floats(0, 1, allow_nan=False),
            st.lists(st.floats(0, 1, allow_nan=False), max_size=4),
        ),
        max_size=6,
    ),
    min_size=1,
    max_size=4,
)


async def played(clock, number, steps, arrived):
    for step, (wait, ages) in enumerate(steps):
        await asyncio.sleep(wait)
        lines = []
        for age in sorted(ages, reverse=True):
            text = f"{number}.{step}.{len(lines)}"
            arrived[text] = clock.monotonic()
            lines.append(line(clock.now() - age, text, str(number)))
        yield LogBatch(lines=tuple(lines), live=True)


@settings(deadline=None)
@given(sources, st.sampled_from((0.0, 1.0)))
def test_no_line_is_lost_or_doubled_and_order_holds_within_the_window(plans, settle):
    async def main():
        clock = LoopClock(1000.0)
        merge = LogMerge(clock, settle=settle)
        arrived: dict[str, float] = {}
        for number, steps in enumerate(plans):
            merge.add(str(number), played(clock, number, steps, arrived))
        lines = [one for _, batch in await collect(merge) for one in batch.lines]
        assert Counter(one.text for one in lines) == Counter(list(arrived))
        if len(plans) == 1:
            return
        latest = [(one.at, arrived[one.text]) for one in lines]
        for index, newer in enumerate(lines):
            for older in lines[index + 1 :]:
                if older.at < newer.at and older.source != newer.source:
                    late = arrived[older.text] - WINDOW + 1e-9
                    assert any(at >= newer.at and came <= late for at, came in latest)

    run(main())


@settings(deadline=None)
@given(sources, st.integers(1, 5), st.floats(0, 0.5))
def test_a_slow_reader_of_a_small_buffer_loses_nothing(plans, capacity, pause):
    async def main():
        clock = LoopClock(1000.0)
        merge = LogMerge(clock, capacity=capacity)
        arrived: dict[str, float] = {}
        for number, steps in enumerate(plans):
            merge.add(str(number), played(clock, number, steps, arrived))
        merge.seal()
        got: Counter[str] = Counter()
        async for batch in merge.batches():
            assert len(batch.lines) <= capacity
            assert batch.dropped == 0
            got.update(one.text for one in batch.lines)
            await asyncio.sleep(pause)
        assert got == Counter(list(arrived))

    run(main())


def test_lines_of_two_sources_come_in_order_of_time():
    async def main():
        merge = LogMerge(LoopClock(), settle=0.0)
        merge.add("a", script(LIVE, 1.0, "first", 0.2, "third"))
        merge.add(
            "b", script(LIVE, 1.25, LogBatch(lines=(line(LoopClock().start + 1.1, "second"),)))
        )
        return await collect(merge)

    assert texts(run(main())) == ["first", "second", "third"]


def test_a_source_that_is_alone_is_not_held_back():
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("a", script(LIVE, 1.0, "now"))
        return await collect(merge)

    assert [at for at, batch in run(main()) if batch.lines] == [1.0]


def test_a_slow_source_holds_up_nobody():
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("slow", for_ever())
        merge.add("fast", script("early", 5.0, "later"))
        loop = asyncio.get_running_loop()
        seen = {}
        async with aclosing(merge.batches()) as batches:
            async for batch in batches:
                seen.update({one.text: loop.time() for one in batch.lines})
                if "later" in seen:
                    break
        return seen

    seen = run(main())
    assert seen["early"] == pytest.approx(1.0)
    assert seen["later"] == pytest.approx(5.0 + WINDOW, abs=0.01)


def test_the_pasts_of_sources_are_sorted_as_a_whole():
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("a", script(LogBatch(lines=(line(10.0, "1"), line(30.0, "3")), live=True), 2.0))
        late = LogBatch(lines=(line(20.0, "2"), line(40.0, "4")), live=True)
        merge.add("b", script(0.8, late, 2.0))
        return await collect(merge)

    assert texts(run(main())) == ["1", "2", "3", "4"]


def test_an_endless_settle_waits_for_all():
    async def main():
        merge = LogMerge(LoopClock(), settle=inf)
        merge.add("a", script(LogBatch(lines=(line(10.0, "1"), line(30.0, "3")))))
        merge.add("b", script(60.0, LogBatch(lines=(line(20.0, "2"),))))
        return await collect(merge)

    assert texts(run(main())) == ["1", "2", "3"]


def test_bursts_are_coalesced():
    async def main():
        merge = LogMerge(LoopClock())
        steps = [step for number in range(500) for step in (0.001, str(number))]
        merge.add("a", script(LIVE, *steps))
        return await collect(merge)

    batches = run(main())
    assert texts(batches) == [str(number) for number in range(500)]
    gaps = [b - a for (a, _), (b, _) in pairwise(batches)]
    assert min(gaps) >= INTERVAL - 1e-9


def test_live_is_said_once_after_the_whole_past():
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("a", script("past a", LIVE, 5.0, "new"))
        merge.add("b", script(2.0, "past b", LIVE, LIVE, 5.0))
        return await collect(merge)

    batches = run(main())
    at = [index for index, (_, batch) in enumerate(batches) if batch.live]
    assert len(at) == 1
    assert texts(batches[: at[0] + 1]) == ["past a", "past b"]
    assert "following a, b" in notes(batches[: at[0] + 1])


def test_a_failing_source_does_not_hold_live_back():
    problem = Problem("denied", "logs:FilterLogEvents", "no", "allow it")

    async def main():
        merge = LogMerge(LoopClock())
        merge.add("a", script(LogBatch(problem=problem), 5.0, LogBatch(), 1.0))
        merge.add("b", script("past", LIVE, 9.0))
        return await collect(merge)

    batches = run(main())
    live = next(at for at, batch in batches if batch.live)
    assert live < 1.0
    assert next(at for at, batch in batches if batch.problem) < 1.0
    cleared = [at for at, batch in batches if batch.problem is None and at > 1.0]
    assert cleared[0] == pytest.approx(5.0)


def test_without_sources_it_is_live_at_once_and_goes_on():
    async def main():
        merge = LogMerge(LoopClock())
        async with aclosing(merge.batches()) as batches:
            assert (await anext(batches)).live
            merge.add("web-1", for_ever("hello"))
            got = []
            while not texts(got):
                got.append((0.0, await anext(batches)))
            return got

    batches = run(main())
    assert notes(batches) == ["web-1: log begins"]
    assert texts(batches) == ["hello"]


def test_begin_and_end_are_notes_after_the_last_line():
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("a", script(LIVE, 1.0, "last words"))
        merge.add("b", script(LIVE, 9.0))
        return await collect(merge)

    batches = run(main())
    said = next(index for index, (_, batch) in enumerate(batches) if "a: log ends" in batch.notes)
    assert texts(batches[: said + 1]) == ["last words"]
    assert notes(batches)[-1] == "b: log ends"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Denied("get pods/log", "forbidden", "allow it"), "denied", "get pods/log: forbidden"),
        (ValueError("bad\x1b[31m"), "internal", "ValueError: bad"),
    ],
)
def test_an_error_of_one_source_leaves_the_others_running(error, code, words):
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("bad", script("one", error))
        merge.add("good", script(LIVE, 3.0, "two"))
        return await collect(merge)

    batches = run(main())
    assert texts(batches) == ["one", "two"]
    assert next(batch.problem.code for _, batch in batches if batch.problem) == code
    assert any(note.startswith("bad: log ends: ") and words in note for note in notes(batches))
    assert "\x1b" not in "".join(notes(batches))


def test_a_source_that_failed_and_came_back_is_no_problem_any_more():
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("a", script(Denied("x", "y", "z")))
        async with aclosing(merge.batches()) as batches:
            while (await anext(batches)).problem is None:
                pass
            merge.add("a", for_ever("back"))
            while (batch := await anext(batches)).problem is not None:
                pass
            return batch

    assert run(main()).problem is None


def test_upstream_drops_are_passed_on_and_added_up():
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("a", script(LogBatch(dropped=3), LogBatch(dropped=4)))
        merge.add("b", script(LogBatch(dropped=5)))
        return await collect(merge)

    assert sum(batch.dropped for _, batch in run(main())) == 12


def test_removing_a_source_keeps_its_lines_and_counts_what_found_no_room():
    async def main():
        merge = LogMerge(LoopClock(), capacity=2)
        many = LogBatch(lines=tuple(line(n + 1.0, str(n)) for n in range(5)))
        closed: list[str] = []
        merge.add("a", for_ever(many, closed=closed, name="a"))
        batches = merge.batches()
        async with aclosing(batches):
            first = await anext(batches)
            await asyncio.sleep(1)  # virtual: the pump fills the room again
            merge.remove("a")
            merge.remove("never was")
            assert merge.names() == ()
            merge.seal()
            rest = [batch async for batch in batches]
        assert closed == ["a"]
        return [first, *rest]

    batches = run(main())
    got = [one.text for batch in batches for one in batch.lines]
    assert got == [str(n) for n in range(len(got))]
    assert len(got) + sum(batch.dropped for batch in batches) == 5
    assert 0 < len(got) < 5


def test_lines_without_a_time_stay_with_the_line_before_them():
    async def main():
        clock = LoopClock()
        trace = (line(clock.start, "Traceback"), line(0.0, "  at x"), line(0.0, "  at y"))
        merge = LogMerge(clock)
        merge.add("a", script(LogBatch(lines=trace, live=True), 1.0))
        other = (line(clock.start - 1, "before"), line(clock.start + 0.1, "after"))
        merge.add("b", script(LogBatch(lines=other, live=True), 1.0))
        return await collect(merge)

    assert texts(run(main())) == ["before", "Traceback", "  at x", "  at y", "after"]


def test_one_fast_source_does_not_starve_the_others_of_room():
    async def main():
        flood = [LogBatch(lines=tuple(line(float(n)) for n in range(50))) for _ in range(40)]
        merge = LogMerge(LoopClock(), capacity=10)
        merge.add("flood", script(*flood))
        merge.add("calm", script(LogBatch(lines=(line(1.0, "calm"),))))
        batches = await collect(merge)
        return next(index for index, (_, batch) in enumerate(batches) if "calm" in str(batch.lines))

    assert run(main()) < 5


def test_a_control_source_is_not_spoken_of_and_live_waits_for_it():
    async def main():
        merge = LogMerge(LoopClock())

        async def control():
            await asyncio.sleep(0.5)
            merge.add("web-1", script("past", LIVE, 5.0))
            yield LIVE

        merge.add("finder", control(), control=True)
        return await collect(merge)

    batches = run(main())
    live = next(at for at, batch in batches if batch.live)
    assert live >= 0.5
    assert notes(batches) == ["following web-1", "web-1: log ends"]


@pytest.mark.parametrize("how", ["aclose", "cancel"])
def test_closing_ends_every_source_and_leaks_no_task(how):
    async def main():
        closed: list[str] = []
        merge = LogMerge(LoopClock(), capacity=3)
        for name in "abc":
            merge.add(name, for_ever("x", "y", "z", 1.0, "w", closed=closed, name=name))

        async def read() -> None:
            async with aclosing(merge.batches()) as batches:
                async for _ in batches:
                    if how == "aclose":
                        return

        task = asyncio.create_task(read())
        await asyncio.sleep(3)
        if how == "cancel":
            task.cancel()
        await asyncio.wait({task})
        assert sorted(closed) == ["a", "b", "c"]
        assert asyncio.all_tasks() == {asyncio.current_task()}
        late = for_ever(closed=closed)
        merge.add("late", late)
        assert merge.names() == ()
        await late.aclose()

    run(main())


@pytest.mark.parametrize("how", ["aclose", "remove"])
@pytest.mark.parametrize("sooner", [True, False])
def test_a_source_ends_even_when_a_timeout_of_its_own_expires_at_that_moment(how, sooner):
    async def main():
        rounds: list[float] = []

        async def restless():
            yield LIVE
            for end in range(4, 400, 4):
                rounds.append(end)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(end):
                        await asyncio.Event().wait()

        merge = LogMerge(LoopClock())
        merge.add("a", restless())
        batches = merge.batches()

        async def end():
            await asyncio.sleep(4.0)
            if how == "aclose":
                await batches.aclose()
            else:
                merge.remove("a")

        ending = asyncio.create_task(end()) if sooner else None
        await asyncio.sleep(0)
        await anext(batches)
        await (ending or end())
        await asyncio.sleep(5)
        await batches.aclose()
        assert len(rounds) <= 2
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_names_are_unique_and_batches_are_read_once():
    async def main():
        merge = LogMerge(LoopClock())
        merge.add("a", script("x"))
        with pytest.raises(ValueError, match="'a'"):
            merge.add("a", script())
        await collect(merge)
        with pytest.raises(RuntimeError):
            await anext(merge.batches())

    run(main())
