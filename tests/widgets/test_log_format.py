"""Entries written out: times, sources, the pane's own voice, and layouts that add up."""

import math
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.clock import ManualClock
from backends.model import LogLine
from widgets.log_buffer import Note
from widgets.log_format import MAX_ROWS, MAX_SOURCE, LogFormat, age, clock_time, saved_line
from widgets.log_text import MAX_DRAWN

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z


def line(text: str, at: float = NOW, source: str = "web/app") -> LogLine:
    return LogLine(at=at, source=source, text=text)


def written() -> LogFormat:
    form = LogFormat(ManualClock(NOW))
    form.timestamps = "utc"
    form.admit({"web/app"})
    return form


def test_a_line_has_time_source_and_text() -> None:
    form = written()
    assert form.line(line("hello", NOW + 0.25)) == "14:13:20.250Z web/app hello"
    form.timestamps = "off"
    assert form.line(line("hello")) == "web/app hello"
    form.show_source = False
    assert form.line(line("  hello")) == "  hello"


def test_an_age_ticks() -> None:
    clock = ManualClock(NOW)
    form = LogFormat(clock)
    form.timestamps = "relative"
    assert form.line(line("x", NOW - 125)) == " 2m05s x"
    clock.advance(60)
    assert form.line(line("x", NOW - 125)) == " 3m05s x"


def test_another_day_shows_its_date() -> None:
    assert clock_time(NOW - 86_400, UTC, NOW) == "09-20 14:13:20.000Z"
    assert clock_time(NOW, UTC, NOW) == "14:13:20.000Z"


@pytest.mark.parametrize("at", [0.0, math.nan, math.inf, 1e300, -1e300])
def test_a_time_beyond_the_calendar_is_blank(at: float) -> None:
    assert clock_time(at, UTC, NOW).strip() == ""
    assert clock_time(at, None, NOW).strip() == ""
    assert saved_line(line("x", at)).startswith("- web/app x")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0s"),
        (59.9, "59s"),
        (60, "1m00s"),
        (3599, "59m59s"),
        (3600, "1h00m"),
        (90_000, "1d1h"),
        (864_000, "10d"),
        (1e12, "11574d"),
        (None, ""),
        (math.nan, ""),
    ],
)
def test_age(seconds: float | None, expected: str) -> None:
    assert age(seconds) == expected
    assert len(age(seconds)) <= 6


def test_the_source_column_grows_and_never_shrinks() -> None:
    form = LogFormat(ManualClock(NOW))
    assert form.admit({"a"})
    assert not form.admit({"b"})
    assert form.admit({"long-name"})
    assert not form.admit({"a", "c"})
    assert form.source_width == 9
    assert form.admit({"x" * 200})
    assert form.source_width == MAX_SOURCE


def test_a_long_source_shows_its_end() -> None:
    form = LogFormat(ManualClock(NOW))
    form.timestamps = "off"
    name = "a-very-long-deployment-name-7d9f8c6b5-abcde/app"
    form.admit({name})
    assert form.line(line("x", source=name)) == "…nt-name-7d9f8c6b5-abcde/app x"


def test_the_source_gives_way_in_a_narrow_pane() -> None:
    form = LogFormat(ManualClock(NOW))
    form.timestamps = "off"
    name = "deployment-7d9f8c6b5-abcde/app"
    form.admit({name})
    assert form.fit(80)
    assert not form.fit(82)
    assert form.line(line("x", source=name)) == "…8c6b5-abcde/app x"
    assert form.fit(200)
    assert form.line(line("x", source=name)) == "…loyment-7d9f8c6b5-abcde/app x"


def test_a_note_is_framed() -> None:
    form = written()
    note = Note(at=NOW, text="task 1f2e started")
    assert form.line(note) == "14:13:20.000Z ── task 1f2e started ──"
    assert saved_line(note) == "2026-09-21T14:13:20.000Z ── task 1f2e started ──"


def test_json_is_readable_or_raw() -> None:
    form = written()
    text = '{"level":"info","msg":"hi","n":1}'
    assert form.line(line(text)).endswith("web/app INFO  hi  n=1")
    form.json_mode = "raw"
    assert form.line(line(text)).endswith("web/app " + text)


def test_saving_keeps_all_of_a_line_but_what_is_unsafe() -> None:
    text = "x" * (MAX_DRAWN + 100) + "\x1b[31m\x07"
    saved = saved_line(line(text))
    assert saved == "2026-09-21T14:13:20.000Z web/app " + "x" * (MAX_DRAWN + 100) + "\ufffd"


@given(st.text(max_size=300), st.integers(10, 120), st.booleans(), st.booleans())
def test_a_layout_accounts_for_every_character(
    text: str, width: int, times: bool, sources: bool
) -> None:
    form = written()
    form.timestamps = "utc" if times else "off"
    form.show_source = sources
    layout = form.layout(line(text), width)
    body = "".join(piece for piece, _ in layout.parts.body)
    assert layout.starts[0] == 0
    assert layout.starts == sorted(layout.starts)
    assert len(body) - layout.starts[-1] + layout.parts.hidden == layout.hidden
    assert layout.rows == len(layout.starts) - 1 + (layout.hidden > 0)
    assert layout.indent <= width // 2


def test_a_huge_line_takes_a_bounded_number_of_rows() -> None:
    layout = written().layout(line("x" * 1_000_000), 60)
    assert layout.rows == MAX_ROWS + 1
    shown = layout.starts[-1]
    assert layout.hidden == 1_000_000 - shown
