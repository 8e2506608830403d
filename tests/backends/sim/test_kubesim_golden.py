"""Answers have the shapes and words of those that a real API server gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubesim import DEPLOYMENTS, Lab, golden, serving, workload

from backends.sim.kube_face import discovery
from backends.sim.kube_world import kinds

MAPS = frozenset({
    "labels", "annotations", "matchLabels", "selector", "limits", "requests", "capacity",
    "allocatable", "fieldsV1",
})  # fmt: skip
"""Values whose keys are anybody's choice."""

CONTAINER = {"envFrom", "env", "ports", "livenessProbe", "readinessProbe", "resources"}
"""Parts of a container that one has and another has not."""


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, type) of everything in a document; lists as their items."""
    name = path.rpartition(".")[2].removesuffix("[]")
    if isinstance(value, dict) and name not in MAPS:
        for key, below in value.items():
            yield from shape(below, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from shape(item, f"{path}[]")
    else:
        yield path, type(value).__name__


def plain(doc: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the shape of an object, but for what depends on the workload alone."""
    return {
        (path, type_)
        for path, type_ in shape(doc)
        if not CONTAINER & set(path.replace("[]", "").split("."))
        and "managedFields[].subresource" not in path
        and not path.startswith("metadata.annotations")
    }


def pods_in_every_state() -> Lab:
    lab = Lab(
        workload("ready"), workload("crashing", incident="crash-loop"),
        workload("missing", incident="image-pull"), workload("big", desired=1, cpu=1024), nodes=1,
    )  # fmt: skip
    lab.respec(kinds.DEPLOYMENTS, "big", replicas=200)
    lab.until(lambda: bool(lab.events("FailedScheduling")))
    lab.run(1)
    return lab


@pytest.mark.parametrize(
    ("state", "app", "word"),
    [
        ("ready", "ready", "Running"),
        ("crash-looping", "crashing", "CrashLoopBackOff"),
        ("image-pull", "missing", "ImagePullBackOff"),
        ("unschedulable", "big", "Pending"),
    ],
)
def test_pods_have_the_shape_of_real_ones(state: str, app: str, word: str) -> None:
    from backends.sim.kube_world.columns import pod_status

    lab = pods_in_every_state()
    lab.until(lambda: word in lab.words(app))
    pod = next(p for p in lab.pods(app) if pod_status(p) == word)
    wanted = golden("objects")[f"pod {state}"]
    loose = {"metadata.generateName", "status.conditions[].reason", "status.conditions[].message"}
    loose |= {path for path, _ in shape(wanted["metadata"].get("ownerReferences", []), "x")}
    ours = {p for p in plain(pod) if p[0] not in loose and "ownerReferences" not in p[0]}
    real = {p for p in plain(wanted) if p[0] not in loose and "ownerReferences" not in p[0]}
    assert ours == real


@pytest.mark.parametrize(
    ("name", "kind", "of", "loose"),
    [
        ("deployment ready", kinds.DEPLOYMENTS, "web", {"template.metadata.annotations"}),
        ("deployment crash-looping", kinds.DEPLOYMENTS, "crash", {"template.metadata.annotations"}),
        ("deployment image-pull", kinds.DEPLOYMENTS, "missing", {"availableReplicas", "readyRepl"}),
        ("statefulsets", kinds.STATEFUL_SETS, "db", {"metadata.labels"}),
        ("daemonsets", kinds.DAEMON_SETS, "agent", {"metadata.labels", "tolerations"}),
        ("services", kinds.SERVICES, "web", set()),
        ("hpas", kinds.AUTOSCALERS, "web", {"behavior", "metadata.labels", "lastScaleTime"}),
    ],
)
def test_workloads_have_the_shape_of_real_ones(
    name: str, kind: kinds.KubeKind, of: str, loose: set[str]
) -> None:
    lab = Lab(
        workload(autoscaled=True, registered=True), workload("crash", incident="crash-loop"),
        workload("db", kind="statefulset"), workload("agent", kind="daemonset"),
        workload("missing", incident="image-pull"),
    )  # fmt: skip
    compare(lab.get(kind, of), golden("objects")[name], loose)


def compare(ours: dict[str, Any], wanted: dict[str, Any], loose: set[str]) -> None:
    def kept(doc: dict[str, Any]) -> set[tuple[str, str]]:
        return {p for p in plain(doc) if not any(part in p[0] for part in loose)}

    assert kept(ours) == kept(wanted)


