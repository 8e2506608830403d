"""A rollout while it happens: old and new counts, failures, events, until it settles."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from backends.clock import Clock
from backends.model import FleetEvent, Health, Problem, Ref, Revision, Rollout, RolloutState
from backends.text import clean
from widgets.cells import age_text, fit
from widgets.fit import clip, clip_middle, lines
from widgets.health import HEALTH_LOOKS
from widgets.scale_plan import unit_of

MUTED = "$foreground-muted"
BAR = 12
"""Cells of a revision's bar."""

MOST_EVENTS = 5
"""Newest events that are asked for room."""

MOST_REVISIONS = 4

LONGEST_IMAGE = 36
"""Cells for an image's name with its tag or digest."""

HEALTH_OF = {
    RolloutState.RUNNING: Health.PROGRESSING,
    RolloutState.SETTLED: Health.OK,
    RolloutState.FAILED: Health.FAILING,
}
"""What a rollout's state looks like."""

WORDS = {
    RolloutState.RUNNING: "rolling out for",
    RolloutState.SETTLED: "settled after",
    RolloutState.FAILED: "failed after",
}


def bar(revision: Revision, width: int = BAR) -> str:
    """Return a revision's running and pending share of all it has or wants, as text."""
    whole = max(revision.desired, revision.running + revision.pending)
    if whole <= 0:
        return "·" * width
    running = round(width * revision.running / whole)
    if revision.running and not running:
        running = 1
    pending = min(width - running, round(width * revision.pending / whole))
    return "█" * running + "▒" * pending + "·" * (width - running - pending)


class RolloutPane(Widget):
    """Draws one rollout. It keeps the last state it was shown, settled ones too."""

    DEFAULT_CSS = """
    RolloutPane {
        height: auto; max-height: 14; width: 100%; padding: 0 1;
        border-top: solid $foreground 30%; text-wrap: nowrap;
    }
    """

    def __init__(
        self,
        *,
        clock: Clock,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._ref: Ref | None = None
        self._began = 0.0
        self._ended: float | None = None
        self._rollout: Rollout | None = None
        self._problem: Problem | None = None

    @property
    def ref(self) -> Ref | None:
        """Whose rollout is shown."""
        return self._ref

    @property
    def settled(self) -> bool:
        """Whether the rollout has come to an end, good or bad."""
        return self._ended is not None

    def begin(self, ref: Ref, at: float | None = None) -> None:
        """Start over with the workload at `ref`; `at` is when it was asked for, now by default."""
        self._ref = ref
        self._began = self._clock.now() if at is None else at
        self._ended = None
        self._rollout = None
        self._problem = None
        self.refresh(layout=True)

    def show(self, rollout: Rollout) -> None:
        """Show the newest state; another workload's starts over."""
        if rollout.ref != self._ref:
            self.begin(rollout.ref, rollout.at)
        self._rollout = rollout
        self._problem = None
        self._ended = None if rollout.state is RolloutState.RUNNING else rollout.at
        self.refresh(layout=True)

    def fail(self, problem: Problem) -> None:
        """Say that the rollout can't be followed; what was known stays."""
        self._problem = problem
        self.refresh(layout=True)

    def tick(self) -> None:
        """Let the elapsed time and the ages go on; call it once a second."""
        if self._ref is not None:
            self.refresh()

    def render(self) -> Content:
        """Draw what there is room for; events give way first."""
        height = max(1, self.content_size.height)
        return lines(self._lines(self.content_size.width)[:height])

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines of everything that is known."""
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        if self._ref is None:
            return [Content.styled("No rollout.", MUTED)]
        found = [self._head(width)]
        if self._problem is not None:
            found += self._trouble(self._problem, width)
        rollout = self._rollout
        if rollout is None:
            return found if self._problem else [*found, Content.styled("asking…", MUTED)]
        summary = clip(clean(rollout.summary), width)
        failed = rollout.state is RolloutState.FAILED
        found.append(
            Content.styled(summary, _color(Health.FAILING)) if failed else Content(summary)
        )
        found += self._rows(rollout.revisions[:MOST_REVISIONS], width)
        found += [self._event(each, width) for each in rollout.events[:MOST_EVENTS]]
        return found

    def _head(self, width: int) -> Content:
        assert self._ref is not None
        state = self._rollout.state if self._rollout else RolloutState.RUNNING
        look = HEALTH_LOOKS[HEALTH_OF[state]]
        end = self._clock.now() if self._ended is None else self._ended
        said = f"{look.glyph} {WORDS[state]} {age_text(end - self._began)}"
        name = clip_middle(clean(self._ref.name), max(8, width - len(said) - 3))
        return Content.assemble((name, "bold"), "   ", (said, look.color))

    def _trouble(self, problem: Problem, width: int) -> list[Content]:
        look = HEALTH_LOOKS[Health.DEGRADED]
        said = f"{look.glyph} {problem.action}: {problem.message}"
        return [
            Content.styled(clip(clean(said), width), look.color),
            Content(clip(clean(f"  → {problem.remedy}"), width)),
        ]

    def _rows(self, revisions: Sequence[Revision], width: int) -> list[Content]:
        assert self._ref is not None
        noun = unit_of(self._ref).noun
        counts = [f"{each.running:,} of {each.desired:,} {noun}s" for each in revisions]
        room = max(map(len, counts), default=0)
        return [
            _row(each, count.rjust(room), max(10, min(24, width // 5))).truncate(
                width, ellipsis=True
            )
            for each, count in zip(revisions, counts, strict=True)
        ]

    def _event(self, event: FleetEvent, width: int) -> Content:
        look = HEALTH_LOOKS[Health.DEGRADED]
        glyph = (f"{look.glyph} ", look.color) if event.warning else ("  ", "")
        times = f" (×{event.count:,})" if event.count > 1 else ""
        age = fit(age_text(self._clock.now() - event.at), 5, right=True)
        row = Content.assemble((age, MUTED), " ", glyph, clean(event.text), times)
        return row.truncate(width, ellipsis=True)


def _row(revision: Revision, counts: str, name: int) -> Content:
    parts: list[tuple[str, str]] = [
        (fit(clean(revision.role), 5), "bold" if revision.role == "new" else MUTED),
        (fit(clip_middle(clean(revision.name), name), name + 2), ""),
        (bar(revision), ""),
        (f"  {counts}", ""),
    ]
    if revision.failed:
        parts.append((f"  ✗ {revision.failed:,} failed", _color(Health.FAILING)))
    if revision.pending:
        parts.append((f"  {revision.pending:,} pending", _color(Health.PROGRESSING)))
    if revision.image:
        image = clean(revision.image).rpartition("/")[2]  # revisions differ behind the registry
        parts.append((f"  {clip_middle(image, LONGEST_IMAGE)}", MUTED))
    return Content.assemble(*parts)


def _color(health: Health) -> str:
    return HEALTH_LOOKS[health].color
