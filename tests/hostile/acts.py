"""For each widget, how text from outside gets into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Paste
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from backends.clock import ManualClock
from backends.model import (
    Column,
    Description,
    FeedState,
    FeedStatus,
    FleetEvent,
    Format,
    Renewal,
    Revision,
    Rollout,
    RolloutState,
    Section,
    Usage,
)
from tests.hostile.acts_dialogs import choices, dialogs, together, undo
from tests.hostile.acts_logs import columns, log, question
from tests.hostile.feed import NOW, chunks, problem, ref, resource, some
from tests.hostile.stage import Act, Stage
from tests.hostile.strategies import MARKUP
from widgets.banner import Banner
from widgets.command_bar import CommandBar
from widgets.command_dialog import CommandDialog
from widgets.completion import Candidate, Completer
from widgets.crumbs import Crumbs
from widgets.detail_pane import DetailPane
from widgets.dialog import DialogButton
from widgets.document_view import DocumentView
from widgets.fields import Fields
from widgets.filter_bar import FilterBar
from widgets.help_panel import HelpPanel, HelpSection, commands_section
from widgets.key_bar import KeyBar
from widgets.loss_banner import LossBanner
from widgets.prompt import LONGEST, Prompt
from widgets.resource_table import ResourceTable
from widgets.rollout_pane import RolloutPane
from widgets.scope_bar import HeaderState, ScopeBar
from widgets.too_small import guard_size

COLUMNS = (
    Column("name", "NAME"),
    Column("status", "STATUS", Format.STATUS),
    Column("ready", "READY", Format.RATIO, width=6),
    Column("age", "AGE", Format.AGE),
    Column("image", "IMAGE"),
    Column("reason", "REASON", wide=True),
)


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
        table, log, columns, detail, document, header, keys, prompts, small, rollout, notices,
        question, dialogs, undo, together, choices,
    )
}  # fmt: skip
"""Every act by its name; together they put every widget on the stage."""
