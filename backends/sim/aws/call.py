"""One API call as an operation sees it, and the registry of operations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import msgspec

from backends.sim.aws.errors import AwsError
from backends.sim.blueprint import SimAccount
from backends.sim.world import World


class Call(msgspec.Struct, frozen=True):
    """A call that has been told apart, paid for and decoded."""

    world: World
    account: SimAccount
    region: str
    service: str
    """The signing name: ``ecs``, ``logs``, ``elasticloadbalancing``."""
    action: str
    params: Mapping[str, Any]
    access_key: str = ""
    """Whose signature it bears: a user's, or that of a role that was assumed."""

    @property
    def now(self) -> float:
        """The world's time, in epoch seconds."""
        return self.world.agenda.now

    def text(self, name: str, default: str = "") -> str:
        """Return a string parameter; anything but a string is refused as AWS's decoder does."""
        value = self.params.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise AwsError("SerializationException", f"{name} must be a string")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a parameter that is a list of strings; empty where it is left out."""
        value = self.params.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise AwsError("SerializationException", f"{name} must be a list of strings")
        return value

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return an integer parameter, or `default` where it is left out."""
        value = self.params.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise AwsError("SerializationException", f"{name} must be an integer")
        return value

    def arn(self, rest: str, service: str = "") -> str:
        """Return the ARN of something in the caller's account and region."""
        return f"arn:aws:{service or self.service}:{self.region}:{self.account.account_id}:{rest}"


Output: TypeAlias = dict[str, Any]
Operation: TypeAlias = Callable[[Call], Output | Awaitable[Output]]
"""Answers one call with the members of its output, in its own time; or raises `AwsError`."""

Function = TypeVar("Function", bound=Operation)

OPERATIONS: dict[tuple[str, str], Operation] = {}
"""Every operation, by (service, action)."""


def operation(service: str, action: str) -> Callable[[Function], Function]:
    """Enter a function in `OPERATIONS`."""

    def enter(function: Function) -> Function:
        OPERATIONS[service, action] = function
        return function

    return enter
