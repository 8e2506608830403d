"""For each widget, how text from outside gets into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Paste
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Input, Static

from backends.clock import ManualClock
from backends.model import (
    Autoscaler,
    Column,
    Description,
    Difference,
    FeedState,
    FeedStatus,
    FleetEvent,
    Format,
    Health,
    LogBatch,
    LogLine,
    Problem,
    Ref,
    Renewal,
    Resource,
    Revision,
    Rollback,
    RollbackPlan,
    Rollout,
    RolloutState,
    ScaleInfo,
    Scope,
    Section,
    Usage,
)
from backends.text import clean
from tests.hostile.stage import Act, Stage
from tests.hostile.strategies import FACTOR, MARKUP
from widgets.banner import Banner
from widgets.command_bar import CommandBar
from widgets.command_dialog import CommandDialog
from widgets.completion import Candidate, Completer
from widgets.confirm_dialog import ConfirmDialog
from widgets.crumbs import Crumbs
from widgets.detail_pane import DetailPane
from widgets.dialog import DialogButton
from widgets.document_view import DocumentView
from widgets.fields import Fields
from widgets.filter_bar import FilterBar
from widgets.help_panel import HelpPanel, HelpSection, commands_section
from widgets.key_bar import KeyBar
from widgets.log_pane import LogPane
from widgets.loss_banner import LossBanner
from widgets.prompt import LONGEST, Prompt
from widgets.resource_table import ResourceTable
from widgets.rollback_dialog import RollbackDialog
from widgets.rollout_pane import RolloutPane
from widgets.scale_dialog import ScaleDialog
from widgets.scope_bar import HeaderState, ScopeBar
from widgets.too_small import guard_size

NOW = 1_790_000_000.0


def some(texts: Sequence[str], most: int) -> Sequence[str]:
    """Return all texts in a full run, else at most so many of them, from all over."""
    return texts if FACTOR > 1 else texts[:: max(1, -(-len(texts) // most))]


def chunks(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield all texts, so many at a time; the last ones are filled up with the first."""
    for start in range(0, len(texts), size):
        yield (
            *texts[start : start + size],
            *([*texts] * size)[: max(0, start + size - len(texts))],
        )


COLUMNS = (
    Column("name", "NAME"),
    Column("status", "STATUS", Format.STATUS),
    Column("ready", "READY", Format.RATIO, width=6),
    Column("age", "AGE", Format.AGE),
    Column("image", "IMAGE"),
    Column("reason", "REASON", wide=True),
)


def ref(text: str, kind: str = "ecs/services") -> Ref:
    return Ref(Scope("ecs", text, "111122223333", "us-east-1", text, text), kind, text)


def resource(text: str) -> Resource:
    return Resource(
        ref=ref(text), health=Health.FAILING, status=text, reason=text,
        cells=(text, text, text, NOW - 5, text, text), ready=1, desired=2, pending=1,
    )  # fmt: skip


def problem(text: str) -> Problem:
    return Problem("denied", text, text, text)


async def table(stage: Stage, texts: Sequence[str]) -> None:
    shown = ResourceTable(clock=ManualClock(NOW))
    shown.show_wide = True
    await stage.show(shown)
    shown.set_columns(COLUMNS)
    rows = [resource(text) for text in dict.fromkeys(texts)]
    shown.set_empty("\n".join(text[:4096] for text in texts))
    await stage.look()
    shown.replace([row for row in rows if row.ref.name in MARKUP.values()])
    await stage.look(*texts)
    shown.replace(rows)
    await stage.look()
    shown.action_last()
    await stage.look()
    for _ in range(4):
        shown.action_pan(1)
        await stage.look()
    shown.sort_by("reason", True)
    for text in texts:
        shown.set_filter(text[:LONGEST])
    for text in some(texts, 5):
        shown.set_filter(text[:LONGEST])
        await stage.look()
    shown.set_filter("")
    for row in rows[:2]:
        shown.move_to(row.ref)
        shown.apply((), (row.ref,))
        await stage.look()


