"""The AWS CLI of this machine, which knows nothing of us."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
DEADLINE = 120
"""Seconds for one command alone: the program takes its time on a busy machine."""

installed = pytest.mark.skipif(shutil.which("aws") is None, reason="the aws CLI is not installed")


@functools.cache
def interpreter() -> str:
    """Return the Python that the CLI runs on; empty where it brings its own, in a bundle."""
    with tempfile.TemporaryDirectory() as directory:
        told = Path(directory) / "interpreter"
        env = os.environ | {"PYTHONPATH": str(HERE / "frozen"), "TELL_INTERPRETER": str(told)}
        subprocess.run(
            ["aws", "--version"], env=env, check=True, capture_output=True, timeout=DEADLINE
        )
        return told.read_text() if told.exists() else ""


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without anything of AWS or Python that is the user's own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON"))}
    quiet = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
    return kept | quiet | dict(more)


class AwsProgram:
    """Runs commands of the CLI: in one process of its own interpreter where it has one."""

    def __init__(self, env: Mapping[str, str], process: subprocess.Popen[str] | None) -> None:
        self._env = env
        self._process = process

    def __call__(
        self, commands: Sequence[Sequence[str]], each: Sequence[Mapping[str, str]] = ()
    ) -> list[Any]:
        """Return what each command printed, as JSON; fails on a command that fails.

        `each` are further variables of each command.
        """
        wishes = [
            {"args": list(args), "env": dict(more)}
            for args, more in zip(commands, each or [{}] * len(commands), strict=True)
        ]
        answers = self._together(wishes) if self._process else [self._alone(w) for w in wishes]
        for wish, answer in zip(wishes, answers, strict=True):
            assert not answer["code"], f"aws {' '.join(wish['args'])}: {answer['err']}"
        return [json.loads(answer["out"] or "null") for answer in answers]

    async def beside(self, *args: Any) -> list[Any]:
        """Run commands against a server of this process, which goes on serving."""
        return await asyncio.to_thread(self, *args)

    def _together(self, wishes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(wishes) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, f"the aws CLI ended with {process.wait()}"
        return list(json.loads(line))

    def _alone(self, wish: dict[str, Any]) -> dict[str, Any]:
        done = subprocess.run(
            ["aws", *wish["args"]], env=environment({**self._env, **wish["env"]}), text=True,
            timeout=DEADLINE, capture_output=True, check=False,
        )  # fmt: skip
        return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


@contextlib.contextmanager
def program(env: Mapping[str, str], frozen_at: int | None = None) -> Iterator[AwsProgram]:
    """Have the CLI ready in an environment; `frozen_at` stops its clock at an epoch second."""
    python = interpreter()
    if frozen_at is not None:
        assert python, "only a CLI that runs on an interpreter has a clock to stop"
        env = {**env, "PYTHONPATH": str(HERE / "frozen"), "FROZEN_AT": str(frozen_at)}
    if not python:
        yield AwsProgram(env, None)
        return
    with subprocess.Popen(
        [python, str(HERE / "aws_batch.py")], env=environment(env), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield AwsProgram(env, process)
        finally:
            process.kill()
