"""The audit log: every line whole, whatever was left behind by a process or a power cut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backends.audit import AuditLog
from backends.base import Invalid
from backends.clock import ManualClock
from backends.model import Accepted, Ref, Scale, Scope

REF = Ref(Scope("ecs", profile="prod", region="us-east-1", cluster="shop"), "ecs/services", "web")


def entries(path: Path) -> list[dict[str, object]]:
    """Every line as JSON; fails on one that is not, and on a last one without an end."""
    text = path.read_bytes()
    assert text.endswith(b"\n")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "state" / "audit.jsonl", ManualClock())


async def test_a_mutation_leaves_a_line_before_and_one_after(log: AuditLog) -> None:
    entry = await log.sending(Scale(REF, 2, 5))
    await log.accepted(entry, Accepted("2 -> 5 requested", "r-1"))
    before, after = entries(log.path)
    assert (before["phase"], before["id"]) == ("sending", entry)
    assert (after["phase"], after["id"]) == ("accepted", entry)
    assert log.path.stat().st_mode & 0o777 == 0o600


async def test_a_line_torn_anywhere_is_quoted_and_costs_no_other(log: AuditLog) -> None:
    first = await log.sending(Scale(REF, 2, 5))
    whole = log.path.read_bytes()
    await log.unknown(first, "Killed")
    second = log.path.read_bytes()[len(whole) :]
    for cut in range(1, len(second)):
        log.path.write_bytes(whole + second[:cut])
        await log.unknown(first, "again")
        kept, torn, new = entries(log.path)
        assert kept["id"] == first
        assert (torn["phase"], torn["text"]) == ("torn", second[:cut].decode())
        assert new["why"] == "again"


async def test_the_next_start_makes_a_torn_line_whole_before_anything_is_sent(
    log: AuditLog,
) -> None:
    await log.sending(Scale(REF, 2, 5))
    with log.path.open("ab") as file:
        file.write(b'{"at": 1, "na\xc3')  # within a character, too
    await log.mend()
    assert [entry["phase"] for entry in entries(log.path)] == ["sending", "torn"]
    await log.mend()
    assert len(entries(log.path)) == 2


async def test_a_file_that_is_only_a_torn_line_is_mended(log: AuditLog) -> None:
    await log.mend()
    assert not log.path.exists()
    log.path.parent.mkdir(parents=True)
    log.path.write_bytes(b"{")
    await log.mend()
    assert [entry["text"] for entry in entries(log.path)] == ["{"]


async def test_a_disk_that_is_full_takes_the_torn_line_back_and_nothing_is_sent(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.sending(Scale(REF, 2, 5))
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[: len(data) // 2]))
    with pytest.raises(Invalid, match="No space left"):
        await log.sending(Scale(REF, 5, 7))
    monkeypatch.undo()
    assert len(entries(log.path)) == 1


def test_two_of_us_write_at_once_without_tearing_each_others_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    code = (
        "import asyncio, sys; from pathlib import Path\n"
        "from backends.audit import AuditLog; from backends.clock import SystemClock\n"
        "async def main():\n"
        "    log = AuditLog(Path(sys.argv[1]), SystemClock())\n"
        "    for n in range(100): await log.unknown(f'{sys.argv[2]}-{n}', 'x' * 3000)\n"
        "asyncio.run(main())\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("a", "b")
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    ids = {entry["id"] for entry in entries(path)}
    assert ids == {f"{name}-{n}" for name in ("a", "b") for n in range(100)}
