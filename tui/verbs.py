"""What can be done from a browse screen. Each verb reads as: target, confirm, call, answer.

Dialogs and screens are imported when they are first opened: the first frame needs none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backends.base import BackendError
from backends.model import LogRequest, Operation, Resource, Restart, Scale, Verb
from tui.commands import ACTIONS, Command, CommandError

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.screens.browse import BrowseScreen
    from tui.screens.place_screen import PlaceScreen

NEEDS: Mapping[str, Verb] = {
    "describe": Verb.DESCRIBE,
    "document": Verb.YAML,
    "logs": Verb.LOGS,
    "previous_logs": Verb.LOGS,
    "scale": Verb.SCALE,
    "restart": Verb.RESTART,
    "rollback": Verb.ROLLBACK,
    "watch_rollout": Verb.RESTART,
}
"""The verb that a kind must have for an action to be offered."""

TOGETHER = frozenset({"scale", "restart"})
"""Actions that are about all that is marked, where anything is."""

CHANGES = frozenset({"scale", "restart", "rollback"})
"""Actions that read-only mode greys."""

ABOUT_THINGS = frozenset({"related", "pane"})
"""Actions that need a row which stands for something: a kind without verbs has none."""


def allowed(screen: BrowseScreen, action: str) -> bool | None:
    """Say whether an action is offered: False hides its key, None greys it."""
    if action in ABOUT_THINGS and not (screen.source.kind.verbs or screen.source.kind.members):
        return False
    if action == "unmark":
        return bool(screen.table.marked_count) or None
    needed = NEEDS.get(action)
    if needed is None:
        return True
    several = action in TOGETHER and screen.table.marked_count > 0
    row = None if several else screen.target
    kinds = screen.fleet.kinds
    kind = screen.fleet.kind(row.ref.kind) if row is not None else None
    if kind is not None:
        verbs = kind.verbs
    else:
        own = screen.source.kind
        members = [kinds[member] for member in own.members if member in kinds]
        verbs = frozenset().union(own.verbs, *(member.verbs for member in members))
    if needed not in verbs:
        return False
    if action == "previous_logs" and row is not None and row.ref.scope.provider == "ecs":
        return False
    if (row is None and not several) or (action in CHANGES and screen.fleet.read_only):
        return None
    return True


def scale(screen: BrowseScreen) -> None:
    """Ask for a new desired count, and request it of the row, or of all that are marked."""
    target = screen.target
    if screen.table.marked_count:
        from tui import together

        together.scale(screen)
    elif target is not None:
        screen.run_worker(_scale(screen, target), group="verb", exclusive=True)


async def _scale(screen: BrowseScreen, target: Resource) -> None:
    from widgets.scale_dialog import ScaleDialog

    dialog = ScaleDialog(target, lambda: screen.fleet.scale_info(target))
    desired = await screen.app.push_screen_wait(dialog)
    if desired is not None:
        current = dialog.current or 0
        await _send(screen, Scale(target.ref, current, desired, target.uid))


def restart(screen: BrowseScreen) -> None:
    """Ask, and request a rolling restart of the row, or of all that are marked."""
    target = screen.target
    if screen.table.marked_count:
        from tui import together

        together.restart(screen)
    elif target is not None:
        screen.run_worker(_restart(screen, target), group="verb", exclusive=True)


async def _restart(screen: BrowseScreen, target: Resource) -> None:
    from widgets.confirm_dialog import ConfirmDialog
    from widgets.scale_plan import unit_of

    unit = unit_of(target.ref)
    count = target.desired if target.desired is not None else target.ready
    how_many = f"All {count} {unit.noun}s" if count else f"Its {unit.noun}s"
    effects = (
        f"{how_many} are replaced by a rolling deployment of the same version.",
        "New ones start before old ones stop, as far as its deployment settings allow.",
    )
    dialog = ConfirmDialog(f"Restart {target.ref.name}", target.ref, effects, confirm="Restart")
    if await screen.app.push_screen_wait(dialog):
        await _send(screen, Restart(target.ref, target.uid))


def rollback(screen: BrowseScreen) -> None:
    """Show what the row was before, ask, and request to go back."""
    target = screen.target
    if screen.table.marked_count:
        told = "Rolling back is about one workload: unmark all first."
        screen.notify(told, severity="warning", markup=False)
    elif target is not None:
        screen.run_worker(_rollback(screen, target), group="verb", exclusive=True)


async def _rollback(screen: BrowseScreen, target: Resource) -> None:
    from widgets.rollback_dialog import RollbackDialog

    dialog = RollbackDialog(target, lambda: screen.fleet.rollback_plan(target))
    operation = await screen.app.push_screen_wait(dialog)
    if operation is not None:
        await _send(screen, operation)


async def _send(screen: BrowseScreen, operation: Operation) -> None:
    """Send an operation once; say what came back, and show the rollout if it was taken on."""
    name = operation.ref.name
    try:
        accepted = await screen.fleet.perform(operation)
    except BackendError as error:
        problem = error.problem
        text = f"{problem.message}\n{problem.remedy}"
        title = f"{problem.action} was not accepted for {name}"
        screen.app.notify(text, title=title, severity="error", timeout=20, markup=False)
        return
    screen.app.notify(f"{name}: {accepted.summary}", markup=False)
    screen.follow_rollout(operation.ref)


def describe(screen: BrowseScreen, *, document: bool = False) -> None:
    """Open the description of the row, or its document."""
    from tui.screens.detail import DetailScreen

    target = screen.target
    if target is not None:
        screen.app.push_screen(DetailScreen(target, document=document))


def logs(screen: BrowseScreen, *, previous: bool = False) -> None:
    """Open the log view of the row."""
    from tui.screens.logs import LogScreen

    target = screen.target
    if target is None:
        return
    since = screen.topdeck.config.logs.since_minutes * 60.0
    request = LogRequest(since=since)
    if previous:
        request = LogRequest(since=None, tail=1000, follow=False, previous=True)
    screen.app.push_screen(LogScreen(target, request))


def insights(screen: Screen[None], resource: Resource | None) -> None:
    """Open CloudWatch Logs Insights on the log groups behind a resource, or on none."""
    from tui.screens.insights import InsightsScreen

    screen.app.push_screen(InsightsScreen(resource))


def related(screen: BrowseScreen) -> None:
    """Offer what the row is related to, and go there."""
    from tui.screens.related import RelatedScreen

    target = screen.target
    if target is not None:
        screen.app.push_screen(RelatedScreen(target), screen.go_to)


def copy(screen: Screen[None], text: str, what: str = "") -> None:
    """Put a text on the clipboard (by OSC 52, which some terminals forbid) and say so; `what`
    is said of it, by default the text itself."""
    screen.app.copy_to_clipboard(text)
    screen.app.notify(f"Copied: {what or text}", timeout=2, markup=False)


def help_for(screen: PlaceScreen) -> None:
    """Show every key of the screen, the commands and the filter language."""
    from tui.prompts import help_panel

    screen.app.push_screen(help_panel(screen, screen.fleet))


def run_action(screen: PlaceScreen, command: Command) -> None:
    """Do what a command that names no kind says; raises `CommandError` for a bad argument."""
    app, argument = screen.topdeck, command.argument
    match command.action:
        case "quit":
            app.exit()
        case "help":
            help_for(screen)
        case "refresh":
            screen.source.refresh()
        case "login":
            _login(screen)
        case "insights":
            insights(screen, screen.target)
        case "theme":
            _theme(screen, argument)
        case "readonly":
            if screen.topdeck.config.read_only:
                raise CommandError("Started with --read-only: that can't be lifted from here.")
            screen.fleet.read_only = not screen.fleet.read_only
            screen.refresh_bindings()
        case "sort":
            _sort(screen, argument)
        case other:
            raise CommandError(f"{other!r} is not among {', '.join(ACTIONS)}.")


def _login(screen: PlaceScreen) -> None:
    app = screen.topdeck
    if app.renewable is None:
        lost = app.fleet.losses.current
        what = "; ".join(one.advice for one in lost) or "No credentials are lost."
        raise CommandError(what)
    app.action_login()


def _theme(screen: PlaceScreen, name: str) -> None:
    known = sorted(theme for theme in screen.app.available_themes if theme.startswith("topdeck"))
    if name not in known:
        raise CommandError(f"There is no theme {name!r}. Themes are: {', '.join(known)}.")
    screen.app.theme = name


def _sort(screen: PlaceScreen, argument: str) -> None:
    key = argument.strip().lstrip("-").lower()
    for column in screen.source.columns:
        if key in (column.key, column.title.lower()):
            screen.table.sort_by(column.key, argument.strip().startswith("-"))
            return
    known = ", ".join(column.key for column in screen.source.columns)
    raise CommandError(f"There is no column {key!r} here. Columns are: {known}.")
