"""JSON in pieces is the same as JSON at once."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends import pieces

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False,
    allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(JSON, st.integers(1, 80))
def test_pieces_of_any_size_make_the_same_whole(value: Any, piece: int) -> None:
    document = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", piece)
        found = pieces.loads(document)
    assert found == orjson.loads(document)
    assert orjson.dumps(found) == orjson.dumps(value)  # the order of keys too


@pytest.mark.parametrize(
    "document", [b"", b"{", b"[1, 2", b'{"a": 1} x', b"\xff", b'{"a": tru}', b"[1,]"]
)
def test_what_is_no_json_is_refused_whole_or_in_pieces(
    document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"line|JSON|json|truncated|Invalid|empty|data"):
        pieces.loads(document)
    monkeypatch.setattr(pieces, "PIECE", 1)
    with pytest.raises(ValueError, match=r"line|JSON|json|truncated|Invalid|empty|data"):
        pieces.loads(document)


def test_another_thread_has_turns_while_a_large_document_is_parsed() -> None:
    document = orjson.dumps({f"k{n}": [{"name": "x" * 40, "n": n}] * 40 for n in range(3000)})
    turns, done = [0], threading.Event()

    def look() -> None:
        while not done.is_set():
            turns[0] += 1
            time.sleep(0)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    other = threading.Thread(target=look)
    other.start()
    try:
        while not turns[0]:
            time.sleep(0)
        at = turns[0]
        found = pieces.loads(document)
        had = turns[0] - at
    finally:
        done.set()
        other.join()
        sys.setswitchinterval(before)
    assert len(found) == 3000
    assert had > 5, "the parser kept the interpreter to itself"
