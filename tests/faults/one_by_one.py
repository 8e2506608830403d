"""Trying faults one after another: so that what is measured is due to that fault."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.outcome import Outcome
from tests.faults.trial import rounds

TIMEOUT = 10.0
"""The request timeout, in seconds: what users have unless they set it."""

LASTS = 6.0
"""Seconds that a fault lasts at the least; it ends when its effect has been seen."""

MINUTE = 60.0
"""Seconds for which the network is gone."""


def _lasts(names: Sequence[str]) -> float:
    return MINUTE if "gone" in names else LASTS


def tried(backend: str, names: Sequence[str]) -> list[Outcome]:
    """Try faults on one backend, one after the other, with one application for all of them."""

    def told(outcome: Outcome) -> None:
        print(f"  {backend}: {outcome.fault}", file=sys.stderr, flush=True)

    groups = [[name] for name in names]
    with tempfile.TemporaryDirectory(prefix="topdeck-faults-") as folder:
        return asyncio.run(
            rounds(
                backend,
                groups,
                Path(folder),
                timeout=TIMEOUT,
                lasts=_lasts,
                terminal=True,
                told=told,
            )
        )
