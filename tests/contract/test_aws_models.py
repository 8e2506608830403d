"""What Topdeck sends to AWS, and what the simulator answers, by botocore's own service models."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aws_cases import CASES, REFUSALS
from aws_raw import Answer, RawAws
from aws_shapes import (
    SESSION,
    answer_faults,
    error_faults,
    operation,
    request_faults,
    signing_name,
)
from aws_sweep import Record, recording, sweep
from aws_views import DEADLINE
from botocore import xform_name

from backends.base import AwsSource, Sources
from backends.clock import ManualClock
from backends.sim.aws.operations import OPERATIONS
from backends.sim.blueprint import ACCOUNTS, Blueprint, SimCluster, SimWorkload
from backends.sim.faults import Fault
from backends.sim.server import SimServer
from tests.test_readme import aws_actions

PROD = ACCOUNTS[0]
BACKENDS = Path(__file__).parents[2] / "backends"
SERVICES = ("ecs", "eks", "logs", "servicediscovery", "sts", "application-autoscaling", "elbv2",
            "sqs")  # fmt: skip
"""The services that Topdeck calls, by botocore's names."""

MANY = 130
"""Of tasks, log streams and instances: more than one call takes of any."""


def _workload(name: str, desired: int, **more: Any) -> SimWorkload:
    image = f"{PROD.account_id}.dkr.ecr.us-east-1.amazonaws.com/{name[:40]}:1.9.0"
    return SimWorkload(name, "shop", desired, image, 256, 512, **more)


def at_the_limits() -> Blueprint:
    """Return a world in which every page is full and every name as long as AWS lets it be.

    255 characters for what ECS names, though a log group's name, which holds two of them, has
    512 at the most, and 100 for a cluster of EKS.
    """
    services = (
        _workload("horde", MANY, registered=True, autoscaled=True),
        _workload("n" * 255, 1, autoscaled=True),
        _workload("sessions", 1, launch="EC2"),
        *(_workload(f"svc-{number:03d}", 1) for number in range(100, 200)),
    )
    clusters = (
        SimCluster("ecs", "c" * 240, PROD, "us-east-1", services),
        SimCluster("eks", "k" * 100, PROD, "us-east-1", (_workload("ledger", 2),), "1.36"),
    )
    return Blueprint(1, "small", ACCOUNTS, ("us-east-1",), clusters)


async def _swept(tmp_path: Path, layout: Blueprint | None) -> Record:
    async with SimServer(clock=ManualClock(), throttling=False, layout=layout) as sim:
        config, credentials = sim.write_aws_config(tmp_path)
        source = AwsSource(
            PROD.profile,
            ("us-east-1",),
            config_file=str(config),
            credentials_file=str(credentials),
        )
        with recording() as record:
            await sweep(Sources(aws=(source,), budget_share=1.0, request_timeout=DEADLINE), sim)
    return record


@pytest.mark.parametrize("layout", [None, at_the_limits()], ids=["lively", "at-the-limits"])
async def test_all_that_is_sent_and_answered_fits_the_models(
    tmp_path: Path, layout: Blueprint | None
) -> None:
    record = await _swept(tmp_path, layout)
    sent = Counter(
        f"{service}:{name} {fault}"
        for service, name, params in record.sent
        for fault in request_faults(service, name, params)
    )
    assert not sent
    got = Counter(
        f"{service}:{name} {fault}"
        for service, name, body in record.got
        for fault in answer_faults(service, name, body)
    )
    assert not got
    assert record.actions == aws_actions() | by_method()
    if layout is not None:
        assert _full_pages(record) >= {
            "DescribeServices": 10, "DescribeTasks": 100, "FilterLogEvents": 100
        }.items()  # fmt: skip
        paged = {s.operation for s in record.sent if {"nextToken", "NextToken"} & s.params.keys()}
        assert paged >= {"ListServices", "ListTasks", "FilterLogEvents", "ListInstances"}


def _full_pages(record: Record) -> set[tuple[str, int]]:
    """Return the operations with the longest list that each was sent."""
    longest: Counter[str] = Counter()
    for _, name, params in record.sent:
        sizes = [len(value) for value in params.values() if isinstance(value, list)]
        longest[name] = max(longest[name], *sizes, 0)
    return set(longest.items())


