"""How text from outside gets into the dialogs: about one resource, about several, and choices."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual.events import Paste
from textual.widgets import Input

from backends.model import (
    Autoscaler,
    Difference,
    Ref,
    Resource,
    Rollback,
    RollbackPlan,
    ScaleInfo,
    Scope,
)
from backends.text import clean
from tests.hostile.feed import chunks, problem, ref, resource, some
from tests.hostile.stage import Stage
from widgets.confirm_dialog import ConfirmDialog
from widgets.outcome_dialog import OutcomeDialog
from widgets.picker import LinePicker, NamePicker
from widgets.prompt import Prompt
from widgets.rollback_dialog import RollbackDialog
from widgets.scale_dialog import ScaleDialog
from widgets.scale_together import ScaleTogether
from widgets.together import ConfirmTogether, Selection


async def dialogs(stage: Stage, texts: Sequence[str]) -> None:
    for name, profile, cluster, namespace, first, second in chunks(some(texts, 36), 6):
        where = Scope("ecs", profile, first, second, cluster, namespace)
        about = Ref(where, "ecs/services", name)
        effects = (first, second)
        await stage.push(ConfirmDialog(f"Restart {name}", about, effects, confirm=first))
        await stage.look(profile, cluster, namespace, first, second)
        stage.app.pop_screen()

        async def load(name: str = name, told: str = first) -> ScaleInfo:
            if len(name) % 2:
                raise RuntimeError(name)
            return ScaleInfo(3, 2, 1, Autoscaler(name, 1, 9, told), problem(told))

        target = msgspec.structs.replace(resource(name), ref=about)
        await stage.push(ScaleDialog(target, load))
        stage.app.screen.query_one(Input).value = clean(second)  # as it is pasted
        await stage.look(profile, cluster, namespace)
        stage.app.pop_screen()


async def undo(stage: Stage, texts: Sequence[str]) -> None:
    for name, was, is_, first, second, third in chunks(some(texts, 24), 6):

        async def plan(name: str = name, said: Sequence[str] = (was, is_, first)) -> RollbackPlan:
            was, is_, effect = said
            differences = (Difference(effect, was, is_), Difference(effect, is_, ""))
            operation = Rollback(ref(name), is_, was)
            return RollbackPlan(operation, is_, was, (effect, effect), differences)

        await stage.push(RollbackDialog(resource(name), plan))
        await stage.look(first, was, is_)
        stage.app.pop_screen()

        async def refuse(told: str = second + third) -> RollbackPlan:
            raise RuntimeError(told)

        await stage.push(RollbackDialog(resource(third), refuse))
        await stage.look()
        stage.app.pop_screen()


async def together(stage: Stage, texts: Sequence[str]) -> None:
    for first, second, third in chunks(some(texts, 15), 3):
        rows = [resource(text) for text in dict.fromkeys((first, second))]
        refs = tuple(row.ref for row in rows)
        left_out = {ref(third, "ecs/tasks"): third}
        selection = Selection(refs, frozenset(refs[:1]), third, left_out)
        dialog = ConfirmTogether(third, selection, (third, first), confirm=third)
        await stage.push(dialog)
        await stage.look(first, second, third)
        stage.app.pop_screen()

        async def load(row: Resource, said: str = third) -> ScaleInfo:
            if row.ref == refs[-1]:  # noqa: B023 - it is asked before the next ones are made
                raise RuntimeError(said)
            return ScaleInfo(3, 2, 1, Autoscaler(row.ref.name, 1, 9, said), None)

        await stage.push(ScaleTogether(third, rows, selection, load))
        await stage.look(first, second)
        stage.app.screen.query_one(Input).post_message(Paste(third))
        await stage.look()
        stage.app.pop_screen()

        await stage.push(OutcomeDialog(third, third, {each: problem(third) for each in refs}))
        await stage.look(first, second, third)
        stage.app.pop_screen()


async def choices(stage: Stage, texts: Sequence[str]) -> None:
    first, second = texts[0], texts[-1]

    def wrong(text: str) -> str:
        return text + second

    lines = LinePicker(first, texts, typed=second, check=wrong)
    await stage.push(lines)
    await stage.look(*texts[:10])
    for _ in range(len(texts) // 10):
        await stage.pilot.press("pagedown")
        await stage.look()
    typed = lines.query_one(Prompt)
    typed.focus()
    for text in some(texts, 5):
        typed.post_message(Paste(text))
        await stage.pilot.press("enter")
        await stage.look()
    stage.app.pop_screen()

    names = NamePicker(first, texts[:3], most=4, noun=second)
    await stage.push(names)
    await stage.look()
    names.say(first)
    await stage.look(first)
    for part in chunks(texts, 10):
        names.show([(text, text) for text in part], part[0], hint=part[1])
        await stage.look(part[0])
        names.query_one(Prompt).value = ""
        await stage.look(*part)
        names.query_one(Prompt).post_message(Paste(part[2]))
        await stage.pilot.press("down", "space")
        await stage.look()
        names.query_one(Prompt).value = ""
    stage.app.pop_screen()
