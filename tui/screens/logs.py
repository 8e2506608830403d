"""The log view: a live tail of a resource and of all that runs under it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from backends.base import BackendError
from backends.model import LogBatch, LogRequest, Problem, Resource
from backends.text import clean
from tui.compose import state_folder
from tui.older import OlderLines
from widgets.banner import Banner
from widgets.filter_bar import FilterBar
from widgets.key_bar import KeyBar
from widgets.log_pane import LogPane
from widgets.log_top import LogTop
from widgets.scope_bar import HeaderState, ScopeBar

if TYPE_CHECKING:
    from tui.app import TopdeckApp

WINDOWS: tuple[tuple[str, str, LogRequest], ...] = (
    ("0", "tail", LogRequest(since=None, tail=200)),
    ("1", "head", LogRequest(since=3600.0, head=500, follow=False)),
    ("2", "1m", LogRequest(since=60.0)),
    ("3", "5m", LogRequest(since=300.0)),
    ("4", "15m", LogRequest(since=900.0)),
    ("5", "30m", LogRequest(since=1800.0)),
    ("6", "1h", LogRequest(since=3600.0)),
)
"""Keys as k9s has them: what each begins with."""

SAY = 0.25
"""Seconds between two counts in the header while lines come in: more often nobody reads them."""


class LogScreen(Screen[None]):
    """Tails one resource until it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", id="logs.back",
                tooltip="Clear the filter, or end the tail and go back."),
        Binding("slash", "filter", "Filter", id="logs.filter", priority=True,
                tooltip="Show only lines that match an expression; ! before it: those that don't."),
        Binding("p", "previous", "Previous", id="logs.previous",
                tooltip="The container's previous run (Kubernetes), or back to the live tail."),
        *(
            Binding(key, f"window({index})", name, id=f"logs.window-{key}", show=False,
                    tooltip=f"Begin anew with: {name}.")
            for index, (key, name, _request) in enumerate(WINDOWS)
        ),
        Binding("ctrl+r", "again", "Ask again", id="logs.again", show=False,
                tooltip="Begin the same part of the log anew."),
        Binding("m", "mark", "Mark", id="logs.mark", show=False,
                tooltip="Put a mark with the time after the last line."),
        Binding("ctrl+s", "save", "Save", id="logs.save",
                tooltip="Write the lines that are shown to a file."),
        Binding("c", "copy", "Copy", id="logs.copy", tooltip="Copy the lines on the screen."),
        Binding("i", "insights", "Insights", id="logs.insights",
                tooltip="Query days of this log with CloudWatch Logs Insights."),
        Binding("question_mark", "help", "Help", id="logs.help",
                tooltip="Every key of this screen."),
    ]  # fmt: skip

    def __init__(self, resource: Resource, request: LogRequest) -> None:
        super().__init__()
        self.resource = resource
        self.request = request
        self.status = ""
        """What goes on with the sources of the log, as its latest batch has it."""
        self.ended = False
        """Whether nothing more will come: the log is over, or may not be read."""
        self._older: OlderLines | None = None
        self._said = -SAY
        self._saying: Timer | None = None

    @property
    def topdeck(self) -> TopdeckApp:
        """The application, by its own type."""
        return cast("TopdeckApp", self.app)

    @property
    def pane(self) -> LogPane:
        """The log."""
        return self.query_one(LogPane)

    def compose(self) -> ComposeResult:
        """Lay out, from top to bottom."""
        yield ScopeBar(id="header")
        yield self.topdeck.loss_banner()
        yield Banner(id="banner")
        limit = self.topdeck.config.logs.buffer_mib * 1024 * 1024
        clock = self.topdeck.fleet.clock
        pane = LogPane(clock=clock, max_bytes=limit)
        yield LogTop(pane, clock)
        yield pane
        yield FilterBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to tail."""
        self.pane.focus()
        self._say()
        self.watch(self.pane, "scroll_y", self._look_back, init=False)
        self.watch(self.pane, "following", self._turned, init=False)
        self._tail(self.request)

    @work(exclusive=True, group="tail")
    async def _tail(self, request: LogRequest) -> None:
        self.request = request
        pane = self.pane
        pane.clear()
        self.status, self.ended = "", False
        self.workers.cancel_group(self, "older")
        older = self._older = OlderLines(self.topdeck.fleet, pane, self._older_changed)
        older.begin(self.resource, request)
        asking = f"Asking for the logs of {self.resource.ref.name} ..."
        pane.set_empty(asking)
        try:
            async for batch in self.topdeck.fleet.logs(self.resource, request):
                pane.feed(batch)
                older.heed(batch)
                self.status = batch.status
                if batch.status and not pane.received:
                    pane.set_empty(f"{asking}\n{batch.status}")
                if batch.live and not pane.received:
                    pane.set_empty(f"No lines {_span(request)}. New ones will appear here.")
            ended = "The end." if pane.received else f"No lines {_span(request)}."
        except BackendError as error:
            pane.feed(LogBatch(problem=error.problem))
            ended = "The tail has ended: ctrl-r asks again."
        self.ended = True
        pane.feed(LogBatch(notes=(ended,), problem=pane.problem))

    @on(LogPane.TopReached)
    def _look_back(self) -> None:
        """Look for older lines as soon as the oldest is in view and nobody follows the end."""
        if self._at_top() and self._older is not None and not self._older.ended:
            if not any(one.group == "older" and not one.is_finished for one in self.workers):
                self._fetch_older(self._older)
        else:
            self.workers.cancel_group(self, "older")

    def _turned(self) -> None:
        self._look_back()
        self._say()

    @work(group="older")
    async def _fetch_older(self, older: OlderLines) -> None:
        await older.fetch(self._at_top)

    def _older_changed(self) -> None:
        with suppress(NoMatches):  # it is told of its end when widgets may be gone already
            self._say()

    def _at_top(self) -> bool:
        return not self.pane.following and self.pane.scroll_y <= 0

    @on(LogPane.StatusChanged)
    def _status_changed(self) -> None:
        self.query_one(LogTop).heed()
        rest = self._said + SAY - self.topdeck.fleet.clock.monotonic()
        if rest <= 0:
            self._say()
        elif self._saying is None:
            self._saying = self.set_timer(rest, self._say)

    def _say(self) -> None:
        if self._saying is not None:
            self._saying.stop()
            self._saying = None
        self._said = self.topdeck.fleet.clock.monotonic()
        pane = self.pane
        self.query_one("#header", ScopeBar).show(
            HeaderState(
                now=self.topdeck.fleet.clock.now(),
                crumbs=("logs", *self.resource.ref.scope.parts[-2:], self.resource.ref.name),
                note=self._counts(),
                read_only=self.topdeck.fleet.read_only,
                demo=self.topdeck.demo,
            )
        )
        if pane.filter_text:
            note = pane.filter_note
            text = note or f"{pane.matched:,} match"
            self.query_one(FilterBar).set_note(text, problem=bool(note))
        problem: Problem | None = pane.problem
        self.query_one(Banner).show(problem)

    def _counts(self) -> str:
        pane = self.pane
        lines = f"{pane.held:,} lines"
        if pane.searched is not None:
            lines = f"searched {pane.searched:,} of {lines}"
        state = "following" if pane.following else "paused"
        parts = ["ended" if self.ended else state, lines]
        if pane.filter_text:
            parts.append(f"{pane.matched:,} match")
        if pane.fell_out:
            parts.append(f"{pane.fell_out:,} fell out")
        if pane.dropped:
            parts.append(f"{pane.dropped:,} lost upstream")
        parts += [text for text in (self._older and self._older.status, self.status) if text]
        return " · ".join(parts)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.pane.set_filter(event.text)
        self._say()

    @on(FilterBar.Kept)
    @on(FilterBar.Dismissed)
    def _filter_done(self) -> None:
        self.pane.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a slash that is typed into the filter line to it."""
        return not (action == "filter" and isinstance(self.focused, Input))

    def action_filter(self) -> None:
        """Open the filter line."""
        self.query_one(FilterBar).open()

    def action_back(self) -> None:
        """Clear the filter if there is one, else end the tail."""
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            self.pane.set_filter("")
            self._say()
        else:
            self.app.pop_screen()

    def action_window(self, index: int) -> None:
        """Begin anew with another part of the log."""
        self._tail(WINDOWS[index][2])

    def action_again(self) -> None:
        """Begin the same part of the log anew."""
        self._tail(self.request)

    def action_previous(self) -> None:
        """Switch between the previous run and the live tail."""
        if self.request.previous:
            self._tail(WINDOWS[0][2])
        else:
            self._tail(LogRequest(since=None, tail=1000, follow=False, previous=True))

    def action_mark(self) -> None:
        """Put a mark into the log, to find the place again."""
        mark = time.strftime("mark %H:%M:%S")
        self.pane.feed(LogBatch(notes=(mark,), problem=self.pane.problem))

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Write what is shown to a file, without holding up the screen."""
        path = _log_path(self.resource.ref.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            count = await asyncio.to_thread(self.pane.save, path, filtered=True)
        except OSError as error:
            text = f"{path}: {error.strerror or error}. Free some room or change its permissions."
            self.notify(text, title="Not saved", severity="error", timeout=15, markup=False)
            return
        self.notify(f"{count:,} lines saved to {path}", timeout=8, markup=False)

    def action_copy(self) -> None:
        """Copy what is selected with the mouse, or the lines on the screen."""
        text = self.pane.selected_text() or self.pane.visible_text()
        self.app.copy_to_clipboard(text)
        self.notify(f"{len(text.splitlines())} lines copied", timeout=2, markup=False)

    def action_insights(self) -> None:
        """Ask Insights of the log groups behind this tail."""
        from tui import verbs

        verbs.insights(self, self.resource)

    def action_help(self) -> None:
        """Show every key of this screen."""
        from tui.prompts import log_help

        self.app.push_screen(log_help(self))


def _span(request: LogRequest) -> str:
    if request.previous:
        return "in the previous run"
    if request.since is None:
        return "so far"
    return f"in the last {request.since / 60:.0f} min"


def _log_path(name: str) -> Path:
    """Return a new file's path; a name from outside becomes a safe one."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in clean(name))[:80]
    folder = state_folder() / "logs"
    return folder / f"{safe}-{time.strftime('%Y%m%d-%H%M%S')}.log"
