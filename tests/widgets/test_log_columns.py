"""Fields in columns: which are chosen, that they align, and that nothing is lost."""

import json
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from backends.clock import ManualClock
from backends.model import LogLine
from widgets.log_buffer import Note
from widgets.log_columns import MAX_CELL, MIN_MESSAGE, Columns, structured
from widgets.log_format import LogFormat
from widgets.log_levels import ERROR, INFO
from widgets.log_traces import CONTINUES

NOW = 1_790_000_000.0


def entry(text: str, level: int = 0) -> tuple[LogLine, int]:
    return LogLine(at=NOW, source="web", text=text), level


def told(**fields: object) -> tuple[LogLine, int]:
    return entry(json.dumps({"time": "x", "level": "info", **fields}), INFO)


def drawn(columns: Columns, line: tuple[LogLine, int]) -> str:
    found = columns.pieces(line[0].text, line[1], keep_time=False)
    assert found is not None
    return "".join(text for text, _ in found[0])


LINES = [
    told(msg="cache miss", path="/a", status=200, ms=5.5, odd="only here"),
    told(msg="job finished", path="/items/7", status=503, ms=1234, ctx={"user": "bob"}),
    told(msg="ok", path="/", status=404, ms=7, ctx={"user": "al"}),
]


def test_common_fields_are_aligned_and_the_rest_follows() -> None:
    columns = Columns()
    assert columns.update(LINES, 100)
    assert columns.heading() == "MESSAGE       path      status    ms  ctx.user"
    assert [drawn(columns, line) for line in LINES] == [
        'cache miss    /a           200   5.5  -         odd=only here',
        "job finished  /items/7     503  1234  bob     ",
        "ok            /            404     7  al      ",
    ]  # fmt: skip
    assert not columns.update(LINES, 100)


def test_columns_stay_and_widen_while_lines_have_them() -> None:
    columns = Columns()
    columns.update(LINES, 100)
    assert columns.update([*LINES, told(msg="x", path="/much/longer", status=1, new=1)], 100)
    assert columns.heading() == "MESSAGE       path          status    ms  ctx.user"
    assert columns.update([told(msg="y", host="h"), told(msg="y", host="h2")], 100)
    assert columns.heading().split() == ["MESSAGE", "host"]


def test_a_column_does_not_change_sides() -> None:
    columns = Columns()
    columns.update([told(size=1), told(size="large")], 100)
    columns.update([told(size=22), told(size=3)], 100)
    assert drawn(columns, told(size=3)) == "3    "


def test_what_does_not_fit_is_left_to_the_end_of_the_line() -> None:
    columns = Columns()
    columns.update(LINES, 33)
    assert columns.heading().split() == ["MESSAGE", "path", "status"]
    assert drawn(columns, LINES[0]).endswith("  ms=5.5  odd=only here")


def test_long_values_are_cut_to_what_there_is_room_for() -> None:
    columns = Columns()
    columns.update([told(msg="m" * 500, path="p" * 500, status=1)] * 2, 100)
    assert cell_len(columns.heading()) == 100
    assert [column.width for column in columns.chosen] == [MAX_CELL, len("status")]
    assert drawn(columns, told(msg="m" * 500, path="p" * 500, status=1)).count("…") == 2
    columns.update([told(msg="m" * 50, path="p" * 30, status=1)] * 2, 120)
    assert "…" not in drawn(columns, told(msg="m" * 50, path="p" * 30, status=1))


def test_pairs_and_access_logs_have_columns_too() -> None:
    logfmt = [entry('ts=1 level=info msg="so it is" status=200', INFO)] * 2
    columns = Columns()
    columns.update(logfmt, 100)
    assert columns.heading() == "MESSAGE   status"
    assert drawn(columns, logfmt[0]) == "so it is     200"
    mixed = [entry("2026-09-21T14:13:20Z ERROR [db] no answer host=db1 in 5ms", ERROR)] * 2
    columns = Columns()
    columns.update(mixed, 100)
    assert drawn(columns, mixed[0]) == "[db] no answer in 5ms  db1 "
    access = [entry('10.0.0.1 - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1" 404 1')] * 2
    columns = Columns()
    columns.update(access, 100)
    assert drawn(columns, access[0]) == "10.0.0.1  GET     /        404      1"


