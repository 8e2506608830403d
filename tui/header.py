"""What the header, the problem line and an empty table say of a browse screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends.model import FeedState, FeedStatus, Problem, Usage
from tui.row_status import SourceStatus
from widgets.scope_bar import HeaderState

if TYPE_CHECKING:
    from tui.screens.browse import BrowseScreen


def state_of(screen: BrowseScreen) -> HeaderState:
    """Return everything that the header says at this moment."""
    table, fleet = screen.table, screen.fleet
    shown = f"{table.shown}" if table.shown == table.total else f"{table.shown} of {table.total}"
    if table.marked_count:
        hidden = len(table.marked_hidden)
        shown += f", {table.marked_count} marked" + (f", {hidden} of them hidden" if hidden else "")
    title = screen.source.kind.title.lower()
    return HeaderState(
        now=fleet.clock.now(),
        crumbs=(*screen.place.crumbs, title) if len(screen.place.crumbs) > 1 else (title,),
        note=shown,
        counts=table.health_counts(),
        feed=_feed(screen.source.status()),
        usage=tuple(use for use in fleet.usage() if _matters(use)),
        read_only=fleet.read_only,
        demo=screen.topdeck.demo,
    )


def _matters(use: Usage) -> bool:
    """Whether a budget was used within the minute, or is slowed down."""
    return bool(use.minute or use.used or use.throttled_until)


def _feed(status: SourceStatus) -> FeedStatus | None:
    if not status.feeds:
        return None
    return FeedStatus(
        status.state, status.at, status.problem, status.loaded, status.total, status.by
    )


def problem_of(screen: BrowseScreen) -> Problem | None:
    """Return the problem to show under the header, the one that matters most."""
    app = screen.topdeck
    if app.problem is not None:
        return app.problem
    if screen.fleet.failures:
        return screen.fleet.failures[0]
    status = screen.source.status()
    if _told(screen, status.problem):
        return None
    if status.stale and status.stale < status.feeds and status.problem is not None:
        one = status.problem
        some = f"{status.stale} of {status.feeds} feeds are stale. {one.message}"
        return Problem(one.code, one.action, some, one.remedy)
    return status.problem


def _told(screen: BrowseScreen, problem: Problem | None) -> bool:
    """Whether the banner of lost credentials says it already."""
    lost = problem is not None and problem.code == "expired"
    return lost and bool(screen.fleet.losses.current)


def empty_text(screen: BrowseScreen) -> str:
    """Say why there are no rows."""
    table, kind = screen.table, screen.source.kind
    if table.total:
        return "No row matches the filter. esc clears it."
    app, status = screen.topdeck, screen.source.status()
    if app.problem is not None:
        return f"{app.problem.message}\n{app.problem.remedy}"
    if not screen.fleet.roots and screen.fleet.failures:
        return "\n".join(f"{p.message}\n{p.remedy}" for p in screen.fleet.failures)
    if not screen.fleet.roots:
        return "Starting: looking for accounts, clusters and contexts ..."
    if status.problem is not None and status.state is FeedState.STALE:
        return f"{status.problem.message}\n{status.problem.remedy}"
    if status.state is FeedState.LOADING or not status.feeds:
        return f"Asking for {kind.title.lower()} ..."
    return screen.source.empty