def test_what_controllers_make_has_the_shape_of_real_ones() -> None:
    lab = Lab(workload(registered=True), workload("db", kind="statefulset"))
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(40)
    sets = lab.docs(kinds.REPLICA_SETS)
    busy = max(sets, key=lambda s: s["spec"]["replicas"])
    idle = min(sets, key=lambda s: s["spec"]["replicas"])
    objects = golden("objects")
    compare(busy, objects["replicaset ready"], {"template.metadata.annotations"})
    compare(idle, objects["replicaset idle"], {"template.metadata.annotations"})
    compare(lab.docs(kinds.CONTROLLER_REVISIONS)[0], objects["controllerrevisions"], set())
    slices = lab.docs(kinds.ENDPOINT_SLICES)
    compare(slices[-1], objects["endpointslices"], {"hostname"})
    compare(lab.docs(kinds.NAMESPACES, "")[0], objects["namespaces"], set())
    compare(lab.docs(kinds.NODES, "")[0], objects["nodes"], set())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("event scheduled", "Scheduled"),
        ("event kubelet", "Started"),
        ("event controller", "SuccessfulCreate"),
        ("event unschedulable", "FailedScheduling"),
    ],
)
def test_events_have_the_shape_of_real_ones(name: str, reason: str) -> None:
    lab = pods_in_every_state()
    lab.until(lambda: bool(lab.events(reason)))
    ours = next(e for e in lab.events(reason) if "series" not in e)
    compare(ours, golden("objects")[name], set())


def test_a_pod_comes_up_and_goes_in_the_steps_of_a_real_one() -> None:
    lab = Lab(workload(desired=1))
    lab.annotate(kinds.DEPLOYMENTS, "web")
    rv = lab.cluster.state.versions.current
    lab.run(20)
    pod = lab.pods()[0]
    lab.cluster.lifecycle.delete_pod(pod)
    lab.run(10)
    ours = [
        (c.type, c.version.doc)
        for c in lab.cluster.state.of(kinds.PODS).since(rv)
        if c.version.uid == pod["metadata"]["uid"]
    ]
    real = [(e["type"], e["object"]) for e in golden("watch-pod")]

    def story(steps: list[tuple[str, Any]]) -> list[tuple[str, bool, str, bool, Any]]:
        told = []
        for type_, doc in steps:
            states = [s["state"] for s in doc["status"].get("containerStatuses", ())]
            told.append((
                type_, "nodeName" in doc["spec"], doc["status"]["phase"],
                any("running" in state for state in states),
                doc["metadata"].get("deletionGracePeriodSeconds"),
            ))  # fmt: skip
        return list(dict.fromkeys(told))

    grace = {3: 30, 0: 0, None: None}
    wanted = [(*step[:4], grace[step[4]]) for step in story(real)]
    found = story(ours)
    # A real kubelet, and ours, also reports the ended containers before the pod is gone.
    ended = ("MODIFIED", True, "Running", False, 30)
    assert ended in found
    found.remove(ended)
    assert [s[:3] + s[4:] for s in found] == [s[:3] + s[4:] for s in wanted]


def test_a_rollout_shows_the_conditions_that_a_real_one_showed() -> None:
    lab = Lab(workload(desired=4))
    rv = lab.cluster.state.versions.current
    lab.respec(kinds.DEPLOYMENTS, "web", replicas=6)
    lab.run(20)
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(60)
    lab.reimage(kinds.DEPLOYMENTS, "web", "nosuch:2.0")
    lab.run(20)

    def reasons(statuses: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        return {(c["type"], c["status"], c["reason"]) for s in statuses for c in s["conditions"]}

    ours = [c.version.doc["status"] for c in lab.cluster.state.of(kinds.DEPLOYMENTS).since(rv)]
    real = [step["status"] for step in golden("watch-deployment")]
    assert reasons(ours) == reasons(real)
    assert {key for s in ours for key in s} == {key for s in real for key in s}


@pytest.mark.parametrize("plural", sorted(golden("tables")))
def test_tables_have_kubectls_columns(plural: str) -> None:
    kind = next(k for k in kinds.KINDS.values() if k.plural == plural)
    wanted = golden("tables")[plural]
    assert [[c.name, c.type, c.format, c.priority] for c in kind.columns] == wanted["columns"]


def test_table_cells_have_the_types_of_real_ones() -> None:
    lab = Lab(
        workload(autoscaled=True, registered=True), workload("db", kind="statefulset"),
        workload("agent", kind="daemonset"),
    )  # fmt: skip
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(30)
    for kind in kinds.KINDS.values():
        wanted = golden("tables").get(kind.plural)
        if wanted is None:
            continue
        doc = lab.docs(kind, "")[0]
        cells = kind.row(doc, lab.clock.now())
        assert [type(c) for c in cells] == [type(c) for c in wanted["cells"]], kind.plural


def test_aggregated_discovery_has_the_shape_of_a_real_one() -> None:
    ours = {}
    for item in discovery.aggregated([("", "v1"), *discovery.groups()])["items"]:
        for version in item["versions"]:
            for resource in version["resources"]:
                group = item["metadata"].get("name", "")
                ours[f"{group}/{version['version']}/{resource['resource']}"] = resource
    for key, real in golden("discovery").items():
        found = ours[key]
        for name in ("resource", "responseKind", "scope", "singularResource", "shortNames"):
            assert found.get(name) == real.get(name), key
        assert set(found["verbs"]) <= set(real["verbs"])
        theirs = {s["subresource"]: s for s in real.get("subresources", ())}
        for sub in found.get("subresources", ()):
            assert sub == theirs[sub["subresource"]]


async def test_a_scale_has_the_shape_of_a_real_one() -> None:
    async with serving(Lab()) as kube:
        scale = (await kube.get(f"{DEPLOYMENTS}/web/scale")).body
    assert set(shape(scale)) == set(shape(golden("objects")["scale"]))
