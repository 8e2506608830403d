"""Calls to AWS over real HTTP: answers, retries, deadlines, credentials, accounts."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aws_server import ACCOUNT, AwsServer, Call, Files, drop, error, hang, ok

from backends.aws.access import AwsAccess
from backends.base import (
    BackendError,
    Denied,
    Expired,
    Invalid,
    NotFound,
    Sources,
    Throttled,
    Unreachable,
)
from backends.clock import ManualClock, SystemClock
from backends.model import Scope

ARN = f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/shop"
Opener = Callable[..., AwsAccess]


@pytest.fixture
async def opened(server: AwsServer, files: Files) -> AsyncIterator[Opener]:
    """Opens an access to the server for some sources; closes all that were opened."""
    accesses: list[AwsAccess] = []

    def open_access(sources: Sources | None = None, clock: Any = None, **more: Any) -> AwsAccess:
        wanted = sources or files.sources(files.source(endpoint_url=server.url), **more)
        accesses.append(AwsAccess(wanted, clock or SystemClock()))
        return accesses[-1]

    yield open_access
    for access in accesses:
        await access.close()


def scope(access: AwsAccess) -> Scope:
    return access.scopes("ecs")[0]


async def test_an_answer_is_plain_json_with_epoch_times(server: AwsServer, opened: Opener) -> None:
    server.default = ok({"services": [{"serviceName": "web", "createdAt": 1790000000.25}]})
    access = opened()
    answer = await access.call(
        scope(access), "ecs", "DescribeServices", cluster="shop", services=["web"]
    )
    assert answer["services"] == [{"serviceName": "web", "createdAt": 1790000000.25}]
    assert answer["ResponseMetadata"]["RequestId"] == "request-1"
    (call,) = server.calls
    assert call.params == {"cluster": "shop", "services": ["web"]}
    assert "/us-east-1/ecs/aws4_request" in call.authorization


async def test_rest_services_answer_plain_json_too(server: AwsServer, opened: Opener) -> None:
    body = {"cluster": {"name": "pay", "createdAt": 1790000000.25, "status": "ACTIVE"}}
    server.default = web.Response(text=json.dumps(body), content_type="application/json")
    access = opened()
    answer = await access.call(scope(access), "eks", "DescribeCluster", name="pay")
    assert answer["cluster"]["createdAt"] == 1790000000.25


async def test_a_throttled_read_is_tried_again_and_its_class_slowed(
    server: AwsServer, opened: Opener
) -> None:
    server.answers = [error("ThrottlingException", "Rate exceeded")]
    access = opened()
    await access.call(scope(access), "ecs", "ListClusters")
    assert server.operations == ["ListClusters", "ListClusters"]
    (usage,) = access.usage()
    assert usage.action_class == "ecs:cluster-reads"
    assert usage.throttled_until > time.time()
    assert usage.rate < 20


async def test_throttling_without_end_is_an_error_in_the_end(
    server: AwsServer, opened: Opener
) -> None:
    server.default = error("ThrottlingException", "Rate exceeded")
    access = opened()
    with pytest.raises(Throttled):
        await access.call(scope(access), "ecs", "ListClusters")
    assert len(server.calls) == 3


@pytest.mark.parametrize("trouble", [drop, error("ServerException", "oops", 500)])
async def test_a_read_survives_a_broken_connection(
    server: AwsServer, opened: Opener, trouble: Any
) -> None:
    server.answers = [trouble]
    access = opened()
    await access.call(scope(access), "ecs", "ListClusters")
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (drop, Unreachable),
        (error("ServerException", "oops", 500), Unreachable),
        (error("ThrottlingException", "Rate exceeded"), Throttled),
        (error("AccessDeniedException", "no"), Denied),
    ],
)
async def test_a_mutation_is_sent_once_whatever_happens(
    server: AwsServer, opened: Opener, trouble: Any, kind: type[Exception]
) -> None:
    server.default = trouble
    access = opened()
    with pytest.raises(kind):
        await access.call(
            scope(access), "ecs", "UpdateService", mutates=True, service="web", desiredCount=2
        )
    assert server.operations == ["UpdateService"]


@pytest.mark.parametrize(
    ("trouble", "perhaps"),
    [
        (drop, True),
        (hang, True),
        (error("ServerException", "internal", status=500), True),
        (error("GatewayTimeout", "slow", status=504), True),
        (web.Response(body=b"<html>", content_type="text/html"), True),
        (error("ThrottlingException", "Rate exceeded"), False),
        (error("AccessDeniedException", "no"), False),
    ],
)
async def test_a_change_whose_answer_was_lost_may_have_been_made_and_the_error_says_so(
    server: AwsServer, opened: Opener, trouble: Any, perhaps: bool
) -> None:
    server.default = trouble
    access = opened(request_timeout=0.3)
    with pytest.raises(BackendError) as caught:
        await access.call(scope(access), "ecs", "UpdateService", mutates=True, service="web")
    assert ("it may have been done" in caught.value.problem.remedy) is perhaps


async def test_a_change_that_was_never_sent_is_not_said_to_be_possibly_made(
    opened: Opener, files: Files
) -> None:
    access = opened(files.sources(files.source(endpoint_url="http://127.0.0.1:9")))
    with pytest.raises(Unreachable) as caught:
        await access.call(scope(access), "ecs", "UpdateService", mutates=True, service="web")
    assert "it may have been done" not in caught.value.problem.remedy


async def test_a_connection_that_is_reset_is_not_said_to_be_refused(
    server: AwsServer, opened: Opener
) -> None:
    async def reset(call: Call) -> web.StreamResponse:
        assert call.request.transport is not None
        sock = call.request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        call.request.transport.abort()
        return web.Response()

    server.default = reset
    access = opened()
    with pytest.raises(Unreachable) as caught:
        await access.call(scope(access), "ecs", "UpdateService", mutates=True, service="web")
    assert "closed the connection before it had answered" in caught.value.problem.message


async def test_what_is_refused_is_not_tried_again(server: AwsServer, opened: Opener) -> None:
    server.default = error("ClusterNotFoundException", "Cluster not found.")
    access = opened()
    with pytest.raises(NotFound):
        await access.call(scope(access), "ecs", "ListServices", cluster="gone")
    assert len(server.calls) == 1


async def test_an_endpoint_that_hangs_is_unreachable_in_time(
    server: AwsServer, opened: Opener
) -> None:
    server.default = hang
    access = opened(request_timeout=0.3)
    with pytest.raises(Unreachable) as caught:
        await access.call(scope(access), "ecs", "ListClusters")
    assert "within 0.3 s" in caught.value.problem.message
    assert server.url in caught.value.problem.message


async def test_an_endpoint_that_refuses_is_named(opened: Opener, files: Files) -> None:
    source = files.source(endpoint_url="http://127.0.0.1:9")
    access = opened(files.sources(source))
    with pytest.raises(Unreachable) as caught:
        await access.call(scope(access), "ecs", "ListClusters")
    assert "http://127.0.0.1:9" in caught.value.problem.message


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[1]", b'{"clusterArns": [', b"\xff\xfe"])
async def test_a_body_that_is_not_from_aws(server: AwsServer, opened: Opener, body: bytes) -> None:
    server.default = web.Response(body=body, content_type="text/html")
    access = opened()
    with pytest.raises(Unreachable) as caught:
        await access.call(scope(access), "ecs", "ListClusters")
    assert "not understood" in caught.value.problem.message


async def test_parameters_that_are_wrong_are_not_sent(server: AwsServer, opened: Opener) -> None:
    access = opened()
    with pytest.raises(Invalid):
        await access.call(scope(access), "ecs", "DescribeServices", services="web")
    assert server.calls == []


async def test_pages_are_followed_to_the_end(server: AwsServer, opened: Opener) -> None:
    server.answers = [
        ok({"clusterArns": ["a"], "nextToken": "1"}),
        ok({"clusterArns": [], "nextToken": "2"}),
        ok({"clusterArns": ["b"]}),
    ]
    access = opened()
    pages = [
        page["clusterArns"] async for page in access.pages(scope(access), "ecs", "ListClusters")
    ]
    assert pages == [["a"], [], ["b"]]
    assert [call.params.get("nextToken") for call in server.calls] == [None, "1", "2"]


async def test_a_page_token_that_comes_back_ends_with_an_error(
    server: AwsServer, opened: Opener
) -> None:
    server.default = ok({"clusterArns": ["a"], "nextToken": "same"})
    access = opened()
    with pytest.raises(Unreachable) as caught:
        async for _ in access.pages(scope(access), "ecs", "ListClusters"):
            pass
    assert "does not end" in caught.value.problem.message
    assert len(server.calls) == 2


async def test_calls_pass_the_budget(server: AwsServer, opened: Opener) -> None:
    access = opened(budget_share=0.1)
    await asyncio.gather(*(access.call(scope(access), "ecs", "ListClusters") for _ in range(4)))
    (usage,) = access.usage()
    assert usage.rate == pytest.approx(2.0)
    assert usage.used == pytest.approx(4 / 20)


async def test_an_arn_tells_the_account_without_a_call(server: AwsServer, opened: Opener) -> None:
    server.default = ok({"clusterArns": [ARN]})
    access = opened()
    await access.call(scope(access), "ecs", "ListClusters")
    assert await access.account(scope(access)) == ACCOUNT
    assert server.operations == ["ListClusters"]
    assert access.usage()[0].account == ACCOUNT


async def test_otherwise_sts_is_asked_once(server: AwsServer, opened: Opener) -> None:
    async def identity(_call: Call) -> web.Response:
        return web.Response(
            content_type="text/xml",
            text="<GetCallerIdentityResponse><GetCallerIdentityResult>"
            f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        )

    server.default = identity
    access = opened()
    found = await asyncio.gather(*(access.account(scope(access)) for _ in range(5)))
    assert found == [ACCOUNT] * 5
    assert len(server.calls) == 1


async def test_a_scope_that_knows_its_account_is_believed(opened: Opener) -> None:
    access = opened()
    assert await access.account(scope(access).at(account="444455556666")) == "444455556666"


async def test_no_credentials_at_all(server: AwsServer, opened: Opener, files: Files) -> None:
    access = opened(files.sources(files.source("other", endpoint_url=server.url)))
    with pytest.raises(Expired) as caught:
        await access.call(scope(access), "ecs", "ListClusters")
    assert "--profile other" in caught.value.problem.remedy
    assert server.calls == []


async def test_new_keys_in_the_file_are_taken_up_once_the_old_ones_expired(
    server: AwsServer, opened: Opener, files: Files
) -> None:
    async def judge(call: Call) -> web.StreamResponse:
        old = call.access_key.endswith("0001")
        return error("ExpiredTokenException", "expired") if old else ok({"clusterArns": []})

    server.default = judge
    clock = ManualClock()
    access = opened(clock=clock)
    with pytest.raises(Expired):
        await access.call(scope(access), "ecs", "ListClusters")
    files.write(
        credentials="[acme]\naws_access_key_id = AKIATESTTESTTEST0002\naws_secret_access_key = s\n"
    )
    with pytest.raises(Expired):
        await access.call(scope(access), "ecs", "ListClusters")
    clock.advance(10)
    with pytest.raises(Expired):
        await access.call(scope(access), "ecs", "ListClusters")
    await access.call(scope(access), "ecs", "ListClusters")
    assert server.calls[-1].access_key == "AKIATESTTESTTEST0002"


async def test_credentials_are_frozen_keys_and_never_printed(opened: Opener) -> None:
    access = opened()
    frozen = await access.credentials(scope(access))
    assert frozen.access_key == "AKIATESTTESTTEST0001"
    assert frozen.secret_key == "s1"
    assert "s1" not in repr(vars(access))


ROLE = f"""
[profile acme]
region = us-east-1
[profile admin]
region = us-east-1
role_arn = arn:aws:iam::{ACCOUNT}:role/admin
source_profile = acme
"""


async def test_a_role_is_assumed_through_the_sources_endpoint(
    server: AwsServer, opened: Opener, files: Files
) -> None:
    files.write(ROLE)
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def assume(call: Call) -> web.StreamResponse:
        if b"AssumeRole" not in call.body:
            return ok({"clusterArns": []})
        return web.Response(
            content_type="text/xml",
            text="<AssumeRoleResponse><AssumeRoleResult><Credentials>"
            "<AccessKeyId>ASIATESTTESTTEST0003</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            f"<SessionToken>t</SessionToken><Expiration>{until}</Expiration></Credentials>"
            f"<AssumedRoleUser><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/admin/x</Arn>"
            "<AssumedRoleId>AROA</AssumedRoleId></AssumedRoleUser>"
            "</AssumeRoleResult></AssumeRoleResponse>",
        )

    server.default = assume
    access = opened(files.sources(files.source("admin", endpoint_url=server.url)))
    await access.call(scope(access), "ecs", "ListClusters")
    assert server.calls[-1].access_key == "ASIATESTTESTTEST0003"
    assert await access.account(scope(access)) == ACCOUNT
    assert len(server.calls) == 2


async def test_mfa_never_asks_the_terminal(
    server: AwsServer, opened: Opener, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: Any) -> str:
        raise AssertionError("it asked")

    monkeypatch.setattr("getpass.getpass", ask)
    files.write(ROLE + f"mfa_serial = arn:aws:iam::{ACCOUNT}:mfa/x\n")
    access = opened(files.sources(files.source("admin", endpoint_url=server.url)))
    with pytest.raises(Expired) as caught:
        await access.call(scope(access), "ecs", "ListClusters")
    assert "MFA" in caught.value.problem.message
    assert "aws sts get-session-token" in caught.value.problem.remedy


async def test_a_role_that_the_aws_cli_has_assumed_needs_no_code(
    server: AwsServer, opened: Opener, files: Files
) -> None:
    from botocore.credentials import AssumeRoleCredentialFetcher

    files.write(ROLE + f"mfa_serial = arn:aws:iam::{ACCOUNT}:mfa/x\n")
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    cached = {
        "Credentials": {
            "AccessKeyId": "ASIATESTTESTTEST0004",
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": until,
        }
    }
    key = AssumeRoleCredentialFetcher(
        None,
        None,
        f"arn:aws:iam::{ACCOUNT}:role/admin",
        extra_args={"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/x"},
    )._cache_key
    cache = Path.home() / ".aws" / "cli" / "cache"
    cache.mkdir(parents=True)
    (cache / f"{key}.json").write_text(json.dumps(cached))
    server.default = ok({"clusterArns": []})
    access = opened(files.sources(files.source("admin", endpoint_url=server.url)))
    await access.call(scope(access), "ecs", "ListClusters")
    assert server.calls[-1].access_key == "ASIATESTTESTTEST0004"


async def test_sso_without_a_login_names_the_command(
    server: AwsServer, opened: Opener, files: Files
) -> None:
    files.write(
        "[profile acme]\nregion = us-east-1\nsso_session = corp\nsso_account_id = 111122223333\n"
        "sso_role_name = dev\n[sso-session corp]\nsso_region = us-east-1\n"
        "sso_start_url = https://corp.awsapps.com/start\n",
        "",
    )
    access = opened(files.sources(files.source("acme", endpoint_url=server.url)))
    with pytest.raises(Expired) as caught:
        await access.call(scope(access), "ecs", "ListClusters")
    assert caught.value.problem.remedy == "run `aws sso login --profile acme`"


async def test_a_profiles_own_endpoint_is_honoured(
    server: AwsServer, opened: Opener, files: Files
) -> None:
    files.write(f"[profile acme]\nregion = us-east-1\nendpoint_url = {server.url}\n")
    access = opened(files.sources(files.source("acme")))
    await access.call(scope(access), "ecs", "ListClusters")
    assert server.operations == ["ListClusters"]


async def test_the_environments_endpoint_is_honoured(
    server: AwsServer, opened: Opener, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", server.url)
    access = opened(files.sources(files.source("acme")))
    await access.call(scope(access), "ecs", "ListClusters")
    assert server.operations == ["ListClusters"]


async def test_a_profile_that_no_source_names_is_refused(opened: Opener) -> None:
    access = opened()
    with pytest.raises(Invalid) as caught:
        await access.call(msgspec.structs.replace(scope(access), profile="x"), "ecs", "ListTasks")
    assert "profile x is not looked at" in caught.value.problem.message


async def test_a_profile_reaches_further_regions_with_budgets_of_their_own(
    server: AwsServer, opened: Opener
) -> None:
    access = opened()
    await access.call(scope(access).at(region="eu-west-3"), "ecs", "ListClusters")
    (call,) = server.calls
    assert "/eu-west-3/ecs/aws4_request" in call.authorization
    assert {usage.region for usage in access.usage()} == {"eu-west-3"}
    assert {one.region for one in access.scopes("ecs")} == {scope(access).region}


async def test_a_region_that_does_not_exist_is_refused_with_those_that_are_near(
    server: AwsServer, opened: Opener
) -> None:
    access = opened()
    with pytest.raises(Invalid) as caught:
        await access.call(scope(access).at(region="eu-wset-3"), "ecs", "ListClusters")
    assert "eu-west-3" in caught.value.problem.remedy
    assert server.calls == []


async def test_equal_sources_share_one_access_until_the_last_lets_go(files: Files) -> None:
    clock = SystemClock()
    first = AwsAccess.shared(files.sources(files.source()), clock)
    second = AwsAccess.shared(files.sources(files.source()), clock)
    other = AwsAccess.shared(files.sources(files.source()), SystemClock())
    assert first is second
    assert other is not first
    await first.close()
    assert AwsAccess.shared(files.sources(files.source()), clock) is first
    await second.close()
    await first.close()
    assert AwsAccess.shared(files.sources(files.source()), clock) is not first
    await other.close()


async def test_leaving_a_call_cancels_it(server: AwsServer, opened: Opener) -> None:
    arrived = asyncio.Event()

    async def never(_call: Call) -> web.StreamResponse:
        arrived.set()
        return await hang(_call)

    server.default = never
    access = opened()
    task = asyncio.ensure_future(access.call(scope(access), "ecs", "ListClusters"))
    async with asyncio.timeout(10):
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
