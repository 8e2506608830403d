"""Kinds that only the cluster knows are shown as kubectl prints them, live."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backends.base import Offer
from backends.model import FeedState, Health, Resource
from tests.e2e.crontabs import COLUMNS, CronTabs, broken_api, crontabs
from tests.e2e.plane.accounts import READ, Account, rule
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import PACE, Eyes, View, looking
from tests.e2e.plane.kubectl import Kubectl, needs_kubectl
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from widgets.cells import age_text, cell_text

OBJECTS = 600
"""More than one page."""


@pytest.fixture
async def served(api: Api) -> AsyncIterator[CronTabs]:
    async with crontabs(api) as made:
        yield made


@pytest.fixture
def kubectl(plane: Plane, tmp_path: Path) -> Kubectl:
    return Kubectl(plane.kubeconfig, tmp_path)


async def offer(eyes: Eyes) -> Offer:
    return await eyes.backend.discover_kinds(eyes.scope, 0.0)


def lines(view: View, now: float, *, wide: bool) -> list[dict[str, str]]:
    """Return the rows as kubectl prints them: a dictionary by title, ages left out."""
    columns = view.shelf.columns
    assert columns is not None
    shown = [
        (index, column)
        for index, column in enumerate(columns)
        if (wide or not column.wide) and column.title != "Age"
    ]
    return [
        {
            column.title.upper(): ""
            if row.cells[index] is None
            else cell_text(row.cells[index], column, row.health, now)
            for index, column in shown
        }
        for row in sorted(view.rows, key=lambda r: (r.ref.scope.namespace, r.ref.name))
    ]


def printed(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return what kubectl printed, ages left out, absent cells as empty."""
    empty = {"<none>": ""}
    return [
        {title: empty.get(cell, cell) for title, cell in line.items() if title != "AGE"}
        for line in found
    ]


