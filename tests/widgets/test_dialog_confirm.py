"""The confirmation: the safe answer by default, the whole address, every name."""

from __future__ import annotations

import pytest
from chrome_support import NASTY, AskApp, assert_inside, ecs_ref, k8s_ref, screen_text

from backends.model import Ref
from widgets.confirm_dialog import ConfirmDialog
from widgets.fields import Fields

EFFECTS = (
    "New tasks start first, old ones stop once those are healthy.",
    "The task definition stays as it is.",
)


def app_for(ref: Ref, effects: tuple[str, ...] = EFFECTS) -> AskApp:
    return AskApp(lambda: ConfirmDialog(f"Restart {ref.name}", ref, effects, confirm="Restart"))


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("n",), ("tab", "left", "enter")])
async def test_the_safe_answer_is_false(keys: tuple[str, ...]) -> None:
    app = app_for(ecs_ref())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        assert app.answers == [False]


@pytest.mark.parametrize("keys", [("y",), ("tab", "enter"), ("right", "enter"), ("left", "enter")])
async def test_only_an_explicit_choice_is_true(keys: tuple[str, ...]) -> None:
    app = app_for(ecs_ref())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        assert app.answers == [True]


async def test_stray_keys_answer_nothing() -> None:
    app = app_for(ecs_ref())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"abcdrsqxz019", "Y", "f1", "ctrl+r", "delete", "pageup", "pagedown")
        assert app.answers == []


async def test_a_click_on_the_button_counts() -> None:
    app = app_for(ecs_ref())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click("#confirm")
        assert app.answers == [True]


async def test_the_address_is_shown_part_by_part() -> None:
    app = app_for(k8s_ref())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.screen.query_one("#address", Fields).text.splitlines() == [
            "provider: k8s",
            "context: kind-dev",
            "cluster: dev",
            "namespace: shop",
            "kind: deployments",
            "name: web",
        ]
        seen = screen_text(app)
        for effect in EFFECTS:
            assert effect in seen
        assert_inside(app.screen, *(f"#{i}" for i in ("cancel", "confirm", "address")), ".effect")


@pytest.mark.parametrize("name", NASTY)
async def test_any_name_leaves_the_buttons_on_the_screen(name: str) -> None:
    app = app_for(ecs_ref(name, name), (f"All tasks of {name} are replaced.",))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert_inside(app.screen, "#cancel", "#confirm", ".title")
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert_inside(app.screen, "#cancel", "#confirm", ".title")
        assert f"name: {name}" in app.screen.query_one("#address", Fields).text
        await pilot.press("enter")
        assert app.answers == [False]


async def test_a_lower_terminal_keeps_the_buttons() -> None:
    app = app_for(ecs_ref("n" * 255))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.resize_terminal(80, 14)
        await pilot.pause()
        assert_inside(app.screen, "#cancel", "#confirm", ".title")


async def test_a_second_answer_closes_nothing_else() -> None:
    app = app_for(ecs_ref())
    async with app.run_test(size=(80, 24)) as pilot:
        below = app.screen
        app.push_screen(app.make(), app.answers.append)
        await pilot.pause()
        top = app.screen
        assert isinstance(top, ConfirmDialog)
        top.action_answer(True)
        top.action_answer(True)
        await pilot.pause()
        assert app.answers == [True]
        assert app.screen is below
