"""A Spot interruption: a node is told to go, its pods move, and another node joins."""

from __future__ import annotations

from backends.sim.kube_world import kinds
from backends.sim.kube_world.addresses import Addresses
from backends.sim.kube_world.lifecycle import Lifecycle
from backends.sim.kube_world.nodes import heartbeat, host_name, node_address
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import is_deleting
from backends.sim.kube_world.values import Doc, stamp, uid

WARNING = 20.0
"""Seconds from the interruption notice to the end of the node; EC2 gives 120."""

JOINS_AFTER = 12.0
"""Seconds until another node has taken its place."""

TAINT = {"key": "aws-node-termination-handler/spot-itn", "effect": "NoSchedule"}
"""What the AWS node termination handler puts on a node that is about to go."""


class Spot:
    """Takes nodes away and brings others."""

    def __init__(
        self, state: KubeState, lifecycle: Lifecycle, addresses: Addresses, recorder: Recorder
    ) -> None:
        self._state = state
        self._lifecycle = lifecycle
        self._addresses = addresses
        self._recorder = recorder

    def interrupt(self, name: str) -> None:
        """Interrupt a node: it is cordoned and drained now, and soon gone."""
        version = self._state.get(kinds.NODES, "", name)
        if version is None or version.doc["spec"].get("unschedulable"):
            return
        node = version.doc
        said = "Spot Interruption event received. Instance will be interrupted"
        self._record(node, "SpotInterruption", said)
        taints = [{**TAINT, "timeAdded": stamp(self._state.now)}]
        spec = {**node["spec"], "taints": taints, "unschedulable": True}
        self._state.put(kinds.NODES, {**node, "spec": spec})
        self._record(node, "NodeNotSchedulable", f"Node {name} status is now: NodeNotSchedulable")
        for pod in self._pods_on(name):
            if not any(o["kind"] == "DaemonSet" for o in _owners(pod)):
                self._lifecycle.delete_pod(pod)
        self._state.agenda.after(JOINS_AFTER, lambda: self._join(node))
        self._state.agenda.after(WARNING, lambda: self._leave(name))

    def _record(self, node: Doc, reason: str, message: str) -> None:
        self._recorder.record(
            kinds.NODES, node, "node-termination-handler", reason, message, warning=True
        )

    def _pods_on(self, name: str) -> list[Doc]:
        found = (v.doc for v in self._state.of(kinds.PODS).select())
        return [p for p in found if p["spec"].get("nodeName") == name and not is_deleting(p)]

    def _leave(self, name: str) -> None:
        for pod in self._pods_on(name):
            self._lifecycle.delete_pod(pod, 0)
        self._state.remove(kinds.NODES, "", name)

    def _join(self, old: Doc) -> None:
        """Let a node of the same sort join, under the next free address."""
        taken = {node_address(v.doc) for v in self._state.of(kinds.NODES).select()}
        first, second, third, last = (int(p) for p in node_address(old).split("."))
        address = f"{first}.{second}.{third}.{last}"
        while address in taken:
            last += 1
            address = f"{first}.{second}.{third + last // 250}.{last % 250 or 10}"
        region = old["metadata"]["labels"]["topology.kubernetes.io/region"]
        name, now = host_name(region, address), self._state.now
        labels = {**old["metadata"]["labels"], "kubernetes.io/hostname": name}
        metadata = {
            **old["metadata"], "name": name, "uid": uid(self._state.rng), "labels": labels,
            "creationTimestamp": stamp(now),
        }  # fmt: skip
        addresses = [
            {"type": "InternalIP", "address": address}, {"type": "InternalDNS", "address": name},
            {"type": "Hostname", "address": name},
        ]  # fmt: skip
        status = {**old["status"], "addresses": addresses}
        status["conditions"] = [
            {**c, "lastTransitionTime": stamp(now)} for c in status["conditions"]
        ]
        zone = labels["topology.kubernetes.io/zone"]
        serial = self._state.rng.getrandbits(68)
        spec = {"providerID": f"aws:///{zone}/i-{serial:017x}"}
        networks = self._addresses.networks
        networks[name] = networks[old["metadata"]["name"]]
        made = heartbeat({"metadata": metadata, "spec": spec, "status": status}, now)
        self._state.put(kinds.NODES, made)
        self._recorder.record(
            kinds.NODES, made, "node-controller", "RegisteredNode",
            f"Node {name} event: Registered Node {name} in Controller",
        )  # fmt: skip


def _owners(pod: Doc) -> list[Doc]:
    owners: list[Doc] = pod["metadata"].get("ownerReferences", [])
    return owners
