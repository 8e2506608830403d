"""What a query of CloudWatch Logs Insights costs: prices, and what is known of a group's bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backends.logs.insights_model import LogGroup, Price

PRICES: Mapping[str, float] = {
    "us-east-1": 0.005, "us-east-2": 0.005, "us-west-2": 0.005,
    "eu-west-1": 0.0057, "eu-central-1": 0.0063,
    "ap-northeast-1": 0.0076, "ap-northeast-2": 0.0076,
}  # fmt: skip
"""US dollars a gigabyte scanned, the usage type ``DataScanned-Bytes``, as public tables of AWS's
prices gave it in November 2026; the first five gigabytes of a month are free. Regions whose price
was not to be had are left out."""

DEAREST = max(PRICES.values())


def price(region: str) -> Price:
    """Return what a region asks for scanning, or the dearest price known where its own is not."""
    known = region in PRICES
    return Price(PRICES[region] if known else DEAREST, known)


def kept_share(group: LogGroup, start: float, end: float, now: float) -> float:
    """Return the share of a group's stored bytes that lies in a range of epoch seconds, if it was
    written evenly since the group began, or since the oldest event that it keeps."""
    since = group.created
    if group.keeps is not None:
        since = max(since, now - group.keeps)
    if now <= since:
        return 1.0 if start <= now and end >= since else 0.0
    overlap = min(end, now) - max(start, since)
    return max(0.0, min(1.0, overlap / (now - since)))


def stored_bytes(groups: Iterable[LogGroup], start: float, end: float, now: float) -> int:
    """Return the bytes that some groups hold of a range, by `kept_share`."""
    return round(sum(group.stored * kept_share(group, start, end, now) for group in groups))
