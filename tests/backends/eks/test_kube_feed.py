"""Feeds: what is planned, what a limited user still sees, and rows that come and go."""

from __future__ import annotations

import pytest
from aiohttp import web
from kube_docs import deployment, owner, pod
from kube_fake import FakeKube, status
from kube_help import NOW, SCOPE

from backends.base import Invalid
from backends.eks import feed as feed_module
from backends.model import FeedState, Health, Query, Ref


def live(shown) -> bool:
    return shown.last.status.state is FeedState.LIVE


def stale(shown) -> bool:
    return shown.last.status.state is FeedState.STALE


def ref(kind: str, name: str, namespace: str = "shop") -> Ref:
    return Ref(SCOPE.at(namespace=namespace), kind, name)


POD = ref("k8s/pods", "web-0")


@pytest.mark.parametrize(
    ("query", "planned"),
    [
        (Query(SCOPE.at(namespace="shop"), "k8s/pods"), Query(SCOPE, "k8s/pods")),
        (
            Query(SCOPE.at(namespace="shop"), "k8s/pods", ref("k8s/deployments", "web")),
            Query(SCOPE, "k8s/pods"),
        ),
        (Query(SCOPE, "k8s/pods", ref("k8s/nodes", "n", "")), Query(SCOPE, "k8s/pods")),
        (
            Query(SCOPE.at(namespace="shop"), "k8s/containers", POD),
            Query(SCOPE.at(namespace="shop"), "k8s/containers", POD),
        ),
        (Query(SCOPE, "k8s/clusters"), Query(SCOPE, "k8s/clusters")),
    ],
)
def test_one_watch_serves_many_views(backend, query, planned) -> None:
    assert backend.plan(query) == planned
    assert backend.plan(planned) == planned


async def test_a_kind_without_a_feed_is_invalid(watch) -> None:
    with pytest.raises(Invalid, match="no feed"):
        await watch("k8s/workloads").until(live)


def refuse(kube: FakeKube, *paths: str) -> None:
    for path in paths:
        kube.script(status(403, "Forbidden", "forbidden"), path=path, once=False)


async def test_a_cluster_that_may_not_be_listed_is_seen_by_namespaces(kube, watch, backend) -> None:
    refuse(kube, "/api/v1/pods", "/api/v1/namespaces/secret/pods")
    for name in ("shop", "edge", "secret"):
        kube.put("namespaces", {"metadata": {"name": name}})
        kube.put("pods", pod("web-0", name))
    feed = watch("k8s/pods")
    shown = await feed.until(lambda s: live(s) and len(s.rows) == 2)
    assert {r.scope.namespace for r in shown.rows} == {"shop", "edge"}

    kube.put("pods", pod("web-1", "edge"))
    await feed.until(lambda s: len(s.rows) == 3)
    kube.remove("pods", "shop", "web-0")
    await feed.until(lambda s: {r.scope.namespace for r in s.rows} == {"edge"})
    narrow = Query(SCOPE.at(namespace="edge"), "k8s/pods")
    assert backend.plan(narrow) == narrow


async def test_namespaces_that_come_later_are_seen_too(kube, watch) -> None:
    refuse(kube, "/api/v1/pods")
    kube.put("namespaces", {"metadata": {"name": "shop"}})
    kube.put("pods", pod("web-0"))
    kube.put("pods", pod("web-0", "later"))
    feed = watch("k8s/pods")
    await feed.until(lambda s: len(s.rows) == 1)
    kube.put("namespaces", {"metadata": {"name": "later"}})
    await feed.until(lambda s: len(s.rows) == 2 and live(s))


async def test_a_relist_of_one_namespace_keeps_the_rows_of_the_others(kube, watch) -> None:
    refuse(kube, "/api/v1/pods")
    for name in ("shop", "edge"):
        kube.put("namespaces", {"metadata": {"name": name}})
        kube.put("pods", pod("web-0", name))
        kube.put("pods", pod("web-1", name))
    feed = watch("k8s/pods")
    await feed.until(lambda s: len(s.rows) == 4 and live(s))
    kube.forget_silently("pods", "shop", "web-1")
    mark = len(feed.shown.changes)
    kube.script(status(410, "Gone"), path="/api/v1/namespaces/shop/pods", watch=True)
    kube.cut()
    await feed.until(lambda s: len(s.rows) == 3)
    assert not any(c.resync for c in feed.shown.changes[mark:])


async def test_the_contexts_own_namespace_is_tried_where_none_can_be_listed(
    kube, watch, backend
) -> None:
    refuse(kube, "/api/v1/pods", "/api/v1/namespaces")
    kube.put("pods", pod("web-0"))
    backend._connections.namespace = lambda scope: "shop"
    shown = await watch("k8s/pods").until(lambda s: live(s) and s.rows)
    assert shown.names == {"web-0"}


