"""The histogram above a log: what it says, when it shows, and that it stays calm."""

from hypothesis import given
from hypothesis import strategies as st
from log_support import NOW, LogApp, batch, until
from textual.app import ComposeResult

from backends.clock import ManualClock
from backends.model import LogBatch, LogLine
from widgets.log_counts import MinuteCounts
from widgets.log_levels import ERROR, INFO, WARN
from widgets.log_top import LABEL, LogTop, bars, histogram

MINUTE = 60.0


def counted(*minutes: tuple[int, bytes]) -> MinuteCounts:
    counts = MinuteCounts()
    for ago, marks in minutes:
        at = NOW - ago * MINUTE
        counts.add([LogLine(at=at, source="s", text="") for _ in marks], marks)
    return counts


def rows(counts: MinuteCounts, width: int = 100, now: float = NOW) -> list[str]:
    return [content.plain for content in histogram(counts, now, width)]


def test_lines_and_errors_have_a_row_each() -> None:
    counts = counted(
        (3, bytes([INFO] * 8)), (2, bytes([INFO, WARN, ERROR, ERROR])), (0, bytes([ERROR]))
    )
    assert rows(counts) == [
        f"{'lines/min':<{LABEL}}█▅ ▂  13 lines in 4 min",
        f"{'errors':<{LABEL}}·█·▅  3 errors, 1 warning in the last 10 min",
    ]


def test_only_recent_errors_are_told_as_a_number() -> None:
    counts = counted((30, bytes([ERROR] * 5)), (9, bytes([ERROR])), (0, bytes([INFO])))
    assert "1 error, 0 warnings in the last 10 min" in rows(counts)[1]


def test_a_long_time_has_wider_bars() -> None:
    counts = counted((300, bytes([ERROR])), (0, bytes([INFO])))
    lines, errors = rows(counts)
    assert lines.startswith("lines/10min ")
    assert lines.endswith("2 lines in 5 h")
    assert len(errors.split()[1]) == 31
    assert errors.split()[1][0] == "█"


def test_a_log_of_long_ago_ends_with_its_newest_line() -> None:
    counts = counted((5000, bytes([INFO])), (4999, bytes([ERROR])))
    assert rows(counts)[0] == f"{'lines/min':<{LABEL}}██  2 lines in 2 min"


def test_without_times_there_is_none() -> None:
    assert rows(MinuteCounts()) == []


@given(
    st.dictionaries(st.integers(0, 20_000), st.integers(1, 9), min_size=1, max_size=30),
    st.integers(1, 200),
)
def test_it_fits_any_width(minutes: dict[int, int], width: int) -> None:
    counts = counted(*((ago, bytes([ERROR] * number)) for ago, number in minutes.items()))
    for row in rows(counts, width):
        assert len(row) <= max(width, LABEL + 1)


@given(st.lists(st.integers(0, 1000), max_size=50))
def test_bars_tell_nothing_from_little(series: list[int]) -> None:
    drawn = bars(series, "·")
    assert len(drawn) == len(series)
    for number, bar in zip(series, drawn, strict=True):
        assert (bar == "·") == (number == 0)
        assert (bar == "█") >= (number > 0 and number == max(series))


class TopApp(LogApp):
    def compose(self) -> ComposeResult:
        yield LogTop(self.pane, self.clock)
        yield self.pane


async def test_it_shows_where_there_is_room_and_goes_by_its_key() -> None:
    app = TopApp(clock=ManualClock(NOW))
    async with app.run_test(size=(100, 30)) as pilot:
        top = app.query_one(LogTop)
        app.pane.feed(LogBatch(lines=(LogLine(at=NOW, source="s", text="ERROR x"),)))
        await app.shown()
        top.look()
        await until(lambda: top.size.height == 2, "two rows")
        assert (await app.shown())[1].startswith("errors       █  1 error, 0 warnings")
        assert app.pane.size.height == 28
        await pilot.press("H")
        top.look()
        await until(lambda: app.pane.size.height == 30, "its rows to be given back")
        await pilot.press("H")
        top.look()
        await until(lambda: top.size.height == 2, "two rows again")
        for height, shown in ((22, True), (21, False), (22, True)):
            await pilot.resize_terminal(100, height)
            top.look()
            await until(lambda s=shown: top.display is s, f"{shown} at {height}")  # type: ignore[misc]


async def test_columns_are_named_above_the_log() -> None:
    app = TopApp(clock=ManualClock(NOW))
    async with app.run_test(size=(60, 10)) as pilot:
        top = app.query_one(LogTop)
        app.pane.feed(batch('{"level":"info","msg":"hello","status":200}'))
        await app.shown()
        await pilot.press("f")
        await app.shown()
        top.look()
        await until(lambda: top.size.height == 1, "a heading")
        shown = await app.shown()
        assert shown[:2] == ["      MESSAGE  status", "INFO  hello       200"]


async def test_it_draws_nothing_anew_while_nothing_changes() -> None:
    app = TopApp(clock=ManualClock(NOW))
    async with app.run_test(size=(100, 30)):
        top = app.query_one(LogTop)
        app.pane.feed(LogBatch(lines=(LogLine(at=NOW, source="s", text="ERROR x"),)))
        await app.shown()
        top.look()
        await until(lambda: top.size.height == 2, "two rows")
        drawn = 0
        before = top.refresh

        def count(*args: object, **kwargs: object) -> object:
            nonlocal drawn
            drawn += 1
            return before(*args, **kwargs)  # type: ignore[arg-type]

        top.refresh = count  # type: ignore[method-assign,assignment]
        for _ in range(20):
            app.clock.advance(1.0)  # type: ignore[attr-defined]
            top.look()
        assert drawn == 0
        app.clock.advance(61.0)  # type: ignore[attr-defined]
        top.look()
        assert drawn == 1