async def log(stage: Stage, texts: Sequence[str]) -> None:
    pane = LogPane(clock=ManualClock(NOW))
    await stage.show(pane)
    pane.set_empty("\n".join(text[:4096] for text in texts))
    await stage.look()
    for part in chunks(texts, min(55, len(texts))):
        pane.feed(LogBatch(lines=tuple(LogLine(NOW, text, text) for text in part)))
        await stage.until(lambda: not pane.busy)
        await stage.look(*part)
    pane.feed(LogBatch(notes=tuple(texts[:20]), problem=problem(texts[0]), dropped=3))
    for mode in ("utc", "relative", "off"):
        pane.timestamps = mode
        pane.wrap = not pane.wrap
        pane.json_mode = "raw" if pane.json_mode == "readable" else "readable"
        await stage.until(lambda: not pane.busy)
        await stage.look()
    pane.following = False
    pane.action_scroll_home()
    for _ in range(3):
        pane.action_scroll_right()
        pane.action_page_down()
        await stage.look()
    for text in texts:
        pane.set_filter(text[:LONGEST])
    for text in some(texts, 5):
        pane.set_filter(text[:LONGEST])
        await stage.until(lambda: not pane.busy)
        await stage.look()


def description(texts: Sequence[str]) -> Description:
    pairs = tuple((text, text) for text in texts)
    rows = tuple((text, text, text) for text in texts)
    sections = (
        Section(texts[0], pairs=pairs[:25]),
        Section("Table", head=tuple(texts[:3]), rows=rows),
        Section("Lines", lines=tuple(texts)),
    )
    # No decoder of ours lets half a surrogate pair through.
    real = [text.encode(errors="replace").decode() for text in texts]
    document: Mapping[str, Any] = {
        "lines": real, "named": {text: text for text in real},
        "nested": [{text: [text, {"block": f"{text}\n  {text}\n"}]} for text in real[:20]],
    }  # fmt: skip
    return Description(ref(texts[0]), sections, document, NOW)


async def detail(stage: Stage, texts: Sequence[str]) -> None:
    pane = DetailPane(clock=ManualClock(NOW))
    await stage.show(pane)
    for text in some(texts, 6):
        pane.show_resource(resource(text))
        pane.show_problem(problem(text))
        await stage.look(text)
    pane.show_ref(None)
    pane.set_empty(texts[-1])
    await stage.look(texts[-1])
    told = description(texts)
    pane.show_resource(resource(texts[0]))
    pane.show_description(told)
    await stage.look()
    for _ in range(12):
        pane.action_page_down()
        await stage.look()


async def document(stage: Stage, texts: Sequence[str]) -> None:
    view = DocumentView()
    await stage.show(view)
    for language in ("yaml", "json"):
        view.language = language
        view.show_description(description(texts))
        await stage.until(lambda: view.text and not view.writing)
        for _ in range(6):
            await stage.look()
            view.action_page_down()
        view.action_scroll_right()
        await stage.look()
        view.action_scroll_home()
        for text in texts:
            view.find(text)
        for text in some(texts, 3):
            view.find(text)
            await stage.look()
    for text in some(texts, 4):
        view.show_message(text)
        await stage.look(text)


async def header(stage: Stage, texts: Sequence[str]) -> None:
    size = 12
    trios = [(ScopeBar(), Crumbs(), Banner()) for _ in range(size)]
    await stage.show(*(each for trio in trios for each in trio))
    for part in chunks(texts, size):
        for text, trio in zip(part, trios, strict=True):
            say(text, *trio)
        await stage.look(*part)
    lost = LossBanner(key="f5")
    await stage.show(lost)
    for first, second, third in chunks(some(texts, 18), 3):
        renewal = Renewal(first, first, ("aws", second), ((second, third),))
        lost.show((renewal,))
        await stage.look()
        await stage.push(CommandDialog(renewal))
        await stage.look()
        stage.app.pop_screen()


