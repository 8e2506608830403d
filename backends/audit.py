"""The audit log: one line of JSON for every mutation, before it is sent and after its answer.

An operation that can't be written down is not sent.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec

from backends.base import BackendError, Invalid
from backends.clock import Clock
from backends.model import Accepted, Operation


class AuditLog:
    """Appends to one file, which only its owner may read. Lines are whole or absent: each is one
    write to a descriptor opened for appending, synced to disk before the call returns."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    async def sending(self, operation: Operation) -> str:
        """Write that an operation is about to be sent; return the id that its answer will carry.

        Raises `Invalid` if the file can't be written.
        """
        import uuid

        entry = uuid.uuid4().hex
        ref = operation.ref
        await self._write(
            {
                "id": entry,
                "phase": "sending",
                "user": _user(),
                "address": ref.address,
                "scope": msgspec.to_builtins(ref.scope),
                "kind": ref.kind,
                "name": ref.name,
                "operation": msgspec.to_builtins(operation),
            }
        )
        return entry

    async def accepted(self, entry: str, accepted: Accepted) -> None:
        """Write that the provider took the operation on."""
        await self._write(
            {
                "id": entry,
                "phase": "accepted",
                "summary": accepted.summary,
                "request_id": accepted.request_id,
            }
        )

    async def refused(self, entry: str, error: BackendError) -> None:
        """Write what came back instead."""
        problem = msgspec.to_builtins(error.problem)
        await self._write({"id": entry, "phase": "refused", "problem": problem})

    async def unknown(self, entry: str, why: str) -> None:
        """Write that no answer was waited for: whether it took effect is not known."""
        await self._write({"id": entry, "phase": "unknown", "why": why})

    async def _write(self, fields: dict[str, Any]) -> None:
        line = msgspec.json.encode({"at": self._clock.now(), **fields}) + b"\n"
        try:
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            raise Invalid(
                "audit log",
                f"{self.path} can't be written: {error.strerror or error}",
                "make it writable, or set XDG_STATE_HOME to a folder that is; nothing was sent",
            ) from error

    def _append(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
