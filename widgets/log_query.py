"""What `/` accepts in a log beyond a pattern: conditions on fields and on the level.

``level>=warn latency>500 path~^/api !user=bot timeout`` keeps the lines that fulfil all of it.
What is no condition is a pattern, as it is without any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from backends.text import clean
from widgets.log_buffer import Entry, LogBuffer, Note
from widgets.log_fields import ACCESS_FIELDS, fields_of, flat
from widgets.log_filter import Pattern
from widgets.log_levels import level_of
from widgets.log_terms import LEVEL_FIELDS, NUMERIC, TERM, Term, levels_of
from widgets.log_traces import CONTINUES

SAMPLE = 200
"""Newest entries whose fields are told where none has the one that was asked for."""


MAX_TOLD = 40
"""Characters that are told of a field's name."""


class Query(Pattern):
    """Conditions on fields, and patterns, all of which a line must fulfil."""

    levels: frozenset[int] | None = None
    """The levels that a line may have, `NONE` included; None: any."""

    def __init__(self, text: str) -> None:
        super().__init__("")
        self.text = text
        self.terms: list[Term] = []
        """The conditions on fields."""
        self.patterns: list[Pattern] = []
        """What is looked for in the text or the source."""
        self.typed: set[str] = set()
        """The conditions as they were typed."""
        self._read(text)
        self.by_line = True
        self.needles = self._needles()
        if self.levels is not None:
            self.marks = self.levels | {level | CONTINUES for level in self.levels}
        self.by_mark = not (self.terms or self.patterns)

    def _read(self, text: str) -> None:
        at = 0
        for match in TERM.finditer(text):
            if match.start() and not text[match.start() - 1].isspace():
                continue  # within a word
            negated, name, operator, value = match.groups()
            on_level = name.lower() in LEVEL_FIELDS
            if operator[0] in "<>" and not on_level and not NUMERIC.match(value):
                continue  # as in List<String>
            self._add_pattern(text[at : match.start()])
            at = match.end()
            self.typed.add(match[0])
            if on_level:
                levels, note = levels_of(bool(negated), operator, value)
                self.levels = levels if self.levels is None else self.levels & levels
                self._note = self._note or note
            else:
                self.terms.append(Term(bool(negated), name, operator, value))
        self._add_pattern(text[at:])

    def _add_pattern(self, text: str) -> None:
        if (text := text.strip()) and text != "!":
            self.patterns.append(Pattern(text))

    def _needles(self) -> tuple[str, ...]:
        """Return what every accepted line holds, by the longest name that one must have."""
        names = [term.name for term in self.terms if not term.negated]
        name = max(names, key=len, default="")
        last = name.rpartition(".")[2].lower()
        if not last:
            return ()
        return (last, " http/") if name in ACCESS_FIELDS else (last,)

    @property
    def conditional(self) -> bool:
        """Whether anything is asked of a field."""
        return bool(self.terms) or self.levels is not None

    @property
    def empty(self) -> bool:
        """It keeps everything."""
        return not (self.conditional or self.patterns)

    @property
    def textual(self) -> bool:
        """Something is looked for in the text itself, so that stack traces are not folded."""
        return bool(self.patterns)

    @property
    def note(self) -> str:
        """What the user should know about how it was read or how it fares; usually empty."""
        notes = [self._note, *(t.note for t in self.terms), *(p.note for p in self.patterns)]
        return next(filter(None, notes), "")

    def narrows(self, other: Pattern) -> bool:
        """Whether everything that this accepts is certain to be accepted by `other`."""
        if self.text == other.text:
            return True
        if not isinstance(other, Query):
            return any(own.narrows(other) for own in self.patterns)
        if not other.typed <= self.typed:
            return False
        return all(any(own.narrows(known) for own in self.patterns) for known in other.patterns)

    def decide(
        self, entries: Iterable[Entry], over: Callable[[], bool] = lambda: False
    ) -> list[bool]:
        """Return for each entry whether it is accepted, whatever its level; for the first ones
        only, at least one, where the time is `over` before the end."""
        hits: list[bool] = []
        for entry in entries:
            hits.append(self._fulfilled(entry))
            if over():
                break
        return hits

    def accepts(self, entry: Entry) -> bool:
        """Whether an entry fulfils all; its level is what its own text says."""
        if self.levels is not None and level_of(entry.text) not in self.levels:
            return False
        return self._fulfilled(entry)

    def _fulfilled(self, entry: Entry) -> bool:
        if isinstance(entry, Note) and self.conditional:
            return False
        text = entry.text
        for term in self.terms:
            if not term.accepts(text):
                return False
        return all(pattern.accepts(entry) for pattern in self.patterns)

    def spans(self, text: str, limit: int = 64) -> list[tuple[int, int]]:
        """Return where `text` matches a pattern, as pairs of ascending indices."""
        found: list[tuple[int, int]] = []
        for start, stop in sorted(s for p in self.patterns for s in p.spans(text, limit)):
            if not found or start >= found[-1][1]:
                found.append((start, stop))
        return found[:limit]

    def missing(self, buffer: LogBuffer) -> str:
        """Return what to say of a field that no line has, with those that come close; or "".

        To be asked once all of a buffer has been looked at.
        """
        unseen = [term for term in self.terms if not term.seen and not term.negated]
        if not unseen or not len(buffer):
            return ""
        name = unseen[0].name
        known = dict.fromkeys(
            field
            for entry in buffer.span(max(buffer.first, buffer.end - SAMPLE), buffer.end)
            for field in flat(fields_of(entry.text))
        )
        if name in known:
            return ""  # an earlier condition left none to be asked
        close = [field for field in known if name.lower() in field.lower()]
        close += [field for field in get_close_matches(name, known, 3) if field not in close]
        told = ", ".join(clean(field, MAX_TOLD) for field in close[:3])
        return f"no line has a field {name}" + (f"; there is {told}" if told else "")


def read_filter(text: str) -> Pattern:
    """Return the filter that a text means: a `Query` where it names a field, else a `Pattern`."""
    query = Query(text)
    return query if query.conditional else Pattern(text)
