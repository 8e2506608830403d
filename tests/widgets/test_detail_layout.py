"""Descriptions laid out: within the width, aligned, and with nothing left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from backends.model import Health, Problem, Ref, Resource, Scope, Section
from widgets.detail_layout import (
    Row,
    head_row,
    pair_rows,
    problem_rows,
    section_rows,
    summary_rows,
    table_rows,
)

REF = Ref(Scope("ecs", "acme", "111122223333", "us-east-1", "shop"), "ecs/services", "web")


def resource(**changes: object) -> Resource:
    fields: dict[str, object] = {
        "ref": REF, "health": Health.DEGRADED, "status": "ACTIVE", "cells": ("web",), **changes,
    }  # fmt: skip
    return Resource(**fields)  # type: ignore[arg-type]


def texts(rows: list[Row]) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows]


TEXT = st.text(st.sampled_from("abcDEF  :/-é日本[]"), max_size=60)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8), st.integers(12, 80))
def test_pairs_fit_and_keep_every_character(pairs: list[tuple[str, str]], width: int) -> None:
    rows = pair_rows(pairs, width)
    assert all(cell_len(text.rstrip()) <= width for text in texts(rows))
    values = "".join(text for row in rows for text, tone in row if tone == "text")
    assert values.replace(" ", "") == "".join(value for _, value in pairs).replace(" ", "")
    keys = "".join(text for row in rows for text, tone in row if tone == "key")
    assert keys.replace(" ", "") == "".join(key for key, _ in pairs).replace(" ", "")


TABLES = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(TEXT, min_size=n, max_size=n),
        st.lists(st.lists(TEXT, max_size=n), max_size=5),
    )
)


@given(TABLES, st.integers(16, 100))
def test_tables_fit_and_keep_every_character(
    table: tuple[list[str], list[list[str]]], width: int
) -> None:
    head, body = table
    rows = table_rows(head, body, width)
    assert all(cell_len(text.rstrip()) <= width for text in texts(rows))
    drawn = sorted("".join(texts(rows)).replace(" ", ""))
    cells = sorted("".join(cell for line in body for cell in line).replace(" ", ""))
    for char in set(cells):
        assert drawn.count(char) >= cells.count(char)


def test_pairs_line_up() -> None:
    pairs = [("Status", "ACTIVE"), ("Task definition", "web:42"), ("K" * 40, "v")]
    assert texts(pair_rows(pairs, 60)) == [
        "Status           ACTIVE",
        "Task definition  web:42",
        "K" * 40,
        "                 v",
    ]


def test_long_values_continue_below_themselves() -> None:
    rows = texts(pair_rows([("Reason", "one two three four five")], 20))
    assert rows == ["Reason  one two", "        three four", "        five"]


def test_a_table_lines_up_and_wraps_its_widest_column() -> None:
    head = ("ID", "State", "Why")
    body = [("a-1", "RUNNING", ""), ("b-22", "STOPPED", "OutOfMemoryError: container killed")]
    assert texts(table_rows(head, body, 60)) == [
        "ID    State    Why",
        "a-1   RUNNING",
        "b-22  STOPPED  OutOfMemoryError: container killed",
    ]
    assert texts(table_rows(head, body, 36)) == [
        "ID    State    Why",
        "a-1   RUNNING",
        "b-22  STOPPED  OutOfMemoryError:",
        "               container killed",
    ]


def test_a_table_too_wide_for_columns_becomes_records() -> None:
    head = ("Name", "Desired", "Running", "Why")
    body = [("web", "5", "3", "starting"), ("api", "2", "2", "")]
    assert texts(table_rows(head, body, 20)) == [
        "Name     web",
        "Desired  5",
        "Running  3",
        "Why      starting",
        "",
        "Name     api",
        "Desired  2",
        "Running  2",
    ]


def test_a_table_without_a_head_or_with_ragged_lines() -> None:
    assert texts(table_rows((), [("a", "b"), ("c",)], 20)) == ["a   b", "c"]


def test_a_section_has_its_title_and_all_its_parts() -> None:
    section = Section("Both", pairs=(("k", "v"),), head=("h",), rows=(("c",),), lines=("x", ""))
    assert texts(section_rows(section, 30)) == ["Both", "k  v", "h", "c", "x", ""]
    assert section_rows(section, 30)[0][0][1] == "title"


def test_the_head_says_state_name_and_age() -> None:
    row = head_row("web", resource(), 1000.0, 1042.0, 60)
    assert "".join(text for text, _ in row) == "▲ ACTIVE  web  as of 42s ago"
    assert row[0][1] == "degraded"


@pytest.mark.parametrize("name", ["n" * 255, "名" * 255], ids=["narrow", "wide"])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_age_is_in_view_whatever_the_name(name: str, width: int) -> None:
    row = head_row(name, resource(status="S" * 300), 1000.0, 1042.0, width)
    text = "".join(text for text, _ in row)
    assert cell_len(text) <= width
    assert text.endswith("as of 42s ago")


def test_a_summary_has_reason_address_and_counts() -> None:
    rows = texts(summary_rows(resource(reason="it fails", ready=1, desired=3, pending=2), 100))
    assert rows == [
        "Reason   it fails",
        "Address  ecs / acme / 111122223333 / us-east-1 / shop / services / web",
        "Ready    1 of 3 desired, 2 pending",
    ]
    assert len(summary_rows(resource(), 100)) == 1
    assert texts(summary_rows(resource(desired=0), 100))[-1] == "Ready    – of 0 desired"


def test_a_problem_says_what_was_tried_what_came_back_and_what_to_do() -> None:
    rows = texts(problem_rows(Problem("denied", "ecs:Describe", "no", "ask"), 60))
    assert rows[0].startswith("✗ ")
    assert rows[1:] == ["Tried      ecs:Describe", "Came back  no", "Do         ask"]


def test_text_from_outside_is_cleaned() -> None:
    evil = "\x1b[31m[/x]\u202e\x07 \u00ad\U000e0041"
    section = Section(evil, pairs=((evil, evil),), head=(evil,), rows=((evil,),), lines=(evil,))
    for text in texts(section_rows(section, 60)):
        assert text.isprintable()
        assert "[/x]" in text
