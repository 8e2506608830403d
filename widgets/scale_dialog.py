"""Asks for a new desired count, and shows what it would do before anything is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from textual.content import Content
from textual.widget import Widget

from backends.model import Problem, Resource, ScaleInfo
from widgets.count_dialog import CountDialog, problem_of
from widgets.dialog import LABELS
from widgets.fields import Field, Fields, address_fields
from widgets.scale_plan import autoscaler_line, change_line, unit_of

Loader = Callable[[], Awaitable[ScaleInfo]]
"""Asks the provider for what the dialog shows."""


class ScaleDialog(CountDialog):
    """Asks about one workload; its counts and its autoscaler are asked for meanwhile."""

    def __init__(self, resource: Resource, load: Loader) -> None:
        """Ask about `resource`; `load` is awaited once, while the dialog is already open."""
        super().__init__(f"Scale {resource.ref.name}", unit_of(resource.ref), resource.desired)
        self.resource = resource
        self._load = load
        self._info: ScaleInfo | None = None
        self._problem: Problem | None = None

    @property
    def current(self) -> int | None:
        """The desired count as last heard of; None where nobody has said."""
        return self.resource.desired if self._info is None else self._info.desired

    def about(self) -> Iterable[Widget]:
        """Return the address, the counts and the autoscaler."""
        yield Fields(address_fields(self.resource.ref), id="address", label_width=LABELS)
        yield Fields(self._facts(), id="facts", label_width=LABELS)

    def show_facts(self) -> None:
        """Show the counts and the autoscaler as they are known by now."""
        self.query_one("#facts", Fields).show(self._facts())

    def effect(self, count: int) -> str:
        """Return what going from the present count to another does."""
        return change_line(self.current, count, self._unit)

    def changes(self, count: int) -> bool:
        """Return whether a count is another than the present one."""
        return count != self.current

    def on_mount(self) -> None:
        """Ask the provider for the counts."""
        self.run_worker(self._ask(), exit_on_error=False)

    async def _ask(self) -> None:
        try:
            self._info = await self._load()
        except Exception as error:  # whatever it is, the dialog goes on
            self._problem = problem_of(error)
        if self._info is not None:
            self.suggest(self._info.desired)
        self.redraw()

    def _facts(self) -> tuple[Field, ...]:
        return (("now", self._counts()), *self._autoscaler())

    def _counts(self) -> Content:
        info, own = self._info, self.resource
        figures = (
            ("desired", self.current),
            ("running", own.ready if info is None else info.running),
            ("pending", own.pending if info is None else info.pending),
        )
        text = "   ".join(f"{label} {'–' if n is None else f'{n:,}'}" for label, n in figures)
        if info is not None:
            return Content(text)
        asking = "   asking…" if self._problem is None else "   as last listed"
        return Content.assemble(text, (asking, "$foreground-muted"))

    def _autoscaler(self) -> tuple[Field, ...]:
        problem = self._problem or (self._info.problem if self._info else None)
        if problem is not None:
            return (
                ("autoscaler", f"could not ask: {problem.action}: {problem.message}"),
                ("", f"→ {problem.remedy}"),
            )
        if self._info is None:
            return (("autoscaler", Content.styled("asking…", "$foreground-muted")),)
        scaler = self._info.autoscaler
        if scaler is None:
            return (("autoscaler", "no autoscaler found"),)
        note = f" ({scaler.note})" if scaler.note else ""
        name = f"{scaler.name}, {scaler.minimum:,}–{scaler.maximum:,}{note}"
        asked = self.desired if self.sendable else None
        sentence = autoscaler_line(scaler, asked, self.resource.ref)
        return (("autoscaler", name), ("", sentence))
