"""SQS queues of the simulated world, with an EventBridge rule that fills each with ECS's events."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from backends.sim.ecs.tasks import uuid_of

if TYPE_CHECKING:
    from backends.sim.ecs.model import Deployment, Service, Task
    from backends.sim.world import World

VISIBILITY = 30.0
"""Seconds for which a message that was received is hidden; SQS's default, too."""

RETENTION = 300.0
"""Seconds that a message is kept, as `topdeck feed plan` sets it."""


class Message(msgspec.Struct, gc=False):
    """One message."""

    id: str
    body: str
    sent: float
    hidden_until: float = 0.0
    received: int = 0

    @property
    def handle(self) -> str:
        """The receipt handle of its latest delivery."""
        return f"{self.id}#{self.received}"

    @property
    def md5(self) -> str:
        """The digest of its body, which SDKs check."""
        return hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest()


class Queue:
    """One standard queue."""

    def __init__(self, world: World, account: str, region: str, name: str) -> None:
        self.account = account
        self.region = region
        self.name = name
        self.muted = False
        """Whether the rule that feeds it is disabled."""
        self._world = world
        self._messages: deque[Message] = deque()
        self._rng = world.rng(f"queue {name}")
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.name}"

    def __len__(self) -> int:
        """Return how many messages are in it, received or not."""
        return len(self._messages)

    def put(self, body: str) -> None:
        """Send a message to it."""
        self._messages.append(Message(uuid_of(self._rng), body, self._world.agenda.now))
        self._wake()

    def take(self, most: int, hide: float) -> list[Message]:
        """Return up to so many messages that are not hidden, and hide them for so long."""
        now = self._world.agenda.now
        while self._messages and self._messages[0].sent < now - RETENTION:
            self._messages.popleft()
        found: list[Message] = []
        for message in self._messages:
            if len(found) == most:
                break
            if message.hidden_until <= now:
                message.hidden_until = now + hide
                message.received += 1
                found.append(message)
        return found

    def delete(self, handles: Sequence[str]) -> None:
        """Delete messages by the ids in their handles; those that are gone already are no error."""
        ids = {handle.partition("#")[0] for handle in handles}
        self._messages = deque(m for m in self._messages if m.id not in ids)

    async def arrival(self, seconds: float) -> None:
        """Return when a message comes, or when so many seconds of the world have gone by."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._world.agenda.after(seconds, lambda: _finish(waiting))
        try:
            await waiting
        finally:
            self._waiting.remove(waiting)

    def _wake(self) -> None:
        for waiting in self._waiting:
            _finish(waiting)


def _finish(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class Queues:
    """All queues. Each is fed by a rule for the ECS events of its account and region."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queues: dict[tuple[str, str, str], Queue] = {}
        self._rng = world.rng("events")

    def make(self, account: str, region: str, name: str) -> Queue:
        """Make a queue with its rule; what happens from now on lies in it."""
        if not self._queues:
            self._world.ecs.witnessed_by(self)
        queue = Queue(self._world, account, region, name)
        self._queues[account, region, name] = queue
        return queue

    def find(self, account: str, region: str, name: str) -> Queue | None:
        """Return a queue, or None where there is none."""
        return self._queues.get((account, region, name))

    def task_changed(self, task: Task) -> None:
        """Put an "ECS Task State Change" where somebody listens."""
        if task.service is None or not (queues := self._of(task.service)):
            return
        from backends.sim.aws.ecs_tasks import render_task

        detail = _stamped(render_task(task.service.cluster, task))
        detail["updatedAt"] = _stamp(self._world.agenda.now)
        self._send(queues, task.service, "ECS Task State Change", task.arn, detail)

    def service_acted(self, service: Service, deployment: Deployment | None, name: str) -> None:
        """Put an "ECS Service Action" or "ECS Deployment State Change" where somebody listens."""
        queues = self._of(service)
        if not queues:
            return
        now = _stamp(self._world.agenda.now)
        level = "ERROR" if name.endswith("FAILED") else "INFO"
        detail: dict[str, Any] = {"eventType": level, "eventName": name}
        if deployment is None:
            kind = "ECS Service Action"
            detail |= {"clusterArn": service.cluster.arn, "createdAt": now}
        else:
            kind = "ECS Deployment State Change"
            detail |= {"deploymentId": deployment.id, "updatedAt": now, "reason": deployment.reason}
        self._send(queues, service, kind, service.arn, detail)

    def _of(self, service: Service) -> list[Queue]:
        place = service.cluster.account, service.cluster.region
        return [q for q in self._queues.values() if (q.account, q.region) == place and not q.muted]

    def _send(
        self, queues: list[Queue], service: Service, kind: str, arn: str, detail: Mapping[str, Any]
    ) -> None:
        """Write an event in EventBridge's envelope ("AWS service event metadata" in its guide)."""
        event = {
            "version": "0",
            "id": uuid_of(self._rng),
            "detail-type": kind,
            "source": "aws.ecs",
            "account": service.cluster.account,
            "time": _stamp(self._world.agenda.now, "seconds"),
            "region": service.cluster.region,
            "resources": [arn],
            "detail": detail,
        }
        body = orjson.dumps(event).decode()
        for queue in queues:
            queue.put(body)


def _stamped(value: Any, key: str = "") -> Any:
    """Return a payload with its times in words, as events have them."""
    if isinstance(value, dict):
        return {name: _stamped(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_stamped(item) for item in value]
    return _stamp(value) if key.endswith("At") and isinstance(value, int | float) else value


def _stamp(at: float, precision: str = "milliseconds") -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=precision)[:-6] + "Z"
