"""The composition root's parts: the one place that knows concrete backends, and only by the
names under which they are registered. The screen, the plain output and the tests share it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from backends.audit import AuditLog
from backends.base import (
    AwsSource,
    Backend,
    BackendError,
    BackendFactory,
    Invalid,
    KubeSource,
    Sources,
)
from backends.clock import Clock, SystemClock
from backends.fleet import Fleet
from backends.model import Problem
from backends.text import clean
from tui.config import Config, sources
from tui.demo import DemoWorld

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "topdeck.backends"
"""The entry-point group through which backends, ours and others', are found."""

SourcesFor: TypeAlias = Callable[[], Awaitable[Sources]]
"""Says what the backends are pointed at, once that is known."""


def make_fleet(
    config: Config, *, clock: Clock | None = None, state_dir: Path | None = None
) -> Fleet:
    """Return a fleet without backends: cheap, so that the screen can start with it."""
    clock = clock or SystemClock()
    audit = AuditLog((state_dir or state_folder()) / "audit.jsonl", clock)
    return Fleet(clock=clock, audit=audit, read_only=config.read_only)


def state_folder() -> Path:
    """Return the user's state directory for Topdeck: audit log, crash reports, saved logs."""
    import platformdirs

    return platformdirs.user_state_path("topdeck")


def sources_of(config: Config, world: DemoWorld | None) -> SourcesFor:
    """Return what tells the sources: the simulator's, or those of the configuration."""
    if world is not None:
        return world.sources

    async def configured() -> Sources:
        return sources(config)

    return configured


async def attach_backends(fleet: Fleet, sources_for: SourcesFor) -> None:
    """Import the backends off the loop, point them at their sources, and attach them.

    A backend that can't be imported or made costs itself only; it is noted in
    `Fleet.failures`. Raises `Invalid` if there is nothing to look at, or no backend is
    installed.
    """
    found, where = await asyncio.gather(asyncio.to_thread(_registered), sources_for())
    if not found:
        raise Invalid("find backends", "none is installed", "install with `pip install topdeck`")
    if not where.aws and not where.kube:
        raise Invalid(
            "find something to look at",
            "no AWS profile and no kubeconfig context is in use",
            "name one with --profile or --context, or try `topdeck demo`",
        )
    for entry in found:
        try:
            backend = await asyncio.to_thread(_ready, entry, where, fleet)
            if backend is not None:
                fleet.attach(backend)
        except BackendError as error:
            _note(fleet, error.problem)
        except Exception as error:  # a third party's backend may raise anything
            what = f"{type(error).__name__}: {clean(str(error))}"
            remedy = f"reinstall or remove the package that provides {entry.value}"
            _note(fleet, Problem("internal", f"load backend {entry.name}", what, remedy))


def _note(fleet: Fleet, problem: Problem) -> None:
    """Remember a problem once; several backends may find the same one."""
    if problem not in fleet.failures:
        fleet.failures.append(problem)


def _ready(entry: EntryPoint, where: Sources, fleet: Fleet) -> Backend | None:
    """Make a backend without the sources that it refuses, so that one misspelt profile or
    context costs only itself; None if nothing is left.

    A source is refused by `roots()` raising `BackendError`, which needs no network.
    """
    backend = _make(entry, where, fleet.clock)
    try:
        backend.roots()
    except BackendError:
        pass
    else:
        return backend
    aws: list[AwsSource] = []
    kube: list[KubeSource] = []
    for one in _single(where):
        try:
            _make(entry, one, fleet.clock).roots()
        except BackendError as error:
            _note(fleet, error.problem)
        else:
            aws.extend(one.aws)
            kube.extend(one.kube)
    if not aws and not kube:
        return None
    reduced = msgspec.structs.replace(where, aws=tuple(aws), kube=tuple(kube))
    return _make(entry, reduced, fleet.clock)


def _single(where: Sources) -> Iterator[Sources]:
    """Yield sources of one profile, or one context, each."""
    replace = msgspec.structs.replace
    for source in where.aws:
        for region in source.regions or ("",):
            one = replace(source, regions=(region,) if region else ())
            yield replace(where, aws=(one,), kube=())
    for kube in where.kube:
        for context in kube.contexts or ("",):
            one_kube = replace(kube, contexts=(context,) if context else ())
            yield replace(where, aws=(), kube=(one_kube,))


def _registered() -> Sequence[EntryPoint]:
    from importlib.metadata import entry_points

    return sorted(entry_points(group=GROUP), key=_order)


def _order(entry: EntryPoint) -> tuple[int, str]:
    """Our own first, in the order in which their kinds should be listed."""
    own = ("ecs", "eks", "cloudmap")
    return (own.index(entry.name) if entry.name in own else len(own), entry.name)


def _make(entry: EntryPoint, where: Sources, clock: Clock) -> Backend:
    """Import a backend and make it; this is where botocore and kubernetes are loaded."""
    factory: BackendFactory = entry.load()
    return factory(where, clock)
