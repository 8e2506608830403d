"""The log lines of the simulated world: made up on demand from seed and time, never stored."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

SLOT = 10
"""Seconds that are written from one random sequence; a window is answered in whole slots."""

SLOTS_KEPT = 6
"""Slots that each voice remembers: enough for a tail that polls with some overlap."""

BURST_LINES = 200
"""Lines a second that a burst reaches."""

_PATHS = (
    "/", "/healthz", "/api/v1/items", "/api/v1/items/{n}", "/api/v1/orders/{n}", "/api/v1/cart",
    "/login", "/static/app.js", "/search?q={w}", "/api/v2/users/{n}/profile",
)  # fmt: skip
_WORDS = (
    "blue", "kettle", "lamp", "desk", "garden hose", "paper", "tea", "running shoes", "bicycle",
)  # fmt: skip
_AGENTS = ("Mozilla/5.0", "curl/8.9.1", "ELB-HealthChecker/2.0", "okhttp/4.12.0", "kube-probe/1.36")
_LOGGERS = ("http.server", "db.pool", "cache", "worker", "scheduler", "auth")
_MESSAGES = (
    "request completed", "cache miss", "connection acquired", "job finished", "token refreshed",
    "message published", "retrying upstream call", "page rendered", "batch written",
)  # fmt: skip

JAVA_TRACE = (
    "java.lang.IllegalStateException: Connection pool exhausted after {n} ms",
    "\tat com.acme.{s}.db.Pool.acquire(Pool.java:187)",
    "\tat com.acme.{s}.orders.OrderRepository.find(OrderRepository.java:64)",
    "\tat com.acme.{s}.orders.OrderService.load(OrderService.java:41)",
    "\tat java.base/java.util.concurrent.FutureTask.run(FutureTask.java:317)",
    "\tat java.base/java.lang.Thread.run(Thread.java:1583)",
    "Caused by: java.net.SocketTimeoutException: Read timed out",
    "\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)",
    "\t... 12 more",
)
"""A Java stack trace as Logback prints it; one log event a line, as a container's stdout gives."""

PYTHON_TRACE = (
    "Traceback (most recent call last):",
    '  File "/app/{s}/handlers.py", line 88, in dispatch',
    "    return await handler(request)",
    '  File "/app/{s}/orders.py", line 132, in load',
    '    raise UpstreamError(f"inventory answered {{status}}")',
    "{s}.errors.UpstreamError: inventory answered 503",
)
"""A Python stack trace as the interpreter prints it."""

