"""The scale dialog: what it says, what it answers, and that it never answers by accident."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from chrome_support import NASTY, AskApp, assert_inside, ecs_ref, k8s_ref, screen_text, service
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from backends.model import Autoscaler, Problem, Ref, Resource, ScaleInfo
from widgets.fields import Fields
from widgets.scale_dialog import ScaleDialog

PARTS = ("#count", "#change", "#cancel", "#confirm", ".title", "#limit")


class Loader:
    """Answers when it is told to."""

    def __init__(self, info: ScaleInfo | None = None, error: Exception | None = None) -> None:
        self.info = info
        self.error = error
        self.gate = asyncio.Event()
        self.calls = 0

    def ready(self) -> Loader:
        self.gate.set()
        return self

    async def __call__(self) -> ScaleInfo:
        self.calls += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        assert self.info is not None
        return self.info


def asked(info: ScaleInfo | None = None, error: Exception | None = None) -> Loader:
    return Loader(info or ScaleInfo(2, 2), error).ready()


def app_for(resource: Resource, loader: Loader) -> AskApp:
    return AskApp(lambda: ScaleDialog(resource, loader))


def dialog(pilot: Pilot[None]) -> ScaleDialog:
    return cast("ScaleDialog", pilot.app.screen)


def change(pilot: Pilot[None]) -> str:
    return str(dialog(pilot).query_one("#change", Static).visual)


def facts(pilot: Pilot[None]) -> str:
    return dialog(pilot).query_one("#facts", Fields).text


async def settle(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def test_enter_twice_after_a_number_changes_nothing() -> None:
    app = app_for(service(ecs_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("5", "enter")
        assert app.focused is dialog(pilot).query_one("#cancel")
        await pilot.press("enter")
        assert app.answers == [None]


@pytest.mark.parametrize(
    "keys", [("tab", "enter"), ("right", "enter"), ("y",), ("shift+tab", "tab", "tab", "enter")]
)
async def test_an_explicit_choice_answers_with_the_number(keys: tuple[str, ...]) -> None:
    app = app_for(service(ecs_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1", "2", "enter", *keys)
        assert app.answers == [12]


@pytest.mark.parametrize("keys", [("escape",), ("5", "escape"), ("5", "enter", "n")])
async def test_escape_and_n_cancel(keys: tuple[str, ...]) -> None:
    app = app_for(service(ecs_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press(*keys)
        assert app.answers == [None]


async def test_stray_keys_on_the_buttons_do_nothing() -> None:
    app = app_for(service(ecs_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("5", "enter", *"abcdqrsxz", "f5", "delete", "9")
        assert app.answers == []
        assert dialog(pilot).desired == 5


async def test_y_typed_into_the_number_is_text_and_sends_nothing() -> None:
    app = app_for(service(ecs_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("5", "y")
        assert app.answers == []
        assert change(pilot) == "That is not a whole number."


async def test_the_same_number_cannot_be_sent() -> None:
    app = app_for(service(ecs_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert change(pilot) == "2 -> 2: nothing to change"
        await pilot.press("enter", "y", "tab", "enter")
        assert app.answers in ([], [None])


@pytest.mark.parametrize(
    ("pasted", "line"),
    [
        ("", "Type how many tasks there should be."),
        ("-3", "A count can't be negative."),
        ("3.5", "That is not a whole number."),
        ("５", "That is not a whole number."),
        ("5001", "At most 5,000: more tasks than a service has on ECS."),
        ("99999999999", "At most 5,000: more tasks than a service has on ECS."),
    ],
)
async def test_bad_input_says_what_is_wrong_and_holds_the_button(pasted: str, line: str) -> None:
    app = app_for(service(ecs_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        dialog(pilot).query_one("#count", Input).value = pasted
        await pilot.pause()
        assert change(pilot) == line
        assert dialog(pilot).query_one("#confirm", Button).disabled
        await pilot.press("enter")
        assert app.focused is dialog(pilot).query_one("#count")
        assert_inside(app.screen, *PARTS)


async def test_scaling_to_nothing_says_so() -> None:
    app = app_for(service(ecs_ref(), 5, 5), asked(ScaleInfo(5, 5)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("0")
        assert change(pilot) == "5 -> 0: all 5 tasks will be stopped; nothing will serve"
        await pilot.press("enter", "y")
        assert app.answers == [0]


async def test_keys_step_the_number_wherever_the_focus_is() -> None:
    app = app_for(service(k8s_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("up", "plus", "plus", "minus")
        assert change(pilot) == "2 -> 4: 2 pods will start"
        await pilot.press("enter", "down", "down", "down", "down", "down")
        assert dialog(pilot).desired == 0
        await pilot.press("up", "y")
        assert app.answers == [1]


async def test_after_a_step_typing_replaces_the_number() -> None:
    app = app_for(service(ecs_ref()), asked())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("up", "7")
        assert dialog(pilot).desired == 7


async def test_works_on_the_rows_counts_until_the_provider_answers() -> None:
    loader = Loader(ScaleInfo(4, 3, 1, Autoscaler("Application Auto Scaling", 2, 10)))
    app = app_for(service(ecs_ref(), 2, 2), loader)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "autoscaler: asking…" in facts(pilot)
        assert dialog(pilot).current == 2
        loader.ready()
        await settle(pilot)
        assert facts(pilot).startswith("now: desired 4   running 3   pending 1")
        assert dialog(pilot).query_one("#count", Input).value == "4"
        assert loader.calls == 1


async def test_a_late_answer_leaves_a_typed_number_alone() -> None:
    loader = Loader(ScaleInfo(4, 3))
    app = app_for(service(ecs_ref(), 2, 2), loader)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("9")
        loader.ready()
        await settle(pilot)
        assert change(pilot) == "4 -> 9: 5 tasks will start"


async def test_an_answer_that_equals_the_number_takes_the_focus_off_the_button() -> None:
    loader = Loader(ScaleInfo(9, 3))
    app = app_for(service(ecs_ref(), 2, 2), loader)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("9", "enter", "tab")
        assert app.focused is dialog(pilot).query_one("#confirm")
        loader.ready()
        await settle(pilot)
        await pilot.press("enter")
        assert app.answers == [None]


class ProviderError(Exception):
    """Carries a problem, as the errors of backends do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@pytest.mark.parametrize(
    ("error", "said", "remedy"),
    [
        (
            ProviderError(Problem("denied", "ecs:DescribeServices", "[/no]", "allow it")),
            "could not ask: ecs:DescribeServices: [/no]",
            "→ allow it",
        ),
        (RuntimeError("[boom"), "RuntimeError: [boom", "→ close the dialog and try again"),
    ],
)
async def test_a_failure_is_shown_and_the_dialog_still_works(
    error: Exception, said: str, remedy: str
) -> None:
    app = app_for(service(ecs_ref()), asked(error=error))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert said in facts(pilot)
        assert remedy in screen_text(app)
        await pilot.press("3", "enter", "y")
        assert app.answers == [3]


