"""Time ranges, tables of answers and remembered queries of the Insights screen."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.logs.insights_model import (
    POINTER,
    Answer,
    Estimate,
    Price,
    Question,
    State,
)
from backends.model import Format, Scope
from backends.sim.insights_language import parse
from tui.insights_asking import Asking, Phase, place_in
from tui.insights_book import KEPT, STARTERS, QueryBook, suspicious
from tui.insights_range import LONGEST, PRESETS, UNITS, Range, parse_range, span_words
from tui.insights_rows import BAR, bar, shown_time, table_of
from tui.screens.insights_confirm import cost_words, price_words
from widgets.question_lines import about, bytes_words

SCOPE = Scope("ecs", "prod", "111122223333", "us-east-1")
NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-11-22 14:00 to 15:30Z", "2026-11-22T14:00", "2026-11-22T15:30"),
        ("2026-11-21 to 2026-11-22 UTC", "2026-11-21T00:00", "2026-11-22T00:00"),
        ("14:00 to 14:05:30 Z", "2026-11-22T14:00", "2026-11-22T14:05:30"),
        ("2026-11-21T23:00 .. 24:00Z", "2026-11-21T23:00", "2026-11-22T00:00"),
        ("2026-11-21T23:00Z - 2026-11-22 01:00Z", "2026-11-21T23:00", "2026-11-22T01:00"),
    ],
)
def test_two_moments_are_a_range(text: str, start: str, end: str) -> None:
    found = parse_range(text, NOW)
    wanted = [datetime.fromisoformat(moment + "Z").timestamp() for moment in (start, end)]
    assert [found.start, found.end] == wanted
    assert found.at(NOW + 99) == (found.start, found.end)


@given(st.integers(1, 500), st.sampled_from(sorted(UNITS)))
def test_a_span_counts_back_from_the_question(count: int, unit: str) -> None:
    seconds = count * UNITS[unit]
    if seconds > LONGEST:
        with pytest.raises(ValueError, match="year"):
            parse_range(f"{count}{unit}", NOW)
        return
    found = parse_range(f"last {count} {unit}", NOW)
    assert found.at(NOW) == (int(NOW) - seconds, int(NOW))
    assert parse_range(span_words(seconds), NOW) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not understood"),
        ("soon", "not understood"),
        ("0h", "before it begins"),
        ("2026-13-01 to 2026-14-01", "no time"),
        ("15:00 to 14:00", "before it begins"),
        ("2020-01-01 to 2026-01-01", "year"),
        ("to", "not understood"),
    ],
)
def test_what_is_no_range_is_said_to_be_none(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_range(text, NOW)


@given(st.text(max_size=40))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        found = parse_range(text, NOW)
    except ValueError:
        return
    start, end = found.at(NOW)
    assert 0 < end - start <= LONGEST


def test_a_range_of_moments_is_written_as_it_is_typed() -> None:
    made = Range(0, int(NOW) - 5400, int(NOW))
    assert made.words(UTC) == "2026-11-22 14:30:00 to 16:00:00 UTC"
    assert parse_range(made.words(UTC), NOW) == made
    assert [one.words() for one in PRESETS][:2] == ["the last 15m", "the last 1h"]


def answer(*rows: dict[str, str], state: State = State.COMPLETE, **more: int) -> Answer:
    return Answer(state, tuple(tuple(row.items()) for row in rows), **more)


def test_an_answer_is_a_table_with_numbers_and_times() -> None:
    found = table_of(
        answer(
            {"@timestamp": "2026-11-22 14:00:00.000", "status": "200", "took": "1.5", POINTER: "x"},
            {"@timestamp": "2026-11-22 14:00:01.000", "status": "503", "user": "007"},
        ),
        SCOPE,
        utc=True,
    )
    assert [column.title for column in found.columns] == [
        "#",
        "@timestamp",
        "status",
        "took",
        "user",
    ]
    formats = [column.format for column in found.columns]
    assert formats == [Format.NUMBER, Format.TEXT, Format.NUMBER, Format.NUMBER, Format.TEXT]
    assert found.rows[0].cells == (1, "2026-11-22 14:00:00.000", 200, 1.5, None)
    assert found.rows[1].cells == (2, "2026-11-22 14:00:01.000", 503, None, "007")
    assert found.rows[0].raw[POINTER] == "x"
    assert len({row.ref for row in found.rows}) == 2


def test_counts_by_time_have_bars() -> None:
    rows = [{"bin(5m)": f"2026-11-22 14:{m:02d}:00.000", "n": str(m)} for m in (0, 5, 10)]
    found = table_of(answer(*rows), SCOPE)
    assert [row.cells[-1] for row in found.rows] == ["", bar(0.5), "█" * BAR]
    other = table_of(answer({"level": "a", "n": "1"}), SCOPE)
    assert len(other.columns) == 3


@given(st.floats(0, 1))
def test_a_bar_is_as_long_as_its_share(share: float) -> None:
    drawn = bar(share)
    assert len(drawn) <= BAR
    assert abs(drawn.count("█") - share * BAR) <= 1


VALUES = st.one_of(st.text(max_size=6), st.integers().map(str), st.floats().map(str))


@given(st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=6))
def test_any_answer_is_a_table(records: list[dict[str, str]]) -> None:
    found = table_of(answer(*records), SCOPE)
    keys = [column.key for column in found.columns]
    assert len(set(keys)) == len(keys)
    assert all(key == key.lower() and " " not in key for key in keys)
    assert len(found.rows) == len(records)
    assert all(len(row.cells) == len(found.columns) for row in found.rows)
    titles = {name for record in records for name in record} - {POINTER}
    assert titles <= {column.title for column in found.columns}


@given(st.integers(40_000_000, 32_000_000_000), st.integers(0, 999))
def test_a_time_is_the_same_moment_in_local_time(second: int, milli: int) -> None:
    moment = datetime.fromtimestamp(second, UTC).replace(microsecond=milli * 1000)
    text = moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{milli:03d}"
    assert shown_time(text, utc=True) == text
    local = datetime.strptime(shown_time(text, utc=False), "%Y-%m-%d %H:%M:%S.%f").astimezone()
    assert abs((local - moment).total_seconds()) in (0, 3600)  # an hour that a clock shows twice


@pytest.fixture
def _in_india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be five and a half hours ahead of UTC."""
    monkeypatch.setenv("TZ", "IST-5:30")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_in_india")
