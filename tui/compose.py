"""The composition root's parts: the one place that knows concrete backends, and only by the
names under which they are registered. The screen, the plain output and the tests share it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeAlias

import platformdirs

from backends.audit import AuditLog
from backends.base import BackendFactory, Invalid, Sources
from backends.clock import Clock, SystemClock
from backends.fleet import Fleet
from tui.config import Config, sources
from tui.demo import DemoWorld

GROUP = "topdeck.backends"
"""The entry-point group through which backends, ours and others', are found."""

SourcesFor: TypeAlias = Callable[[], Awaitable[Sources]]
"""Says what the backends are pointed at, once that is known."""


def make_fleet(
    config: Config, *, clock: Clock | None = None, state_dir: Path | None = None
) -> Fleet:
    """Return a fleet without backends: cheap, so that the screen can start with it."""
    clock = clock or SystemClock()
    folder = state_dir or platformdirs.user_state_path("topdeck")
    audit = AuditLog(folder / "audit.jsonl", clock)
    return Fleet(clock=clock, audit=audit, read_only=config.read_only)


def sources_of(config: Config, world: DemoWorld | None) -> SourcesFor:
    """Return what tells the sources: the simulator's, or those of the configuration."""
    if world is not None:
        return world.sources

    async def configured() -> Sources:
        return sources(config)

    return configured


def _factories() -> Sequence[tuple[str, BackendFactory]]:
    """Import every registered backend; this is where botocore and kubernetes are loaded."""
    return [(entry.name, entry.load()) for entry in sorted(entry_points(group=GROUP))]


async def attach_backends(fleet: Fleet, sources_for: SourcesFor) -> None:
    """Import the backends off the loop, point them at their sources, and attach them.

    Raises `Invalid` if there is nothing to look at, or no backend is installed.
    """
    factories, where = await asyncio.gather(asyncio.to_thread(_factories), sources_for())
    if not factories:
        raise Invalid("find backends", "none is installed", "install with `pip install topdeck`")
    if not where.aws and not where.kube:
        raise Invalid(
            "find something to look at",
            "no AWS profile and no kubeconfig context is in use",
            "name one with --profile or --context, or try `topdeck demo`",
        )
    for _name, factory in factories:
        backend = await asyncio.to_thread(factory, where, fleet.clock)
        fleet.attach(backend)
        await asyncio.sleep(0)
