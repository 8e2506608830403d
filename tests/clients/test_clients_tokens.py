"""EKS tokens are those that ``aws eks get-token`` prints at the same instant, byte for byte."""

from __future__ import annotations

import base64
import datetime
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aws_program
import botocore.auth
import pytest

from backends.base import Invalid, Sources
from backends.clock import ManualClock
from backends.eks.mint import Minter
from backends.eks.token import GetToken, mint, recognise
from backends.sim.blueprint import ACCOUNTS
from backends.sim.roles import assume
from backends.sim.server import SimServer

CLUSTER = "payments-prod"
ROLE = "arn:aws:iam::444455556666:role/deploy/operators"
NOW = int(time.time())
"""The instant at which all clocks stand still: near to now, since credentials run out."""

TAKEN = assume(ACCOUNTS[0], ROLE, "earlier", NOW, 3600)

CONFIG = """
[profile plain]
region = eu-west-1
[profile session]
region = us-east-2
[profile assumed]
region = eu-central-1
role_arn = {role}
role_session_name = parity
source_profile = plain
endpoint_url = {url}
[profile legacy]
region = eu-west-1
sts_regional_endpoints = legacy
[profile fips]
region = us-east-1
use_fips_endpoint = true
[profile dual]
region = eu-west-1
use_dualstack_endpoint = true
[profile private]
region = eu-west-1
services = mine
[services mine]
sts =
  endpoint_url = https://vpce-0a1b.sts.eu-west-1.vpce.amazonaws.com
[profile nowhere]
[profile wrong]
region = eu-west-1
sts_regional_endpoints = sometimes
"""

KEYS = "[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"

PLAIN = "--profile plain"
CASES = {
    "plain": PLAIN,
    "session": "--profile session",
    "assumed": "--profile assumed",
    "China": f"{PLAIN} --region cn-north-1",
    "China, session": "--profile session --region cn-northwest-1",
    "China, assumed": "--profile assumed --region cn-north-1",
    "GovCloud": f"{PLAIN} --region us-gov-west-1",
    "GovCloud, session": "--profile session --region us-gov-east-1",
    "GovCloud, assumed": "--profile assumed --region us-gov-west-1",
    "China, legacy": "--profile legacy --region cn-north-1",
    "the European sovereign cloud": f"{PLAIN} --region eusc-de-east-1",
    "a region newer than the CLI": f"{PLAIN} --region xx-unheard-9",
    "legacy, the global endpoint": "--profile legacy",
    "legacy, a region that has no global endpoint": "--profile legacy --region eu-south-1",
    "FIPS": "--profile fips",
    "FIPS in GovCloud": "--profile fips --region us-gov-west-1",
    "dual-stack": "--profile dual",
    "an endpoint of one's own": "--profile private",
    "no region": "--profile nowhere",
    "another cluster": f"{PLAIN} --cluster-name payments.staging_2",
    "a role of the command's own": f"--profile assumed --role-arn {ROLE}-of-staging",
}

HOSTS = {
    "plain": "https://sts.eu-west-1.amazonaws.com",
    "China": "https://sts.cn-north-1.amazonaws.com.cn",
    "China, session": "https://sts.cn-northwest-1.amazonaws.com.cn",
    "China, legacy": "https://sts.cn-north-1.amazonaws.com.cn",
    "GovCloud": "https://sts.us-gov-west-1.amazonaws.com",
    "GovCloud, session": "https://sts.us-gov-east-1.amazonaws.com",
    "legacy, the global endpoint": "https://sts.amazonaws.com",
    "FIPS": "https://sts-fips.us-east-1.amazonaws.com",
    "no region": "https://sts.amazonaws.com",
}
"""Where the tokens of some cases are to be used: AWS's published STS endpoints."""


def arguments(case: str) -> list[str]:
    given = CASES[case].split()
    cluster = [] if "--cluster-name" in given else ["--cluster-name", CLUSTER]
    return ["eks", "get-token", "--output", "json", *given, *cluster]


def opened(token: str) -> tuple[str, dict[str, str]]:
    """Return where a token's URL points, and its parameters."""
    prefix, _, body = token.partition("k8s-aws-v1.")
    assert (prefix, "=" in body) == ("", False)
    url = urlsplit(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode())
    return f"{url.scheme}://{url.netloc}", {k: v[0] for k, v in parse_qs(url.query).items()}


@pytest.fixture
async def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, str]]:
    """Stop our own clocks too, and point everybody at one configuration and one STS."""
    frozen = datetime.datetime.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: frozen)
    plain, prod = ["plain", "legacy", "fips", "dual", "private", "nowhere", "wrong"], ACCOUNTS[0]
    keys = [KEYS.format(name=n, key=prod.access_key, secret=prod.secret_key) for n in plain]
    keys.append(KEYS.format(name="session", key=TAKEN.access_key, secret=TAKEN.secret_key))
    keys.append(f"aws_session_token = {TAKEN.token}\n")
    (tmp_path / "credentials").write_text("".join(keys))
    async with SimServer(clock=ManualClock(NOW), lively=False) as sim:
        (tmp_path / "config").write_text(CONFIG.format(role=ROLE, url=sim.url))
        made = {
            "HOME": str(tmp_path),
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        }
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
            monkeypatch.delenv(name, raising=False)
        for name, value in made.items():
            monkeypatch.setenv(name, value)
        yield made


