"""Dialogs about several resources: each is named, and so is what is left out."""

from __future__ import annotations

import asyncio

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from backends.base import Denied
from backends.model import Autoscaler, Health, Problem, Ref, Resource, ScaleInfo, Scope
from widgets.fields import Fields
from widgets.outcome_dialog import OutcomeDialog
from widgets.scale_together import ASKED_AT_ONCE, ScaleTogether
from widgets.themes import THEMES
from widgets.together import ConfirmTogether, Selection

SCOPE = Scope("ecs", "acme", "111122223333", "eu-west-1", "shop")


def workload(name: str, desired: int | None) -> Resource:
    ref = Ref(SCOPE, "ecs/services", name)
    return Resource(ref=ref, health=Health.OK, status="ACTIVE", cells=(name,), desired=desired)


CART, WEB, MAIL = workload("cart", 2), workload("web", 5), workload("mail", 5)
REFS = (CART.ref, WEB.ref, MAIL.ref)


class Stage(App[None]):
    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name


def seen(app: App[None]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def until(pilot: Pilot[None], word: str) -> None:
    async with asyncio.timeout(30):
        while word not in seen(pilot.app):
            await pilot.pause(0.01)


async def test_every_address_is_shown_and_what_is_left_out_with_its_reason() -> None:
    app = Stage()
    answers: list[bool | None] = []
    async with app.run_test(size=(120, 40)) as pilot:
        left = Ref(SCOPE, "ecs/services", "daemon")
        selection = Selection(
            REFS, frozenset({WEB.ref}), "Nothing happens to x.", {left: "It can't."}
        )
        dialog = ConfirmTogether("Restart 3", selection, ("All go.",), confirm="Restart 3")
        app.push_screen(dialog, answers.append)
        await until(pilot, "All go.")
        said = seen(app)
        for ref in (*REFS, left):
            assert ref.address in said
        assert f"{WEB.ref.address} (hidden by the filter)" in said
        assert f"{CART.ref.address} (hidden" not in said
        for word in ("Nothing happens to x.", "Left out: 1", "It can't.", "1 of them hidden"):
            assert word in said
        await pilot.press("enter")
        assert answers == [False]
        app.push_screen(
            ConfirmTogether("Restart 3", selection, (), confirm="Restart 3"), answers.append
        )
        await pilot.pause()
        await pilot.press("y")
        assert answers == [False, True]


async def test_a_list_longer_than_the_screen_scrolls_under_title_and_answers() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        refs = tuple(Ref(SCOPE, "ecs/services", f"service-{n}") for n in range(60))
        app.push_screen(ConfirmTogether("Restart 60", Selection(refs), ("All go.",), confirm="Go"))
        await until(pilot, "All go.")
        for word in ("Restart 60", "These 60:", "service-0", "Cancel"):
            assert word in seen(app)
        assert "service-59" not in seen(app)
        for _ in range(20):
            await pilot.press("pagedown")
        await until(pilot, "service-59")
        assert "Restart 60" in seen(app)
        assert "Cancel" in seen(app)


async def test_a_count_says_what_it_does_to_each() -> None:
    app = Stage()
    answers: list[int | None] = []
    under_way, most = 0, 0

    async def load(row: Resource) -> ScaleInfo:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        if row is MAIL:
            raise Denied("application-autoscaling:Describe", "no", "ask")
        scaler = Autoscaler("Application Auto Scaling", 1, 3) if row is WEB else None
        return ScaleInfo(row.desired or 0, 1, autoscaler=scaler)

    async with app.run_test(size=(120, 40)) as pilot:
        dialog = ScaleTogether("Scale 3", (CART, WEB, MAIL), Selection(REFS), load)
        app.push_screen(dialog, answers.append)
        await until(pilot, "could not ask")
        assert not dialog.sendable, "there is no number yet"
        await pilot.press("5")
        await until(pilot, "1 of 3 change, 3 tasks will start")
        said = dialog.query_one("#addresses", Fields).text
        assert "2 -> 5: 3 tasks will start" in said
        assert said.count("5 -> 5: nothing to change") == 2
        await pilot.press("backspace", "4")
        await until(pilot, "2 tasks will start, 2 tasks will be stopped")
        said = dialog.query_one("#addresses", Fields).text
        assert "4 will be brought back to 3" in said
        assert "application-autoscaling:Describe: no" in said
        await pilot.press("backspace", "0")
        await until(pilot, "nothing will serve")
        await pilot.press("backspace", "up")
        await until(pilot, "6 tasks")  # one more than the most there is
        await pilot.press("enter", "y")
        await pilot.pause()
    assert answers == [6]
    assert most <= ASKED_AT_ONCE


async def test_a_count_that_all_have_is_the_start_and_changes_nothing() -> None:
    app = Stage()

    async def load(row: Resource) -> ScaleInfo:
        return ScaleInfo(row.desired or 0, 1)

    async with app.run_test(size=(120, 40)) as pilot:
        selection = Selection((WEB.ref, MAIL.ref))
        dialog = ScaleTogether("Scale 2", (WEB, MAIL), selection, load)
        app.push_screen(dialog)
        await until(pilot, "5: nothing to change")
        assert not dialog.sendable
        assert str(dialog.query_one("#change", Static).content) == "5: nothing to change"


async def test_what_was_refused_is_listed_with_error_and_remedy() -> None:
    app = Stage()
    problem = Problem("conflict", "ecs:UpdateService", "it is draining", "wait for it")
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(OutcomeDialog("1 of 2 requested", "Never again.", {WEB.ref: problem}))
        await until(pilot, "Never again.")
        said = seen(app)
        for word in (WEB.ref.address, "ecs:UpdateService: it is draining", "→ wait for it"):
            assert word in said
        await pilot.press("enter")
        await pilot.pause()
        assert not isinstance(app.screen, OutcomeDialog)
