"""The call budgets as rows: one for each account, region and class of API calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backends.model import (
    Cell,
    Column,
    Format,
    Health,
    Kind,
    Ref,
    Resource,
    Scope,
    Usage,
)

CALLS_KIND = Kind(
    id="fleet/api",
    title="API calls",
    singular="API call budget",
    columns=(
        Column("name", "Class", width=18),
        Column("status", "State", Format.STATUS, 12),
        Column("region", "Region"),
        Column("account", "Account", width=12),
        Column("used", "Use %", Format.NUMBER, 5),
        Column("minute", "Minute", Format.NUMBER, 6),
        Column("recent", "5 minutes", Format.SPARK, 10),
        Column("calls", "Total", Format.NUMBER, 5),
        Column("waiting", "Wait", Format.NUMBER, 4),
        Column("rate", "Rate/s", Format.NUMBER, 6),
        Column("limit", "Limit/s", Format.NUMBER, 7),
        Column("burst", "Burst", Format.NUMBER, 5),
        Column("throttled", "Refused", Format.NUMBER, 7),
        Column("throttled_at", "Last", Format.AGE, 4),
        Column("slower", "Slow s", Format.NUMBER, 6),
        Column("why", "Why", width=36),
    ),
    verbs=frozenset(),
    aliases=("api", "calls", "budgets"),
    empty="No call to AWS has been made. Kubernetes API servers publish no rates: calls to them "
    "are not counted here.",
)
"""The table of calls by API class, as a kind, so that the one browse screen shows it."""

NEAR = 0.8
"""The share of a budget from which it is near its limit."""

REFUSING = 10.0
"""Seconds after a throttled answer for which a budget counts as being throttled."""


def call_rows(usage: Iterable[Usage], now: float) -> Sequence[Resource]:
    """Return a row for each budget as it is at `now`, in epoch seconds."""
    return [_row(use, now) for use in usage]


def _row(use: Usage, now: float) -> Resource:
    health, word, why = _verdict(use, now)
    slower = max(0.0, use.throttled_until - now)
    cells: tuple[Cell, ...] = (
        use.action_class,
        word,
        use.region,
        use.account,
        round(use.used * 100),
        use.minute,
        use.recent or None,
        use.calls,
        use.waiting,
        round(use.rate, 2),
        round(use.limit, 2),
        round(use.burst, 2),
        use.throttled,
        use.throttled_at or None,
        round(slower) or None,
        why or None,
    )
    scope = Scope("aws", account=use.account, region=use.region)
    ref = Ref(scope, CALLS_KIND.id, use.action_class)
    return Resource(ref=ref, health=health, status=word, cells=cells, reason=why)


def _verdict(use: Usage, now: float) -> tuple[Health, str, str]:
    """Say how a budget is, in a word, and why in a line."""
    left = use.throttled_until - now
    if left > 0:
        many = f"{use.throttled} call{'s' * (use.throttled != 1)}"
        why = (
            f"AWS refused {many}: slowed to {use.rate:.2g} a second, "
            f"back at {use.limit:g} in {left:.0f} s"
        )
        if now - use.throttled_at < REFUSING:
            return Health.FAILING, "throttled", why
        return Health.DEGRADED, "backing off", why
    if use.waiting or use.used >= 1.0:
        waits = f"{use.waiting} wait; " if use.waiting else ""
        return Health.DEGRADED, "at limit", f"{waits}{use.limit:g} calls a second are allowed"
    if use.used >= NEAR:
        return Health.DEGRADED, "near limit", f"{use.limit:g} calls a second are allowed"
    if not use.minute:
        return Health.IDLE, "idle", ""
    return Health.OK, "ok", ""