def say(text: str, bar: ScopeBar, crumbs: Crumbs, banner: Banner) -> None:
    usage = Usage("111122223333", text, text, 0.5, 20.0, NOW + 5)
    feed = FeedStatus(FeedState.STALE, NOW - 60, problem(text))
    state = HeaderState(now=NOW, crumbs=("fleet", text), note="", feed=feed, usage=(usage,))
    bar.show(state)
    crumbs.show((text, text), text)
    banner.show(problem(text))


class KeysScreen(Screen[None]):
    """Keys are named by the program, but remapped by a file."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__()
        for number, text in enumerate(texts):
            self._bindings.bind(f"f{number + 1}", "app.bell", text or "-")
            for binding in self._bindings.get_bindings_for_key(f"f{number + 1}"):
                object.__setattr__(binding, "tooltip", text)

    def compose(self) -> ComposeResult:
        yield KeyBar()


async def keys(stage: Stage, texts: Sequence[str]) -> None:
    texts = [text[:255] for text in texts]  # nothing that is outside names a key at length
    screen = KeysScreen(some(texts, 20))
    await stage.push(screen)
    await stage.look()
    few = some(texts, 12)
    sections = [HelpSection(text, ((text, text),)) for text in few]
    sections.append(commands_section([Candidate(t, t, (t,), t) for t in few]))
    await stage.push(HelpPanel(screen.active_bindings, sections, title=texts[0]))
    panel = stage.app.screen
    assert isinstance(panel, HelpPanel)
    for _ in range(3):
        await stage.look()
        panel.action_page(1)


async def prompts(stage: Stage, texts: Sequence[str]) -> None:
    told = FilterBar()
    candidates = [Candidate(text, text, (text,), text) for text in texts]
    bar = CommandBar(Completer(candidates, {"": candidates}))
    await stage.show(Static(), bar, told)
    for text in some(texts, 6):
        told.open(text)
        told.set_note(text, problem=True)
        bar.open(text[:3])
        await stage.look(text)
        bar.line.post_message(Paste(text))
        await stage.pilot.press("down", "tab", "enter")
        bar.fail(text)
        await stage.look(text)
        bar.close()
    lines = [Prompt(longest=2_000_000) for _ in range(50)]
    await stage.show(*lines)
    for part in chunks(texts, len(lines)):
        for text, line in zip(part, lines, strict=True):
            line.value = text
        await stage.look(*part)


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


async def small(stage: Stage, texts: Sequence[str]) -> None:
    fields = Fields()
    await stage.show(fields, *(DialogButton(text, id=f"b{n}") for n, text in enumerate(texts[:9])))
    for part in chunks(texts, 12):
        fields.show([("label", text) for text in part])
        await stage.look(*part)
        fields.show([(text, "value") for text in part])
        await stage.look()
    await stage.pilot.resize_terminal(40, 10)
    guard_size(stage.app, Size(40, 10))
    await stage.look()


async def rollout(stage: Stage, texts: Sequence[str]) -> None:
    panes = [RolloutPane(clock=ManualClock(NOW)) for _ in range(6)]
    await stage.show(*panes)
    for part in chunks(texts, len(panes)):
        for number, (text, pane) in enumerate(zip(part, panes, strict=True)):
            pane.begin(ref(text), NOW - 60)
            new, old = Revision(text, "new", 3, 1, 1, 1, text), Revision(text, text, 3, 2)
            events = (FleetEvent(NOW - 5, text, True, 7), FleetEvent(NOW - 9, text))
            state = list(RolloutState)[number % len(RolloutState)]
            pane.show(Rollout(ref(text), state, text, (new, old), events, NOW))
            if number % 2:
                pane.fail(problem(text))
        await stage.look(*part)


async def notices(stage: Stage, texts: Sequence[str]) -> None:
    for part in chunks(texts, 12):
        stage.app.clear_notifications()
        for text in part:
            stage.app.notify(text, title=text, severity="error", markup=False, timeout=600)
        await stage.look()


ACTS: Mapping[str, Act] = {
    act.__name__: act
    for act in (
        table, log, detail, undo, document, header, keys, prompts, dialogs, small, rollout, notices,
    )
}  # fmt: skip
"""Every act by its name; together they put every widget on the stage."""
