"""The AWS CLI of this machine, which knows nothing of us."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
DEADLINE = 120
"""Seconds for one batch of commands: the program takes its time on a busy machine."""

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


def run(
    commands: Sequence[Sequence[str]],
    env: Mapping[str, str],
    each: Sequence[Mapping[str, str]] = (),
    frozen_at: int | None = None,
) -> list[Any]:
    """Run commands and return what each printed, as JSON; fails on a command that fails.

    `each` are further variables of each command. `frozen_at` stops the CLI's clock, and needs
    an `interpreter`.
    """
    wishes = [
        {"args": list(args), "env": dict(more)}
        for args, more in zip(commands, each or [{}] * len(commands), strict=True)
    ]
    if frozen_at is not None:
        env = {**env, "PYTHONPATH": str(HERE / "frozen"), "FROZEN_AT": str(frozen_at)}
    if python := interpreter():
        done = subprocess.run(
            [python, str(HERE / "aws_batch.py")],
            input=json.dumps(wishes), env=environment(env), text=True, timeout=DEADLINE,
            stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        answers = json.loads(done.stdout)
    else:
        answers = [_alone(wish, env) for wish in wishes]
    for wish, answer in zip(wishes, answers, strict=True):
        assert not answer["code"], f"aws {' '.join(wish['args'])}: {answer['err']}"
    return [json.loads(answer["out"] or "null") for answer in answers]


def _alone(wish: dict[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        ["aws", *wish["args"]], env=environment({**env, **wish["env"]}), text=True,
        timeout=DEADLINE, capture_output=True, check=False,
    )  # fmt: skip
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


async def run_beside(*args: Any, **named: Any) -> list[Any]:
    """Run commands against a server of this process, which goes on serving."""
    return await asyncio.to_thread(run, *args, **named)
