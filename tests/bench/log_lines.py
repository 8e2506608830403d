"""Log lines as servers write them, for benchmarks: all different, of about 157 characters."""

from __future__ import annotations

from backends.model import LogBatch, LogLine

_WORDS = "GET /api/v1/items handled in ms status=200 user=1234 region=eu-west-1 trace=1f2e3d4c5b6a"


def text(n: int) -> str:
    """Return one line: one in a thousand is an error, one in ten is JSON."""
    level = "ERROR" if n % 1000 == 0 else "INFO "
    if n % 10 == 5:
        return (
            f'{{"time":"2026-11-22T10:11:12.{n % 1000:03}Z","level":"{level.strip().lower()}",'
            f'"msg":"request {n:09} done","status":200,"took_ms":{n % 97},"user":"1234","az":"a"}}'
        )
    return f"2026-11-22T10:11:12.{n % 1000:03}Z {level} request {n:09} {_WORDS} {n % 97}"


def lines(count: int, start: int = 0) -> tuple[LogLine, ...]:
    """Return so many lines from twenty sources."""
    names = [f"web-7d9f-{n:02}/app" for n in range(20)]
    return tuple(
        LogLine(at=1.79e9 + n / 1000, source=names[n % 20], text=text(n))
        for n in range(start, start + count)
    )


def batches(count: int, size: int, start: int = 0) -> list[LogBatch]:
    """Return so many lines in batches of a size."""
    return [LogBatch(lines=lines(size, n)) for n in range(start, start + count, size)]
