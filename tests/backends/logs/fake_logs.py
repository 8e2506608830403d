"""CloudWatch Logs in memory, standing where `AwsAccess` does; on the clock of a virtual loop."""

from __future__ import annotations

from bisect import insort
from collections.abc import AsyncIterator

from backends.base import BackendError, NotFound
from backends.logs.streams import Stream
from backends.model import Scope

SCOPE = Scope("ecs", profile="p", account="111122223333", region="us-east-1", cluster="c")


def stream(name: str, group: str = "/ecs/web", region: str = "us-east-1", **more) -> Stream:
    return Stream(group=group, region=region, stream=f"ecs/{name}", source=name, **more)


class FakeLogs:
    """Answers FilterLogEvents as AWS does; events may become visible late."""

    def __init__(self, clock, *, page: int = 10_000, blanks: int = 0) -> None:
        self.clock = clock
        self.page = page
        self.blanks = blanks
        self.failures: list[BackendError | None] = []
        self.calls: list[dict] = []
        self.returned: list[int] = []
        self._groups: dict[tuple[str, str], dict[str, list[tuple[int, int, float, str]]]] = {}
        self._count = 0

    def create(self, where: Stream) -> None:
        group = self._groups.setdefault((where.region, where.group), {})
        group.setdefault(where.stream, [])

    def put(self, where: Stream, text: str, at: float, *, late: float = 0.0) -> None:
        self.create(where)
        self._count += 1
        entry = (int(at * 1000), self._count, at + late, text)
        insort(self._groups[where.region, where.group][where.stream], entry)

    async def pages(self, scope: Scope, service: str, operation: str, **params) -> AsyncIterator:
        assert (service, operation) == ("logs", "FilterLogEvents")
        self.calls.append({"region": scope.region, **params})
        names = params["logStreamNames"]
        assert 1 <= len(names) <= 100
        assert len(set(names)) == len(names)
        events = self._events(scope, params)
        size = min(self.page, params.get("limit", self.page))
        chunks = [events[n : n + size] for n in range(0, len(events), size)] or [[]]
        for number, chunk in enumerate(chunks):
            for _ in range(self.blanks):
                yield {"events": [], "nextToken": "more"}
            failure = self.failures.pop(0) if self.failures else None
            if failure is not None:
                raise failure
            self.returned.append(len(chunk))
            yield {"events": chunk, **({"nextToken": "t"} if number + 1 < len(chunks) else {})}

    def _events(self, scope: Scope, params: dict) -> list[dict]:
        group = self._groups.get((scope.region, params["logGroupName"]))
        if group is None:
            raise absent("group")
        if any(name not in group for name in params["logStreamNames"]):
            raise absent("stream")
        now = self.clock.now()
        end = params.get("endTime", 10**15)
        return [
            {
                "eventId": str(number),
                "logStreamName": name,
                "timestamp": at,
                "message": text,
                "ingestionTime": int(visible * 1000),
            }
            for at, number, name, text, visible in sorted(
                (at, number, name, text, visible)
                for name in params["logStreamNames"]
                for at, number, visible, text in group[name]
                if params["startTime"] <= at <= end and visible <= now
            )
        ]


def absent(what: str) -> NotFound:
    return NotFound(
        "logs:FilterLogEvents",
        f"ResourceNotFoundException: The specified log {what} does not exist.",
        "refresh",
    )
