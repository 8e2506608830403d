"""Identities: made of each sort of user, kept while they are good, renewed when they are not."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest

from backends.base import BackendError, Expired, Invalid, Sources, Unreachable
from backends.clock import ManualClock
from backends.eks import authority
from backends.eks.authority import CachedAuthority, Made, from_entry
from backends.eks.kubeconfig import Context, Entry
from backends.eks.rest import Identity
from backends.eks.token import GetToken
from backends.model import Renewal

RENEWAL = Renewal("context dev", "log in again")


async def no_mint(wish: GetToken) -> tuple[str, float]:
    raise AssertionError(f"nothing to mint for {wish}")


async def made(user: object, clock: ManualClock, **more: object) -> Made:
    entry = Entry(server="http://h", user=user, **more)  # type: ignore[arg-type]
    return await from_entry(entry, no_mint, clock, 5.0)


async def test_a_token(clock) -> None:
    found = await made({"token": " secret\n"}, clock)
    assert found.identity.authorization == "Bearer secret"
    assert found.expires is None
    assert "secret" not in repr(found)


async def test_a_token_file_is_read_again_and_again(clock, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    user = {"tokenFile": "token", "token": "not this"}

    async def make() -> Made:
        return await made(user, clock, base=str(tmp_path))

    cached = CachedAuthority(make, clock, RENEWAL)
    assert (await cached.identity()).authorization == "Bearer one"
    (tmp_path / "token").write_text("two")
    assert (await cached.identity()).authorization == "Bearer one"
    clock.advance(authority.TOKEN_FILE_SECONDS + 1)
    assert (await cached.identity()).authorization == "Bearer two"


async def test_a_token_file_that_is_gone(clock, tmp_path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        await made({"tokenFile": str(tmp_path / "gone")}, clock)


async def test_a_name_and_a_password(clock) -> None:
    found = await made({"username": "me", "password": "x"}, clock)
    assert found.identity.authorization == "Basic " + base64.b64encode(b"me:x").decode()


async def test_nobody(clock) -> None:
    assert (await made({}, clock)).identity.authorization == ""


async def test_a_get_token_command_is_minted_and_not_run(clock) -> None:
    wishes: list[GetToken] = []

    async def mint(wish: GetToken) -> tuple[str, float]:
        wishes.append(wish)
        return "k8s-aws-v1.abc", 99.0

    user = {
        "exec": {
            "command": "aws",
            "args": ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "c"],
            "env": [{"name": "AWS_PROFILE", "value": "prod"}],
        }
    }
    found = await from_entry(Entry("http://h", user=user), mint, clock, 5.0)
    assert found.identity.authorization == "Bearer k8s-aws-v1.abc"
    assert found.expires == 99.0
    assert wishes == [GetToken("c", "eu-west-1", "prod")]


def jwt(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.sig"


async def test_an_id_token_while_it_is_good(clock) -> None:
    token = jwt(exp=clock.now() + 600)
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": token}}}
    found = await made(user, clock)
    assert found.identity.authorization == f"Bearer {token}"
    assert found.expires == clock.now() + 600


@pytest.mark.parametrize("token", [jwt(exp=1.0), "no-jwt", "a.%%%.c", None])
async def test_an_id_token_that_is_not(clock, token) -> None:
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": token}}}
    with pytest.raises(Expired, match="kubectl") as caught:
        await made(user, clock)
    assert token is None or token not in str(caught.value)


async def test_a_provider_that_kubernetes_dropped(clock) -> None:
    with pytest.raises(Invalid, match="gcp"):
        await made({"auth-provider": {"name": "gcp"}}, clock)


@pytest.mark.parametrize("bad", ["to ken", "tok\r\nX-Evil: 1", "tokén"])
async def test_a_token_that_is_no_header_is_not_sent_nor_quoted(clock, bad) -> None:
    with pytest.raises(Invalid) as caught:
        await made({"token": bad}, clock)
    assert bad not in str(caught.value)


class Making:
    """A maker that counts, and fails when told to."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.count = 0
        self.error: BackendError | None = None

    async def __call__(self) -> Made:
        self.count += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return Made(Identity(f"Bearer {self.count}"), self.clock.now() + 900)


async def test_an_identity_is_kept_until_shortly_before_it_ends(clock) -> None:
    making = Making(clock)
    cached = CachedAuthority(making, clock, RENEWAL)
    await asyncio.gather(*(cached.identity() for _ in range(10)))
    assert making.count == 1
    clock.advance(900 - authority.EARLY + 1)
    assert (await cached.identity()).authorization == "Bearer 2"


async def test_a_rejected_identity_is_made_anew_once(clock) -> None:
    making = Making(clock)
    cached = CachedAuthority(making, clock, RENEWAL)
    first = await cached.identity()
    cached.reject(first)
    second = await cached.identity()
    cached.reject(first)  # somebody else's late answer
    assert (await cached.identity()) is second
    assert making.count == 2


async def test_a_failure_is_not_repeated_by_each_who_asks(clock) -> None:
    making = Making(clock)
    making.error = Unreachable("run plugin", "no", "x")
    cached = CachedAuthority(making, clock, RENEWAL)
    for _ in range(5):
        with pytest.raises(Unreachable):
            await cached.identity()
    assert making.count == 1
    clock.advance(authority.RETRY + 1)
    making.error = None
    await cached.identity()


@pytest.mark.parametrize(
    ("user", "word"),
    [
        ({"exec": {"command": "aws", "args": ["eks", "get-token", "--cluster-name", "c"]}}, "aws "),
        ({"exec": {"command": "/opt/kubelogin"}}, "kubelogin"),
        ({"auth-provider": {"name": "oidc"}}, "kubectl --context dev"),
        ({"token": "t"}, "context dev"),
    ],
)
def test_what_renews_is_named(user, word) -> None:
    context = Context("dev", "c")
    renewal = authority.renewal_of(Entry("http://h", user=user), context, Sources().aws_source)
    assert word in renewal.advice