async def test_the_autoscaler_is_said_to_correct_the_new_number() -> None:
    info = ScaleInfo(2, 2, 0, Autoscaler("HorizontalPodAutoscaler web", 2, 10, "cpu 70%"))
    app = app_for(service(k8s_ref()), asked(info))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1", "2")
        assert "autoscaler: HorizontalPodAutoscaler web, 2–10 (cpu 70%)" in facts(pilot)
        assert "12 will be brought back to 10." in facts(pilot)


async def test_leaving_early_cancels_the_question() -> None:
    loader = Loader(ScaleInfo(2, 2))
    app = app_for(service(ecs_ref()), loader)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        loader.ready()
        await pilot.pause()
        assert app.answers == [None]
        assert not app.workers


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("make", [ecs_ref, k8s_ref])
async def test_any_name_leaves_every_part_on_the_screen(name: str, make: type[Ref]) -> None:
    info = ScaleInfo(2, 2, 0, Autoscaler(name, 2, 10, name))
    app = app_for(service(make(name, name)), asked(info))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        assert_inside(app.screen, *PARTS)
        assert ("name", name) in dialog(pilot).query_one("#address", Fields)._fields
        await pilot.press("pagedown", "enter", "y")
        assert app.answers == [3]


async def test_an_unknown_current_count_can_be_set() -> None:
    app = app_for(service(ecs_ref(), None, None), asked(error=RuntimeError("no")))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        assert change(pilot) == "? -> 3: the current count is not known"
        await pilot.press("enter", "y")
        assert app.answers == [3]
