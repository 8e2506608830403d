"""What can be told of an expression from how it is written, before anything is searched.

The expression is read with the parser of Python's `re`; the one that runs may be of the `regex`
module, so whatever the two read differently is not told anything of.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

SHORTEST = 2
"""Characters of a text that is worth being looked for in advance."""

MOST_TEXTS = 8
"""Texts that are looked for in advance at most."""

MOST_SETS = 3
"""Sets of such texts that are remembered."""

MOST_STEPS = 256
"""Steps at each place of a text with which an expression still can't be slow."""

_DIFFERENT = re.compile(r"\[:|\{(?!\d*(?:,\d*)?\})|\|\||&&|--|~~|\[[^\]]*\[")
"""Classes by name, fuzzy matches and operations on sets, which only `regex` has."""

_COPIED = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN", "GROUPREF"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})
_PLACES = frozenset({"AT_BEGINNING", "AT_END", "AT_BOUNDARY"})
_ANCHORS = frozenset({"AT_BEGINNING", "AT_END"})


class Shape(NamedTuple):
    """How an expression is built."""

    joint: bool = False
    """Where it matches a line, it also matches at the same place in lines that are joined by
    line breaks; and what it matches there within one line, it matches in that line alone. It
    must be compiled so that ``^`` and ``$`` match at line breaks."""
    anchored: bool = False
    """It holds ``^`` or ``$``."""
    steps: int = 0
    """Steps that it takes at most at each place of a text; 0: no bound is known."""
    texts: tuple[str, ...] = ()
    """At least one of these is in everything that it matches; none: nothing is known."""
    others: tuple[tuple[str, ...], ...] = ()
    """More such texts, of which the same is true."""


UNKNOWN = Shape()
"""The shape of an expression that nothing can be told of."""


def shape(pattern: str) -> Shape:
    """Return the shape of an expression; of one that can't be read, `UNKNOWN`."""
    if _DIFFERENT.search(pattern):
        return UNKNOWN
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed: Any = re._parser.parse(pattern)  # type: ignore[attr-defined]  # noqa: SLF001
        if parsed.state.flags & ~re.UNICODE:
            return UNKNOWN
        places: set[str] = set()
        joint = _is_joint(parsed, places)
        ways, size = _effort(parsed) if joint else (0, 0)
        anchored = not places.isdisjoint(_ANCHORS)
        best, *others = _useful(_required(parsed)) or [()]
        return Shape(joint, anchored, ways * size, best, tuple(others[: MOST_SETS - 1]))
    except (re.error, AttributeError, TypeError, ValueError, RecursionError, OverflowError):
        return UNKNOWN


def _is_joint(items: Iterable[Any], places: set[str]) -> bool:
    """Return whether all items are such that `Shape.joint` holds; collect the places."""
    for op, argument in items:
        name = str(op)
        if name in _COPIED:
            continue
        if name == "AT":
            places.add(str(argument))
            if str(argument) not in _PLACES:
                return False
        elif name in _REPEATS:
            if not _is_joint(argument[2], places):
                return False
        elif name == "SUBPATTERN":
            if argument[1] or argument[2] or not _is_joint(argument[3], places):
                return False
        elif name == "BRANCH":
            if not all(_is_joint(branch, places) for branch in argument[1]):
                return False
        else:
            return False
    return True


def _effort(items: Iterable[Any]) -> tuple[int, int]:
    """Return in how many ways joint items can match at one place, at most, and how many
    characters and places they look at; 0 of either where there is no bound."""
    ways, size = 1, 0
    for op, argument in items:
        name = str(op)
        each = (1, 1)
        if name == "SUBPATTERN":
            each = _effort(argument[3])
        elif name == "BRANCH":
            all_ways, sizes = zip(*map(_effort, argument[1]), strict=True)
            each = (sum(all_ways) if all(all_ways) else 0, sum(sizes))
        elif name in _REPEATS:
            least, most, repeated = argument
            once, length = _effort(repeated)
            if most > MOST_STEPS or once > 1 < most:
                return 0, 0
            each = (once * (most - least + 1), length * most)
        elif name == "GROUPREF":
            return 0, 0
        ways, size = ways * each[0], size + each[1]
    return (ways, size + 1) if ways else (0, 0)


def _required(items: Iterable[Any]) -> list[tuple[str, ...]]:
    """Return sets of texts; of each, at least one is in whatever the items match."""
    found: list[tuple[str, ...]] = []
    run = ""
    for op, argument in items:
        name = str(op)
        if name == "LITERAL":
            run += chr(argument)
            continue
        found.append((run,))
        run = ""
        if name == "SUBPATTERN" and not argument[1] and not argument[2]:
            found += _required(argument[3])
        elif name in _REPEATS and argument[0] > 0:
            found += _required(argument[2])
        elif name == "BRANCH":
            best = [_best(_required(branch)) for branch in argument[1]]
            if all(best):
                found.append(tuple(text for texts in best for text in texts))
    return [*found, (run,)]


def _best(sets: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the most useful of the sets; none where none is of use."""
    return next(iter(_useful(sets)), ())


def _useful(sets: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the sets that are of use, those first whose shortest text is the longest."""
    useful = [s for s in sets if len(s) <= MOST_TEXTS and min(map(len, s)) >= SHORTEST]
    return sorted(useful, key=lambda s: (-min(map(len, s)), len(s)))
