"""One line made readable: nothing unsafe comes through, nothing costs more for being long."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.log_text import MAX_DRAWN, MAX_JSON, Piece, plain, readable, tidy

ESCAPES = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b]52;c;aGk=\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x9b2J",
        "\x90q\x9c",
        "\x1b[",
        "\x1b",
    ]
)
HOSTILE = st.lists(
    st.one_of(st.text(max_size=8), ESCAPES, st.characters(categories=["Cc", "Cf", "Cs"])),
    max_size=12,
).map("".join)


def words(pieces: list[Piece]) -> str:
    return "".join(text for text, _ in pieces)


def assert_safe(text: str) -> None:
    for char in text:
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}, hex(ord(char))


@given(HOSTILE)
def test_nothing_unsafe_is_drawn(text: str) -> None:
    assert_safe(tidy(text)[0])
    assert_safe(words(plain(text)[0]))


@given(st.dictionaries(HOSTILE, st.one_of(HOSTILE, st.integers(), st.lists(HOSTILE)), max_size=5))
def test_nothing_unsafe_comes_out_of_json(fields: dict[str, object]) -> None:
    found = readable(json.dumps(fields), keep_time=True)
    if found is not None:
        assert_safe(words(found[0]))


def test_escape_sequences_go_and_tabs_widen() -> None:
    assert tidy("\x1b[1;31mred\x1b[0m\tx") == ("red x", 0)
    assert tidy("\ta\tbc") == ("    a   bc", 0)
    assert tidy("a\x1b]52;c;aGk=\x07b\x9b2Jc") == ("abc", 0)
    assert tidy("50%\r100%") == ("50% 100%", 0)
    assert tidy("a\x00b\u202ec") == ("a\ufffdb\ufffdc", 0)


def test_markup_is_text() -> None:
    text = "[/foo] [@click=app.quit]x[/] [bold]"
    assert words(plain(text)[0]) == text


def test_long_lines_are_cut_and_counted() -> None:
    text, hidden = tidy("x" * 1_000_000)
    assert (len(text), hidden) == (MAX_DRAWN, 1_000_000 - MAX_DRAWN)
    pieces, hidden = plain("\x1b[31m" + "é" * 10_000)
    assert len(words(pieces)) + hidden + len("\x1b[31m") == 10_005


@pytest.mark.parametrize(
    ("text", "word", "role"),
    [
        ("2026-11-22 ERROR no", "ERROR", "error"),
        ("[WARN] slow", "WARN", "warning"),
        ("WARNING: x", "WARNING", "warning"),
        ("level=error msg=x", "error", "error"),
        ("ts=1 level=warn msg=x", "warn", "warning"),
        ("panic: oh", "panic", "error"),
        ("[error] x", "error", "error"),
        ("E1122 10:11:12.123456 7 x.go:1] y", "E", "error"),
        ("W1122 10:11:12.123456 7 x.go:1] y", "W", "warning"),
    ],
)
def test_level_is_marked(text: str, word: str, role: str) -> None:
    pieces, _ = plain(text)
    assert (word, role) in pieces
    assert words(pieces) == text


@pytest.mark.parametrize(
    "text",
    [
        "an error occurred",
        "ERRORS=0",
        "no terror here",
        "E1122 is a part",
        "INFO fine",
        "warning_x y",
    ],
)
def test_what_only_looks_like_a_level_is_not(text: str) -> None:
    assert plain(text)[0] == [(text, "text")]


def test_json_reads_as_level_message_and_pairs() -> None:
    line = (
        '{"ts":"2026-11-22T22:00:00Z","level":"error","msg":"it broke",'
        '"code":500,"who":"a b","ok":true}'
    )
    found = readable(line, keep_time=False)
    assert found == (
        [
            ("ERROR", "error"),
            (" ", "text"),
            ("it broke", "text"),
            ("  code=", "key"),
            ("500", "text"),
            (" who=", "key"),
            ('"a b"', "text"),
            (" ok=", "key"),
            ("true", "text"),
        ],
        0,
    )


def test_json_keeps_its_time_where_the_line_has_none() -> None:
    found = readable('{"time":123,"message":"m"}', keep_time=True)
    assert found is not None
    assert words(found[0]) == "m  time=123"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"level":30,"msg":"pino"}', "INFO  pino"),
        ('{"level":50,"msg":"pino"}', "ERROR pino"),
        ('{"severity":"WARNING","message":"gcp"}', "WARNING gcp"),
        ('{"a":1,"b":{"c":[1,2]}}', 'a=1 b={"c":[1,2]}'),
        ('{"msg":"two\\nlines","stack":"E: x\\n  at y"}', 'two ↵ lines  stack="E: x ↵   at y"'),
        ('{"a":"","msg":"x"}', 'x  a=""'),
        ('  {"msg":"x"}  ', "x"),
        ('{"level":"info"}', "INFO  "),
        ('{"level":true,"msg":{"a":1}}', 'level=true msg={"a":1}'),
        ('{"n":123456789012345678901234567890}', "n=123456789012345678901234567890"),
    ],
)
def test_json_forms(line: str, expected: str) -> None:
    found = readable(line, keep_time=False)
    assert found is not None
    assert words(found[0]) == expected


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[1]", "{not json}", '{"a":1', '"text"', "{" * 2000 + "}" * 2000, '{"a":1}{"b":2}'],
)
def test_what_is_not_a_json_object_is_left_alone(line: str) -> None:
    assert readable(line, keep_time=False) is None


def test_huge_json_is_left_alone_and_large_json_is_cut() -> None:
    assert readable('{"a":"' + "x" * MAX_JSON + '"}', keep_time=False) is None
    found = readable('{"a":"' + "x" * 20_000 + '","b":"y"}', keep_time=False)
    assert found is not None
    assert len(words(found[0])) == MAX_DRAWN
    assert found[1] == len("a=" + "x" * 20_000 + " b=y") - MAX_DRAWN
