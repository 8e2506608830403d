"""CloudWatch Logs Insights: a question to logs over days, its cost first, then its answer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import TextArea

from backends.base import BackendError
from backends.logs.insights_model import LONGEST_QUERY, Answer, Estimate, Question
from backends.model import Column, Problem, Resource
from tui.insights_asking import Phase, place_in
from tui.insights_book import STARTERS
from tui.insights_rows import table_of
from tui.screens.insights_confirm import InsightsDialog
from tui.screens.insights_record import RecordScreen
from tui.screens.insights_subject import InsightsSubject
from widgets.banner import Banner
from widgets.filter_bar import FilterBar
from widgets.key_bar import KeyBar
from widgets.query_editor import QueryEditor
from widgets.question_lines import ProgressLine, QuestionLines
from widgets.resource_table import ResourceTable
from widgets.row_view import HEALTH_FIRST
from widgets.scope_bar import HeaderState, ScopeBar

TICK = 0.5
"""Seconds between repaints of what goes on with time."""


class InsightsScreen(InsightsSubject):
    """Puts a question together, asks it, and shows its answer; leaving it stops the query."""

    def __init__(self, resource: Resource | None = None) -> None:
        """Begin with the log groups of `resource`, or with none chosen."""
        super().__init__(resource)
        self._columns: tuple[Column, ...] = ()
        self._utc = False
        self._offers = (False, False)

    @property
    def column_keys(self) -> list[str]:
        """The keys of the table's columns."""
        return [column.key for column in self._columns]

    def compose(self) -> ComposeResult:
        """Lay out, from top to bottom."""
        yield ScopeBar(id="header")
        yield self.topdeck.loss_banner()
        yield Banner(id="banner")
        yield QuestionLines()
        yield QueryEditor(STARTERS[0].query, longest=LONGEST_QUERY)
        yield ProgressLine()
        yield ResourceTable(clock=self.topdeck.fleet.clock)
        yield FilterBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to look for the log groups."""
        self.editor.focus()
        self.set_interval(TICK, self.say)
        self.prepare()

    # Asking

    @on(TextArea.Changed)
    def _edited(self) -> None:
        """Take back a complaint about a query that is another one now."""
        self.query_one(Banner).show(None)

    @work(exclusive=True, group="ask")
    async def action_run(self) -> None:
        """Find out what the query costs, ask whether to run it, and follow its answer."""
        asking, clock = self.asking, self.topdeck.fleet.clock
        question = asking.compose(self.editor.text, clock.now())
        self.query_one(Banner).show(None)
        asking.estimating(clock.now())
        self.say()
        try:
            estimate = await self.questions.estimate(question)
            asking.estimated()
            self.say()
            dialog = InsightsDialog(question, asking.span, estimate)
            if await self.app.push_screen_wait(dialog):
                await self._follow(question, estimate)
        except BackendError as error:
            self.fail(error.problem)
        self.say()

    async def _follow(self, question: Question, estimate: Estimate) -> None:
        clock = self.topdeck.fleet.clock
        self.asking.begin(question, estimate, clock.now())
        self._clear()
        self.table.focus()
        self.say()
        async with aclosing(self.questions.ask(question)) as answers:
            async for answer in answers:
                await self._show(answer)
                self.asking.hear(answer, clock.now())
                self.say()
        await asyncio.to_thread(self.book.remember, question.query)

    def action_stop(self) -> None:
        """Stop the query, and keep what it has found."""
        if self.asking.running:
            self.workers.cancel_group(self, "ask")
            self.asking.end(Phase.STOPPED, self.topdeck.fleet.clock.now())
            self.say()

    def fail(self, problem: Problem) -> None:
        """Say what went wrong, and point at it where it is in the query."""
        self.query_one(Banner).show(problem)
        self.asking.end(Phase.FAILED, self._now())
        place = place_in(problem.message)
        if place is not None:
            self.editor.point_at(*place)
            self.editor.focus()
        self.say()

    def _now(self) -> float:
        return self.topdeck.fleet.clock.now()

    # The answer

    def _clear(self) -> None:
        self._columns = ()
        self.table.set_columns(())

    async def _show(self, answer: Answer) -> None:
        """Put an answer into the table; order, filter and cursor stay."""
        scope = self.asking.scope_of_answer
        found = await asyncio.to_thread(partial(table_of, answer, scope, utc=self._utc))
        table, text = self.table, self.query_one(FilterBar).text
        if found.columns != self._columns:
            order = (table.sort_key, table.sort_reverse)
            self._columns = found.columns
            table.set_columns(found.columns)
            table.sort_by(*(order if order[0] != HEALTH_FIRST else ("row", False)))
            table.set_filter(text)
        table.replace(found.rows)

    @work(exclusive=True, group="times")
    async def action_times(self) -> None:
        """Switch times between UTC and local time."""
        self._utc = not self._utc
        if self.asking.answer is not None:
            await self._show(self.asking.answer)
        self.say()

    @on(ResourceTable.RowActivated)
    def _open(self, event: ResourceTable.RowActivated) -> None:
        if self.is_current:
            self.app.push_screen(RecordScreen(event.resource, self.questions))

    @on(ResourceTable.HeaderClicked)
    def _header_clicked(self, event: ResourceTable.HeaderClicked) -> None:
        reverse = self.table.sort_key == event.column_key and not self.table.sort_reverse
        self.table.sort_by(event.column_key, reverse)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.table.set_filter(event.text)
        self.say()

    @on(FilterBar.Kept)
    @on(FilterBar.Dismissed)
    def _filter_done(self) -> None:
        self.table.focus()

    # What is said around it

    def say(self) -> None:
        """Bring up to date what is said around the query and its answer."""
        if not self.is_mounted:
            return
        asking, now = self.asking, self._now()
        table, bar = self.table, self.query_one(FilterBar)
        crumbs = tuple(p for p in (asking.name, *asking.scope.parts) if p)
        self.query_one("#header", ScopeBar).show(
            HeaderState(
                now=now,
                crumbs=("insights", *crumbs),
                note="times in UTC" if self._utc else "",
                read_only=self.topdeck.fleet.read_only,
                demo=self.topdeck.demo,
            )
        )
        self.query_one(QuestionLines).show(asking.lines())
        progress = asking.progress(now)
        line = self.query_one(ProgressLine)
        line.show(progress.state, *progress.parts, share=progress.share)
        filtered = bool(table.total and bar.text)
        table.set_empty("No row matches the filter. esc clears it." if filtered else asking.empty())
        if bar.text:
            note = table.note or f"{table.shown} of {table.total}"
            bar.set_note(note, problem=bool(table.note))
        offers = (asking.running, bool(self._columns))
        if offers != self._offers:
            self._offers = offers
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey what there is nothing to do for."""
        if not self.is_mounted:
            return None
        if action == "stop":
            return self.asking.running or None
        if action in ("copy", "save", "filter", "sort_next", "sort_reverse", "times"):
            return bool(self._columns) or None
        return True

    def action_edit(self) -> None:
        """Edit the query."""
        self.editor.focus()

    def action_back(self) -> None:
        """Clear the filter, leave the editor, stop the query, or go back."""
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            self.table.set_filter("")
            self.say()
        elif self.editor.has_focus:
            self.table.focus()
        elif self.asking.running:
            self.action_stop()
        else:
            self.app.pop_screen()