def test_times_are_those_of_where_one_is() -> None:
    assert shown_time("2026-11-22 14:00:00.250", utc=False) == "2026-11-22 19:30:00.250"
    found = parse_range("2026-11-22 19:30 to 21:00", NOW)
    assert found == parse_range("2026-11-22 14:00 to 15:30Z", NOW)
    assert found.words() == "2026-11-22 19:30:00 to 21:00:00"
    assert parse_range("20:00 to 21:00", NOW).end == NOW - 1800


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.title)
def test_every_query_to_begin_with_is_understood(starter: tuple[str, str]) -> None:
    parse(starter[1])
    parse(f'filter @logStream like "f00d"\n| {starter[1]}')


def test_the_last_queries_are_remembered_for_their_owner_alone(tmp_path: Path) -> None:
    book = QueryBook(tmp_path / "state" / "queries.json")
    assert book.load() == ()
    for number in range(KEPT + 5):
        assert book.remember(f"fields a | limit {number}")
    book.remember("fields a | limit 30")
    assert len(book.load()) == KEPT
    assert book.load()[:2] == ("fields a | limit 30", f"fields a | limit {KEPT + 4}")
    path = tmp_path / "state" / "queries.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [child.name for child in path.parent.iterdir()] == ["queries.json"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'["a', b"[" * 10_000])
