"""Documents written: YAML that reads back as it was, JSON likewise, and lines highlighted."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from widgets.detail_layout import Row
from widgets.document_paint import highlighted, with_found
from widgets.document_text import block_lines, to_json, write
from widgets.document_yaml import to_yaml

TEXT = st.one_of(
    st.text(max_size=20),
    st.sampled_from([
        "yes", "null", "1e3", "2026-11-22", "0x1f", "=", "~", "a: b", "- x", "# c", "two\nlines",
        "two\nlines\n", " lead\nx", "tab\tx\ny", "trail \nx", "\n", "\n\nx", "x\n\n\n", "🙂\nx",
        "k: |", "|", ">-", "'", '"', "\x1b[31m", "\u202e", "a" * 300, "#!/bin/sh\necho: hi\n  x\n",
        "\u2028\nx", "\x85\nx", "\ufeffx\ny", "key: |\n  inner\n", "---\nx", "...\nx", "%x\ny",
    ]),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), TEXT,
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@given(VALUES)
def test_yaml_reads_back_as_it_was(document: object) -> None:
    assert yaml.safe_load(to_yaml(document)) == document


@given(VALUES, st.integers(1, 8))
def test_yaml_in_portions_is_what_it_is_in_one_go(document: object, portion: int) -> None:
    assert to_yaml(document, portion) == to_yaml(document, 1 << 30)


@given(VALUES)
def test_json_reads_back_as_it_was(document: object) -> None:
    assert json.loads(to_json(document)) == document


def test_yaml_is_as_people_write_it() -> None:
    shared = {"name": "web"}
    document = {
        "z": 1790000000.25,
        "a": [shared, shared],
        "script": "echo a\n  b\n",
        "long": "word " * 60,
        "city": "東京",
        "none": None,
        "yes": "yes",
    }
    assert to_yaml(document) == (
        "z: 1790000000.25\n"
        "a:\n- name: web\n- name: web\n"
        "script: |\n  echo a\n    b\n"
        f"long: '{'word ' * 60}'\n"
        "city: 東京\n"
        "none: null\n"
        "'yes': 'yes'\n"
    )


def test_json_keeps_numbers_of_any_size() -> None:
    assert json.loads(to_json({"n": 2**70})) == {"n": 2**70}


def test_what_is_no_document_raises() -> None:
    for language in ("yaml", "json"):
        with pytest.raises(ValueError, match=r"object|serial"):
            write({"x": object()}, language)  # type: ignore[arg-type]
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested"):
        write(deep, "yaml")


def inner(document: object) -> list[str]:
    written = write(document, "yaml")
    return [written.lines[i].strip() for i in sorted(written.inner)]


def test_the_content_of_blocks_is_known() -> None:
    document = {
        "a": "x: 1\n\ny: |\n",
        "b": ["l1\nl2", {"k": "v: 1\nw", "after": 1}],
        "c |": "x |",
        "d": {"e": "f: 1\ng"},
        "after": 2,
    }
    assert inner(document) == ["x: 1", "", "y: |", "l1", "l2", "v: 1", "w", "f: 1", "g"]


@given(VALUES)
def test_lines_outside_blocks_are_those_of_the_structure(document: object) -> None:
    written = write({"top": document, "end": 1}, "yaml")
    assert written.lines[-1] == "end: 1"
    assert len(written.lines) - 1 not in written.inner
    assert block_lines(written.lines) == sorted(written.inner)


def tones(row: Row) -> list[tuple[str, str]]:
    return [(text, tone) for text, tone in row if text.strip()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("name: web", [("name", "key"), (":", "quiet"), (" web", "text")]),
        ("  a/b.c:", [("a/b.c", "key"), (":", "quiet")]),
        ("- id: 5", [("- ", "quiet"), ("id", "key"), (":", "quiet"), (" 5", "literal")]),
        ("- - true", [("- - ", "quiet"), ("true", "text")]),
        ("'k: x': y", [("'k: x'", "key"), (":", "quiet"), (" y", "text")]),
        ("at: 10:11:12", [("at", "key"), (":", "quiet"), (" 10:11:12", "text")]),
        ("n: -1.5e+3", [("n", "key"), (":", "quiet"), (" -1.5e+3", "literal")]),
        ("s: |-", [("s", "key"), (":", "quiet"), (" |-", "quiet")]),
        ("arn:aws:x", [("arn:aws:x", "text")]),
    ],
)
def test_yaml_lines(line: str, expected: list[tuple[str, str]]) -> None:
    if line == "- - true":
        expected = [("- - ", "quiet"), ("true", "literal")]
    assert tones(highlighted(line, "yaml")) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('  "a\\"b": "c",', [('"a\\"b"', "key"), (":", "quiet"), (' "c"', "text"), (",", "quiet")]),
        ('"n": 12,', [('"n"', "key"), (":", "quiet"), (" 12", "literal"), (",", "quiet")]),
        ('"o": {', [('"o"', "key"), (":", "quiet"), (" {", "quiet")]),
        ("},", [("}", "quiet"), (",", "quiet")]),
        ('"item: x"', [('"item: x"', "text")]),
    ],
)
def test_json_lines(line: str, expected: list[tuple[str, str]]) -> None:
    assert tones(highlighted(line, "json")) == expected


def test_inner_lines_are_text() -> None:
    assert highlighted("  key: 5", "yaml", inner=True) == [("  key: 5", "text")]


@given(st.text(max_size=60), st.sampled_from(["yaml", "json"]))
def test_no_line_loses_a_character_or_draws_an_unsafe_one(line: str, language: str) -> None:
    row = highlighted(line, language)  # type: ignore[arg-type]
    drawn = "".join(text for text, _ in row)
    assert drawn.isprintable() or not line.isprintable()
    if line.isascii() and line.isprintable():
        assert drawn == line


def test_a_huge_line_is_bounded() -> None:
    row = highlighted('"k": "' + "x" * 1_000_000 + '"', "json")
    assert sum(len(text) for text, _ in row) < 5000
    assert row[-1][0].endswith(" more")


@given(st.text(alphabet="abAB ", max_size=30), st.sampled_from(["a", "ab", "bb"]))
def test_what_is_found_is_set_off(text: str, needle: str) -> None:
    row = with_found([(text[:7], "key"), (text[7:], "text")], needle, folded=True)
    assert "".join(part for part, _ in row) == text
    found = [part.lower() for part, tone in row if tone == "found"]
    assert found == [needle] * (text[:7].lower().count(needle) + text[7:].lower().count(needle))