async def test_a_context_without_a_namespace_means_default_as_for_kubectl(kube, watch) -> None:
    refuse(kube, "/api/v1/pods", "/api/v1/namespaces")
    kube.put("pods", pod("web-0", "default"))
    kube.put("pods", pod("web-1", "secret"))
    shown = await watch("k8s/pods").until(lambda s: live(s) and s.rows)
    assert shown.names == {"web-0"}


async def test_a_namespace_that_was_refused_is_tried_again(kube, watch) -> None:
    refuse(kube, "/api/v1/pods", "/api/v1/namespaces/edge/pods")
    for name in ("shop", "edge"):
        kube.put("namespaces", {"metadata": {"name": name}})
        kube.put("pods", pod("web-0", name))
    feed = watch("k8s/pods")
    await feed.until(lambda s: live(s) and {r.scope.namespace for r in s.rows} == {"shop"})
    kube.unscript()
    refuse(kube, "/api/v1/pods")
    await feed.until(lambda s: live(s) and {r.scope.namespace for r in s.rows} == {"shop", "edge"})


async def test_the_whole_cluster_is_seen_once_that_is_allowed(kube, watch) -> None:
    refuse(kube, "/api/v1/pods", "/api/v1/namespaces")
    kube.put("pods", pod("web-0", "default"))
    kube.put("pods", pod("web-1", "secret"))
    feed = watch("k8s/pods")
    await feed.until(lambda s: live(s) and s.names == {"web-0"})
    kube.unscript()
    await feed.until(lambda s: live(s) and s.names == {"web-0", "web-1"})


async def test_a_denial_of_everything_names_the_rule(kube, watch) -> None:
    refuse(kube, "/api/v1/pods", "/api/v1/namespaces", "/api/v1/namespaces/default/pods")
    shown = await watch("k8s/pods").until(stale)
    problem = shown.last.status.problem
    assert problem.code == "denied"
    assert problem.remedy == 'allow "list" on pods for the whole cluster'
    assert not shown.rows


async def test_a_denial_ends_when_the_permission_is_there(kube, watch) -> None:
    refuse(kube, "/api/v1/nodes")
    feed = watch("k8s/nodes")
    await feed.until(stale)
    kube.unscript()
    kube.put("nodes", {"metadata": {"name": "node-1"}})
    await feed.until(lambda s: live(s) and s.names == {"node-1"})


async def test_what_went_while_the_permission_was_away_is_gone(kube, watch) -> None:
    kube.put("pods", pod("web-0"))
    kube.put("pods", pod("web-1"))
    feed = watch("k8s/pods")
    await feed.until(lambda s: live(s) and len(s.rows) == 2)
    refuse(kube, "/api/v1/namespaces", "/api/v1/namespaces/default/pods")
    kube.script(status(410, "Gone"), watch=True)
    kube.script(status(403, "Forbidden", "forbidden"), path="/api/v1/pods", once=False)
    kube.cut()
    shown = await feed.until(stale)
    assert shown.names == {"web-0", "web-1"}
    kube.forget_silently("pods", "shop", "web-0")
    kube.unscript()
    await feed.until(lambda s: live(s) and s.names == {"web-1"})


async def test_namespaces_beyond_the_limit_are_told_of(kube, watch, monkeypatch) -> None:
    monkeypatch.setattr(feed_module, "MOST_NAMESPACES", 1)
    refuse(kube, "/api/v1/pods")
    for name in ("shop", "edge"):
        kube.put("namespaces", {"metadata": {"name": name}})
        kube.put("pods", pod("web-0", name))
    feed = watch("k8s/pods")
    shown = await feed.until(lambda s: live(s) and s.rows and s.last.status.problem)
    assert len(shown.rows) == 1
    assert "only 1 of 2 namespaces" in shown.last.status.problem.message


async def test_rows_stay_fresh_where_only_the_watch_is_denied(kube, watch) -> None:
    kube.script(status(403, "Forbidden", "no watch"), watch=True, once=False)
    kube.put("pods", pod("web-0"))
    feed = watch("k8s/pods")
    shown = await feed.until(lambda s: stale(s) and s.rows)
    assert shown.last.status.problem.remedy == 'allow "watch" on pods for the whole cluster'
    kube.put("pods", pod("web-1"))
    await feed.until(lambda s: s.names == {"web-0", "web-1"})


