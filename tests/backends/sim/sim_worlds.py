"""Worlds without a server, for the tests of what happens in them."""

from __future__ import annotations

from collections.abc import Callable

from backends.clock import ManualClock
from backends.sim.blueprint import ScaleName, blueprint
from backends.sim.ecs.model import Service
from backends.sim.world import World

LONG = 300
"""Seconds after which a service that has not got there never will."""


def make_world(*, seed: int = 1, scale: ScaleName = "small", lively: bool = False) -> World:
    """Make a world on a clock that stands still."""
    return World(blueprint(seed, scale), ManualClock(), lively=lively)


def pass_time(world: World, seconds: float) -> None:
    """Let some time pass in a world."""
    assert isinstance(world.clock, ManualClock)
    world.clock.advance(seconds)
    world.advance()


def until(world: World, done: Callable[[], bool], look: Callable[[], None] | None = None) -> float:
    """Let time pass until `done`, looking every half second, and return how long it took."""
    for halves in range(LONG * 2):
        if look is not None:
            look()
        if done():
            return halves / 2
        pass_time(world, 0.5)
    raise AssertionError(f"it did not happen within {LONG} s")


def running(service: Service) -> int:
    """Return how many tasks of a service run and are meant to."""
    return sum(t.last_status == "RUNNING" and t.active for t in service.tasks.values())
