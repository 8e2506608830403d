"""Tables as bytes: real ones, any that may come, and broken ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.base import BackendError
from backends.eks.errors import Act, Garbled, Gone
from backends.eks.kinds.tables import BORN, Definition, cell_of, layout_of
from backends.eks.secrets import masked
from backends.eks.tablecodec import TableCodec
from backends.model import Format
from backends.text import UNSAFE

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden" / "kubernetes" / "tables.json").read_text()
)
ACT = Act("list", "things")


def decoded(table: Any, *, namespaced: bool = True) -> tuple[TableCodec, list[Any]]:
    codec = TableCodec(namespaced=namespaced)
    return codec, codec.page(json.dumps(table).encode(), ACT).items


def titles(codec: TableCodec, *, wide: bool | None = None) -> list[str]:
    return [c.title for c in codec.columns if wide is None or c.wide is wide]


def test_a_real_table_of_a_custom_kind() -> None:
    codec, rows = decoded(GOLDEN["tables"]["queues"])
    assert titles(codec) == ["Name", "Namespace", "Depth", "Replicas", "Phase", "Owner", "Age"]
    assert titles(codec, wide=True) == ["Owner"]
    row = rows[0]
    assert (row.metadata.name, row.metadata.namespace) == ("audit", "shop")
    assert row.cells == (5, 1, None, "team-a", 1795382848.0)
    assert codec.columns[2].format is Format.NUMBER
    assert codec.columns[-1].format is Format.AGE


def test_a_real_table_whose_name_comes_last() -> None:
    codec, rows = decoded(GOLDEN["tables"]["events"])
    assert titles(codec)[:3] == ["Name", "Namespace", "Last Seen"]
    assert titles(codec).count("Name") == 1
    assert rows[0].metadata.name.startswith("agent-")
    assert rows[0].cells[1] == "Normal"
    assert titles(codec, wide=True)[-1] == "Age"  # the server shows none


def test_a_real_table_of_a_kind_without_namespaces() -> None:
    codec, rows = decoded(GOLDEN["tables"]["nodes"], namespaced=False)
    assert titles(codec)[:2] == ["Name", "Status"]
    assert len(rows[0].cells) == len(codec.columns) - 1


def test_a_real_watch() -> None:
    codec, _ = decoded(GOLDEN["tables"]["queues"])
    events = [codec.event(json.dumps(line).encode(), ACT) for line in GOLDEN["watch"]]
    assert [e.type for e in events] == ["ADDED", "ADDED", "ADDED", "BOOKMARK"]
    assert [e.obj.metadata.name for e in events if e.obj] == ["audit", "emails", "orders"]
    assert events[1].obj is not None
    assert events[1].obj.cells[0] == 20
    assert [e.version for e in events] == ["482", "480", "590", "2051"]


def test_other_columns_in_a_watch_ask_for_a_new_list() -> None:
    codec, _ = decoded(GOLDEN["tables"]["queues"])
    line = json.loads(json.dumps(GOLDEN["watch"][0]))
    line["object"]["columnDefinitions"][1]["name"] = "Weight"
    with pytest.raises(Gone):
        codec.event(json.dumps(line).encode(), ACT)


def test_a_server_without_tables_gives_names_and_ages() -> None:
    meta = {"name": "a", "namespace": "b", "creationTimestamp": "2026-11-22T21:27:28Z"}
    codec, rows = decoded({"kind": "ThingList", "items": [{"metadata": meta}]})
    assert titles(codec) == ["Name", "Namespace", "Age"]
    assert rows[0].cells == (1795382848.0,)
    event = {"type": "ADDED", "object": {"kind": "Thing", "metadata": meta}}
    happened = codec.event(json.dumps(event).encode(), ACT)
    assert happened.obj == rows[0]


def test_one_bad_row_does_not_spoil_the_others() -> None:
    table = json.loads(json.dumps(GOLDEN["tables"]["queues"]))
    good = table["rows"][0]
    nameless = {"cells": ["x"], "object": {"metadata": {}}}
    table["rows"] = [{"cells": 5}, good, nameless, {"cells": [], "object": None}, "x"]
    codec, rows = decoded(table)
    assert [row.metadata.name for row in rows] == ["audit"]
    assert codec.unreadable == 4
    assert codec.why


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"{}", b'{"kind":"Status"}', b"<html>"])
def test_what_is_no_table_is_garbled(body: bytes) -> None:
    with pytest.raises(Garbled):
        TableCodec(namespaced=True).page(body, ACT)


@pytest.mark.parametrize(
    ("definition", "is_age"),
    [
        (Definition("Age", "date", "", "anything"), True),
        (Definition("AGE", "string", "", "CreationTimestamp is a timestamp representing"), True),
        (
            Definition(
                "Age", "date", "", "Custom resource definition column (in JSONPath format): .x.y"
            ),
            False,
        ),
        (Definition("Age", "integer", "", "Years"), False),
        (Definition("Last Seen", "date", "", "CreationTimestamp"), False),
    ],
)
def test_only_the_time_of_creation_is_an_age(definition: Definition, *, is_age: bool) -> None:
    layout = layout_of([definition], namespaced=True)
    assert (layout.picks[0] == BORN) is is_age
    assert BORN in layout.picks


def test_a_servers_own_age_and_the_time_of_creation_have_names_of_their_own() -> None:
    layout = layout_of([Definition("Age", "integer", "", "Years")], namespaced=False)
    assert [column.title for column in layout.columns] == ["Name", "Age", "Created"]
    assert [column.key for column in layout.columns] == ["name", "age-2", "age"]


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["\x1b]52;c;eA==\x07", "a\nb", "\u202eabc", "[red]x[/red]", 10**400])
)  # fmt: skip
CELLS = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(), SCALARS, max_size=2)
NAMES = st.text(max_size=12) | st.sampled_from(
    ["Name", "Age", "Status", "Cluster", "Why", "Ready", "\x1b[2J", "", "ready", "READY"]
)
DEFINITIONS = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "type": st.sampled_from(["string", "integer", "number", "boolean", "date", "odd"]),
        "format": st.sampled_from(["", "name", "int64"]),
        "description": st.text(max_size=5),
        "priority": st.integers(-1, 3),
    },
)
META = st.fixed_dictionaries(
    {"name": st.text(max_size=9)},
    optional={"namespace": st.text(max_size=5), "uid": st.text(max_size=3)},
)
ROWS = st.fixed_dictionaries(
    {"cells": st.lists(CELLS, max_size=6), "object": st.fixed_dictionaries({"metadata": META})}
)
TABLES = st.fixed_dictionaries(
    {
        "kind": st.just("Table"),
        "columnDefinitions": st.lists(DEFINITIONS, max_size=6),
        "rows": st.lists(ROWS, max_size=4),
    }
)


@pytest.mark.parametrize("number", [10**400, -(10**30), math.inf, -math.inf, math.nan])
def test_a_number_that_is_no_count_is_told_in_words(number: float) -> None:
    assert cell_of(number) == "out of range"


@given(TABLES, st.booleans())
def test_any_table_gives_rows_that_fit_their_columns(table: Any, namespaced: bool) -> None:
    table = json.loads(json.dumps(table, default=str).replace("NaN", "0").replace("Infinity", "1"))
    codec, rows = decoded(table, namespaced=namespaced)
    keys = [column.key for column in codec.columns]
    assert len(set(keys)) == len(keys)
    assert all(key and key == key.lower() and " " not in key for key in keys)
    assert not [column for column in codec.columns if UNSAFE.search(column.title)]
    named = [row for row in table["rows"] if row["object"]["metadata"]["name"]]
    assert len(rows) == len(named)
    for row in rows:
        assert len(row.cells) == len(codec.columns) - 1 - namespaced
        for cell in row.cells:
            assert cell is None or isinstance(cell, str | int | float)
            assert not isinstance(cell, bool)
            assert not (isinstance(cell, str) and UNSAFE.search(cell))
            assert not (isinstance(cell, float) and not math.isfinite(cell))
            str(cell)


@given(st.binary(max_size=60))
def test_any_bytes_are_rows_or_an_error(body: bytes) -> None:
    codec = TableCodec(namespaced=True)
    for decode in (codec.page, codec.event):
        try:
            decode(body, ACT)
        except BackendError:
            continue


VALUES = st.dictionaries(st.text(max_size=5), st.text(min_size=6, max_size=20), max_size=4)


@given(VALUES, VALUES)
def test_no_value_of_a_secret_gets_through(data: dict[str, str], more: dict[str, str]) -> None:
    secret = {
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": str(data)},
        },
        "data": data,
        "stringData": more,
    }
    found = masked(secret)
    assert found["data"].keys() == data.keys()
    assert found["stringData"].keys() == more.keys()
    shown = [*found["data"].values(), *found["stringData"].values()]
    shown += found["metadata"]["annotations"].values()
    assert all(text.startswith("hidden") for text in shown)
    values = {v for v in (*data.values(), *more.values()) if v not in "hidden, not base64 bytes"}
    assert not [(text, value) for text in shown for value in values if value in text]


def test_only_secrets_are_masked() -> None:
    config = {"kind": "ConfigMap", "data": {"a": "b"}}
    assert masked(config) is config
    assert masked(None) is None
    assert masked({"kind": "Secret", "data": None})["data"] == {}
    assert masked({"kind": "Secret", "data": {"a": "!"}})["data"] == {"a": "hidden, not base64"}
