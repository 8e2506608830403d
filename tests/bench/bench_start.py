"""How long the demo takes to its first frame and its first rows, beside an empty Textual app."""

from __future__ import annotations

import statistics
import sys

from tests.pty_app import PtyApp

RUNS = 7
EMPTY = (
    "from textual.app import App\n"
    "from textual.widgets import Static\n"
    "class Empty(App):\n"
    "    def compose(self):\n"
    "        yield Static('painted')\n"
    "Empty().run()\n"
)
TOPDECK = [sys.executable, "-m", "tui", "demo"]


def measure() -> list[tuple[str, float, str]]:
    """Alternate between both apps; return medians."""
    empty, first, rows = [], [], []
    for _ in range(RUNS + 1):
        with PtyApp([sys.executable, "-c", EMPTY]) as app:
            empty.append(app.wait_for("painted"))
        with PtyApp(TOPDECK) as app:
            first.append(app.wait_for("Cluster"))
            rows.append(app.wait_for("shop-prod") - first[-1])
    # The first run of each warms the disk's cache and is not counted.
    base, ours = statistics.median(empty[1:]), statistics.median(first[1:])
    return [
        ("empty Textual app: first frame", base * 1000, "ms"),
        ("topdeck demo: first frame", ours * 1000, "ms"),
        ("topdeck demo / empty app", ours / base, "times, at most 1.5"),
        ("first live rows after the first frame", statistics.median(rows[1:]), "s, at most 1"),
    ]
