"""The grammar of the `:` prompt and of ``topdeck get``: words to a target.

``:pods``, ``:svc web``, ``:pods /web !canary``, ``:deploy @payments-prod``, ``:ctx search``,
``:cloudmap``, ``:crontabs.stable.example.com``, ``:q``. Pure: it knows names, not screens.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from backends.board import BOARD_KIND
from backends.calls import CALLS_KIND
from backends.model import Kind

ACTIONS: Mapping[str, tuple[str, str]] = {
    "quit": ("quit", "Leave Topdeck"),
    "q": ("quit", "Leave Topdeck"),
    "q!": ("quit", "Leave Topdeck"),
    "exit": ("quit", "Leave Topdeck"),
    "help": ("help", "Show the keys of this screen"),
    "theme": ("theme", "Change the theme: :theme topdeck-light"),
    "readonly": ("readonly", "Switch read-only mode on or off"),
    "sort": ("sort", "Sort by a column: :sort age, :sort -restarts"),
    "refresh": ("refresh", "Ask for fresh rows now"),
    "insights": ("insights", "Ask CloudWatch Logs Insights: queries over days of logs"),
    "login": ("login", "Renew lost credentials by the command that does it"),
}
"""Commands that are not kinds: word to action and description."""

OWN_KINDS = (BOARD_KIND, CALLS_KIND)
"""Kinds of Topdeck's own, which no backend has: the fleet board, and the calls to AWS."""


class CommandError(Exception):
    """The command can't be understood; the text says what was meant perhaps."""


class Command(msgspec.Struct, frozen=True):
    """A command as understood."""

    kind: str = ""
    """The id of the kind to show; empty for an action."""
    action: str = ""
    argument: str = ""
    filter: str = ""
    where: str = ""
    """A cluster, context, profile or ``all`` after ``@``; empty: where one is."""


class Vocabulary:
    """Every word that names a kind. Words may be shared; a family decides between them, and
    within it the order: kinds of a backend before those that a cluster was found to offer."""

    def __init__(self, kinds: Iterable[Kind], offered: Sequence[Kind] = ()) -> None:
        self._words: dict[str, list[Kind]] = {}
        self._offered = offered
        for kind in (*OWN_KINDS, *kinds, *offered):
            plural = kind.id.partition("/")[2]
            for word in dict.fromkeys((kind.id, plural, kind.singular, *kind.aliases)):
                self._words.setdefault(word.lower(), []).append(kind)

    @property
    def words(self) -> Sequence[str]:
        """Every word, kinds before actions."""
        return (*self._words, *ACTIONS)

    def describe(self, word: str) -> str:
        """Return what a word stands for, in a line."""
        kinds = self._words.get(word)
        if kinds is not None:
            return " or ".join(f"{kind.title} ({kind.id})" for kind in kinds)
        return ACTIONS[word][1] if word in ACTIONS else ""

    def kind(self, word: str, family: str = "") -> Kind:
        """Return the kind a word names, that of `family` if there are several.

        A word may be followed by its API group, or by the beginning of that. Raises
        `CommandError` with the nearest word for one that is unknown.
        """
        kinds = self._words.get(word.lower()) or self._of_group(word.lower())
        if not kinds:
            near = difflib.get_close_matches(word.lower(), self.words, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise CommandError(
                f"There is no kind or command {word!r}.{hint} Kinds are: {self._known()}."
            )
        for kind in kinds:
            if kind.id.partition("/")[0] == family:
                return kind
        return kinds[0]

    def _of_group(self, word: str) -> Sequence[Kind]:
        """Return the kinds that ``name.group`` names; the whole group before the beginning of
        one, as kubectl has it."""
        name, _, group = word.partition(".")
        kinds = [k for k in self._words.get(name, ()) if group and k.group.startswith(group)]
        return [k for k in kinds if k.group == group] or kinds

    def _known(self) -> str:
        """Return the kinds there are: by name, but for those of clusters, of which are many."""
        more = {kind.id for kind in self._offered}
        own = {k.id for kinds in self._words.values() for k in kinds} - more
        names = ", ".join(sorted({each.partition("/")[2] for each in own}))
        return f"{names}, and {len(more)} more that clusters have" if more else names

    def parse(self, text: str, family: str = "") -> Command:
        """Understand a command line without its colon; raises `CommandError`."""
        words = text.split()
        if not words:
            raise CommandError("Nothing was typed. Try :pods, :svc or :help.")
        head, rest = words[0], words[1:]
        if head.lower() in ACTIONS and head.lower() not in self._words:
            return Command(action=ACTIONS[head.lower()][0], argument=" ".join(rest))
        kind = self.kind(head, family)
        where = [word[1:] for word in rest if word.startswith("@")]
        terms = [word.removeprefix("/") for word in rest if not word.startswith("@")]
        return Command(kind=kind.id, filter=" ".join(terms), where=where[-1] if where else "")
