"""The audit log: one line of JSON for every mutation, before it is sent and after its answer.

An operation that can't be written down is not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import msgspec

from backends.base import BackendError, Invalid
from backends.clock import Clock
from backends.model import Accepted, Operation
from backends.text import escaped

LONGEST = 1 << 20
"""Bytes at the end of the file that are searched for where the last line begins."""


class AuditLog:
    """Appends to one file, which only its owner may read. Lines are whole or absent: each is one
    write to a descriptor opened for appending, synced to disk before the call returns.

    A line that was torn all the same (the power went, the disk was full) is made a whole one of
    phase ``torn`` that quotes it, before anything is written after it.
    """

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

    async def mend(self) -> None:
        """Make a last line that was torn a whole one. A file that is not there, or can't be
        written, stays as it is: the next operation says so."""
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._mend)

    async def _write(self, fields: dict[str, Any]) -> None:
        told = msgspec.json.encode({"at": self._clock.now(), **fields}).decode()
        line = escaped(told).encode() + b"\n"
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
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # others of us write here, too
            self._make_whole(descriptor)
            _put(descriptor, line)
        finally:
            os.close(descriptor)

    def _mend(self) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._make_whole(descriptor)
        finally:
            os.close(descriptor)

    def _make_whole(self, descriptor: int) -> None:
        """Quote what follows the last end of a line, if anything does, in a line of its own."""
        size = os.fstat(descriptor).st_size
        if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
            return
        begin = max(0, size - LONGEST)
        torn = os.pread(descriptor, size - begin, begin)
        begin += torn.rfind(b"\n") + 1
        text = os.pread(descriptor, size - begin, begin).decode("utf-8", "replace")
        fields = {"at": self._clock.now(), "phase": "torn", "text": text}
        # In one write over what is there, which is shorter: at no moment is anything lost.
        over = os.open(self.path, os.O_WRONLY)
        try:
            os.pwrite(over, msgspec.json.encode(fields) + b"\n", begin)
            os.fsync(over)
        finally:
            os.close(over)


def _put(descriptor: int, line: bytes) -> None:
    """Append a line in one write and sync it; one that does not fit is taken back."""
    size = os.fstat(descriptor).st_size
    written = os.write(descriptor, line)
    if written < len(line):
        os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
