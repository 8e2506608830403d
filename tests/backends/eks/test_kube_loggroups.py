"""The log groups of EKS clusters: those of Container Insights, where they are, or why not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.eks.loggroups import choice
from backends.logs.insights_model import LogGroup
from backends.model import Health, Ref, Resource, Scope
from backends.sim.insights_language import Run, parse
from backends.sim.insights_values import Row

SCOPE = Scope("eks", "prod", "111122223333", "eu-west-1", "payments", "shop")
FOLDER = "/aws/containerinsights/payments/"


class FakeInsights:
    """Has the log groups that it is given."""

    def __init__(self, *names: str) -> None:
        self._names = names

    async def groups(self, scope: Scope, prefix: str = "") -> list[LogGroup]:
        assert (scope.profile, scope.region, scope.cluster) == ("prod", "eu-west-1", "")
        return [LogGroup(n, 0, 0.0, None) for n in self._names if n.startswith(prefix)]


def row(kind: str, name: str, scope: Scope = SCOPE) -> Resource:
    return Resource(ref=Ref(scope, kind, name), health=Health.OK, status="", cells=(name,))


HAVING = FakeInsights(f"{FOLDER}application", f"{FOLDER}performance", "/ecs/payments")


@pytest.mark.parametrize(
    ("kind", "name", "narrow"),
    [
        ("k8s/pods", "web-1", 'pod_name = "web-1"'),
        ("k8s/deployments", "web", "pod_name like /^web-/"),
        ("k8s/containers", "web-1/app", 'container_name = "app"'),
    ],
)
async def test_a_workload_leads_to_its_own_part_of_its_cluster_s_group(
    kind: str, name: str, narrow: str
) -> None:
    found = await choice(HAVING, row(kind, name))  # type: ignore[arg-type]
    assert found.groups == (f"{FOLDER}application",)
    assert found.scope == SCOPE.at(cluster="", namespace="")
    assert 'kubernetes.namespace_name = "shop"' in found.narrow
    assert narrow in found.narrow


async def test_a_cluster_leads_to_all_of_its_group() -> None:
    cluster = row("k8s/clusters", "payments", SCOPE.at(cluster="payments", namespace=""))
    found = await choice(HAVING, cluster)  # type: ignore[arg-type]
    assert (found.groups, found.narrow) == ((f"{FOLDER}application",), "")


async def test_a_cluster_without_container_insights_says_so() -> None:
    found = await choice(FakeInsights(f"{FOLDER}performance"), row("k8s/pods", "web-1"))  # type: ignore[arg-type]
    assert found.groups == ()
    assert f"{FOLDER}application in eu-west-1" in found.note
    assert "amazon-cloudwatch-observability" in found.note


async def test_a_context_whose_account_is_not_known_says_so() -> None:
    found = await choice(None, row("k8s/pods", "web-1", Scope("k8s", "minikube", cluster="m")))
    assert found.scope is None
    assert "minikube" in found.note


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,12}[a-z0-9])?", fullmatch=True)


@given(NAMES, NAMES)
async def test_a_workload_s_filter_keeps_its_own_pods(name: str, other: str) -> None:
    found = await choice(HAVING, row("k8s/deployments", name))  # type: ignore[arg-type]
    run = Run(parse(found.narrow))
    pods = [f"{name}-5d9f", f"{other}-5d9f", f"x{name}-5d9f"]
    for pod in pods:
        run.add(Row({"kubernetes.namespace_name": "shop", "kubernetes.pod_name": pod}, ""))
    assert run.matched == sum(re.match(re.escape(f"{name}-"), pod) is not None for pod in pods)
