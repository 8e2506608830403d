"""Answers in JSON that is not quite."""

from __future__ import annotations

import pytest
from botocore.parsers import ResponseParserError

from backends.aws.session import _JSONParser
from backends.aws.turns import Turns


def parsed(body: bytes) -> object:
    return _JSONParser(Turns())._handle_json_body(body, None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"message": "a\\ud800b"}', "a\ufffd\ufffd\ufffdb"),
        (b'{"message": "a\\udc00\\ud83d\\ude00"}', "a\ufffd\ufffd\ufffd\U0001f600"),
        (b'{"message": "a\xffb"}', "a\ufffdb"),
        (b'{"message": "\xed\xa0\x80"}', "\ufffd\ufffd\ufffd"),
    ],
)
def test_a_bad_character_costs_itself_only(body: bytes, said: str) -> None:
    assert parsed(body) == {"message": said}


@pytest.mark.parametrize("body", [b"{", b"<html>", b"\xff", b'{"a": NaN}', b"[" * 100_000, b"[]"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ResponseParserError):
        parsed(body)