async def test_containers_of_one_pod_follow_just_that_pod(kube, watch) -> None:
    kube.put("pods", pod("web-0"))
    kube.put("pods", pod("web-1"))
    feed = watch("k8s/containers", namespace="shop", parent=POD)
    shown = await feed.until(lambda s: live(s) and s.rows)
    assert shown.names == {"web-0/app"}
    assert kube.requests[0].query["fieldSelector"] == "metadata.name=web-0"
    (row,) = shown.rows.values()
    assert POD in row.parents

    two = pod("web-0")
    two["spec"]["containers"] = [{"name": "app"}, {"name": "mesh"}]
    kube.put("pods", two)
    await feed.until(lambda s: s.names == {"web-0/app", "web-0/mesh"})
    two["spec"]["containers"] = [{"name": "mesh"}]
    kube.put("pods", two)
    await feed.until(lambda s: s.names == {"web-0/mesh"})
    kube.remove("pods", "shop", "web-0")
    await feed.until(lambda s: not s.rows)


async def test_health_that_time_changes_is_judged_again(kube, watch, clock) -> None:
    doc = pod("web-0")
    doc["status"]["containerStatuses"][0] |= {
        "restartCount": 3,
        "lastState": {
            "terminated": {
                "reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-22T21:30:40Z"
            }
        },
    }  # fmt: skip
    kube.put("pods", doc)
    feed = watch("k8s/pods")
    shown = await feed.until(lambda s: live(s) and s.rows)
    assert next(iter(shown.rows.values())).health is Health.DEGRADED
    clock.advance(3600)
    await feed.until(lambda s: next(iter(s.rows.values())).health is Health.OK)


async def test_a_workload_that_was_just_scaled_is_on_its_way(kube, watch, clock) -> None:
    doc = kube.put("deployments", deployment("web", replicas=2))
    feed = watch("k8s/deployments")
    await feed.until(lambda s: live(s) and s.rows)
    doc["spec"]["replicas"] = 5
    doc["metadata"]["generation"] = 2
    doc["status"]["observedGeneration"] = 2
    kube.put("deployments", doc)

    def health(shown) -> Health:
        return next(iter(shown.rows.values())).health

    await feed.until(lambda s: health(s) is Health.PROGRESSING)
    clock.advance(61)
    shown = await feed.until(lambda s: health(s) is Health.DEGRADED)
    assert next(iter(shown.rows.values())).reason == "2 of 5 ready"


async def test_pods_are_under_their_deployment_and_node(kube, watch) -> None:
    doc = pod(
        "web-767575c589-ff6bc",
        labels={"pod-template-hash": "767575c589"},
        owners=owner("ReplicaSet", "web-767575c589"),
    )
    kube.put("pods", doc)
    kube.put("pods", pod("db-0", owners=owner("StatefulSet", "db")))
    shown = await watch("k8s/pods").until(lambda s: live(s) and len(s.rows) == 2)
    web = shown.rows[ref("k8s/pods", "web-767575c589-ff6bc")]
    db = shown.rows[ref("k8s/pods", "db-0")]
    assert web.parents == (
        ref("k8s/replicasets", "web-767575c589"),
        ref("k8s/deployments", "web"),
        ref("k8s/nodes", "node-1", ""),
    )
    assert db.parents == (ref("k8s/statefulsets", "db"), ref("k8s/nodes", "node-1", ""))
    assert web.addresses == ("10.1.1.30",)
    assert web.links[0].addresses == ("10.1.1.30",)


async def test_a_context_is_one_cluster_with_its_version(kube, watch) -> None:
    shown = await watch("k8s/clusters").until(live)
    (row,) = shown.rows.values()
    assert row.ref == Ref(SCOPE, "k8s/clusters", "dev-cluster")
    assert row.ref.scope.cluster == row.ref.name
    assert (row.health, row.status) == (Health.OK, "Reachable")
    assert "1.36.2" in row.cells
    assert shown.last.status.at == NOW


async def test_a_context_that_does_not_answer_is_there_with_its_remedy(kube, watch) -> None:
    kube.script(status(500, "Trouble", "etcd is down"), path="/version", once=False)
    feed = watch("k8s/clusters")
    shown = await feed.until(lambda s: stale(s) and s.rows)
    (row,) = shown.rows.values()
    assert (row.health, row.status) == (Health.FAILING, "Unreachable")
    assert "etcd is down" in row.reason
    assert shown.last.status.problem.remedy
    kube.unscript()
    shown = await feed.until(live)
    assert [r.health for r in shown.rows.values()] == [Health.OK]


async def test_a_version_that_may_not_be_asked_is_still_an_answer(kube, watch) -> None:
    refuse(kube, "/version")
    shown = await watch("k8s/clusters").until(live)
    assert [row.status for row in shown.rows.values()] == ["Reachable"]


async def test_a_version_that_is_none(kube, watch) -> None:
    kube.script(web.Response(body=b"<html>"), path="/version", once=False)
    shown = await watch("k8s/clusters").until(stale)
    assert "broken" in shown.last.status.problem.message
