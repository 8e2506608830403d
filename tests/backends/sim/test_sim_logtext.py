"""Log text is made up on demand, and always the same for the same time."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from backends.sim.logtext import JAVA_TRACE, PYTHON_TRACE, LogVoice

START = 1_790_000_000.0
HOUR = 3600.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 120), min_size=1, max_size=6), st.integers(0, 50))
def test_a_window_is_the_sum_of_its_parts(cuts: list[float], seed: int) -> None:
    edges = sorted([0.0, 120.0, *cuts])
    whole = list(LogVoice(seed, "web", "a").lines(START, START + 120))
    voice = LogVoice(seed, "web", "a")
    parts = [
        line for begin, end in pairwise(edges) for line in voice.lines(START + begin, START + end)
    ]
    assert parts == whole
    assert [at for at, _ in whole] == sorted(at for at, _ in whole)
    assert all(START <= at < START + 120 for at, _ in whole)


def test_the_past_can_be_read_backwards() -> None:
    voice = LogVoice(1, "web", "a")
    later = list(voice.lines(START + 600, START + 660))
    earlier = list(voice.lines(START, START + 60))
    again = LogVoice(1, "web", "a")
    assert list(again.lines(START, START + 60)) == earlier
    assert list(again.lines(START + 600, START + 660)) == later


def test_streams_of_a_service_share_a_format_but_not_their_lines() -> None:
    one = [text for _, text in LogVoice(1, "web", "a").lines(START, START + 300)]
    two = [text for _, text in LogVoice(1, "web", "b").lines(START, START + 300)]
    assert not set(one) & set(two)
    assert (
        Counter(map(_form, one)).most_common(1)[0][0]
        == Counter(map(_form, two)).most_common(1)[0][0]
    )


def _form(text: str) -> str:
    if text.startswith("{"):
        return "json"
    if text.startswith("ts="):
        return "logfmt"
    return "coloured" if "\x1b[" in text else "other"


def test_every_form_is_written_by_some_service() -> None:
    forms = {
        _form(text)
        for number in range(30)
        for _, text in LogVoice(1, f"svc-{number}", "a").lines(START, START + 20)
    }
    assert forms == {"json", "logfmt", "coloured", "other"}


def test_json_lines_are_json() -> None:
    lines = [
        text
        for number in range(20)
        for _, text in LogVoice(1, f"svc-{number}", "a").lines(START, START + 60)
        if text.startswith("{")
    ]
    assert lines
    for text in lines:
        entry = json.loads(text)
        assert {"level", "msg", "latency_ms"} <= set(entry)


def test_rates_are_those_of_a_service_with_bursts_now_and_then() -> None:
    bursts = 0
    for number in range(6):
        lines = [at for at, _ in LogVoice(3, f"svc-{number}", "a").lines(START, START + HOUR)]
        seconds = Counter(int(at) for at in lines)
        assert 0.3 * HOUR < len(lines) < 8 * HOUR
        bursts += max(seconds.values()) > 50
    assert bursts, "not one burst in six hours"


def test_stack_traces_of_several_lines_come_together() -> None:
    texts = [
        text
        for number in range(8)
        for _, text in LogVoice(1, f"svc-{number}", "a", "oom").lines(START, START + 600)
    ]
    for trace, marker in ((JAVA_TRACE, "\tat "), (PYTHON_TRACE, "Traceback (most recent")):
        assert any(text.startswith(marker) for text in texts), trace[0]


def test_an_incident_is_heard() -> None:
    quiet = [t for _, t in LogVoice(1, "web", "a").lines(START, START + HOUR)]
    loud = [t for _, t in LogVoice(1, "web", "a", "oom").lines(START, START + HOUR)]
    assert sum("OutOfMemoryError" in t for t in loud) > 5
    assert not any("OutOfMemoryError" in t for t in quiet)
