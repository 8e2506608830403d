"""ECS's state changes by way of a queue: one consumer a queue, and who hears of its events."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from backends.aws.access import AwsAccess
from backends.aws.clients import LONG_POLL
from backends.base import BackendError, Demand
from backends.clock import Clock
from backends.ecs.events import Event, parse
from backends.ecs.inbox import Inbox
from backends.feedqueue import FeedQueue
from backends.model import Problem, Ref, Scope

BATCH = 10
"""Messages a call: the most that SQS gives, and deletes."""

LATE = 120.0
"""Seconds after which a message that was sent is no longer news."""

GRACE = 30.0
"""Seconds that an event may be behind a listing which knew of it first."""

BACKOFF, BACKOFF_MOST = 2.0, 30.0
"""Seconds before a queue that failed is asked again, doubled each time up to the second."""


class Consumer:
    """Takes the events out of one queue, for every watch of its account and region."""

    def __init__(self, access: AwsAccess, scope: Scope, queue: FeedQueue, clock: Clock) -> None:
        self._access = access
        self._scope = scope
        self._queue = queue
        self._clock = clock
        self._inboxes: list[Inbox] = []
        self._task: asyncio.Task[None] | None = None
        self._reached = False
        self._proven = False
        self._problem: Problem | None = None
        self._doubted = math.inf

    @property
    def live(self) -> bool:
        """Whether events come, and in time: at least one has, and one since there was a doubt."""
        doubtful = self._clock.monotonic() - self._doubted > GRACE
        return self._proven and self._problem is None and not doubtful

    @property
    def problem(self) -> Problem | None:
        """Why it is not live; None also while no event has come yet."""
        return self._problem

    def doubt(self) -> None:
        """A listing found what no event had told: one has to come, if only a little later."""
        self._doubted = min(self._doubted, self._clock.monotonic())

    def add(self, inbox: Inbox) -> None:
        """Have an inbox hear of the events from now on."""
        self._inboxes.append(inbox)
        inbox.supply = self
        if self.live:
            inbox.turn(gap=True)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"queue {self._queue.name}")

    def remove(self, inbox: Inbox) -> bool:
        """Let an inbox go; return whether it was the last one, with which the consumer ends."""
        if inbox in self._inboxes:
            self._inboxes.remove(inbox)
        return not self._inboxes

    async def close(self) -> None:
        """End; what is left in the queue stays there, until its retention ends."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._receive()
                failures = 0
            except Exception as error:  # whatever comes: polling goes on in its place
                if not isinstance(error, BackendError):
                    what = f"{type(error).__name__} over what SQS answered"
                    error = BackendError("sqs:ReceiveMessage", what, "report this defect")
                self._reached = False
                self._settle(proven=False, problem=_instead(error.problem))
                await asyncio.sleep(min(BACKOFF * 2.0**failures, BACKOFF_MOST))
                failures = min(failures + 1, 10)

    async def _receive(self) -> None:
        """Take one batch in, and delete it. The first call waits for nothing: does it answer?"""
        answer = await self._access.call(
            self._scope,
            "sqs",
            "ReceiveMessage",
            QueueUrl=self._queue.url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=int(LONG_POLL) if self._reached else 0,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages = [m for m in answer.get("Messages") or () if isinstance(m, dict)]
        if not self._reached:
            self._reached = True
            self._settle(proven=False, problem=None)
        if not messages:
            return
        self._apply(messages)
        entries = [
            {"Id": str(number), "ReceiptHandle": handle}
            for number, message in enumerate(messages)
            if isinstance(handle := message.get("ReceiptHandle"), str)
        ]
        if entries:
            await self._access.call(
                self._scope,
                "sqs",
                "DeleteMessageBatch",
                QueueUrl=self._queue.url,
                Entries=entries,
            )

    def _apply(self, messages: Sequence[dict[str, Any]]) -> None:
        """Hand events on, and judge by the youngest of them whether they come in time."""
        now = self._clock.now()
        youngest = None
        for message in messages:
            event = parse(message.get("Body"))
            if event is None or not self._concerns(event):
                continue
            age = now - _sent(message, now)
            youngest = age if youngest is None else min(age, youngest)
            for inbox in self._inboxes:
                inbox.hear(event, fresh=age <= LATE)
        if youngest is not None:
            self._settle(proven=youngest <= LATE, problem=_late(youngest))

    def _concerns(self, event: Event) -> bool:
        return (event.account, event.region) == (self._queue.account, self._queue.region)

    def _settle(self, *, proven: bool, problem: Problem | None) -> None:
        """Note how it fares, and tell the watches where that makes a difference."""
        before = self.live, self._problem
        if proven:
            self._doubted = math.inf
        self._proven, self._problem = proven, problem
        if (self.live, self._problem) != before:
            for inbox in self._inboxes:
                inbox.turn(gap=self.live and not before[0])


def _sent(message: dict[str, Any], now: float) -> float:
    """Return when a message was sent, in epoch seconds; now, where SQS does not say."""
    attributes = message.get("Attributes")
    stamp = attributes.get("SentTimestamp") if isinstance(attributes, dict) else None
    digits = isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) < 16
    return int(stamp) / 1000 if digits and isinstance(stamp, str) else now


