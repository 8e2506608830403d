"""Regular expressions that an operator types: searched within a time limit, whatever they are.

Python's own `re` can't be interrupted, and a few characters are enough to keep it busy for years.
Expressions that could be slow are therefore those of the `regex` module, whose syntax is that of
`re` and more, and which gives up when it is told to. It is imported when the first of them is met.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any, Final

from widgets.joint_search import Found, JointSearch
from widgets.pattern_shape import MOST_STEPS, shape

LIMIT: Final = 0.004
"""Seconds of processor time that one text may take."""

MARK_LIMIT: Final = 0.0005
"""The same for setting off what matches on the screen, where many texts are drawn at once."""

PATIENCE: Final = 3
"""Texts that may take longer before an expression is given up; long ones do not count."""

LONG: Final = 64 * 1024
"""Characters above which a text may be slow without telling on the expression."""

MOST_REPEATED: Final = 20_000
"""Items that the counts in an expression may multiply to, such as 6 in ``(ab){3}``; the memory
and time that compiling takes grow with it."""

_COUNT = re.compile(r"\{(\d*)(?:,(\d*))?\}")


class PatternError(ValueError):
    """It is no regular expression, or one that is too large; the text says why."""


class Expression:
    """One expression, and how it fared with the texts so far."""

    def __init__(self, pattern: str, *, fold: bool = False) -> None:
        """Compile `pattern`; `fold`: whatever the case, and ``^`` and ``$`` at ends of lines.

        Raises `PatternError`.
        """
        known = shape(pattern)
        self.limited = not 0 < known.steps <= MOST_STEPS
        """Whether it may be slow; only then a search costs the time of looking at the clock."""
        self.slow = 0
        """Texts that it took too long for; whether they match is not known."""
        self._strikes = 0
        self._unmarked = 0
        self._pattern = pattern
        self._compile = _limited if self.limited else _quick
        self._compiled = self._compile(pattern, re.I | re.M if fold else 0)
        self._joint = (
            None if fold else JointSearch(known, self._compile_joint, limited=self.limited)
        )

    @property
    def given_up(self) -> bool:
        """Whether it was too slow too often, and is not tried any more."""
        return self._strikes >= PATIENCE

    @property
    def trouble(self) -> str:
        """What to say about texts that it took too long for; empty: there are none."""
        if self.given_up:
            return "takes too long and was given up: make it simpler"
        noun = "text" if self.slow == 1 else "texts"
        return f"took too long for {self.slow} {noun}, not shown" if self.slow else ""

    def found(self, text: str) -> bool | None:
        """Return whether it is found in `text`; None where that took too long to say."""
        if not self.limited:
            return self._compiled.search(text) is not None
        if self.given_up:
            return None
        try:
            return self._compiled.search(text, timeout=LIMIT) is not None
        except TimeoutError:
            self.slow += 1
            self._strikes += len(text) <= LONG
            return None

    def lines(self, text: str, starts: Sequence[int], *, broken: bool) -> Found | None:
        """Return in which lines of a text it is found; see `joint_search.lines_with`.

        None: each has to be asked by itself. That is so of every expression that folds.
        """
        if self._joint is None or self.given_up:
            return None
        return self._joint.find(text, starts, self.found, broken=broken)

    def _compile_joint(self) -> Any:
        return self._compile(f"(?:{self._pattern}).*", re.M)

    def spans(self, text: str, limit: int) -> list[tuple[int, int]]:
        """Return where it matches, at most `limit` pairs of indices; none once it is slow."""
        if self.given_up or self._unmarked >= PATIENCE:
            return []
        timed = {"timeout": MARK_LIMIT} if self.limited else {}
        found: list[tuple[int, int]] = []
        try:
            for match in self._compiled.finditer(text, **timed):
                if match.end() > match.start():
                    found.append(match.span())
                    if len(found) == limit:
                        break
        except TimeoutError:
            self._unmarked += 1
        return found


def _quick(pattern: str, flags: int) -> Any:
    """Compile what has no groups, repetitions or classes: it takes no longer than its text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(pattern, flags)
    except re.error as error:
        raise PatternError(str(error)) from error


def _limited(pattern: str, flags: int) -> Any:
    import regex  # type: ignore[import-untyped]  # it has no stubs of its own

    if repeated(pattern) > MOST_REPEATED:
        raise PatternError("too many repetitions")
    known = (regex.IGNORECASE if flags & re.I else 0) | (regex.MULTILINE if flags & re.M else 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return regex.compile(pattern, known)
    except (regex.error, OverflowError, RecursionError, ValueError) as error:
        raise PatternError(str(error)) from error


def repeated(pattern: str) -> int:
    """Return how many items an expression has once its counts are written out, about."""
    sizes, last, at = [0], 0, 0
    while at < len(pattern):
        char = pattern[at]
        if char == "{" and (count := _COUNT.match(pattern, at)):
            times = max(1, *(int(number[:9] or 0) for number in count.groups("")))
            sizes[-1] += last * (times - 1)
            last, at = last * times, count.end()
            continue
        if char == "(":
            sizes.append(0)
        elif char == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        else:
            if char == "[":
                at = _end_of_class(pattern, at)
            last = 1
            sizes[-1] += 1
        at += 2 if char == "\\" else 1
    return sum(sizes)


def _end_of_class(pattern: str, at: int) -> int:
    """Return the index of the bracket that ends the class beginning at `at`."""
    end = at + 2 if pattern[at + 1 : at + 2] == "^" else at + 1
    end += pattern[end : end + 1] == "]"
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return end


def warm_up() -> None:
    """Import what limited expressions need, in a thread, so that the first one is not kept
    waiting."""
    import threading

    threading.Thread(target=__import__, args=("regex",), name="import regex", daemon=True).start()
