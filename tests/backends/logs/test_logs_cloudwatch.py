"""Tailing CloudWatch Logs: what is delivered, when, and what is said, in virtual time."""

import asyncio
from collections import Counter
from contextlib import aclosing

import pytest
from fake_logs import SCOPE, FakeLogs, stream
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_loop import LoopClock, run

from backends.base import Denied, Throttled, Unreachable
from backends.logs.cloudwatch import StreamSet, tail
from backends.model import LogBatch, LogRequest

A, B = stream("app/a1"), stream("app/b2")
THROTTLED = Throttled("logs:FilterLogEvents", "Rate exceeded", "wait")
LOST = Unreachable("logs:FilterLogEvents", "no answer", "check the network")
DENIED = Denied("logs:FilterLogEvents", "not authorized", "allow logs:FilterLogEvents")


class Tail:
    """Reads a tail in the background and keeps what it brought."""

    def __init__(self, logs, streams, request: LogRequest | None = None, **options) -> None:
        self._options = options
        self.got: list[tuple[float, LogBatch]] = []
        self._task = asyncio.create_task(self._read(logs, streams, request or LogRequest()))

    async def _read(self, logs, streams, request) -> None:
        clock = logs.clock
        async with aclosing(tail(logs, SCOPE, streams, request, clock, **self._options)) as batches:
            async for batch in batches:
                self.got.append((clock.now(), batch))

    @property
    def texts(self) -> list[str]:
        return [line.text for _, batch in self.got for line in batch.lines]

    @property
    def notes(self) -> list[str]:
        return [note for _, batch in self.got for note in batch.notes if note]

    @property
    def done(self) -> bool:
        return self._task.done()

    async def stop(self, *, others: bool = False) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        assert others or asyncio.all_tasks() == {asyncio.current_task()}


def scene(play, **options):
    """Run `play(logs, now)` in virtual time, on fake logs with these options."""

    async def main():
        clock = LoopClock()
        return await play(FakeLogs(clock, **options), clock.now())

    return run(main())


def test_past_then_new_lines_are_followed():
    async def play(logs, now):
        logs.put(A, "too old", now - 400)
        logs.put(A, "past", now - 10)
        logs.put(B, "past too", now - 5)
        tailing = Tail(logs, StreamSet([A, B]))
        await asyncio.sleep(3)
        assert tailing.texts == ["past", "past too"]
        assert any(batch.live for _, batch in tailing.got)
        logs.put(A, "new", now + 3)
        await asyncio.sleep(6)
        assert tailing.texts == ["past", "past too", "new"]
        sources = [line.source for _, batch in tailing.got for line in batch.lines]
        assert sources == ["app/a1", "app/b2", "app/a1"]
        assert "following /ecs/web" in tailing.notes
        await tailing.stop()

    scene(play)


plans = st.lists(
    st.lists(
        st.tuples(st.integers(-60, 40), st.floats(0, 10, allow_nan=False)),
        max_size=8,
    ),
    min_size=1,
    max_size=4,
)
failures = st.lists(st.sampled_from((None, None, None, THROTTLED, LOST)), max_size=8)


@settings(deadline=None, max_examples=40)
@given(plans, failures, st.integers(1, 5), st.integers(0, 2))
def test_every_event_is_delivered_once(plans, failures, page, blanks):
    async def play(logs, now):
        streams, texts = [], []
        for number, events in enumerate(plans):
            streams.append(stream(f"app/{number}", group=f"/ecs/{number % 2}"))
            logs.create(streams[-1])
            for count, (offset, late) in enumerate(events):
                texts.append(f"{number}.{count}")
                logs.put(streams[-1], texts[-1], now + offset, late=late)
        logs.failures = list(failures)
        request = LogRequest(since=300.0)
        tailing = Tail(logs, StreamSet(streams), request, rate=1e6)  # for tiny pages
        await asyncio.sleep(90)
        assert Counter(tailing.texts) == Counter(texts)
        await tailing.stop()

    scene(play, page=page, blanks=blanks)


