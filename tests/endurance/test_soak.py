"""A short soak: whatever is done again and again, nothing is held that was not held before."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from tests.endurance.meter import grown
from tests.endurance.soak import Report

COMMAND = (
    "-m", "tests.endurance.soak", "--json", "--scale", "small",
    "--rounds", "4", "--variety", "2", "--hour-in", "60",
)  # fmt: skip
OURS = (
    "tui.screens.", "tui.rows.", "tui.query_rows.", "backends.fleet.", "backends.store.",
    "backends.losses.", "backends.eks.rest.", "backends.logs.", "widgets.log_buffer.LogBuffer",
    "widgets.log_pane.", "widgets.resource_table.", "widgets.row_view.RowView",
    "widgets.detail_pane.",
)  # fmt: skip
"""Where types are whose objects come and go with a view: after a round there are as many as before
it. What is drawn and what the world consists of are other matters."""

ROOM = 16.0
"""MiB that the heap of a short run may take besides a tenth: pages are not given back at once."""


@pytest.fixture(scope="module")
def report() -> Report:
    done = subprocess.run(
        [sys.executable, *COMMAND], capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return msgspec.json.decode(done.stdout, type=Report)


def test_every_view_was_visited(report: Report) -> None:
    assert report.visited >= 6 * report.rounds


@pytest.mark.parametrize("what", ["feeds", "screens", "threads", "files"])
def test_counts_come_back_to_what_they_were(report: Report, what: str) -> None:
    values = [getattr(sample, what) for sample in report.samples]
    assert max(values[report.warm :]) <= max(values[: report.warm]), values


@pytest.mark.parametrize(("what", "more"), [("tasks", 5), ("sockets", 12)])
def test_tasks_and_sockets_come_back_to_about_what_they_were(
    report: Report, what: str, more: int
) -> None:
    values = [getattr(sample, what) for sample in report.samples]
    assert values[-1] <= max(values[: report.warm]) + more, values


def test_memory_is_flat_within_a_tenth_after_the_warm_up(report: Report) -> None:
    values = [sample.rss for sample in report.samples]
    assert values[-1] <= values[report.warm - 1] * 1.1 + ROOM, values


def test_there_are_no_more_objects_of_ours_than_before(report: Report) -> None:
    more = grown(report.before, report.after, least=5)
    assert {name: count for name, count in more.items() if name.startswith(OURS)} == {}


def test_there_are_hardly_more_objects_in_all(report: Report) -> None:
    assert report.after.objects <= report.before.objects * 1.25