def test_a_broken_file_of_queries_is_done_without(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "queries.json"
    path.write_bytes(content)
    assert QueryBook(path).load() == ()
    assert QueryBook(path).remember("fields a")
    assert QueryBook(path).load() == ("fields a",)


@pytest.mark.parametrize(
    "query",
    [
        "filter @message like 'AKIAIOSFODNN7EXAMPLE'",
        "filter token = 'x'\n| filter @message like /Authorization: Bearer abc.def/",
        "filter url like 'https://me:secret@example.com/'",
    ],
)
def test_a_query_with_a_credential_is_not_written_down(tmp_path: Path, query: str) -> None:
    assert suspicious(query)
    book = QueryBook(tmp_path / "queries.json")
    assert not book.remember(query)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_can_not_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    assert not QueryBook(tmp_path / "state" / "queries.json").remember("fields a")


@pytest.mark.parametrize(
    ("scanned", "known", "said"),
    [
        (12_400_000_000, True, "Will scan about 12.4 GB in 3 log groups: about $0.06, somehow."),
        (1_000, True, "Will scan about 1.0 kB in 3 log groups: less than $0.01, somehow."),
        (None, True, "What it will scan in 3 log groups is not known (somehow)."),
    ],
)
def test_the_cost_is_said_in_a_sentence(scanned: int | None, known: bool, said: str) -> None:
    assert cost_words(Estimate(scanned, "somehow", Price(0.005, known)), 3) == said


def test_a_price_that_is_not_known_is_said_to_be_none() -> None:
    assert "0.005 USD a GB" in price_words(Estimate(1, "", Price(0.005, True)), "us-east-1")
    assert "not known" in price_words(Estimate(1, "", Price(0.0076, False)), "mars-north-1")


@given(st.floats(0, 1e15))
def test_bytes_are_said_in_decimal_units(count: float) -> None:
    value, unit = bytes_words(count).split()
    size = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[unit]
    assert float(value) * size == pytest.approx(count, rel=0.06, abs=0.5)
    assert about(count / 1e9).startswith(("about $", "less than $0.01", "$0.00"))


def asked() -> Asking:
    asking = Asking("web")
    asking.begin(
        Question(SCOPE, ("/a", "/b"), "q", int(NOW) - 60, int(NOW)),
        Estimate(1_000_000, "somehow", Price(0.005, True)),
        100.0,
    )
    return asking


def test_progress_is_told_in_words_and_figures() -> None:
    asking = asked()
    asking.hear(answer(state=State.RUNNING, scanned=250_000, matched=2, examined=10), 103.0)
    told = asking.progress(105.0)
    assert (told.state, told.share) == ("Running", 0.25)
    assert told.parts == ("0 rows", "250 kB scanned", "2 of 10 events matched", "5 s")
    asking.hear(answer({"a": "1"}, scanned=900_000_000_0, matched=2, examined=10, total=12), 110.0)
    told = asking.progress(500.0)
    assert (told.state, told.share) == ("Complete", None)
    assert told.parts[0] == "the first 1 of 12 rows"
    assert told.parts[1] == "9.0 GB scanned: about $0.04"
    assert told.parts[-1] == "10 s"


@pytest.mark.parametrize("state", [State.FAILED, State.TIMEOUT, State.CANCELLED])
def test_an_end_that_is_no_answer_is_told(state: State) -> None:
    asking = asked()
    asking.hear(answer(state=state), 103.0)
    assert asking.phase is Phase.FAILED
    assert str(state) in asking.empty()
    assert asking.progress(0.0).state != "Complete"


def test_an_answer_stays_while_the_next_question_is_put() -> None:
    asking = asked()
    asking.hear(answer({"a": "1"}, total=1), 110.0)
    told = asking.progress(110.0)
    asking.estimating(200.0)
    assert asking.running
    asking.end(Phase.FAILED, 210.0)
    assert asking.progress(300.0) == told
    asking.estimating(400.0)
    asking.estimated()
    assert asking.progress(500.0) == told


def test_a_question_ends_with_the_next_one() -> None:
    asking = asked()
    asking.hear(answer({"a": "1"}, state=State.RUNNING, total=1), 104.0)
    asking.estimating(110.0)
    asking.estimated()
    assert asking.progress(500.0).state == "Stopped"
    assert asking.progress(500.0).parts[-1] == "10 s"


def test_an_empty_answer_says_why() -> None:
    asking = asked()
    asking.hear(answer(state=State.RUNNING), 101.0)
    asking.end(Phase.STOPPED, 104.0)
    assert asking.progress(0.0).state == "Stopped"
    asking = asked()
    asking.hear(answer(state=State.RUNNING), 101.0)
    assert "No rows yet" in asking.empty()
    asking.hear(answer(), 103.0)
    assert "nothing to scan in 2 log groups" in asking.empty()
    asking.hear(answer(examined=5000), 103.0)
    assert "None of the 5,000 events" in asking.empty()


def test_a_complaint_is_found_in_the_query() -> None:
    assert place_in("unexpected symbol found x at line 4 and position 12") == (3, 12)
    assert place_in("rate exceeded") is None
