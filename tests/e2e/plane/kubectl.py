"""kubectl, which knows nothing of us: what it says counts."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

DEADLINE = 120.0

needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None,
    reason="kubectl is not installed: https://kubernetes.io/docs/tasks/tools",
)


class Kubectl:
    """Runs kubectl through a kubeconfig, in a home of its own."""

    def __init__(self, kubeconfig: Path, home: Path) -> None:
        self._env = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(kubeconfig)}

    async def __call__(self, *arguments: str) -> str:
        """Run a command that succeeds and return what it printed."""
        process = await asyncio.create_subprocess_exec(
            "kubectl", *arguments, env=self._env, stdout=PIPE, stderr=PIPE
        )
        async with asyncio.timeout(DEADLINE):
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def items(self, plural: str) -> list[dict[str, Any]]:
        """Return all objects of a kind, as ``get -o json`` prints them."""
        found: list[dict[str, Any]] = json.loads(await self("get", plural, "-A", "-o", "json"))[
            "items"
        ]
        return found

    async def table(self, plural: str, *more: str) -> list[dict[str, str]]:
        """Return what ``get`` prints for people: the words of each line by its column's title."""
        lines = (await self("get", plural, "-A", *more)).splitlines()
        if not lines:
            return []
        titles = columns(lines[0])
        ends = [begin for _, begin in titles[1:]] + [None]
        return [
            {
                title: line[begin:end].strip()
                for (title, begin), end in zip(titles, ends, strict=True)
            }
            for line in lines[1:]
        ]


def columns(head: str) -> list[tuple[str, int]]:
    """Return the titles of a printed table and where they begin; three blanks lie between."""
    found: list[tuple[str, int]] = []
    at = 0
    for title in head.split("   "):
        if title.strip():
            found.append((title.strip(), at + len(title) - len(title.lstrip())))
        at += len(title) + 3
    return found
