"""The table of ``make bench`` says which figures miss their target, in one way for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.__main__ import run, verdict


@pytest.mark.parametrize(
    ("value", "rest", "said"),
    [
        (50.0, "ms, at most 50", "✓"),
        (50.1, "ms of CPU (at most 50)", "✗"),
        (100_000, "lines/s, at least 100,000", "✓"),
        (99_999, "lines/s, at least 100,000", "✗"),
        (0, "answers, target 0", "✓"),
        (1, "answers, target 0", "✗"),
        (1.36, "times an empty app, at most 1.35", "✗"),
        (12.0, "ms", ""),
    ],
)
def test_a_figure_is_held_to_its_target(value: float, rest: str, said: str) -> None:
    assert verdict(value, rest) == said


def test_a_benchmark_that_fails_is_a_row_that_says_how(tmp_path: Path) -> None:
    path = tmp_path / "bench_broken.py"
    path.write_text("def measure():\n    raise ValueError('no data')\n")
    assert run(path) == [("bench_broken", "-", "✗", "failed: ValueError: no data")]


def test_figures_are_printed_with_three_digits_or_whole(tmp_path: Path) -> None:
    path = tmp_path / "bench_two.py"
    path.write_text(
        "def measure():\n    return [('a', 1.23456, 'ms, at most 2'), ('b', 1e6, '')]\n"
    )
    assert run(path) == [("a", "1.23", "✓", "ms, at most 2"), ("b", "1,000,000", "", "")]
