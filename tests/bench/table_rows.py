"""Rows like the pods of a large fleet, for benchmarks of the table."""

from __future__ import annotations

import random

from backends.model import Column, Format, Health, Ref, Resource, Scope

COLUMNS = (
    Column("name", "NAME"),
    Column("namespace", "NAMESPACE"),
    Column("status", "STATUS", Format.STATUS),
    Column("ready", "READY", Format.RATIO),
    Column("restarts", "RESTARTS", Format.NUMBER),
    Column("node", "NODE"),
    Column("ip", "IP"),
    Column("image", "IMAGE"),
    Column("memory", "MEMORY", Format.BYTES),
    Column("age", "AGE", Format.AGE),
)
"""Ten columns of every format; those of ``ip``, ``memory`` and ``age`` are nearly all different."""

_SCOPE = Scope("eks", "acme", "111122223333", "eu-west-1", "search", "search")
_STATUS = {
    Health.OK: "Running",
    Health.IDLE: "Completed",
    Health.PROGRESSING: "ContainerCreating",
    Health.DEGRADED: "Running",
    Health.FAILING: "CrashLoopBackOff",
}


def pod(number: int, rng: random.Random) -> Resource:
    """Return one of many pods as it may be at some moment."""
    health = rng.choices(list(_STATUS), [90, 3, 3, 2, 2])[0]
    name = f"{('web', 'indexer', 'query', 'ranker')[number % 4]}-7d9f8c6b5-{number:06x}"
    cells = (
        name, f"team-{number % 40}", _STATUS[health], f"{int(health == Health.OK)}/1",
        rng.randrange(20), f"ip-10-0-{number % 200}-17", f"10.0.{number % 250}.{number % 251}",
        f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/pod:1.{number % 90}",
        rng.randrange(1 << 30), 1.79e9 - rng.random() * 1e7,
    )  # fmt: skip
    ref = Ref(_SCOPE, "k8s/pods", name)
    return Resource(ref=ref, health=health, status=_STATUS[health], cells=cells)
