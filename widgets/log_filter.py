"""What `/` accepts in a log: a pattern that is applied to lines and to sources.

A pattern ignores case unless it holds a capital letter. Text without special characters is
looked for as it is, everything else is a regular expression. `log_scan` applies it to a ring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from widgets.log_buffer import Entry
from widgets.patterns import Expression, PatternError

_SPECIAL = frozenset(r".^$*+?{}[]\|()")
_ESCAPED = re.compile(r"\\.|\(\?P?")


class Pattern:
    """One filter, ready to be applied."""

    by_line = False
    """Each line has to be asked by itself, with `decide`: its text alone does not tell."""
    needles: tuple[str, ...] = ()
    """Where it asks `by_line`: texts, in lower case, of which every line that it accepts holds
    at least one; none: it may accept any line."""
    marks: frozenset[int] | None = None
    """The marks that a line may have in its ring; None: any."""
    by_mark = False
    """Nothing but the mark of a line matters."""

    def __init__(self, text: str) -> None:
        self.text = text
        """As it was typed."""
        self.inverted = text.startswith("!")
        """It keeps what does not match."""
        body = text[1:] if self.inverted else text
        self.body = body
        """What is looked for."""
        self._note = ""
        self.folded = not any(c.isupper() for c in _ESCAPED.sub("", body))
        """It ignores case."""
        self.regex: Expression | None = None
        """The expression; None for text that is looked for as it is."""
        if not _SPECIAL.isdisjoint(body):
            try:
                self.regex = Expression(body)
            except PatternError as error:
                self._note = f"not a regular expression ({error}); taken literally"
        if self.folded and self.regex is None:
            self.body = body = body.lower()
        self._sources: dict[str, bool] = {}

    @property
    def empty(self) -> bool:
        """It keeps everything."""
        return not self.body

    @property
    def note(self) -> str:
        """What the user should know about how it was read or how it fares; usually empty."""
        return self._note or (self.regex.trouble if self.regex else "")

    def narrows(self, other: Pattern) -> bool:
        """Whether everything that this accepts is certain to be accepted by `other`."""
        if self.text == other.text:
            return True
        if self.inverted or other.inverted or self.regex or other.regex or other.empty:
            return False
        if other.by_line:
            return False
        if other.folded:
            return other.body in self.body.lower()
        return other.body in self.body

    def accepts(self, entry: Entry) -> bool:
        """Whether the text or the source of an entry match (or, inverted, do not)."""
        return self.decide((entry,))[0]

    def spans(self, text: str, limit: int = 64) -> list[tuple[int, int]]:
        """Return where `text` matches, as pairs of indices, at most `limit` of them."""
        if self.empty or self.inverted:
            return []
        if self.folded:
            folded = text.lower()
            text = folded if len(folded) == len(text) else text
        if self.regex is not None:
            return self.regex.spans(text, limit)
        found: list[tuple[int, int]] = []
        at = text.find(self.body)
        while at >= 0 and len(found) < limit:
            found.append((at, at + len(self.body)))
            at = text.find(self.body, found[-1][1])
        return found

    def decide(
        self, entries: Iterable[Entry], over: Callable[[], bool] = lambda: False
    ) -> list[bool]:
        """Return for each entry whether it is accepted; for the first ones only, at least one,
        where the time is `over` before the end. What took too long is not accepted."""
        hits: list[bool] = []
        for entry in entries:
            found = self._in_source(entry.source) or self._found(entry.text)
            hits.append(found is not None and found is not self.inverted)
            if over():
                break
        return hits

    def names(self, sources: Iterable[str]) -> set[str]:
        """Return those of the sources that hold what is looked for."""
        return {name for name in sources if self._in_source(name)}

    def _in_source(self, name: str) -> bool:
        known = self._sources.get(name)
        if known is None:
            known = self._sources[name] = bool(name) and bool(self._found(name))
        return known

    def _found(self, text: str) -> bool | None:
        text = text.lower() if self.folded else text
        return self.regex.found(text) if self.regex else self.body in text