async def ours(args: list[str], env: dict[str, str] | None = None) -> dict[str, str]:
    """Return what we make of a command in a kubeconfig, as the CLI would write it."""
    wish = recognise("aws", args, env or {})
    assert wish is not None
    token, expires = await Minter(Sources(), ManualClock(NOW)).mint(wish)
    ends = datetime.datetime.fromtimestamp(expires, datetime.UTC)
    return {"expirationTimestamp": ends.strftime("%Y-%m-%dT%H:%M:%SZ"), "token": token}


@pytest.mark.clients
@aws_program.installed
async def test_tokens_are_those_of_the_aws_cli(env: dict[str, str]) -> None:
    if not aws_program.interpreter():
        pytest.skip("this aws CLI is a bundle, whose clock cannot be stopped")
    with aws_program.program(env, frozen_at=NOW) as aws:
        printed = await aws.beside([arguments(case) for case in CASES])
    theirs = {case: printed["status"] for case, printed in zip(CASES, printed, strict=True)}
    made = {case: await ours(arguments(case)) for case in CASES}
    assert {c: opened(t["token"]) for c, t in made.items()} == {
        c: opened(t["token"]) for c, t in theirs.items()
    }  # the same in words, for whoever has to find the difference
    assert made == theirs
    prod = ACCOUNTS[0]
    for case, region, keys in (
        ("plain", "eu-west-1", (prod.access_key, prod.secret_key)),
        ("session", "us-east-2", (TAKEN.access_key, TAKEN.secret_key, TAKEN.token)),
        ("China", "cn-north-1", (prod.access_key, prod.secret_key)),
        ("GovCloud", "us-gov-west-1", (prod.access_key, prod.secret_key)),
    ):  # how clusters are opened that the EKS API named
        assert mint(CLUSTER, region, *keys) == theirs[case]["token"]


@pytest.mark.clients
@aws_program.installed
async def test_variables_count_as_they_do_for_the_aws_cli(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `aws eks update-kubeconfig` and eksctl write into a kubeconfig's ``env``."""
    if not aws_program.interpreter():
        pytest.skip("this aws CLI is a bundle, whose clock cannot be stopped")
    exported = {"AWS_ACCESS_KEY_ID": "AKIAEXPORTED", "AWS_SECRET_ACCESS_KEY": "of-the-shell"}
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    command = ["eks", "get-token", "--output", "json", "--cluster-name", CLUSTER]
    given = [
        (command, {"AWS_PROFILE": "plain"}),
        ([*command, "--profile", "plain"], {}),
        ([*command, "--region", "eu-west-1"], {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}),
        (command, {"AWS_DEFAULT_REGION": "cn-north-1"}),
    ]
    with aws_program.program(env | exported, frozen_at=NOW) as aws:
        printed = await aws.beside([args for args, _ in given], [more for _, more in given])
    assert [await ours(args, more) for args, more in given] == [p["status"] for p in printed]
    keys = [opened(p["status"]["token"])[1]["X-Amz-Credential"].split("/")[0] for p in printed]
    prod = ACCOUNTS[0].access_key
    assert keys == ["AKIAEXPORTED", prod, "AKIAEXPORTED", "AKIAEXPORTED"]


@pytest.mark.parametrize("case", CASES)
async def test_a_token_names_its_cluster_its_instant_and_whose_it_is(
    case: str, env: dict[str, str]
) -> None:
    made = await ours(arguments(case))
    host, query = opened(made["token"])
    if case in HOSTS:
        assert host == HOSTS[case]
    stamp = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    assert query["X-Amz-Date"] == stamp.strftime("%Y%m%dT%H%M%SZ")
    assert query["X-Amz-Expires"] == "60"
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    key, day, region, *_ = query["X-Amz-Credential"].split("/")
    assert day == stamp.strftime("%Y%m%d")
    if "--region" in CASES[case]:
        assert region == CASES[case].split()[-1] or case == "a role of the command's own"
    taken = {
        "session": TAKEN,
        "assumed": assume(ACCOUNTS[1], ROLE, "parity", NOW, 3600),
        "role": assume(ACCOUNTS[1], f"{ROLE}-of-staging", "EKSGetTokenAuth", NOW, 3600),
    }
    for word, role in taken.items():
        if word in case:
            assert (key, query["X-Amz-Security-Token"]) == (role.access_key, role.token)
            break
    else:
        assert key == ACCOUNTS[0].access_key
        assert "X-Amz-Security-Token" not in query


async def test_a_setting_that_makes_no_endpoint_is_said(env: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="sometimes") as caught:
        await ours([*arguments("plain")[:4], "--profile", "wrong", "--cluster-name", CLUSTER])
    assert "sts_regional_endpoints" in caught.value.problem.remedy


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL_STS"])
def test_a_variable_that_we_do_not_honour_leaves_the_command_to_run(name: str) -> None:
    args = ["eks", "get-token", "--cluster-name", CLUSTER]
    assert recognise("aws", args, {name: "x"}) is None
    assert recognise("aws", args, {"LANG": "C", "AWS_PROFILE": "x"}) == GetToken(
        CLUSTER, profile="x"
    )
