"""Scrolling up beyond the first line of a tail, by keys, over the simulator."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from app_help import Operator

from backends.model import LogLine
from widgets.log_pane import LogPane


def held(pane: LogPane) -> list[LogLine]:
    return pane.held_before(float("inf"))


@pytest.mark.parametrize(
    ("cluster", "workload"), [("payments-prod", "ledger"), ("shop-prod", "checkout")]
)
async def test_older_lines_come_as_one_scrolls_up_and_nothing_in_view_moves(
    operator: Operator, cluster: str, workload: str
) -> None:
    pane = (await operator.open_log(cluster, workload, lines=50)).pane
    oldest = held(pane)[0]
    assert pane.oldest == oldest.at
    await operator.press("home")
    await operator.until(lambda: held(pane)[0].at < oldest.at, "older lines")
    top = pane.visible_text().splitlines()[0]
    assert time.strftime("%H:%M:%S", time.localtime(oldest.at)) in top
    assert oldest.source in top
    got = held(pane)
    assert len(set(got)) == len(got)
    early = [line.at for line in got if line.at <= oldest.at]
    assert all(a <= b for a, b in pairwise(early))
    received = pane.received
    await operator.until(lambda: pane.received > received, "the tail going on meanwhile")
    assert not pane.following


async def test_a_filter_goes_for_older_lines_too(operator: Operator) -> None:
    pane = (await operator.open_log("payments-prod", "ledger", lines=50)).pane
    oldest = held(pane)[0]
    await operator.press("slash")
    await operator.type("200")
    await operator.press("enter")
    before = pane.matched
    await operator.press("home")
    await operator.until(lambda: held(pane)[0].at < oldest.at, "older lines")
    await operator.until(lambda: pane.scanning is None and pane.matched > before, "their matches")
    wanted = [line for line in held(pane) if "200" in line.text]
    assert before < len(wanted) <= pane.matched + 50


async def test_the_end_of_what_there_is_is_told(operator: Operator) -> None:
    # It restarts again and again: little is kept.
    screen = await operator.open_log("payments-prod", "webhooks", lines=5)
    await operator.press("home")
    await operator.until(lambda: screen._older is not None and screen._older.ended, "the end")
    assert "no older lines: what nodes keep begins" in operator.seen()
