"""The timestamps that Kubernetes puts before the lines of a log."""

from __future__ import annotations

from datetime import datetime

_SECONDS = 19
"""Characters of a timestamp up to its whole seconds: ``2026-11-22T21:30:47``."""


class StampReader:
    """Reads RFC3339Nano timestamps; remembers the last second, since lines come in bursts."""

    def __init__(self) -> None:
        self._head = b""
        self._zone = b""
        self._epoch = 0

    def split(self, line: bytes) -> tuple[int, bytes]:
        """Return the nanoseconds since the epoch that a line begins with, and what follows.

        A line without a timestamp, such as a message of the kubelet's own, gives 0 and itself.
        The fraction may have any number of digits up to nine, or be missing.
        """
        stamp, space, text = line.partition(b" ")
        if len(stamp) <= _SECONDS or not (space or line):
            return 0, line
        rest = stamp[_SECONDS:]
        digits = 0
        nanos = 0
        if rest.startswith(b"."):
            while digits + 1 < len(rest) and 0x30 <= rest[digits + 1] <= 0x39:
                digits += 1
            if not 1 <= digits <= 9:
                return 0, line
            nanos = int(rest[1 : digits + 1]) * 10 ** (9 - digits)
            rest = rest[digits + 1 :]
        seconds = self._whole(stamp[:_SECONDS], rest)
        return (0, line) if seconds is None else (seconds * 1_000_000_000 + nanos, text)

    def _whole(self, head: bytes, zone: bytes) -> int | None:
        if head == self._head and zone == self._zone:
            return self._epoch
        try:
            moment = datetime.fromisoformat((head + zone).decode("ascii"))
        except ValueError:
            return None
        if moment.tzinfo is None or head[10:11] != b"T":
            return None
        self._head, self._zone, self._epoch = head, zone, int(moment.timestamp())
        return self._epoch