@settings(deadline=None, max_examples=40)
@given(plans, st.integers(1, 4), st.integers(1, 5))
def test_tail_gives_the_newest_of_each_stream_and_then_the_new(plans, count, page):
    async def play(logs, now):
        streams, expected = [], Counter()
        for number, events in enumerate(plans):
            streams.append(stream(f"app/{number}"))
            logs.create(streams[-1])
            past = sorted((at * 600, n) for n, (at, _) in enumerate(events) if at <= 0)
            for n, (at, _) in enumerate(events):
                logs.put(streams[-1], f"{number}.{n}", now + (at * 600 if at <= 0 else at))
            expected.update(f"{number}.{n}" for _, n in past[-count:])
            expected.update(f"{number}.{n}" for n, (at, _) in enumerate(events) if at > 0)
        tailing = Tail(logs, StreamSet(streams), LogRequest(since=None, tail=count))
        await asyncio.sleep(90)
        assert Counter(tailing.texts) == expected
        await tailing.stop()

    scene(play, page=page)


def test_tail_reads_busy_streams_no_further_back_than_it_must():
    async def play(logs, now):
        for second in range(3600):
            logs.put(A, str(second), now - 3600 + second)
        tailing = Tail(logs, StreamSet([A]), LogRequest(since=None, tail=10))
        await asyncio.sleep(2)
        assert tailing.texts == [str(second) for second in range(3590, 3600)]
        assert sum(logs.returned) <= 120
        await tailing.stop()

    scene(play)


def test_head_gives_the_first_lines_of_all_groups_and_ends():
    async def play(logs, now):
        other = stream("app/c3", group="/ecs/other")
        for number in range(40):
            where = (A, B, other)[number % 3]
            logs.put(where, str(number), now - 100 + number)
        streams = StreamSet([A, B, other])
        tailing = Tail(logs, streams, LogRequest(since=90.0, head=7))
        await asyncio.sleep(10)
        assert tailing.done
        assert tailing.texts == [str(number) for number in range(10, 17)]

    scene(play, page=3)


def test_without_follow_it_ends_after_the_past():
    async def play(logs, now):
        logs.put(A, "one", now - 1)
        tailing = Tail(logs, StreamSet([A, B]), LogRequest(follow=False))
        await asyncio.sleep(10)
        assert tailing.done
        assert tailing.texts == ["one"]

    scene(play)


def test_a_stream_that_does_not_exist_yet_fails_nobody_and_is_found_later():
    async def play(logs, now):
        missing = [stream(f"app/m{number}") for number in range(3)]
        present = [stream(f"app/p{number}") for number in range(20)]
        for where in present:
            logs.put(where, where.source, now - 1)
        tailing = Tail(logs, StreamSet([*missing, *present]))
        await asyncio.sleep(6)
        assert sorted(tailing.texts) == sorted(where.source for where in present)
        assert "nothing logged yet: app/m0, app/m1, app/m2" in tailing.notes
        assert any(batch.live for _, batch in tailing.got)
        assert not any(batch.problem for _, batch in tailing.got)
        logs.put(missing[1], "at last", now + 2)
        await asyncio.sleep(60)
        assert tailing.texts[-1] == "at last"
        await tailing.stop()

    scene(play)


def test_a_missing_group_is_a_problem_of_its_own_and_heals():
    async def play(logs, now):
        lost = stream("app/x", group="/ecs/lost")
        logs.put(A, "fine", now - 1)
        tailing = Tail(logs, StreamSet([A, lost]))
        await asyncio.sleep(5)
        assert tailing.texts == ["fine"]
        problem = tailing.got[-1][1].problem
        assert problem is not None
        assert "no log group /ecs/lost in us-east-1" in problem.message
        assert "awslogs-create-group" in problem.remedy
        logs.put(lost, "found", now + 4)
        await asyncio.sleep(60)
        assert tailing.texts == ["fine", "found"]
        assert tailing.got[-1][1].problem is None
        await tailing.stop()

    scene(play)


def test_streams_come_and_go_while_it_tails():
    async def play(logs, now):
        logs.put(A, "a1", now - 1)
        streams = StreamSet([A])
        tailing = Tail(logs, streams)
        await asyncio.sleep(4)
        new = stream("app/new", begins=now - 1000)
        logs.put(new, "since its start", now - 500)
        streams.replace([A, new])
        await asyncio.sleep(1)
        assert tailing.texts == ["a1", "since its start"]
        logs.put(A, "last words", now + 4.5)
        streams.replace([new])
        await asyncio.sleep(1)
        assert tailing.texts[-1] == "last words"
        logs.put(A, "not read any more", now + 6)
        await asyncio.sleep(10)
        assert "not read any more" not in tailing.texts
        assert not tailing.done
        streams.replace([])
        streams.seal()
        await asyncio.sleep(10)
        assert tailing.done
        assert "/ecs/web: log ends" in tailing.notes

    scene(play)


