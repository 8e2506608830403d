"""Descriptions: what is wrong first, then the rest; the document as it is, but for noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kube_docs import deployment, merge, owner, pod
from kube_fake import status
from kube_help import NOW, SCOPE

from backends.base import Invalid, NotFound
from backends.eks.facts import ago
from backends.model import Description, Health, Ref, Resource, Section
from backends.text import UNSAFE

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden" / "kubernetes" / "kinds.json").read_text()
)
SHOP = SCOPE.at(namespace="shop")


def resource(kind: str, name: str, scope=SHOP) -> Resource:
    return Resource(ref=Ref(scope, kind, name), health=Health.OK, status="", cells=())


def section(found: Description, title: str) -> Section:
    return next(s for s in found.sections if s.title == title)


def pairs(found: Description, title: str) -> dict[str, str]:
    return dict(section(found, title).pairs)


@pytest.mark.parametrize("plural", [name for name in GOLDEN if name != "hpas"])
async def test_objects_of_a_real_server_are_described(kube, backend, plural) -> None:
    for doc in GOLDEN[plural]:
        kube.put(plural, doc)
        meta = doc["metadata"]
        namespace = meta.get("namespace", "")
        if plural == "namespaces":
            namespace = meta["name"]
        ref = resource(f"k8s/{plural}", meta["name"], SCOPE.at(namespace=namespace))
        found = await backend.describe(ref)
        assert found.ref == ref.ref
        assert found.at == NOW
        assert found.sections[-1].title != ""
        assert all(s.pairs or s.rows or s.lines for s in found.sections)
        assert pairs(found, "Identity")["Name"] == meta["name"]
        assert found.document["metadata"]["uid"] == meta["uid"]


async def test_a_pod_shows_its_containers_and_events(kube, backend) -> None:
    doc = pod("web-0", owners=owner("ReplicaSet", "web"))
    doc["metadata"]["managedFields"] = [{"manager": "kubelet"}]
    doc["spec"]["containers"][0] |= {
        "resources": {"limits": {"memory": "512Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5},
        "command": ["serve", "--port", "8080"],
    }
    doc["status"]["containerStatuses"][0]["lastState"] = {
        "terminated": {"reason": "OOMKilled", "exitCode": 137}
    }
    kube.put("pods", doc)
    about = {"kind": "Pod", "name": "web-0", "namespace": "shop", "uid": "uid-web-0"}
    for number, when in ((1, "2026-11-22T21:20:48Z"), (2, "2026-11-22T21:30:18Z")):
        kube.put(
            "events",
            {
                "metadata": {"name": f"e{number}", "namespace": "shop"},
                "involvedObject": about,
                "reason": "BackOff",
                "message": f"number {number}",
                "type": "Warning",
                "lastTimestamp": when,
                "count": number,
            },
        )
    found = await backend.describe(resource("k8s/pods", "web-0"))
    assert found.sections[0].title == "Status"
    assert pairs(found, "Status")["Status"] == "Running"
    app = pairs(found, "Container app")
    assert app["Last state"] == "Terminated (OOMKilled) exit 137"
    assert app["Limits"] == "memory=512Mi"
    assert app["Readiness probe"] == "GET /ready on port 8080, every 5 s, fails after 3"
    assert app["Command"] == "serve --port 8080"
    assert pairs(found, "Identity")["Controlled by"] == "ReplicaSet web"
    assert [row[::4] for row in section(found, "Events").rows] == [
        ("30s", "number 2"),
        ("10m", "number 1"),
    ]
    assert "managedFields" not in found.document["metadata"]


async def test_a_deployment_shows_its_replica_sets(kube, backend) -> None:
    kube.put("deployments", deployment("web"))
    for name, revision, ours in (("web-a", "1", True), ("web-b", "2", True), ("x", "3", False)):
        kube.put(
            "replicasets",
            {
                "metadata": {
                    "name": name,
                    "namespace": "shop",
                    "labels": {"app": "web"},
                    "annotations": {"deployment.kubernetes.io/revision": revision},
                    "ownerReferences": owner("Deployment", "web" if ours else "other"),
                },
                "spec": {"replicas": 1},
                "status": {"readyReplicas": 1},
            },
        )
    found = await backend.describe(resource("k8s/deployments", "web"))
    assert [row[:3] for row in section(found, "Replica sets").rows] == [
        ("2", "web-b", "1/1"),
        ("1", "web-a", "1/1"),
    ]


async def test_a_node_shows_its_pods(kube, backend) -> None:
    kube.put("nodes", GOLDEN["nodes"][0])
    name = GOLDEN["nodes"][0]["metadata"]["name"]
    kube.put("pods", pod("web-0", spec={"nodeName": name}))
    kube.put("pods", pod("web-1"))
    found = await backend.describe(resource("k8s/nodes", name, SCOPE))
    assert section(found, "Pods").rows == (("shop", "web-0", "1/1", "Running"),)
    assert section(found, "Capacity").rows


async def test_a_container_shows_only_itself(kube, backend) -> None:
    doc = pod("web-0")
    doc["spec"]["containers"].append({"name": "mesh", "image": "envoy"})
    kube.put("pods", doc)
    found = await backend.describe(resource("k8s/containers", "web-0/mesh"))
    assert [s.title for s in found.sections if s.title.startswith("Container")] == [
        "Container mesh"
    ]


async def test_events_that_may_not_be_read_are_told_of(kube, backend) -> None:
    kube.put("pods", pod("web-0"))
    kube.script(status(403, "Forbidden", "no"), path="/api/v1/namespaces/shop/events", once=False)
    found = await backend.describe(resource("k8s/pods", "web-0"))
    (line,) = section(found, "Events").lines
    assert 'allow "list" on events in namespace shop' in line


async def test_hostile_text_is_cleaned_and_line_breaks_of_documents_kept(kube, backend) -> None:
    doc = merge(
        pod("web-0"),
        {"metadata": {"annotations": {"note": "a\nb\x1b]52;c;eA==\x07", "\x1b[31mk": "v"}}},
    )
    kube.put("pods", doc)
    found = await backend.describe(resource("k8s/pods", "web-0"))
    assert found.document["metadata"]["annotations"]["note"] == "a\nb"
    shown = str([(s.title, s.pairs, s.rows, s.lines) for s in found.sections])
    assert "\\x1b" not in shown
    assert not UNSAFE.search(json.dumps(found.document))


async def test_a_context_is_described_from_what_it_told(backend, watch) -> None:
    feed = watch("k8s/clusters")
    shown = await feed.until(lambda s: s.rows)
    found = await backend.describe(next(iter(shown.rows.values())))
    assert pairs(found, "Cluster")["Version"] == "v1.36.2"
    assert pairs(found, "Cluster")["Context"] == "dev"


async def test_what_is_gone_is_not_found(backend) -> None:
    with pytest.raises(NotFound):
        await backend.describe(resource("k8s/pods", "gone"))


async def test_a_kind_without_objects_of_its_own_is_invalid(backend) -> None:
    with pytest.raises(Invalid):
        await backend.describe(resource("k8s/workloads", "x"))


async def test_a_kind_that_nobody_serves_is_not_found(backend) -> None:
    with pytest.raises(NotFound):
        await backend.describe(resource("k8s/nonsense", "x"))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0s"), (45, "45s"), (119, "119s"), (180, "3m"), (7200, "2h"), (400_000, "4d")],
)
def test_ages(seconds, shown) -> None:
    assert ago(seconds) == shown
