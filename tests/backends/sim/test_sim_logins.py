"""Logging in to the simulated accounts, end to end with botocore's own SSO provider."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import aiohttp
import botocore.session
import pytest
from botocore.exceptions import ClientError, UnauthorizedSSOTokenError

from backends.eks.token import mint
from backends.sim.blueprint import ACCOUNTS
from backends.sim.server import SimServer

PROD, STAGING = ACCOUNTS


async def post(sim: SimServer, path: str, **body: object) -> tuple[int, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sim.url}/_sim/{path}", json=body) as answer,
    ):
        return answer.status, await answer.json()


@pytest.fixture
async def sim():
    async with SimServer(seed=1) as server:
        yield server


class Cli:
    """Somebody with the SDK, a profile of SSO and a home of their own."""

    def __init__(self, sim: SimServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cache = home / "cache"
        self.cache.mkdir()
        config = home / "config"
        config.write_text(
            f"[profile acme-prod]\nregion = us-east-1\nendpoint_url = {sim.url}\n"
            f"sso_session = corp\nsso_account_id = {PROD.account_id}\nsso_role_name = Operator\n"
            "[sso-session corp]\nsso_start_url = https://x\nsso_region = us-east-1\n"
        )
        for module in ("credentials.SSOProvider", "tokens.SSOTokenProvider"):
            monkeypatch.setattr(f"botocore.{module}._SSO_TOKEN_CACHE_DIR", str(self.cache))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "none"))

    def keep(self, held: dict[str, str]) -> None:
        name = hashlib.sha1(b"corp").hexdigest() + ".json"
        (self.cache / name).write_text(json.dumps(held))

    async def clusters(self, **keys: str) -> list[str]:
        def call() -> list[str]:
            session = botocore.session.Session(profile="acme-prod")
            client = session.create_client("ecs", **keys)
            return list(client.list_clusters()["clusterArns"])

        return await asyncio.to_thread(call)


@pytest.fixture
def cli(sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(sim, tmp_path, monkeypatch)


async def test_a_token_opens_the_account_until_it_is_ended(sim: SimServer, cli: Cli) -> None:
    _, held = await post(sim, "login", profile="acme-prod")
    cli.keep(held)
    assert await cli.clusters()
    await post(sim, "expire", profile="acme-prod")
    with pytest.raises(UnauthorizedSSOTokenError):
        await cli.clusters()
    cli.keep((await post(sim, "login", profile="acme-prod"))[1])
    assert await cli.clusters()


async def test_keys_are_ended_and_new_ones_take_their_place(sim: SimServer, cli: Cli) -> None:
    await post(sim, "expire", profile="acme-prod")
    old = {"aws_access_key_id": PROD.access_key, "aws_secret_access_key": PROD.secret_key}
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        await cli.clusters(**old)
    _, held = await post(sim, "login", profile="acme-prod")
    assert await cli.clusters(
        aws_access_key_id=held["accessKeyId"], aws_secret_access_key=held["secretAccessKey"]
    )
    other = {"aws_access_key_id": STAGING.access_key, "aws_secret_access_key": "x"}
    assert await cli.clusters(**other)


async def test_an_eks_token_is_refused_once_its_key_has_ended(sim: SimServer) -> None:
    token = mint("payments-prod", "us-east-1", PROD.access_key, PROD.secret_key)
    url = sim.kubernetes_endpoints["payments-prod"] + "/api/v1/nodes"

    async def status() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return answer.status

    assert await status() == 200
    await post(sim, "expire", profile="acme-prod")
    assert await status() == 401


async def test_a_token_of_another_account_is_refused(sim: SimServer, cli: Cli) -> None:
    cli.keep((await post(sim, "login", profile="acme-staging"))[1])
    with pytest.raises(ClientError, match="ForbiddenException"):
        await cli.clusters()


async def test_a_profile_that_is_not_there_is_answered_with_those_there_are(
    sim: SimServer,
) -> None:
    status, said = await post(sim, "login", profile="nobody")
    assert status == 400
    assert "acme-staging" in said["error"]
