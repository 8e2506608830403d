"""AWS Cloud Map: namespaces, services and instances, whoever registered them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.base import Backend, Sources
    from backends.clock import Clock


def create(sources: Sources, clock: Clock) -> Backend:
    """Return the Cloud Map backend; imports botocore, which takes some 200 ms."""
    from backends.cloudmap.backend import CloudMapBackend

    return CloudMapBackend(sources, clock)
