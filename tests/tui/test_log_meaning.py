"""The log view of a workload in trouble: levels, errors, traces and fields, through the app."""

from __future__ import annotations

import re

from app_help import Operator

from widgets.help_panel import HelpPanel

ROW = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} \S+ +(ERROR|FATAL|WARN|INFO|DEBUG)?", re.MULTILINE)


async def test_what_fails_is_found_from_the_keyboard(operator: Operator) -> None:
    pane = (await operator.open_log("payments-prod", "webhooks", lines=5)).pane
    bars = re.compile(r"^errors +\S*█.* [1-9]\d* errors?, .* in the last 10 min", re.MULTILINE)
    await operator.until(lambda: bars.search(operator.seen()), "the histogram")
    await operator.press("E")
    await operator.until(lambda: not pane.following, "a jump")
    await operator.press("slash")
    await operator.type("level>=error")
    await operator.until(lambda: 0 < pane.matched < pane.held, "errors only")
    await operator.press("enter")
    await operator.until(lambda: "level>=error" in operator.seen())

    def only_errors() -> bool:
        levels = set(ROW.findall(operator.seen()))
        return bool(levels) and levels <= {"ERROR", "FATAL"}

    await operator.until(only_errors, "nothing but errors")
    await operator.until(lambda: re.search(r"\+\d+ lines", operator.seen()), "a folded trace")
    assert "  File " not in operator.seen()
    await operator.press("G", "enter")
    await operator.until(lambda: '  File "' in operator.seen(), "an unfolded trace")
    await operator.press("slash")
    await operator.until(lambda: operator.app.screen.focused is not pane)
    await operator.press("escape")
    await operator.type("status>=400 path~^/")
    await operator.until(lambda: 0 < pane.matched < pane.held, "lines by their fields")
    failed = re.compile(r'HTTP/1.1" [45]\d\d ')

    def only_failed() -> bool:
        rows = pane.visible_text().splitlines()
        return bool(rows) and all(map(failed.search, rows))

    await operator.until(only_failed, "nothing but requests that failed")


async def test_fields_become_columns_and_the_help_tells_of_filters(operator: Operator) -> None:
    await operator.open_log("payments-prod", "fraud", lines=5)
    await operator.press("f")
    heading = re.compile(r"^ +MESSAGE +.*path +.*status", re.MULTILINE)
    await operator.until(lambda: heading.search(operator.seen()), "columns")
    await operator.press("f")
    await operator.until(lambda: not heading.search(operator.seen()), "lines as before")
    await operator.press("H")
    await operator.until(lambda: "in the last 10 min" not in operator.seen(), "no histogram")
    await operator.press("question_mark")
    await operator.until(lambda: isinstance(operator.app.screen, HelpPanel))
    await operator.press("end")
    await operator.until(lambda: "level>=warn" in operator.seen(), "the filter language")
