"""Tokens that end, or are taken away, while Topdeck looks."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backends.base import Expired
from backends.model import FeedState
from tests.e2e.plane.accounts import READ, Account, rule
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import PACE, Eyes, View, looking
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.test_e2e_resume import pod

BRISK = msgspec.structs.replace(PACE, watch=2.0)
"""An open watch outlives its token; the next one does not."""

SECONDS = 4.0
"""How long minted tokens live; the API server remembers a good one for 10 s besides."""


@pytest.fixture
async def account(api: Api, namespace: str) -> Account:
    made = await Account.make(api, namespace)
    await made.grant(rule(READ, "pods"))
    await api.post(f"/api/v1/namespaces/{namespace}/pods", pod("there"))
    return made


async def expired(eyes: Eyes, view: View, namespace: str, remedy: str) -> None:
    """Wait until the rows are kept as those of a user who is no longer known."""
    await view.stale("expired")
    problem = view.status.problem
    assert problem is not None
    assert remedy in problem.remedy
    assert view.named(namespace).keys() == {"there"}
    with pytest.raises(Expired) as caught:
        await eyes.backend.describe(view.named(namespace)["there"])
    assert remedy in caught.value.problem.remedy


async def resumes(view: View, api: Api, namespace: str) -> None:
    """Wait until what happens is seen again."""
    await view.live()
    await api.post(f"/api/v1/namespaces/{namespace}/pods", pod("new"))
    await view.until(lambda v: v.named(namespace).keys() == {"there", "new"}, "the new pod")


async def test_a_token_in_a_kubeconfig_expires_and_another_is_written(
    plane: Plane, api: Api, namespace: str, account: Account, tmp_path: Path, shown: Shown
) -> None:
    own = plane.needs_own("minting tokens of a few seconds")
    path = tmp_path / "user.kubeconfig"
    own.write_kubeconfig(path, {"token": own.mint(account, SECONDS)})
    async with looking(path, BRISK) as eyes:
        view = await (await eyes.on("pods")).live()
        await expired(eyes, view, namespace, "put new credentials for the user of context e2e")
        own.write_kubeconfig(path, {"token": own.mint(account, 600)})
        await resumes(view, api, namespace)
    shown("a token that expires: the remedy, rows kept, resumed with another token", 1)


async def test_a_token_file_is_revoked_and_another_is_put_there(
    plane: Plane, api: Api, namespace: str, account: Account, tmp_path: Path, shown: Shown
) -> None:
    token, file = await account.token(), tmp_path / "token"
    file.write_text(token.text)
    path = plane.write_kubeconfig(tmp_path / "user.kubeconfig", {"tokenFile": str(file)})
    async with looking(path, BRISK) as eyes:
        view = await (await eyes.on("pods")).live()
        await token.revoke()
        await expired(eyes, view, namespace, "put new credentials for the user of context e2e")
        file.write_text((await account.token()).text)
        await resumes(view, api, namespace)
    shown("a token that is revoked (401): the same, with a new token file", 1)


PLUGIN = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
with (folder / "runs").open("a") as runs:
    runs.write("x")
answer = (folder / "answer").read_text()
if not answer:
    sys.exit("you are not logged in")
print(answer)
"""


class Plugin:
    """A credential plugin that answers what the test has it answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._script = folder / "plugin.py"
        self._script.write_text(PLUGIN)

    @property
    def user(self) -> dict[str, Any]:
        """The user of a kubeconfig who logs in by it."""
        return {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": sys.executable,
                "args": [str(self._script), str(self._folder)],
                "interactiveMode": "Never",
            }
        }

    def gives(self, token: str) -> None:
        """Answer with a token from now on; empty: fail."""
        credential = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": token},
        }
        half = self._folder / "answer.part"
        half.write_text(json.dumps(credential) if token else "")
        half.replace(self._folder / "answer")

    @property
    def runs(self) -> int:
        """How often it was run."""
        return len((self._folder / "runs").read_text())


async def test_a_plugin_is_run_again_when_its_token_is_refused(
    plane: Plane, api: Api, namespace: str, account: Account, tmp_path: Path, shown: Shown
) -> None:
    plugin = Plugin(tmp_path)
    first, second = await account.token(), await account.token()
    plugin.gives(first.text)
    path = plane.write_kubeconfig(tmp_path / "user.kubeconfig", plugin.user)
    async with looking(path, BRISK) as eyes:
        view = await (await eyes.on("pods")).live()
        assert plugin.runs == 1
        # Whoever logs in again in time is not bothered.
        plugin.gives(second.text)
        await first.revoke()
        async with asyncio.timeout(60):
            while plugin.runs == 1:
                mark = len(view.statuses)
                await view.until(lambda v: len(v.statuses) > mark)  # noqa: B023
        await resumes(view, api, namespace)
        assert all(status.state is not FeedState.STALE for status in view.statuses)
        plugin.gives("")
        await second.revoke()
        await view.stale("expired")
        assert view.status.problem is not None
        assert "log in again with" in view.status.problem.remedy
        plugin.gives((await account.token()).text)
        await view.live()
    shown("a credential plugin: run again on a 401, its failure told, resumed", 1)