def by_method() -> set[str]:
    """Return the operations that the source calls by a client's method, and not by their name."""
    methods = {
        xform_name(name): f"{service}:{name}"
        for service in SERVICES
        for name in SESSION.get_service_model(service).operation_names
    }
    called = set()
    for path in BACKENDS.rglob("*.py"):
        if "sim" in path.relative_to(BACKENDS).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
                name = getattr(node.value.func, "attr", "")
                called |= {methods[name]} if name in methods else set()
    return called


def test_the_source_calls_a_role_by_its_method() -> None:
    assert by_method() == {"sts:AssumeRole"}


@pytest.fixture
async def sim() -> AsyncIterator[SimServer]:
    """A small world with its incidents, whose clock stands still, without throttles."""
    async with SimServer(clock=ManualClock(), throttling=False) as server:
        yield server


@pytest.fixture
def raw(sim: SimServer) -> RawAws:
    return RawAws(sim.url, PROD.access_key, PROD.secret_key, "us-east-1")


def _faults(answers: list[Answer]) -> Iterator[str]:
    for service, name, status, headers, body in answers:
        if status < 300:
            found = answer_faults(service, name, body)
        else:
            found = error_faults(service, name, status, headers, body)
        yield from (f"{service}:{name} {fault}" for fault in found)


INCIDENTS = (
    ("oom", "catalog"),
    ("image-pull", "cart"),
    ("crash-loop", "inventory"),
    ("slow-start", "web"),
    ("target-health", "gateway"),
)
"""What goes wrong, with which service of shop-prod."""


@pytest.mark.parametrize("moments", [(0.0,), (15.0, 60.0), (600.0,)], ids=["now", "soon", "late"])
async def test_every_answer_fits_its_model_at_any_moment(
    sim: SimServer, raw: RawAws, moments: tuple[float, ...]
) -> None:
    for incident, service in INCIDENTS:
        if moments != (0.0,):
            sim.world.incident(incident, "shop-prod", service)
    empty = []
    for moment in moments:
        await sim.advance(moment)
        for service, name, params in CASES:
            known = params(sim) if callable(params) else params
            answer = await raw(service, name, **known)
            del answer["ResponseMetadata"]
            if not any(answer.values()):
                empty.append(f"{service}:{name}")
    assert not Counter(_faults(raw.answers))
    assert not empty, "an answer without anything in it proves nothing"


def test_every_operation_of_the_simulator_has_a_case() -> None:
    assert {(signing_name(service), name) for service, name, _ in CASES} == set(OPERATIONS)


async def test_every_refusal_is_one_that_its_model_knows(sim: SimServer, raw: RawAws) -> None:
    wrong = []
    for service, name, params, code in REFUSALS:
        known = params(sim) if callable(params) else params
        said = await raw.refusal(service, name, **known)
        if said != code:
            wrong.append(f"{service}:{name} {known}: {said or 'no error'} instead of {code}")
    assert not wrong
    assert not Counter(_faults(raw.answers))


def test_every_refusal_of_the_simulator_has_a_case() -> None:
    codes = {
        node.args[0].value
        for path in (BACKENDS / "sim" / "aws").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "AwsError"
        and isinstance(node.args[0], ast.Constant)
    }
    assert codes - {code for *_, code in REFUSALS} == {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }, "these are about who asks, and have tests of their own"


@pytest.mark.parametrize(
    ("service", "name", "code"),
    [
        ("ecs", "ListClusters", "UnrecognizedClientException"),
        ("eks", "ListClusters", "UnrecognizedClientException"),
        ("sts", "GetCallerIdentity", "InvalidClientTokenId"),
    ],
)
async def test_a_stranger_is_refused_in_each_protocol(
    sim: SimServer, service: str, name: str, code: str
) -> None:
    stranger = RawAws(sim.url, "AKIASTRANGER00000001", "secret", "us-east-1")
    assert await stranger.refusal(service, name) == code
    assert not list(_faults(stranger.answers))


