"""The table of what the end-to-end tests showed."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

HEAD = ("shown", "against", "objects", "seconds")


class Row(msgspec.Struct, frozen=True):
    """One thing that was shown."""

    what: str
    against: str
    """Whose server, and its version."""
    objects: int
    seconds: float
    """From the beginning of its test until it was shown."""

    def cells(self) -> tuple[str, str, str, str]:
        """Return it as text, in the order of `HEAD`."""
        return self.what, self.against, f"{self.objects:,}", f"{self.seconds:.1f}"


class Shown:
    """What one test has to say for itself; call it once for each thing that was shown."""

    def __init__(self, rows: list[Row], against: str) -> None:
        self._rows = rows
        self._against = against
        self._began = time.monotonic()

    def __call__(self, what: str, objects: int = 1, against: str = "") -> None:
        """Note that `what` is so, for so many objects."""
        seconds = time.monotonic() - self._began
        self._rows.append(Row(what, against or self._against, objects, seconds))


def plain(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table for a terminal."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    return ["  ".join(_padded(line, widths)).rstrip() for line in cells]


def markdown(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table in Markdown."""
    cells = [HEAD, *(row.cells() for row in rows)]
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in cells]
    return [lines[0], "|---|---|---:|---:|", *lines[1:]]


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    texts = [text.ljust(width) for text, width in zip(line, widths, strict=True)]
    return [*texts[:2], *(t.strip().rjust(w) for t, w in zip(line[2:], widths[2:], strict=True))]
