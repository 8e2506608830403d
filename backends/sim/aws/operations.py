"""All operations together: importing this fills the registry."""

from __future__ import annotations

from backends.sim.aws.call import OPERATIONS

__all__ = ["OPERATIONS"]
