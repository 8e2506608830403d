"""What a fault is to lead to, and what it did lead to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.tails import Verdict


@dataclass
class Outcome:
    """What one fault did to one cluster, as it was seen from the application."""

    fault: str
    backend: str
    state: str = "live"
    """``stale``, ``live`` or ``slowed`` (live with a problem)."""
    code: str = ""
    said: str = ""
    """The cause as shown."""
    noticed: float = 0.0
    """Seconds from the fault to its being shown."""
    kept: bool = False
    """Its rows were there all the time."""
    board: str = ""
    """What the board's row said: its status and why."""
    age: float = 0.0
    """Seconds since its rows had been true, as the board told."""
    answer: str = ""
    """What the operator was told of the scaling that was sent meanwhile."""
    arrived: int = 0
    """How often that request came."""
    passed: int = 0
    """How often the server got it."""
    others: bool = False
    """The cluster that was left alone went on being live, and changed as its server did."""
    back: float = -1.0
    """Seconds from the end of the fault until its rows were live and those of its server."""
    equal: bool = False
    log: Verdict = field(default_factory=Verdict)
    keys: float = 0.0
    """The longest that a key took meanwhile, in milliseconds."""
    usual: float = 0.0
    """The median of these."""


def expectations(backend: str) -> Callable[[str], set[str]]:
    """Return which codes each fault is to lead to on a backend; ``live``: it need not show."""
    every = {
        "401": {"expired"}, "403": {"denied"}, "409": {"conflict"}, "429": {"throttled"},
        "expired": {"expired"}, "skew": {"expired"}, "latency": {"live", "unreachable"},
        "drip": {"live", "unreachable"}, "log-ends": {"live"},
    }  # fmt: skip
    own = {
        "ecs": {"throttled": {"throttled"}, "404": {"unreachable", "not-found", "invalid"},
                "410": {"unreachable", "invalid"}},
        "eks": {"throttled": {"invalid"}, "404": {"not-found"}, "410": {"conflict"}},
    }  # fmt: skip
    known = {**every, **own[backend]}
    return lambda name: known.get(name, {"unreachable"})
