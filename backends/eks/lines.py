"""Lines out of chunks that end anywhere."""

from __future__ import annotations


class LineSplitter:
    """Collects chunks and gives back whole lines without their breaks.

    A line longer than `limit` bytes is cut to that, and counted in `cut`; the rest of it is
    skipped as it comes, so that no more than the limit is ever held.
    """

    def __init__(self, limit: int) -> None:
        self.cut = 0
        self._limit = limit
        self._parts: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` completes."""
        head, *rest = chunk.split(b"\n")
        self._hold(head)
        if not rest:
            return []
        lines = [self._take()]
        last = rest.pop()
        for line in rest:
            if len(line) > self._limit:
                self.cut += 1
                line = line[: self._limit]  # noqa: PLW2901 - the line as it is given back
            lines.append(line)
        self._hold(last)
        return lines

    def rest(self) -> bytes:
        """Return, and forget, what came since the last line break."""
        return self._take()

    def _hold(self, part: bytes) -> None:
        if not part:
            return
        room = self._limit - min(self._held, self._limit)
        self._held += len(part)
        if room:
            self._parts.append(part[:room])

    def _take(self) -> bytes:
        line = b"".join(self._parts)
        self.cut += self._held > self._limit
        self._parts.clear()
        self._held = 0
        return line
