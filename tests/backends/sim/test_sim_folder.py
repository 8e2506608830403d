"""The simulator's temporary folder: gone at the end, and swept by the next one after a kill."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backends.sim.folder import LOCK, PREFIX, own_folder, sweep


@pytest.fixture
def dead() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_it_is_there_while_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with own_folder() as folder:
        (folder / "kubeconfig").touch()
        sweep(tmp_path)
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_one_whose_maker_is_gone_is_swept(tmp_path: Path, dead: int) -> None:
    left = tmp_path / f"{PREFIX}{dead}-abc"
    left.mkdir()
    (left / "config").write_text("x")
    (left / LOCK).touch()
    sweep(tmp_path)
    assert not left.exists()


def test_one_whose_maker_was_killed_is_swept_before_anybody_has_read_how_it_ended(
    tmp_path: Path,
) -> None:
    code = "with own_folder() as folder:\n  print(folder, flush=True)\n  input()"
    code = f"from backends.sim.folder import own_folder\n{code}"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().decode().strip())
        sweep(tmp_path)
        assert left.is_dir()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        sweep(tmp_path)
        assert not left.exists()


def test_what_somebody_holds_or_is_no_folder_of_ours_stays(tmp_path: Path, dead: int) -> None:
    held, living = tmp_path / f"{PREFIX}{dead}-held", tmp_path / f"{PREFIX}{os.getpid()}-x"
    other, link = tmp_path / f"{PREFIX}notes", tmp_path / f"{PREFIX}{dead}-link"
    target = tmp_path / "target"
    for folder in (held, living, other, target):
        folder.mkdir()
    link.symlink_to(target)
    lock = os.open(held / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        sweep(tmp_path)
        assert all(path.exists() for path in (held, living, other, link, target))
    finally:
        os.close(lock)