def _instead(problem: Problem) -> Problem:
    """Return a queue's problem with what follows from it."""
    message = f"the event queue does not answer, so ECS is polled: {problem.message}"
    return Problem("queue", problem.action, message, problem.remedy)


def _late(age: float) -> Problem | None:
    if age <= LATE:
        return None
    message = f"events come {age / 60:.0f} min late by the queue, so ECS is polled"
    remedy = "it catches up by itself; if it stays, see whether another Topdeck uses the queue"
    return Problem("queue", "sqs:ReceiveMessage", message, remedy)


class EventFeeds:
    """The queues of a configuration, each consumed while somebody watches what it tells of."""

    def __init__(self, access: AwsAccess, queues: Sequence[FeedQueue], clock: Clock) -> None:
        self._access = access
        self._queues = tuple(queues)
        self._clock = clock
        self._consumers: dict[FeedQueue, Consumer] = {}
        self._inboxes: dict[int, tuple[Inbox, asyncio.Task[None]]] = {}

    def serves(self, scope: Scope) -> bool:
        """Whether a queue is in the scope's region; of which account is yet to be seen."""
        return any(queue.region == scope.region for queue in self._queues)

    def open(
        self, scope: Scope, demand: Demand, *, service: str = "", only: str = "", tasks: bool
    ) -> Inbox:
        """Return a new inbox for a watch, to be shut at its end."""
        inbox = Inbox(scope, demand, self._clock, service=service, only=only, tasks=tasks)
        admitting = asyncio.create_task(self._admit(inbox))
        self._inboxes[id(inbox)] = (inbox, admitting)
        return inbox

    def mark(self, ref: Ref) -> None:
        """Have a service be described soon: it was told to change."""
        for inbox, _ in self._inboxes.values():
            if inbox.scope == ref.scope:
                inbox.mark(ref.name)

    async def shut(self, inbox: Inbox) -> None:
        """Let an inbox go."""
        _, admitting = self._inboxes.pop(id(inbox))
        admitting.cancel()
        for queue, consumer in list(self._consumers.items()):
            if consumer is inbox.supply and consumer.remove(inbox):
                del self._consumers[queue]
                await consumer.close()

    async def close(self) -> None:
        """End every consumer."""
        consumers, self._consumers = list(self._consumers.values()), {}
        for _, admitting in self._inboxes.values():
            admitting.cancel()
        await asyncio.gather(*(consumer.close() for consumer in consumers))

    async def _admit(self, inbox: Inbox) -> None:
        """Find the queue of an inbox's account, once that is known."""
        failures = 0
        while True:
            try:
                account = await self._access.account(inbox.scope)
                break
            except BackendError as error:
                inbox.refused = _instead(error.problem)
                await asyncio.sleep(min(BACKOFF * 2.0**failures, BACKOFF_MOST))
                failures = min(failures + 1, 10)
        inbox.refused = None
        for queue in self._queues:
            if (queue.account, queue.region) == (account, inbox.scope.region):
                consumer = self._consumers.get(queue)
                if consumer is None:
                    consumer = Consumer(self._access, inbox.scope, queue, self._clock)
                    self._consumers[queue] = consumer
                consumer.add(inbox)
