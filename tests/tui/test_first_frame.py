"""The first frame: what is loaded and made for it, and keys that are faster than what is not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from app_help import Operator
from textual.events import Key

from tests.pty_app import PtyApp
from widgets.command_bar import CommandBar
from widgets.filter_bar import FilterBar
from widgets.prompt import Prompt

AT_FIRST_FRAME = """
import json, sys
from tui.app import TopdeckApp
def told(app):
    screen = app.screen
    painted = ["".join(s.text for s in line) for line in screen._compositor.render_strips()]
    found = {
        "modules": sorted(sys.modules),
        "painted": painted,
        "made": [type(node).__name__ for node in screen.walk_children()],
    }
    open(sys.argv[1], "w").write(json.dumps(found))
    app.exit()
TopdeckApp._begin = told
from tui.__main__ import main
sys.exit(main(["--endpoint-url", "http://127.0.0.1:9", "--region", "eu-west-1", "--profile", "x"]))
"""

SDKS = {
    "botocore",
    "aiobotocore",
    "boto3",
    "kubernetes",
    "aiohttp",
    "yaml",
    "orjson",
    "cryptography",
}
BACKENDS = {"backends.aws", "backends.ecs", "backends.eks", "backends.cloudmap", "backends.sim"}
LATER = {
    "widgets.command_bar", "widgets.filter_bar", "widgets.detail_pane", "widgets.rollout_pane",
    "widgets.log_pane", "widgets.dialog", "widgets.help_panel", "tui.palette", "tui.plain",
    "tui.screens.logs", "tui.screens.detail", "tui.crash", "tomllib",
}  # fmt: skip


@pytest.fixture
def first_frame(tmp_path: Path) -> dict[str, list[str]]:
    told = tmp_path / "told.json"
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with PtyApp([sys.executable, "-c", AT_FIRST_FRAME, str(told)], environ=environ) as app:
        assert app.wait(60) == 0, app.output[-2000:]
    found: dict[str, list[str]] = json.loads(told.read_text())
    return found


def test_the_first_frame_needs_no_sdk_and_nothing_that_it_does_not_show(
    first_frame: dict[str, list[str]],
) -> None:
    painted = first_frame["painted"]
    assert painted[0].lstrip().startswith("topdeck")
    assert painted[1].split()[0] == "Cluster"
    assert "Filter" in painted[-1]
    loaded = set(first_frame["modules"])
    assert "tui.screens.browse" in loaded
    assert (SDKS | BACKENDS | LATER) & loaded == set()
    later = {"FilterBar", "CommandBar", "DetailPane", "RolloutPane"}
    assert not later & set(first_frame["made"])


def at_once(operator: Operator, *keys: str) -> None:
    """Press keys without a pause, as when they are pasted or the machine is slow."""
    for key in keys:
        operator.app.post_message(Key(key, key if len(key) == 1 else None))


async def test_what_is_typed_at_once_after_a_slash_is_the_filter(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    assert not operator.browse.query(Prompt)
    at_once(operator, "slash", "s", "d", "l", "o", "w")
    await operator.until(lambda: operator.browse.filter_text == "sdlow", "the filter")
    assert len(operator.app.screen_stack) == 1
    at_once(operator, "escape", "escape")
    await operator.until(lambda: operator.browse.table.has_focus, "the rows")
    at_once(operator, "slash", "s", "h", "o", "p")
    await operator.until(lambda: operator.browse.table.shown == 2, "two clusters")
    assert len(operator.browse.query(FilterBar)) == 1


async def test_what_is_typed_at_once_after_a_colon_is_the_command(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    at_once(operator, "colon", "s", "v", "c", "enter")
    await operator.until(lambda: operator.browse.place.kind == "ecs/services", "the services")
    assert len(operator.app.screen_stack) == 2


async def test_a_command_that_nobody_typed_is_refused_where_it_is_corrected(
    operator: Operator,
) -> None:
    await operator.on_row("shop-prod")
    operator.browse.run_command("theme nope")
    operator.browse.run_command("theme neither")
    await operator.until(lambda: "no theme 'neither'" in operator.seen(), "the reason")
    bar = operator.browse.query_one(CommandBar)
    assert bar.is_open
    await operator.press("escape")
    assert operator.browse.table.has_focus
