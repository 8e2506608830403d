"""Tasks that belong together and end together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


class Crew:
    """Runs tasks, and leaves none behind."""

    def __init__(self, ended: Callable[[], None]) -> None:
        """`ended` is called whenever a task is done."""
        self._ended = ended
        self._running: set[asyncio.Task[None]] = set()
        self._dismissed: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Return how many tasks are not done yet, those being cancelled included."""
        return len(self._running)

    def start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Run a coroutine as a task of its own."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def dismiss(self, task: asyncio.Task[None]) -> None:
        """Cancel a task, once: a second time would cut its clean-up short.

        `Task.cancelling` can't tell: a timeout that is just about to expire counts there too.
        """
        if task not in self._dismissed and not task.done():
            self._dismissed.add(task)
            task.cancel()

    async def disband(self) -> None:
        """Cancel every task and wait until all are done."""
        tasks = list(self._running)
        for task in tasks:
            self.dismiss(task)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._dismissed.discard(task)
        self._ended()
