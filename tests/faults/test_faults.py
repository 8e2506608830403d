"""Every fault on both backends: one application each, all its clusters in trouble at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.faults.catalogue import BY_NAME, FAULTS
from tests.faults.outcome import Outcome, expectations
from tests.faults.trial import rounds

TIMEOUT = 3.0
"""The request timeout here, in seconds: what waits for it takes a third of what it takes users."""

LASTS = 12.0
"""Seconds that every fault lasts at the least: longer than aiohttp remembers a name."""

NAMES = [fault.name for fault in FAULTS]
Outcomes = Callable[[str, str], Outcome]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Tell what a fault did to a backend; all faults of a backend are tried when it is first
    asked for."""
    known: dict[str, Mapping[str, Outcome]] = {}

    def run(backend: str, folder: Path) -> Mapping[str, Outcome]:
        found = asyncio.run(
            rounds(backend, [NAMES], folder, timeout=TIMEOUT, lasts=lambda _names: LASTS)
        )
        return {one.fault: one for one in found}

    def of(backend: str, fault: str) -> Outcome:
        if backend not in known:
            known[backend] = run(backend, tmp_path_factory.mktemp(backend))
        return known[backend][fault]

    return of


pytestmark = [
    pytest.mark.parametrize("fault", NAMES),
    pytest.mark.parametrize("backend", ["ecs", "eks"]),
]


def test_rows_stay_and_say_how_old_they_are_and_why(
    outcome: Outcomes, backend: str, fault: str
) -> None:
    seen, expected = outcome(backend, fault), expectations(backend)(fault)
    assert seen.kept
    if "live" in expected:
        return
    assert seen.code in expected
    assert seen.said
    assert seen.board.startswith(f"stale: {seen.code}: ")
    assert seen.age > 1.0


def test_the_other_clusters_are_untouched(outcome: Outcomes, backend: str, fault: str) -> None:
    assert outcome(backend, fault).others


def test_keys_are_answered_meanwhile(outcome: Outcomes, backend: str, fault: str) -> None:
    assert outcome(backend, fault).keys > 0


def test_when_it_is_over_the_rows_are_live_and_those_of_the_server(
    outcome: Outcomes, backend: str, fault: str
) -> None:
    seen = outcome(backend, fault)
    assert seen.back >= 0
    assert seen.equal


def test_a_change_is_sent_once_and_its_answer_is_honest(
    outcome: Outcomes, backend: str, fault: str
) -> None:
    seen = outcome(backend, fault)
    assert seen.arrived <= 1
    assert seen.passed <= 1
    if seen.answer.startswith("accepted"):
        assert seen.passed == 1
    elif seen.passed:
        assert "it may have been done: look before trying again" in seen.answer
    if BY_NAME[fault].refuse or fault in ("dns", "tls"):
        assert "it may have been done" not in seen.answer


def test_a_log_has_no_gap_and_no_line_twice_or_says_so(
    outcome: Outcomes, backend: str, fault: str
) -> None:
    log = outcome(backend, fault).log
    assert log.lines > 10
    assert not log.twice
    assert not log.foreign
    if log.missing:
        assert any("log ends" in mark for mark in log.marks), log.missing[:3]