def comparable(found: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(printed(found), key=lambda line: (line.get("NAMESPACE", ""), line["NAME"]))


async def fill(api: Api, kind: CronTabs, namespace: str, count: int) -> None:
    await api.each(
        api.post(
            kind.path(namespace),
            kind.body(
                f"job-{number:04d}",
                schedule=f"{number % 60} * * * *",
                replicas=number,
                tags=["a", "b"] if number % 2 else None,
                suspended=bool(number % 3),
                **({"cluster": f"c{number}"} if number % 5 else {}),
            ),
        )
        for number in range(count)
    )


@needs_kubectl
async def test_a_custom_kind_is_as_kubectl_prints_it_while_it_changes(
    plane: Plane, api: Api, namespace: str, served: CronTabs, kubectl: Kubectl, shown: Shown
) -> None:
    await fill(api, served, namespace, OBJECTS)
    home = served.path(namespace)
    async with looking(plane.kubeconfig) as eyes:
        view = await (await eyes.on(served.name)).live()
        assert len(view.rows) == OBJECTS
        resyncs = view.resyncs

        async def same() -> None:
            for wide in (False, True):
                more = ("-o", "wide") if wide else ()
                theirs = comparable(await kubectl.table(served.name, *more))
                await view.until(lambda v: lines(v, 0.0, wide=wide) == theirs, "kubectl's table")  # noqa: B023

        await same()
        await api.patch(f"{home}/job-0001", {"spec": {"replicas": 77, "schedule": "@daily"}})
        await api.post(home, served.body("late", schedule="@hourly", replicas=-1))
        await api.delete(f"{home}/job-0002")
        await view.until(
            lambda v: (
                {"late"} <= v.named(namespace).keys() and "job-0002" not in v.named(namespace)
            ),
            "what was created and deleted",
        )
        await same()
        held = {"metadata": {"finalizers": ["example.com/held"]}}
        await api.patch(f"{home}/job-0003", held)
        await api.delete(f"{home}/job-0003")
        await view.until(lambda v: v.named(namespace)["job-0003"].status == "Terminating")
        assert view.named(namespace)["job-0003"].health is Health.PROGRESSING
        assert view.named(namespace)["late"].health is Health.UNKNOWN
        await api.patch(f"{home}/job-0003", {"metadata": {"finalizers": None}})
        await view.until(lambda v: "job-0003" not in v.named(namespace), "the end of it")
        assert view.resyncs == resyncs  # the watch brought it all
        row = view.named(namespace)["late"]
        found = await api.get(f"{home}/late")
        assert row.uid == found["metadata"]["uid"]
    shown("a custom kind's columns and cells as kubectl prints them, live", OBJECTS)


async def test_columns_that_change_are_taken_over(
    plane: Plane, api: Api, namespace: str, served: CronTabs
) -> None:
    await fill(api, served, namespace, 3)
    async with looking(plane.kubeconfig) as eyes:
        view = await (await eyes.on(served.name)).live()
        before = titles(view)
        assert before == ["Name", "Namespace", *(c["name"] for c in COLUMNS)]
        other = [{"name": "When", "type": "string", "jsonPath": ".spec.schedule"}]
        await served.redefine(other)
        await view.until(lambda v: titles(v)[2:] == ["When", "Age"], "the new columns")
        await view.until(
            lambda v: {row.cells[2] for row in v.rows} == {f"{n} * * * *" for n in range(3)},
            "cells below them",
        )


def titles(view: View) -> list[str]:
    return [column.title for column in view.shelf.columns or ()]


async def test_a_kind_that_is_deleted_and_comes_back(
    plane: Plane, api: Api, namespace: str, served: CronTabs
) -> None:
    await fill(api, served, namespace, 3)
    often = msgspec.structs.replace(PACE, poll=0.5)
    async with looking(plane.kubeconfig, often) as eyes:
        view = await (await eyes.on(served.name)).live()
        assert len(view.rows) == 3
        await api.delete(served.definition)
        await view.until(
            lambda v: (
                not v.rows
                and v.status.state is FeedState.LIVE
                and v.status.problem is not None
                and v.status.problem.code == "not-found"
            ),
            "that there are none any more, and why",
        )
        await api.until(served.definition, lambda found: found is None)
        await served.define(COLUMNS)
        await fill(api, served, namespace, 2)
        await view.until(lambda v: len(v.rows) == 2, "the new ones")


async def test_an_api_that_is_down_costs_its_own_kinds_only(
    plane: Plane, api: Api, namespace: str, served: CronTabs, shown: Shown
) -> None:
    async with broken_api(api) as group, looking(plane.kubeconfig) as eyes:
        found = await offer(eyes)
        ids = {kind.id for kind in found.kinds}
        assert {f"k8s/{served.name}", "k8s/configmaps", "k8s/ingresses.networking.k8s.io"} <= ids
        assert found.problem is not None
        assert group in found.problem.message
        await fill(api, served, namespace, 1)
        view = await (await eyes.on(served.name)).live()
        assert [row.ref.name for row in view.rows] == ["job-0000"]
        shown("kinds found beside an API that is down", len(found.kinds))


@needs_kubectl
async def test_every_kind_that_can_be_listed_is_found_and_opens(
    plane: Plane, served: CronTabs, kubectl: Kubectl, shown: Shown
) -> None:
    listed = await kubectl("api-resources", "--verbs=list", "-o", "name", "--cached=false")
    async with looking(plane.kubeconfig) as eyes:
        own = {kind.id.partition("/")[2]: kind for kind in (await offer(eyes)).kinds}
        designed = {
            f"{plural}.apps" for plural in ("deployments", "statefulsets", "daemonsets")
        } | {"replicasets.apps", "pods", "nodes", "namespaces", "events"}
        assert own.keys() | designed == set(listed.split())
        for name, kind in own.items():
            view = await (await eyes.on(name)).live()
            assert view.status.problem is None, name
            if view.rows:
                printed_as = await kubectl("get", name, "-A", "-o", "wide", "--ignore-not-found")
                head, _, _ = printed_as.partition("\n")
                theirs = {word.strip() for word in head.split("  ") if word.strip()}
                ours = {c.title.upper() for c in view.shelf.columns or ()}
                assert theirs <= ours | {"NAME", "NAMESPACE"}, name
            assert kind.columns[0].title == "Name"
    shown("kinds found and opened, as kubectl api-resources has them", len(own))


@needs_kubectl
async def test_kinds_of_kubernetes_are_as_kubectl_prints_them(
    plane: Plane, api: Api, namespace: str, kubectl: Kubectl
) -> None:
    home = f"/api/v1/namespaces/{namespace}"
    await api.post(f"{home}/configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    spec = {"ports": [{"port": 80, "protocol": "TCP"}], "selector": {"app": "web"}}
    await api.post(f"{home}/services", {"metadata": {"name": "web"}, "spec": spec})
    async with looking(plane.kubeconfig) as eyes:
        for name in (
            "configmaps",
            "services",
            "serviceaccounts",
            "roles.rbac.authorization.k8s.io",
        ):
            view = await (await eyes.on(name)).live()
            theirs = comparable(await kubectl.table(name, "-o", "wide"))
            await view.until(
                lambda v: printed(lines(v, 0.0, wide=True)) == theirs,  # noqa: B023
                f"kubectl's table of {name}",
            )
            assert theirs or name.startswith("roles")
        view = await (await eyes.on("configmaps")).live()
        row = view.named(namespace)["a"]
        assert row.created is not None
        assert age_text(row.created + 65 - row.created) == "65s"


async def test_only_some_namespaces_may_be_seen(
    plane: Plane, api: Api, namespace: str, served: CronTabs, tmp_path: Path
) -> None:
    await fill(api, served, namespace, 2)
    account = await Account.make(api, namespace)
    user = plane.write_kubeconfig(tmp_path / "user", {"token": (await account.token()).text})
    async with looking(user) as eyes:
        view = await eyes.on(served.name)
        await view.until(
            lambda v: v.status.problem is not None and v.status.problem.code == "denied", "a denial"
        )
        problem = view.status.problem
        assert problem is not None
        assert f'allow "list" on {served.name} for the whole cluster' in problem.remedy
        await account.grant(rule(READ, "namespaces"))
        await account.grant(rule(READ, served.plural, group=served.group), namespace=namespace)
        await view.until(lambda v: len(v.within(namespace)) == 2, "what it may see")
        await view.live()
        await api.delete(f"{served.path(namespace)}/job-0001")
        await view.until(lambda v: len(v.within(namespace)) == 1, "the watch of it")


async def test_no_description_has_a_value_of_a_secret(
    plane: Plane, api: Api, namespace: str
) -> None:
    home = f"/api/v1/namespaces/{namespace}/secrets"
    word = "correct-horse-battery-staple"
    body = {"metadata": {"name": "s"}, "stringData": {"password": word}}
    applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(body)}
    body["metadata"] = {"name": "s", "annotations": applied}
    made = await api.post(home, body)
    async with looking(plane.kubeconfig) as eyes:
        view = await (await eyes.on("secrets")).live()
        row: Resource = view.named(namespace)["s"]
        found = await eyes.backend.describe(row)
        told = repr(found) + repr(row)
        assert f"hidden, {len(word)} bytes" in told
        assert "password" in told
        assert word not in told
        assert made["data"]["password"] not in told
