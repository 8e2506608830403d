"""Which expressions can be searched without a time limit, since setting one takes longer.

The time limit of the `regex` module costs four times what a search of a table's row does.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any, Final

SHORT: Final = 256
"""Characters of a text up to which a gentle expression takes less than a millisecond: it looks at
most at each pair of them."""

_DIFFERENT = re.compile(r"\[:|\{(?!\d*(?:,\d*)?\})|\|\||&&|--|~~|\[[^\]]*\[|\\[^\W\dbBdDsSwW]")
"""What `regex` reads in another way than `re`, or may: classes by name, fuzzy matches, operations
on sets, and escapes by a letter."""

_SINGLE = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})


def is_gentle(pattern: str) -> bool:
    """Return whether an expression takes time at most by the square of a text's length.

    It repeats one thing at most, and nothing within that. In an ASCII text `re` finds then what
    `regex` does.
    """
    if _DIFFERENT.search(pattern) or not pattern.isascii():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed: Any = re._parser.parse(pattern)  # type: ignore[attr-defined]  # noqa: SLF001
        return not parsed.state.flags & ~re.UNICODE and _repeats(parsed) <= 1
    except (re.error, AttributeError, TypeError, ValueError, RecursionError, OverflowError):
        return False


def _repeats(items: Iterable[Any]) -> int:
    """Return how many repetitions there are, one after the other; of anything else, too many."""
    count = 0
    for op, argument in items:
        name = str(op)
        if name in _REPEATS:
            count += 1 + 2 * any(str(inner) not in _SINGLE for inner, _ in argument[2])
        elif name not in _SINGLE:
            count += 2
    return count
