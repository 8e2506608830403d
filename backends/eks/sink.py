"""Who is told of what a reflector finds, and who gives it a client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVar

from backends.eks.rest import KubeClient
from backends.model import Column, Problem

T = TypeVar("T")


class Sink(Protocol[T]):
    """Who is told of the objects."""

    def loaded(self, objects: list[T], remaining: int | None) -> None:
        """Some of the very first list came; `remaining` more are to come, where known."""
        ...

    async def complete(self, objects: list[T] | None) -> None:
        """A list is complete: these are all there are; None: those that were just loaded."""
        ...

    def update(self, obj: T) -> None:
        """An object is new or changed."""
        ...

    def remove(self, obj: T) -> None:
        """An object is gone."""
        ...

    def heard(self) -> None:
        """The server said something: what is known is true as of now."""
        ...

    def failed(self, problem: Problem) -> None:
        """What is known is no longer kept up to date."""
        ...

    def skipped(self, problem: Problem | None) -> None:
        """Some objects could not be read; None: that is over."""
        ...


Connect: TypeAlias = Callable[[], Awaitable[KubeClient]]
"""Gives the client to use; called before each attempt, so that it may be another one."""

Titled: TypeAlias = Callable[[tuple[Column, ...]], None]
"""Told of the columns that the server chose, as each list begins to come."""