@pytest.mark.parametrize(
    ("service", "name", "code"),
    [
        ("ecs", "ListClusters", "ExpiredTokenException"),
        ("eks", "ListClusters", "ExpiredTokenException"),
        ("sts", "GetCallerIdentity", "ExpiredToken"),
    ],
)
async def test_a_key_that_has_ended_is_refused_in_each_protocol(
    sim: SimServer, raw: RawAws, service: str, name: str, code: str
) -> None:
    sim.world.logins.expire(PROD.profile)
    assert await raw.refusal(service, name) == code
    assert not list(_faults(raw.answers))


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("AmazonEC2ContainerServiceV20141113.ListClusters", 400,
         "MissingAuthenticationTokenException"),
        ("", 403, "MissingAuthenticationTokenException"),
    ],
)  # fmt: skip
async def test_an_unsigned_request_is_refused(
    sim: SimServer, target: str, status: int, code: str
) -> None:
    headers = {"X-Amz-Target": target} if target else {}
    async with (
        aiohttp.ClientSession() as session,
        session.request("POST" if target else "GET", f"{sim.url}/clusters", headers=headers) as got,
    ):
        answer = got.status, got.headers["x-amzn-errortype"]
        assert answer == (status, code)


async def test_a_throttle_is_worded_as_each_protocol_does(raw: RawAws, sim: SimServer) -> None:
    async with SimServer(clock=ManualClock()) as strict:
        asked = RawAws(strict.url, PROD.access_key, PROD.secret_key, "us-east-1")
        for service, name in (("ecs", "ListClusters"), ("elbv2", "DescribeTargetGroups")):
            codes = {await asked.refusal(service, name) for _ in range(130)}
            assert codes - {""} in ({"ThrottlingException"}, {"Throttling"})
        assert not list(_faults(asked.answers))


async def test_a_fault_that_is_injected_comes_as_that_protocols_error(
    sim: SimServer, raw: RawAws
) -> None:
    for service, name in (("ecs", "ListClusters"), ("eks", "ListClusters")):
        fault = Fault(action=f"{service}:*", code="AccessDeniedException", message="no", status=400)
        sim.world.faults.add(fault)
        assert await raw.refusal(service, name) == "AccessDeniedException"
    assert not list(_faults(raw.answers))


def test_what_is_wrong_with_an_answer_is_noticed() -> None:
    def ecs(name: str, body: bytes) -> list[str]:
        return answer_faults("ecs", name, body)

    assert ecs("ListClusters", b'{"clusterArns": [1], "odd": 2}') == [
        "$.clusterArns[0]: 1 is no string",
        "$: odd is not in ListClustersResponse",
    ]
    assert ecs("ListClusters", b'{"nextToken": null}') == ["$.nextToken: None is no string"]
    assert ecs("ListClusters", b"[]") == ["$: [] is no structure"]
    (fault,) = ecs("DescribeTasks", b'{"tasks": [{"createdAt": "2026-11-23T00:00:00Z"}]}')
    assert fault.endswith("is no timestamp")
    (fault,) = ecs("DescribeTasks", b'{"tasks": [{"createdAt": 1790000000000}]}')
    assert fault.endswith("in seconds")
    (fault,) = ecs("DescribeServices", b'{"services": [{"launchType": "BARE_METAL"}]}')
    assert "is none of" in fault


def test_what_is_wrong_with_a_request_is_noticed() -> None:
    def logs(**params: Any) -> list[str]:
        return request_faults("logs", "FilterLogEvents", {"logGroupName": "/a", **params})

    assert not logs(logStreamNames=["ecs/web/1"], startTime=0, limit=10_000)
    assert logs(logStreamNames=["s"] * 101) == ["$.logStreamNames: 101 is not 1 to 100"]
    assert logs(limit=10_001) == ["$.limit: 10001 is not 1 to 10000"]
    assert "does not match" in logs(logStreamNames=["a:b"])[0]
    assert "Invalid value for parameter" in logs(startTime=-1)[0]
    assert "Unknown parameter" in logs(until=1)[0]
    names = {"services": ["s"] * 11, "cluster": "c"}
    assert request_faults("ecs", "DescribeServices", names) == ["$.services: 11 items, not 1 to 10"]
    assert "is none of" in request_faults("ecs", "ListTasks", {"desiredStatus": "DREAMING"})[0]
    assert operation("sts", "GetCallerIdentity").input_shape is not None
