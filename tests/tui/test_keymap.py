"""The keymap: what may be remapped, and what is said of what can't."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_help import demo_sources, operating

from backends.sim.server import SimServer
from tui.config import ConfigError
from tui.keymap import all_ids, check_keys
from widgets.scale_dialog import ScaleDialog


def test_ids_of_all_parts_are_known() -> None:
    ids = all_ids()
    assert {"quit", "browse.scale", "table.down", "log.follow", "logs.save", "view.down"} <= ids


@pytest.mark.parametrize("key", ["f7", "S", "ctrl+r", "shift+left", "slash", "a,b"])
def test_keys_that_can_be_pressed_are_accepted(key: str) -> None:
    check_keys({"browse.scale": key})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"browse.scail": "s"}, "Did you mean 'browse.scale'?"),
        ({"browse.scale": "scale"}, "'scale' is not a key"),
        ({"browse.scale": ""}, "is not a key"),
    ],
)
def test_what_cannot_be_remapped_is_said(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_keys(keys)
    assert said in str(caught.value)


async def test_a_remapped_key_works_and_is_shown(sim: SimServer, tmp_path: Path) -> None:
    keys = {"browse.scale": "f7"}
    sources = demo_sources(sim, tmp_path)
    async with operating(sources, tmp_path / "state", keys=keys) as operator:
        await operator.on_row("shop-prod")
        await operator.press("enter")
        await operator.on_row("cart")
        await operator.until(lambda: "f7 Scale" in operator.seen())
        await operator.press("s")
        await operator.pilot.pause()
        assert not isinstance(operator.app.screen, ScaleDialog)
        await operator.press("f7")
        await operator.until(lambda: isinstance(operator.app.screen, ScaleDialog))
