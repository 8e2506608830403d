"""The nouns of CloudWatch Logs Insights: what is asked, what it costs, what comes back."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from backends.model import Scope

MOST_GROUPS = 50
"""Log groups of one query at most ("StartQuery" in the CloudWatch Logs API Reference)."""

LONGEST_QUERY = 10_000
"""Characters of one query at most (the same)."""

MOST_ROWS = 10_000
"""Rows in one answer of GetQueryResults at most, and of a query without `limit` (the same)."""

POINTER = "@ptr"
"""The field by which GetLogRecord finds a row's event; it is shown nowhere."""

Field: TypeAlias = tuple[str, str]
"""A field's name and its value, both text; cleaned."""


class LogGroup(msgspec.Struct, frozen=True):
    """A log group as DescribeLogGroups tells of it."""

    name: str
    stored: int
    """Bytes that are stored, as AWS counts them; it brings this up to date by and by."""
    created: float
    """Epoch seconds."""
    keeps: float | None
    """Seconds for which events are kept; None: for ever."""


class Question(msgspec.Struct, frozen=True):
    """One query, with all that it is about."""

    scope: Scope
    """Its profile, account and region; the other parts are of no account."""
    groups: tuple[str, ...]
    query: str
    start: int
    """Epoch seconds; the range includes it."""
    end: int
    """Epoch seconds; the range includes it."""


class Price(msgspec.Struct, frozen=True):
    """What a region asks for scanning."""

    per_gb: float
    """US dollars a gigabyte (10^9 bytes)."""
    known: bool
    """Whether it is the region's own; else it is the dearest known."""


class Estimate(msgspec.Struct, frozen=True):
    """What a query would cost."""

    scanned: int | None
    """Bytes that it would scan; None where nothing tells."""
    source: str
    """Who says so, in words that end a sentence."""
    price: Price

    @property
    def dollars(self) -> float | None:
        """What that costs, in US dollars."""
        return None if self.scanned is None else self.scanned / 1e9 * self.price.per_gb


class State(StrEnum):
    """How a query is, in AWS's words (`QueryStatus` in the API Reference)."""

    SCHEDULED = "Scheduled"
    RUNNING = "Running"
    COMPLETE = "Complete"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    TIMEOUT = "Timeout"
    UNKNOWN = "Unknown"


OVER = frozenset({State.COMPLETE, State.FAILED, State.CANCELLED, State.TIMEOUT})
"""States that do not change any more."""


class Answer(msgspec.Struct, frozen=True):
    """What a query has found so far."""

    state: State
    rows: tuple[tuple[Field, ...], ...] = ()
    """At most `MOST_ROWS`; each with the fields that it has, `POINTER` among them."""
    matched: int = 0
    """Log events that passed the filters."""
    examined: int = 0
    """Log events that were looked at."""
    scanned: int = 0
    """Bytes of those: what is paid for."""
    total: int = 0
    """Rows that there are, which may be more than `rows`."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in OVER


class Choice(msgspec.Struct, frozen=True):
    """The log groups behind a resource, as a query begins with them."""

    scope: Scope | None = None
    """Where they are; None: no AWS account is known for the resource."""
    groups: tuple[str, ...] = ()
    narrow: str = ""
    """A `filter` command that keeps only the resource's own events; empty: all are."""
    note: str = ""
    """Why there are none, or where its log goes besides."""
