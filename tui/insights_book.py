"""Queries to begin with: some good ones, and those that were asked last."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from backends.aws.redact import redact
from backends.logs.insights_model import LONGEST_QUERY
from backends.text import clean, clean_block

KEPT = 30
"""Queries that are remembered."""

MOST_BYTES = 1_000_000
"""A larger file is none of ours."""


class Starter(NamedTuple):
    """A query that is worth beginning with."""

    title: str
    query: str


_TROUBLE = "/(?i)(error|exception|fatal|panic)/"

STARTERS = (
    Starter(
        "errors by five minutes",
        f"filter @message like {_TROUBLE}\n| stats count(*) as errors by bin(5m)",
    ),
    Starter(
        "the latest errors",
        f"fields @timestamp, @message, @logStream\n| filter @message like {_TROUBLE}\n"
        "| sort @timestamp desc\n| limit 200",
    ),
    Starter(
        "the slowest requests",
        "fields @timestamp, coalesce(latency_ms, duration_ms, duration, latency) as took, @message"
        "\n| filter ispresent(took)\n| sort took desc\n| limit 100",
    ),
    Starter(
        "the most frequent messages",
        "fields coalesce(msg, message, @message) as said\n| stats count(*) as times by said\n"
        "| sort times desc\n| limit 100",
    ),
    Starter(
        "who writes how much",
        "fields strlen(@message) as size\n"
        "| stats count(*) as events, sum(size) as characters by @logStream\n"
        "| sort characters desc\n| limit 100",
    ),
)
"""In the language of Logs Insights; what they count is what log libraries commonly write."""


class QueryBook:
    """The queries that were asked last, in a file that only its owner may read.

    A query may hold what an operator looked for, so only its text is kept, and nothing of one in
    which there is something like a credential. A file that can't be read or written is done
    without.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Sequence[str]:
        """Return the queries, the last one first."""
        try:
            if self._path.stat().st_size > MOST_BYTES:
                return ()
            found = msgspec.json.decode(self._path.read_bytes(), type=list[str])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return ()
        return tuple(clean_block(text, LONGEST_QUERY) for text in found[:KEPT])

    def remember(self, query: str) -> bool:
        """Put a query before the others; return whether it was written down."""
        if suspicious(query):
            return False
        queries = [query, *(other for other in self.load() if other != query)][:KEPT]
        partial = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.unlink(missing_ok=True)
            with os.fdopen(
                os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as f:
                f.write(msgspec.json.encode(queries))
            partial.replace(self._path)
        except OSError:
            return False
        return True


def suspicious(query: str) -> bool:
    """Whether a query has something like a credential in it."""
    line = clean(" ".join(query.split()), 2 * LONGEST_QUERY)
    return redact(line, 2 * LONGEST_QUERY) != line
