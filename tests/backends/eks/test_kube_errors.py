"""What an API server and a network refuse with becomes one error, with its remedy."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.base import (
    BackendError,
    Conflict,
    Denied,
    Expired,
    Invalid,
    NotFound,
    Throttled,
    Unreachable,
)
from backends.eks.errors import Act, Gone, NotYet, from_exception, from_status, read_status
from backends.model import Renewal
from backends.text import UNSAFE

GOLDEN = Path(__file__).parents[2] / "golden" / "kubernetes" / "statuses.json"
CASES = json.loads(GOLDEN.read_text())
CLASSES = {
    400: Invalid, 401: Expired, 403: Denied, 404: NotFound, 405: Invalid, 406: Invalid,
    409: Conflict, 410: Gone, 415: Invalid, 422: Invalid, 429: Throttled, 504: Unreachable,
}  # fmt: skip


def body_of(case) -> bytes:
    return json.dumps(case["body"]).encode() if case["body"] else (case["text"] or "").encode()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_refusals_of_a_real_server_are_told_apart(case) -> None:
    status = read_status(case["status"], body_of(case))
    error = from_status(
        Act("patch", "deployments", "shop", "web"), status, Renewal("context dev", "log in again")
    )
    assert isinstance(error, CLASSES[case["status"]])
    assert error.problem.action == "patch deployments web in shop"
    assert error.problem.message
    assert error.problem.remedy
    assert (error.problem.message + error.problem.remedy).isprintable()


def test_a_denial_names_the_rule_that_is_missing() -> None:
    status = read_status(403, b'{"message": "deployments.apps \\"web\\" is forbidden"}')
    there = from_status(Act("patch", "deployments/scale", "shop", "web"), status)
    assert there.problem.remedy == 'allow "patch" on deployments/scale in namespace shop'
    everywhere = from_status(Act("list", "nodes"), status)
    assert everywhere.problem.remedy == 'allow "list" on nodes for the whole cluster'


def test_a_patch_for_another_incarnation_is_a_conflict() -> None:
    """As a 1.37 API server answers it; a Scale gets a 409 instead."""
    cause = {"reason": "FieldValueInvalid", "field": "metadata.uid", "message": "immutable"}
    body = {"message": "is invalid", "reason": "Invalid", "details": {"causes": [cause]}}
    status = read_status(422, json.dumps(body).encode())
    error = from_status(Act("patch", "deployments", "shop", "web"), status)
    assert isinstance(error, Conflict)
    assert "made anew" in error.problem.remedy


def test_nobody_is_told_to_give_rights_to_anonymous() -> None:
    status = read_status(403, b'{"message": "forbidden: User \\"system:anonymous\\" cannot list"}')
    error = from_status(Act("list", "pods"), status, Renewal("context dev", "run `aws sso login`"))
    assert "aws sso login" in error.problem.remedy


def test_an_expired_listing_is_gone() -> None:
    case = next(c for c in CASES if "continue token" in c["name"] and c["status"] == 410)
    error = from_status(Act("list", "pods"), read_status(410, body_of(case)))
    assert isinstance(error, Gone)


@pytest.mark.parametrize("case", [c for c in CASES if c["name"].startswith("logs:")])
def test_a_container_that_waits_is_no_mistake_of_the_request(case) -> None:
    error = from_status(Act("get", "pods/log", "shop"), read_status(case["status"], body_of(case)))
    assert isinstance(error, NotYet) == ("waiting to start" in case["body"]["message"])


@given(st.integers(300, 599), st.binary(max_size=300))
def test_any_body_gives_an_error_that_can_be_shown(code, body) -> None:
    error = from_status(Act("list", "pods"), read_status(code, body))
    assert isinstance(error, BackendError)
    assert not UNSAFE.search(str(error))


@pytest.mark.parametrize(
    ("raised", "word"),
    [
        (TimeoutError(), "in time"),
        (ConnectionRefusedError(), "refuses connections"),
        (aiohttp.ServerDisconnectedError(), "closed the connection"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed"), "refuses connections"),
        (aiohttp.ClientPayloadError("half a body"), "broke off"),
    ],
)
def test_failures_of_the_network_are_unreachable(raised, word) -> None:
    error = from_exception(Act("list", "pods"), raised, "host:443")
    assert isinstance(error, Unreachable)
    assert word in error.problem.message
    assert error.problem.remedy


def test_an_error_that_was_translated_stays_as_it_is() -> None:
    error = Denied("list pods", "no", "ask")
    assert from_exception("x", error) is error
