"""What the command line completes and what the help says, from kinds, clusters and bindings."""

from __future__ import annotations

from collections.abc import Sequence

from textual.screen import Screen

from backends.board import BOARD_KIND, Board
from backends.fleet import Fleet
from backends.model import Resource
from tui.commands import ACTIONS, OWN_KINDS
from tui.config import THEMES
from widgets.completion import Candidate, Completer
from widgets.help_panel import (
    FILTER_HELP,
    LOG_FILTER_HELP,
    HelpPanel,
    HelpSection,
    commands_section,
)


def commands(fleet: Fleet) -> Sequence[Candidate]:
    """Return every first word of a command: kinds, then actions."""
    found = []
    for kind in (*OWN_KINDS, *fleet.kinds.values()):
        plural = kind.id.partition("/")[2]
        word, *others = dict.fromkeys((*kind.aliases, plural))
        found.append(Candidate(word, kind.title, tuple(others), "filter @cluster"))
    for word, (_action, text) in ACTIONS.items():
        found.append(Candidate(word, text))
    return found


def offered(fleet: Fleet, cluster: Resource | None) -> Sequence[Candidate]:
    """Return the first words for the kinds that a cluster is known to have besides, or any."""
    found: list[Candidate] = []
    known = {k.id.partition("/")[2] for k in fleet.kinds.values() if k.id.startswith("k8s/")}
    for kind in fleet.offered(cluster.ref.scope if cluster is not None else None):
        plural, *others = kind.aliases
        full = kind.id.partition("/")[2]
        word, also = (plural, others) if plural not in known else (full, [])
        known.add(plural)
        text = f"{kind.title} ({kind.group})" if kind.group else kind.title
        found.append(Candidate(word, text, tuple(also), "filter @cluster"))
    return found


def completer(fleet: Fleet, board: Board, within: Resource | None = None) -> Completer:
    """Return what completes the command line: first words, and clusters after them; `within` is
    the cluster where one is."""
    at, names = [Candidate("@all", "In every cluster")], []
    for cluster in board.clusters:
        scope = cluster.ref.scope
        where = " ".join(p for p in (scope.provider.upper(), scope.profile, scope.region) if p)
        at.append(Candidate(f"@{cluster.ref.name}", f"Only in this cluster ({where})"))
        names.append(Candidate(cluster.ref.name, where))
    themes = [Candidate(name) for name in THEMES]
    going = dict.fromkeys(BOARD_KIND.aliases, names)
    words = (*commands(fleet), *offered(fleet, within))
    return Completer(words, {"": at, "theme": themes, **going})


_ANY_KIND = Candidate(
    "<kind>",
    "Whatever else a Kubernetes cluster serves, by plural, singular, short name or name.group: "
    ":cm, :ingresses, :crontabs.example.com",
    takes="filter @cluster",
)


def log_help(screen: Screen[None]) -> HelpPanel:
    """Return the help of a log's screen."""
    return HelpPanel(screen.active_bindings, (LOG_FILTER_HELP,))


def help_panel(screen: Screen[None], fleet: Fleet | None = None) -> HelpPanel:
    """Return the help of a screen; with a fleet, its commands and the filter language too."""
    extra: tuple[HelpSection, ...] = ()
    if fleet is not None:
        extra = (commands_section((*commands(fleet), _ANY_KIND)), FILTER_HELP)
    return HelpPanel(screen.active_bindings, extra)
