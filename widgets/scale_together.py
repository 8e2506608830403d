"""Asks for one new desired count for several workloads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from textual.widget import Widget

from backends.model import Problem, Ref, Resource, ScaleInfo
from widgets.count_dialog import CountDialog, problem_of
from widgets.fields import Field, Fields
from widgets.fit import plural
from widgets.scale_plan import autoscaler_line, change_line, unit_of
from widgets.together import WIDE_BOX, Selection, listed, selection_notes

LoaderOf: TypeAlias = Callable[[Resource], Awaitable[ScaleInfo]]
"""Asks the provider for the counts and the autoscaler of one workload."""

ASKED_AT_ONCE = 4
"""Workloads that the provider is asked about at a time."""


class ScaleTogether(CountDialog):
    """Shows for each workload what the count would do to it, and what its autoscaler will."""

    DEFAULT_CSS = "ScaleTogether > .box" + WIDE_BOX

    def __init__(
        self, title: str, workloads: Sequence[Resource], selection: Selection, load: LoaderOf
    ) -> None:
        """Ask about `workloads`, those of `selection`; `load` is awaited once for each, while
        the dialog is already open."""
        desired = {row.desired for row in workloads}
        start = next(iter(desired)) if len(desired) == 1 else None
        super().__init__(title, unit_of(workloads[0].ref), start)
        self._workloads = {row.ref: row for row in workloads}
        self.selection = selection
        self._load = load
        self._infos: dict[Ref, ScaleInfo] = {}
        self._problems: dict[Ref, Problem] = {}

    def current(self, ref: Ref) -> int | None:
        """The desired count of a workload as last heard of; None where nobody has said."""
        info = self._infos.get(ref)
        return self._workloads[ref].desired if info is None else info.desired

    @property
    def base(self) -> int:
        """The highest count there is: the keys for more and fewer stop nothing at once."""
        return max((self.current(ref) or 0 for ref in self._workloads), default=0)

    def about(self) -> Iterable[Widget]:
        """Return what is to be known, and every workload with what would happen to it."""
        yield from selection_notes(self.selection)
        yield Fields(self._listed(), id="addresses")

    def show_facts(self) -> None:
        """Say of each workload what is known by now."""
        said = {ref: self._said(ref) for ref in self._workloads}
        self.query_one("#addresses", Fields).show(self._listed(said))

    def _listed(self, said: Mapping[Ref, Sequence[str]] | None = None) -> tuple[Field, ...]:
        return listed(self._workloads, said, self.selection.hidden)

    def effect(self, count: int) -> str:
        """Return how many would change, and by how much in all."""
        currents = [self.current(ref) for ref in self._workloads]
        same = currents.count(count)
        if same == len(currents):
            return f"{count:,}: nothing to change"
        known = [current for current in currents if current is not None]
        more = sum(max(0, count - current) for current in known)
        fewer = sum(max(0, current - count) for current in known)
        noun = self._unit.noun
        parts = [f"{len(currents) - same:,} of {len(currents):,} change"]
        parts += [f"{plural(more, noun)} will start"] * bool(more)
        parts += [f"{plural(fewer, noun)} will be stopped"] * bool(fewer)
        if len(known) < len(currents):
            parts.append("not all present counts are known")
        return ", ".join(parts) + ("; nothing will serve" if count == 0 else "")

    def changes(self, count: int) -> bool:
        """Return whether any workload has another count."""
        return any(self.current(ref) != count for ref in self._workloads)

    def on_mount(self) -> None:
        """Ask the provider for the counts, a few workloads at a time."""
        self.run_worker(self._ask(), exit_on_error=False)

    async def _ask(self) -> None:
        waiting = iter(self._workloads.values())

        async def ask() -> None:
            for row in waiting:
                try:
                    self._infos[row.ref] = await self._load(row)
                except Exception as error:  # whatever it is, the dialog goes on
                    self._problems[row.ref] = problem_of(error)
                self.redraw()

        await asyncio.gather(*(ask() for _ in range(ASKED_AT_ONCE)))

    def _said(self, ref: Ref) -> Sequence[str]:
        """Return the lines below an address: the change, the autoscaler's part in it."""
        count, current = self.desired, self.current(ref)
        info = self._infos.get(ref)
        if count is None:
            change = "? now" if current is None else f"{current:,} now"
        else:
            change = change_line(current, count, self._unit)
        problem = self._problems.get(ref) or (info.problem if info else None)
        if problem is not None:
            return (change, f"autoscaler: could not ask: {problem.action}: {problem.message}")
        if info is None:
            return (f"{change} (asking…)",)
        if info.autoscaler is None:
            return (change,)
        asked = count if count != current else None
        return (change, f"{info.autoscaler.name}: {autoscaler_line(info.autoscaler, asked, ref)}")
