"""Looking for something in many lines at once: several times as fast as in one after another."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from widgets.pattern_shape import Shape

JOINT_LIMIT: Final = 0.006
"""Seconds of processor time that an expression has for all lines together; beyond that they are
looked at one by one."""

PATIENCE: Final = 3
"""Times that this may happen before it is not tried any more."""

SPARSE: Final = 4
"""Lines are told apart in advance only where at most one in so many may match."""

PAUSE: Final = 8
"""Texts that are not told apart in advance after one in which most lines may match."""


class Found(NamedTuple):
    """The numbers of lines, ascending."""

    hits: list[int]
    """What was looked for is in them."""
    unknown: list[int]
    """It took too long to say."""


def lines_with(needle: str, text: str, starts: Sequence[int], *, broken: bool) -> list[int]:
    """Return the numbers of the lines of `text` that hold `needle`, which has no line break.

    `starts` are the indices at which lines begin, and at last the one behind the last line's
    break; `broken`: lines hold breaks themselves.
    """
    count = text.count(needle)
    if not count:
        return []
    if count * SPARSE > len(starts) and not broken:
        return [i for i, line in enumerate(text.split("\n")) if needle in line]
    return lines_with_any((needle,), text, starts, len(starts)) or []


def lines_with_any(
    needles: Sequence[str], text: str, starts: Sequence[int], most: int
) -> list[int] | None:
    """Return the numbers of the lines that hold any of the needles; None: more than `most`."""
    found: set[int] = set()
    for needle in needles:
        at = text.find(needle)
        while at >= 0 and len(found) <= most:
            line = bisect_right(starts, at) - 1
            found.add(line)
            at = text.find(needle, starts[line + 1])
    return sorted(found) if len(found) <= most else None


class JointSearch:
    """Looks for one expression in many lines, and remembers what is of no use for it."""

    def __init__(self, shape: Shape, compile_joint: Callable[[], Any], *, limited: bool) -> None:
        """`compile_joint` compiles the expression so that a match goes on to its line's end."""
        self._shape = shape
        self._compile = compile_joint
        self._compiled: Any = None
        self._timed = {"timeout": JOINT_LIMIT} if limited else {}
        self._tired = 0
        self._wait = 0
        self._sets = [texts for texts in (shape.texts, *shape.others) if texts]

    def find(
        self,
        text: str,
        starts: Sequence[int],
        alone: Callable[[str], bool | None],
        *,
        broken: bool,
    ) -> Found | None:
        """Return the lines that match, as `alone` would say of each; see `lines_with`.

        None: they have to be looked at one by one.
        """
        maybe = self._candidates(text, starts)
        if maybe is not None:
            return _told([(i, alone(text[starts[i] : starts[i + 1] - 1])) for i in maybe])
        if not self._shape.joint or self._tired >= PATIENCE:
            return None
        try:
            return self._together(text, starts, alone, sure=not (broken and self._shape.anchored))
        except TimeoutError:
            self._tired += 1
            return None

    def _candidates(self, text: str, starts: Sequence[int]) -> list[int] | None:
        """Return the lines that may match; None where it does not pay to ask."""
        if not self._sets:
            return None
        if self._wait:
            self._wait -= 1
            return None
        most = (len(starts) - 1) // SPARSE
        for texts in [*self._sets]:
            found = lines_with_any(texts, text, starts, most)
            if found is not None:
                return found
            self._sets.append(self._sets.pop(0))  # one that tells lines apart is asked first
        self._wait = PAUSE
        return None

    def _together(
        self, text: str, starts: Sequence[int], alone: Callable[[str], bool | None], *, sure: bool
    ) -> Found:
        """Search all lines; `sure`: what is found within a line is found in it alone."""
        if self._compiled is None:
            self._compiled = self._compile()
        told: list[tuple[int, bool | None]] = []
        at, last = 0, -1
        while at <= len(text):
            for match in self._compiled.finditer(text, at, **self._timed):
                start, stop = match.span()
                line = bisect_right(starts, start, max(0, last)) - 1
                end = starts[line + 1] - 1
                if line != last:
                    within = sure and stop <= end
                    told.append((line, within or alone(text[starts[line] : end])))
                    last = line
                if stop > end:  # what goes on in the next line may hide a match there
                    at = end + 1
                    break
            else:
                break
        return _told(told)


def _told(lines: Sequence[tuple[int, bool | None]]) -> Found:
    return Found([line for line, hit in lines if hit], [line for line, hit in lines if hit is None])