def test_more_than_a_hundred_streams_are_read_a_hundred_at_a_time():
    async def play(logs, now):
        many = [stream(f"app/{number:03d}") for number in range(250)]
        for number, where in enumerate(many):
            logs.put(where, str(number), now - 250 + number)
        tailing = Tail(logs, StreamSet(many))
        await asyncio.sleep(9)
        assert tailing.texts == [str(number) for number in range(250)]
        assert sorted(len(call["logStreamNames"]) for call in logs.calls[:3]) == [50, 100, 100]
        await tailing.stop()

    scene(play)


def test_each_group_is_read_in_its_own_region():
    async def play(logs, now):
        far = stream("app/far", group="/far", region="eu-west-1")
        logs.put(far, "bonjour", now - 2)
        logs.put(A, "hello", now - 1)
        tailing = Tail(logs, StreamSet([far, A]))
        await asyncio.sleep(8)
        assert tailing.texts == ["bonjour", "hello"]
        calls = {(call["region"], call["logGroupName"]) for call in logs.calls}
        assert calls == {("eu-west-1", "/far"), ("us-east-1", "/ecs/web")}
        await tailing.stop()

    scene(play)


@pytest.mark.parametrize("error", [THROTTLED, LOST, DENIED])
def test_failures_are_said_and_the_tail_goes_on(error):
    async def play(logs, now):
        logs.put(A, "one", now - 1)
        tailing = Tail(logs, StreamSet([A]))
        await asyncio.sleep(2)
        logs.failures = [error] * 10
        logs.put(A, "two", now + 3)
        await asyncio.sleep(10)
        assert tailing.got[-1][1].problem == error.problem
        calls = len(logs.calls)
        await asyncio.sleep(20)
        assert len(logs.calls) - calls <= 5
        await asyncio.sleep(100)
        assert tailing.texts == ["one", "two"]
        assert tailing.got[-1][1].problem is None
        assert any("could not be read for" in note for note in tailing.notes)
        await tailing.stop()

    scene(play)


def test_quiet_groups_are_asked_less_often():
    async def play(logs, now):
        logs.create(A)
        tailing = Tail(logs, StreamSet([A]))
        await asyncio.sleep(60)
        busy, quiet = 60 / 1.5, len(logs.calls)
        assert quiet < busy / 2
        for second in range(60, 120):
            logs.put(A, str(second), now + second)
        await asyncio.sleep(70)
        assert len(logs.calls) - quiet > quiet
        await tailing.stop()

    scene(play)


def test_reads_of_a_silent_stream_do_not_go_back_for_ever():
    async def play(logs, now):
        logs.put(A, "long ago", now - 3000)
        tailing = Tail(logs, StreamSet([A]), LogRequest(since=3600.0))
        await asyncio.sleep(4)
        assert tailing.texts == ["long ago"]
        assert logs.calls[-1]["startTime"] > (now - 700) * 1000
        await tailing.stop()

    scene(play)


def test_a_tail_that_lags_behind_says_so():
    async def play(logs, now):
        logs.create(A)
        tailing = Tail(logs, StreamSet([A]))
        await asyncio.sleep(1)
        for number in range(6):
            logs.put(A, str(number), now - 100 + number, late=105)
        await asyncio.sleep(20)
        assert tailing.texts == [str(number) for number in range(6)]
        assert sum("s behind, reading on" in note for note in tailing.notes) == 1
        await tailing.stop()

    scene(play, page=2)


def test_streams_that_are_over_and_unreadable_are_let_go_of_aloud():
    async def play(logs, now):
        logs.put(A, "one", now - 1)
        streams = StreamSet([A])
        tailing = Tail(logs, streams)
        await asyncio.sleep(2)
        logs.failures = [LOST] * 50
        streams.replace([])
        streams.seal()
        await asyncio.sleep(60)
        assert tailing.done
        assert "app/a1: its last lines were not read" in tailing.notes

    scene(play)


def test_an_event_of_several_lines_is_several_lines_of_one_time():
    async def play(logs, now):
        logs.put(A, "Traceback\r\n  at x\n  at y\n", now - 1)
        tailing = Tail(logs, StreamSet([A]))
        await asyncio.sleep(2)
        assert tailing.texts == ["Traceback", "  at x", "  at y"]
        assert len({line.at for _, batch in tailing.got for line in batch.lines}) == 1
        await tailing.stop()

    scene(play)
