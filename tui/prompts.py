"""What the command line completes and what the help says, from kinds, clusters and bindings."""

from __future__ import annotations

from collections.abc import Sequence

from textual.screen import Screen

from backends.board import BOARD_KIND, Board
from backends.fleet import Fleet
from tui.commands import ACTIONS
from widgets.completion import Candidate
from widgets.help_panel import FILTER_HELP, HelpPanel, HelpSection, commands_section


def candidates(fleet: Fleet, board: Board | None) -> Sequence[Candidate]:
    """Return every word that the command line completes."""
    found = []
    for kind in (BOARD_KIND, *fleet.kinds.values()):
        plural = kind.id.partition("/")[2]
        word = plural if kind.aliases == () else kind.aliases[0]
        found.append(Candidate(word, kind.title, (*kind.aliases, plural), "filter"))
    for cluster in board.clusters if board is not None else ():
        scope = cluster.ref.scope
        where = " ".join(p for p in (scope.provider.upper(), scope.profile, scope.region) if p)
        found.append(Candidate(f"ctx {cluster.ref.name}", f"Go to the cluster ({where})"))
        found.append(Candidate(f"@{cluster.ref.name}", f"Only in this cluster ({where})"))
    for word, (_action, text) in ACTIONS.items():
        found.append(Candidate(word, text))
    return found


def help_panel(screen: Screen[None], fleet: Fleet | None = None) -> HelpPanel:
    """Return the help of a screen; with a fleet, its commands and the filter language too."""
    extra: tuple[HelpSection, ...] = ()
    if fleet is not None:
        commands = [c for c in candidates(fleet, None) if c.help]
        extra = (commands_section(commands), FILTER_HELP)
    return HelpPanel(screen.active_bindings, extra)
