"""What `/` accepts in a log: a pattern that is applied to lines and to sources.

A pattern ignores case unless it holds a capital letter. Text without special characters is
looked for as it is, everything else is a regular expression. `log_scan` applies it to a ring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from widgets.log_buffer import Entry
from widgets.patterns import Expression, PatternError

_SPECIAL = frozenset(r".^$*+?{}[]\|()")
_ESCAPED = re.compile(r"\\.|\(\?P?")


class Pattern:
    """One filter, ready to be applied."""

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

    @property
    def limited(self) -> bool:
        """It may be slow: entries are looked at one by one, as long as there is time."""
        return self.regex is not None and self.regex.limited

    def narrows(self, other: Pattern) -> bool:
        """Whether everything that this accepts is certain to be accepted by `other`."""
        if self.text == other.text:
            return True
        if self.inverted or other.inverted or self.regex or other.regex or other.empty:
            return False
        if other.folded:
            return other.body in self.body.lower()
        return other.body in self.body

    def accepts(self, entry: Entry) -> bool:
        """Whether the text or the source of an entry match (or, inverted, do not)."""
        return self.pick((entry,)) == [0]

    def pick(self, entries: Sequence[Entry], start: int = 0) -> list[int]:
        """Return the ids of those that are accepted; the first entry has the id `start`."""
        if self.limited:
            return [i for i, hit in enumerate(self.decide(entries), start) if hit]
        by_source = self._any_source(entries)
        body = self.body
        if self.regex is None and not self.inverted and not by_source:
            if self.folded:
                return [i for i, e in enumerate(entries, start) if body in e.text.lower()]
            return [i for i, e in enumerate(entries, start) if body in e.text]
        hits = self._hits(entries)
        if by_source:
            known = self._sources
            hits = [hit or known[e.source] for hit, e in zip(hits, entries, strict=True)]
        if self.inverted:
            return [i for i, hit in enumerate(hits, start) if not hit]
        return [i for i, hit in enumerate(hits, start) if hit]

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
        self, entries: Sequence[Entry], over: Callable[[], bool] = lambda: False
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

    def _hits(self, entries: Sequence[Entry]) -> list[bool]:
        """Return for each entry whether its text holds what is looked for."""
        texts = (
            [entry.text.lower() for entry in entries]
            if self.folded
            else [entry.text for entry in entries]
        )
        if self.regex is None:
            body = self.body
            return [body in text for text in texts]
        return [bool(self.regex.found(text)) for text in texts]

    def _any_source(self, entries: Sequence[Entry]) -> bool:
        """Return whether any entry's source holds what is looked for; there are few sources."""
        known = {entry.source: self._in_source(entry.source) for entry in entries}
        return any(known.values())

    def _in_source(self, name: str) -> bool:
        known = self._sources.get(name)
        if known is None:
            known = self._sources[name] = bool(name) and bool(self._found(name))
        return known

    def _found(self, text: str) -> bool | None:
        text = text.lower() if self.folded else text
        return self.regex.found(text) if self.regex else self.body in text
