"""What a question of the Insights screen is about: its place, log groups, range and query."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, cast

from textual import work

from backends.base import BackendError
from backends.model import Problem, Resource, Scope
from backends.questions import Questions
from tui.compose import state_folder
from tui.insights_asking import Asking, Phase
from tui.insights_book import QueryBook
from tui.screens import insights_choose as choose
from tui.screens.insights_keys import InsightsKeys
from widgets.query_editor import QueryEditor

if TYPE_CHECKING:
    from tui.app import TopdeckApp


class InsightsSubject(InsightsKeys):
    """Finds what a resource's log groups are, and lets everything be chosen anew."""

    def __init__(self, resource: Resource | None) -> None:
        super().__init__()
        self.resource = resource
        self.asking = Asking(resource.ref.name if resource is not None else "")

    @property
    def topdeck(self) -> TopdeckApp:
        """The application, by its own type."""
        return cast("TopdeckApp", self.app)

    @property
    def editor(self) -> QueryEditor:
        """The query."""
        return self.query_one(QueryEditor)

    @cached_property
    def questions(self) -> Questions:
        """Who is asked."""
        return Questions(self.topdeck.fleet)

    @cached_property
    def book(self) -> QueryBook:
        """The queries that were run last."""
        return QueryBook(state_folder() / "queries.json")

    def say(self) -> None:
        """Bring up to date what is said around the query and its answer."""
        raise NotImplementedError

    def fail(self, problem: Problem) -> None:
        """Say what went wrong."""
        raise NotImplementedError

    @work(exclusive=True, group="prepare")
    async def prepare(self) -> None:
        """Find the place and the log groups of the resource that one comes from."""
        places = self.questions.places()
        self._look(places[0] if places else None)
        if self.resource is not None:
            self.asking.phase = Phase.LOOKING
            self.say()
            try:
                choice = await self.questions.choice(self.resource)
            except BackendError as error:
                self.fail(error.problem)
            else:
                self.asking.groups, self.asking.note = choice.groups, choice.note
                self._look(choice.scope)
                if choice.narrow:
                    self.editor.show(f"{choice.narrow}\n| {self.editor.text}")
                self.asking.phase = Phase.IDLE
        if not places:
            why = "no AWS profile is looked at, so there is nobody to ask"
            self.fail(Problem("invalid", "CloudWatch Logs Insights", why, "add --profile"))
            return
        await self._settle()

    def _look(self, scope: Scope | None) -> None:
        if scope is not None:
            self.asking.scope = scope
        self.say()

    async def _settle(self) -> None:
        """Find out which account the place is of."""
        try:
            settled = await self.questions.settled(self.asking.scope)
        except BackendError as error:
            self.fail(error.problem)
        else:
            self._look(settled)

    @work(exclusive=True, group="choose")
    async def action_groups(self) -> None:
        """Mark log groups."""
        picker, hint = choose.group_picker(self.asking), ""
        if self.resource is not None and not self.asking.groups:
            hint = self.resource.ref.scope.cluster or self.resource.ref.name
        fill = choose.fill(picker, self.questions, self.asking.scope, hint)
        filling = self.run_worker(fill, group="fill", exclusive=True, exit_on_error=False)
        chosen = await self.app.push_screen_wait(picker)
        filling.cancel()
        if chosen is not None:
            self.asking.groups, self.asking.note = chosen, ""
            self.say()

    @work(exclusive=True, group="choose")
    async def action_range(self) -> None:
        """Choose the time range."""
        span = await choose.choose_range(self.app, self.topdeck.fleet.clock.now())
        if span is not None:
            self.asking.span = span
            self.say()

    @work(exclusive=True, group="choose")
    async def action_place(self) -> None:
        """Choose the account and region; log groups are chosen anew then."""
        place = await choose.choose_place(self.app, self.questions.places())
        if place is not None:
            self.asking.groups, self.asking.note = (), ""
            self._look(place)
            await self._settle()

    @work(exclusive=True, group="choose")
    async def action_queries(self) -> None:
        """Choose a query."""
        remembered = await asyncio.to_thread(self.book.load)
        query = await choose.choose_query(self.app, remembered)
        if query is not None:
            self.editor.show(query)
            self.editor.focus()
