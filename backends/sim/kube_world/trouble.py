"""Trouble on request: coming requests to a cluster are refused, dropped or never answered."""

from __future__ import annotations

import msgspec


class Trouble(msgspec.Struct):
    """What befalls the next requests whose path begins in a certain way."""

    prefix: str = "/"
    """Such as ``/api/v1/pods``; the cluster's name is no part of it."""
    times: int = 1
    """How many requests it befalls; negative: all from now on."""
    status: int = 500
    message: str = "an error on the server has prevented the request from succeeding"
    reason: str = "InternalError"
    drop: bool = False
    """Close the connection instead of answering."""
    hang: bool = False
    """Never answer."""


class Troubles:
    """The trouble that waits for a cluster's requests, in the order in which it was made."""

    def __init__(self) -> None:
        self._waiting: list[Trouble] = []

    def make(self, trouble: Trouble) -> None:
        """Have trouble befall requests to come."""
        self._waiting.append(trouble)

    def clear(self) -> None:
        """Forget all of it."""
        self._waiting.clear()

    def take(self, path: str) -> Trouble | None:
        """Return what befalls a request to `path`, and count it."""
        for trouble in self._waiting:
            if path.startswith(trouble.prefix):
                trouble.times -= 1
                if trouble.times == 0:
                    self._waiting.remove(trouble)
                return trouble
        return None
