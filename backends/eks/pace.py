"""How patient those are who keep up with a cluster."""

from __future__ import annotations

import random

import msgspec

from backends.base import BackendError, Throttled
from backends.eks.mailbox import HEARTBEAT

ASKED_MOST = 30.0
"""Seconds of a Retry-After that are honoured at the most."""


class Pace(msgspec.Struct, frozen=True):
    """How patient a reflector is; in seconds. Tests shorten them."""

    watch: float = 290.0
    """How long a watch is asked to last, give or take a tenth: client-go takes 5 to 10 minutes."""
    quiet_seen: float = 20.0
    """A watch that says nothing for so long while its rows are on screen gives way to a probe:
    it may have died without a word."""
    probe: float = 3.0
    """How long a probe is asked to last. A server that is there ends it in time, having sent a
    bookmark 2 s before (kube-apiserver's cacher)."""
    grace: float = 2.0
    """How much later than it should a watch may end before it is taken for silent."""
    silence: float = 90.0
    """A watch that says nothing for so long is opened again; bookmarks come every minute."""
    steady: float = 5.0
    """A watch that lasted for so long was a good one: the next is opened without a pause."""
    backoff: float = 0.5
    """The first pause after a failure; each further one is twice as long."""
    backoff_max: float = 5.0
    """The longest pause after failures: when the network is back, so are the rows."""
    denied: float = 60.0
    """The pause after a refusal while nobody looks: permissions change rarely."""
    denied_seen: float = 8.0
    """The same while the rows are on screen."""
    poll: float = 15.0
    """The pause between lists of what can't be watched, while it is on screen."""
    heartbeat: float = HEARTBEAT
    """How often a feed says how old it is when nothing else happens, while it is on screen."""
    heartbeat_unseen: float = HEARTBEAT * 4
    """The same while it is only counted."""

    @property
    def denial(self) -> tuple[float, float]:
        """The pauses after a refusal: while the rows are on screen, and while they are not."""
        return min(self.denied_seen, self.denied), self.denied

    def pause(self, failures: int, error: BackendError | None = None, spent: float = 0.0) -> float:
        """Return the pause after so many failures in a row, with up to a half of it by chance.

        It is as long as the server asks for in `error`, within bounds; and shorter by the seconds
        that the last attempt has been `spent` waiting for an answer.
        """
        longest = min(self.backoff * 2 ** min(failures - 1, 16), self.backoff_max)
        wait = float(longest) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, no secret
        asked = error.retry_after if isinstance(error, Throttled) else 0.0
        return max(wait - spent, min(wait, self.backoff / 2), min(asked, ASKED_MOST))
