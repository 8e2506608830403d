"""Trouble on request: the next calls of an action fail, are slow, or never answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from fnmatch import fnmatchcase

import msgspec


class Fault(msgspec.Struct, kw_only=True):
    """One piece of trouble, as posted to ``/_sim/fault``."""

    action: str
    """Which calls, with ``*`` and ``?``: ``ecs:ListTasks``, ``logs:*``, ``k8s:list pods``."""
    scope: str = "*"
    """Where: a pattern on ``<account>/<region>``, or on a Kubernetes cluster's name."""
    times: int = 1
    """How many calls it meets; negative: all from now on."""
    code: str = ""
    """The error to answer with, such as ``AccessDeniedException``; empty: answer as usual."""
    message: str = ""
    status: int = 400
    """The HTTP status that goes with `code`."""
    delay: float = 0.0
    """Seconds to wait before anything else."""
    hang: bool = False
    """Accept the call and never answer it."""


class Faults:
    """The trouble that is waiting for calls, and the count of all calls met."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self.calls: Counter[str] = Counter()
        """How many calls of each action have arrived, those that failed included."""

    def add(self, fault: Fault) -> None:
        """Have `fault` meet the calls to come, after those that were added before it."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all trouble that is still waiting."""
        self._waiting.clear()

    async def meet(self, action: str, scope: str) -> Fault | None:
        """Count a call, suffer the trouble that waits for it, and return the error to answer.

        Delays and hangs happen in here. None: there is no error, answer as usual.
        """
        self.calls[action] += 1
        fault = self._take(action, scope)
        if fault is None:
            return None
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.hang:
            await asyncio.Event().wait()
        return fault if fault.code else None

    def _take(self, action: str, scope: str) -> Fault | None:
        for fault in self._waiting:
            if fnmatchcase(action, fault.action) and fnmatchcase(scope, fault.scope):
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
                return fault
        return None