_TROUBLE: dict[str, tuple[str, ...]] = {
    "oom": (
        "WARN  heap usage {p}% of limit, full GC took {n} ms",
        "ERROR java.lang.OutOfMemoryError: Java heap space",
        "WARN  request queue length {n}, rejecting new work",
    ),
    "crash-loop": (
        "FATAL config error: required key DATABASE_URL is not set",
        "ERROR failed to connect to db.internal:5432: connection refused (attempt {n})",
        "FATAL exiting with status 1",
    ),
    "image-pull": ("WARN  running version is older than the one that was rolled out",),
    "spot": (
        "INFO  received SIGTERM, draining {n} in-flight jobs",
        "WARN  job {n} interrupted, will be retried",
    ),
    "target-health": (
        "ERROR GET /healthz 502 upstream refused the connection",
        "ERROR upstream checkout:8080 connect timeout after {n} ms",
    ),
    "slow-start": ("INFO  warming caches: {p}% done", "WARN  migration lock held for {n} ms"),
}


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class LogVoice:
    """How one log stream sounds: the same lines for the same time, whoever asks and when.

    `service` is the workload's name, `stream` tells its tasks and containers apart, and
    `incident` is one of the blueprint's, whose errors then run through the log.
    """

    def __init__(self, seed: int, service: str, stream: str, incident: str = "") -> None:
        self._seed = f"{seed}:{service}:{stream}:{incident}"
        self._service = service.replace("-", "_")
        self._trouble = _TROUBLE.get(incident, ())
        self._kept: dict[int, list[tuple[float, str]]] = {}
        rng = random.Random(f"{seed}:{service}")
        self._rate = rng.uniform(0.3, 3.0)
        self._trace = JAVA_TRACE if rng.random() < 0.5 else PYTHON_TRACE
        self._write: Callable[[random.Random, float], str] = rng.choice(
            (self._access, self._json, self._logfmt, self._json, self._coloured)
        )

    def lines(self, start: float, end: float) -> Iterator[tuple[float, str]]:
        """Yield (epoch seconds, text) for ``start <= time < end``, in order of time.

        Times are whole milliseconds, as CloudWatch Logs and container runtimes keep them.
        """
        for slot in range(int(start // SLOT), int(-(-end // SLOT))):
            for at, text in self._slot(slot):
                if start <= at < end:
                    yield at, text

    def _slot(self, slot: int) -> list[tuple[float, str]]:
        """Return one slot's lines, from the few that are kept for those who ask repeatedly."""
        lines = self._kept.get(slot)
        if lines is None:
            lines = self._kept[slot] = self._compose(slot)
            if len(self._kept) > SLOTS_KEPT:
                del self._kept[next(iter(self._kept))]
        return lines

    def _compose(self, slot: int) -> list[tuple[float, str]]:
        """Write all of one slot's lines."""
        rng = random.Random(zlib.crc32(f"{self._seed}:{slot}".encode()))
        base = slot * SLOT
        times = [rng.random() * SLOT for _ in range(self._how_many(rng))]
        if rng.random() < 0.01:
            begin = rng.random() * (SLOT - 1)
            times += [begin + rng.random() for _ in range(BURST_LINES)]
        written: list[tuple[float, str]] = []
        for offset in sorted(times):
            at = round(base + min(offset, SLOT - 0.02), 3)
            written.append((at, self._line(rng, at)))
        if rng.random() < (0.08 if self._trouble else 0.015):
            written += self._stack(rng, round(base + rng.random() * (SLOT - 0.1), 3))
            written.sort(key=lambda line: line[0])
        return written

    def _how_many(self, rng: random.Random) -> int:
        mean = min(self._rate, 5.0) * SLOT
        return max(1, round(rng.gauss(mean, mean / 4)))

    def _line(self, rng: random.Random, at: float) -> str:
        if self._trouble and rng.random() < 0.12:
            text = rng.choice(self._trouble)
            return f"{_stamp(at)} {text}".format(n=rng.randint(20, 9000), p=rng.randint(81, 99))
        return self._write(rng, at)

    def _stack(self, rng: random.Random, at: float) -> list[tuple[float, str]]:
        number = rng.randint(1000, 30000)
        return [
            (round(at + index * 0.001, 3), line.format(n=number, s=self._service))
            for index, line in enumerate(self._trace)
        ]

    def _path(self, rng: random.Random) -> str:
        return rng.choice(_PATHS).format(n=rng.randint(1, 99999), w=rng.choice(_WORDS))

    def _status(self, rng: random.Random) -> int:
        if self._trouble and rng.random() < 0.1:
            return rng.choice((500, 502, 503, 504))
        return rng.choices((200, 201, 204, 304, 404, 500), (80, 5, 4, 6, 4, 1))[0]

    def _access(self, rng: random.Random, at: float) -> str:
        when = datetime.fromtimestamp(at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
        peer = f"10.{rng.randint(0, 3)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
        return (
            f'{peer} - - [{when}] "GET {self._path(rng)} HTTP/1.1" {self._status(rng)} '
            f'{rng.randint(80, 60000)} "-" "{rng.choice(_AGENTS)}"'
        )

    def _json(self, rng: random.Random, at: float) -> str:
        status = self._status(rng)
        level = "error" if status >= 500 else rng.choices(("info", "debug", "warn"), (85, 10, 5))[0]
        return (
            f'{{"time":"{_stamp(at)}","level":"{level}","msg":"{rng.choice(_MESSAGES)}",'
            f'"logger":"{rng.choice(_LOGGERS)}","path":"{self._path(rng)}","status":{status},'
            f'"latency_ms":{rng.lognormvariate(3, 1):.1f},"trace_id":"{rng.getrandbits(64):016x}"}}'
        )

    def _coloured(self, rng: random.Random, at: float) -> str:
        """Write as a logger does that takes a container's output for a terminal."""
        status = self._status(rng)
        level = "\x1b[31mERROR\x1b[0m" if status >= 500 else "\x1b[32mINFO\x1b[0m"
        return (
            f"{_stamp(at)} {level} [{rng.choice(_LOGGERS)}] {rng.choice(_MESSAGES)} "
            f"path={self._path(rng)} status={status} in {rng.lognormvariate(3, 1):.1f}ms"
        )

    def _logfmt(self, rng: random.Random, at: float) -> str:
        status = self._status(rng)
        level = "error" if status >= 500 else "info"
        return (
            f'ts={_stamp(at)} level={level} msg="{rng.choice(_MESSAGES)}" '
            f'component={rng.choice(_LOGGERS)} path="{self._path(rng)}" status={status} '
            f"duration={rng.lognormvariate(3, 1):.1f}ms"
        )