def test_what_json_has_escaped_is_not_drawn() -> None:
    columns, line = Columns(), told(msg="a\x1b[31mred\u202e\u540d", ms=1)
    columns.update([line], 80)
    assert drawn(columns, line).split() == ["ared\ufffd\u540d", "1"]
    assert cell_len(drawn(columns, line)) == cell_len(columns.heading())


def test_lines_without_fields_are_left_alone() -> None:
    columns = Columns()
    assert not columns.update([entry("plain"), (Note(at=1.0, text="a=b"), 0)], 100)
    assert columns.pieces("plain", 0, keep_time=False) is None


def test_a_single_line_has_columns() -> None:
    columns = Columns()
    columns.update(LINES[:1], 200)
    assert columns.heading().split() == ["MESSAGE", "path", "status", "ms", "odd"]


VALUES = st.one_of(st.integers(), st.booleans(), st.none(), st.text(max_size=40))


@given(
    st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=6), max_size=6),
    st.integers(1, 200),
)
def test_any_fields_align_and_every_name_is_told(
    dicts: list[dict[str, object]], width: int
) -> None:
    entries = [entry(json.dumps(fields)) for fields in dicts]
    columns = Columns()
    columns.update(entries, width)
    heading = columns.heading()
    assert columns.message == 0 or columns.message >= 1
    assert columns.message <= max(MIN_MESSAGE, width)
    for line, _ in entries:
        found = columns.pieces(line.text, 0, keep_time=False)
        parsed = structured(line.text, 0, keep_time=False)
        assert (found is None) == (parsed is None)
        if found is None or parsed is None:
            continue
        text = "".join(piece for piece, _ in found[0])
        assert not {unicodedata.category(c) for c in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        fixed = bool(columns.message) + len(columns.chosen)
        assert cell_len("".join(piece for piece, _ in found[0][:fixed])) == cell_len(heading)
        shown = {column.name for column in columns.chosen}
        assert len(found[0]) == fixed + len(parsed.fields.keys() - shown)


def test_the_level_has_a_column_and_is_not_said_twice() -> None:
    form = LogFormat(ManualClock(NOW))
    form.timestamps = "off"
    form.show_levels = True
    for text, mark, expected in [
        ('{"level":"error","msg":"no"}', ERROR, "ERROR no"),
        ('{"level":"high","msg":"no"}', 0, "      HIGH  no"),
        ("[ERROR] no", ERROR, "ERROR no"),
        ("ERROR: no", ERROR, "ERROR no"),
        ("2026-09-21T14:13:20.123Z  INFO 1 --- [main] a : b", INFO, "INFO  1 --- [main] a : b"),
        ("2026/09/21 14:13:20 [error] 7#7: x", ERROR, "ERROR 7#7: x"),
        ("ERROR:root:no", ERROR, "ERROR ERROR:root:no"),
        ("Error handling is on", 0, "      Error handling is on"),
        ("INFO looks like it", ERROR, "ERROR INFO looks like it"),
        ("java.lang.Error: x", CONTINUES | ERROR, "      java.lang.Error: x"),
        ("ERROR", ERROR, "ERROR"),
    ]:
        assert form.line(LogLine(at=NOW, source="", text=text), mark) == expected
    form.json_mode = "raw"
    assert form.line(LogLine(at=NOW, source="", text="[ERROR] no"), ERROR) == "[ERROR] no"


def test_a_time_of_its_own_stays_where_there_is_no_other() -> None:
    form = LogFormat(ManualClock(NOW))
    form.timestamps = "off"
    form.show_levels = True
    text = "2026-09-21T14:13:20Z ERROR no"
    assert form.line(LogLine(at=0.0, source="", text=text), ERROR) == f"ERROR {text}"
    assert form.line(LogLine(at=NOW, source="", text=text), ERROR) == "ERROR no"


def test_the_mode_draws_columns() -> None:
    form = LogFormat(ManualClock(NOW))
    form.timestamps = "off"
    form.show_levels = True
    form.json_mode = "columns"
    form.columns.update(LINES, 100)
    line = form.line(LINES[1][0], INFO)
    assert re.fullmatch(r"INFO  job finished  /items/7     503  1234  bob", line)
    assert form.line(LogLine(at=NOW, source="", text="ERROR x"), ERROR) == "ERROR x"
