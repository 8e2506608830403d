"""The rollback dialog: nothing is sent before it is known what, and the safe answer is ready."""

from __future__ import annotations

import asyncio

import pytest
from chrome_support import NASTY, AskApp, assert_inside, ecs_ref, k8s_ref, screen_text
from textual.widgets import Button

from backends.base import Invalid
from backends.model import Difference, Health, Ref, Resource, Rollback, RollbackPlan
from widgets.fields import Fields
from widgets.rollback_dialog import SHOWN, RollbackDialog, difference_fields


def resource(ref: Ref) -> Resource:
    return Resource(ref=ref, health=Health.OK, status="ACTIVE", cells=(ref.name,))


def plan_for(
    ref: Ref, *differences: Difference, text: str = "Its pods are replaced."
) -> RollbackPlan:
    return RollbackPlan(
        Rollback(ref, "7", "6", "uid"), "revision 7", "revision 6", (text,), differences
    )


class Lookup:
    """A plan that comes, or an error that is raised, when it is let."""

    def __init__(self, answer: RollbackPlan | Exception, *, now: bool = True) -> None:
        self.answer = answer
        self.gate = asyncio.Event()
        if now:
            self.gate.set()

    async def __call__(self) -> RollbackPlan:
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def app_for(ref: Ref, lookup: Lookup) -> AskApp:
    return AskApp(lambda: RollbackDialog(resource(ref), lookup))


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("n",), ("tab", "left", "enter")])
async def test_the_safe_answer_sends_nothing(keys: tuple[str, ...]) -> None:
    app = app_for(k8s_ref(), Lookup(plan_for(k8s_ref())))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        assert app.answers == [None]


@pytest.mark.parametrize("keys", [("y",), ("tab", "enter"), ("right", "enter")])
async def test_only_an_explicit_choice_sends_what_is_shown(keys: tuple[str, ...]) -> None:
    plan = plan_for(k8s_ref())
    app = app_for(k8s_ref(), Lookup(plan))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        assert app.answers == [plan.operation]


async def test_nothing_can_be_sent_before_it_is_known_what() -> None:
    lookup = Lookup(plan_for(k8s_ref()), now=False)
    app = app_for(k8s_ref(), lookup)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("y", "tab", "y")
        assert app.answers == []
        assert "looking up its past" in screen_text(app)
        assert app.screen.query_one("#confirm", Button).disabled
        lookup.gate.set()
        await pilot.pause()
        await pilot.press("y")
        assert app.answers == [plan_for(k8s_ref()).operation]


async def test_what_cannot_be_done_says_why_and_leaves_the_safe_answer() -> None:
    error = Invalid("roll back web", "it has no earlier revision", "nothing was rolled out before")
    app = app_for(k8s_ref(), Lookup(error))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        seen = screen_text(app)
        assert "it has no earlier revision" in seen
        assert "→ nothing was rolled out before" in seen
        await pilot.press("y")
        assert app.answers == []
        await pilot.press("enter")
        assert app.answers == [None]


async def test_a_defect_in_a_backend_leaves_the_dialog_standing() -> None:
    app = app_for(k8s_ref(), Lookup(KeyError("metadata")))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "KeyError" in screen_text(app)
        await pilot.press("y", "escape")
        assert app.answers == [None]


async def test_it_shows_what_it_is_about_and_what_differs() -> None:
    """Asked about a replica set, it shows the deployment that would be changed."""
    ref, owner = k8s_ref(), Ref(k8s_ref().scope, "k8s/deployments", "the-owner")
    plan = plan_for(
        owner, Difference("app image", "web:2", "web:1"), Difference("app variable A", "", "b")
    )
    app = app_for(ref, Lookup(plan))
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.pause()
        seen = screen_text(app)
        assert "Roll back the-owner" in seen
        assert "name: the-owner" in app.screen.query_one("#address", Fields).text
        facts = app.screen.query_one("#facts", Fields).text
        assert "now: revision 7" in facts
        assert "back to: revision 6" in facts
        assert "app image: web:2 → web:1" in facts
        assert "app variable A: none → b" in facts
        assert "Its pods are replaced." in seen


def test_many_differences_are_counted() -> None:
    many = [Difference(f"variable {n}", "a", "b") for n in range(SHOWN + 5)]
    fields = difference_fields(many)
    assert len(fields) == SHOWN + 1
    assert fields[-1] == ("", "and 5 more")
    assert difference_fields(()) == (("changes", "none in images, variables, CPU or memory"),)
    assert difference_fields(None) == (("changes", "not known"),)


@pytest.mark.parametrize("text", NASTY)
async def test_text_from_outside_stays_inside(text: str) -> None:
    plan = plan_for(ecs_ref(), Difference(text, text, text), text=text)
    app = app_for(ecs_ref(), Lookup(plan))
    async with app.run_test(size=(60, 24)) as pilot:
        await pilot.pause()
        assert_inside(app.screen, ".box", ".buttons Button")
        assert app.is_running
