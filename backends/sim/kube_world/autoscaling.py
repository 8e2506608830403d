"""The horizontal pod autoscalers: a load that comes and goes, and replicas that follow it."""

from __future__ import annotations

from math import ceil, pi, sin

from backends.sim.kube_world import documents, kinds
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.replicasets import with_status
from backends.sim.kube_world.scheduler import requested
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.values import Doc, stamp

COMPONENT = "horizontal-pod-autoscaler"
"""The name that its events carry."""

PERIOD = 15.0
"""Seconds between two looks (--horizontal-pod-autoscaler-sync-period)."""

TOLERANCE = 0.1
"""The share by which the load may miss its target before anything is done."""

WAVE = 240.0
"""Seconds from one peak of the load to the next."""

_UTILIZATION = "cpu resource utilization (percentage of request)"


class Autoscaling:
    """Moves the replicas of autoscaled deployments with their load."""

    def __init__(self, state: KubeState, recorder: Recorder) -> None:
        self._state = state
        self._recorder = recorder

    def begin(self) -> None:
        """Begin with every autoscaler that there is, each at its own moment."""
        for version in self._state.of(kinds.AUTOSCALERS).select():
            namespace, name = version.namespace, version.name
            self._later(namespace, name, self._state.spread(1.0, PERIOD))

    def _later(self, namespace: str, name: str, seconds: float) -> None:
        self._state.agenda.after(seconds, lambda: self.sync(namespace, name))

    def sync(self, namespace: str, name: str) -> None:
        """Measure one workload and scale it if need be; looks again after a period."""
        version = self._state.get(kinds.AUTOSCALERS, namespace, name)
        if version is None:
            return
        target = version.doc["spec"]["scaleTargetRef"]["name"]
        workload = self._state.get(kinds.DEPLOYMENTS, namespace, target)
        if workload is not None:
            self._weigh(version.doc, workload.doc)
        self._later(namespace, name, PERIOD)

    def _weigh(self, doc: Doc, workload: Doc) -> None:
        spec = doc["spec"]
        goal = spec["metrics"][0]["resource"]["target"]["averageUtilization"]
        replicas = workload["spec"]["replicas"]
        use = round(self._load(doc) * goal / max(replicas, 1))
        ratio = use / goal
        wanted = replicas if abs(ratio - 1) <= TOLERANCE else ceil(replicas * ratio)
        bounded = min(max(wanted, spec["minReplicas"]), spec["maxReplicas"])
        if replicas == 0:
            # Zero replicas switch an autoscaler off.
            bounded = 0
        status = found(doc, workload, use, bounded, wanted, self._state.now)
        if bounded != replicas:
            more = f"{_UTILIZATION} above target" if bounded > replicas else ""
            reason = more or "All metrics below target"
            said = f"New size: {bounded}; reason: {reason}"
            self._recorder.record(kinds.AUTOSCALERS, doc, COMPONENT, "SuccessfulRescale", said)
            self._state.put(kinds.DEPLOYMENTS, documents.resized(
                kinds.DEPLOYMENTS, workload, bounded, "kube-controller-manager", self._state.now
            ))  # fmt: skip
            status["lastScaleTime"] = stamp(self._state.now)
        self._state.put(
            kinds.AUTOSCALERS, with_status(doc, status, self._state.now, "autoscaling/v2")
        )

    def _load(self, doc: Doc) -> float:
        """Return how many replicas the present load would keep exactly as busy as is wanted."""
        spec = doc["spec"]
        middle: float = (spec["minReplicas"] + spec["maxReplicas"]) / 2
        swing: float = (spec["maxReplicas"] - spec["minReplicas"]) / 2
        phase = int(doc["metadata"]["uid"][:4], 16) / 65536
        return middle + swing * sin(2 * pi * (self._state.now / WAVE + phase)) * 1.1


def found(doc: Doc, workload: Doc, use: int, bounded: int, wanted: int, at: float) -> Doc:
    """Return the status of an autoscaler that has measured `use` percent."""
    milli = requested(workload["spec"]["template"]["spec"])
    current = {"averageValue": f"{max(milli * use // 100, 1)}m", "averageUtilization": use}
    status: Doc = {}
    if doc["status"].get("lastScaleTime"):
        status["lastScaleTime"] = doc["status"]["lastScaleTime"]
    limited = wanted != bounded
    words = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
    if wanted < bounded:
        words = (
            "TooFewReplicas",
            "the desired replica count is less than the minimum replica count",
        )
    if not limited:
        words = ("DesiredWithinRange", "the desired count is within the acceptable range")
    scaling = bounded != workload["spec"]["replicas"]
    able = (
        ("SucceededRescale", "the HPA controller was able to update the target scale to "
         f"{bounded}") if scaling
        else ("ReadyForNewScale", "recommended size matches current size")
    )  # fmt: skip
    valid = (
        "the HPA was able to successfully calculate a replica count from cpu resource utilization "
        "(percentage of request)"
    )
    before = {c["type"]: c for c in doc["status"].get("conditions", ())}
    return status | {
        "currentReplicas": workload["status"].get("replicas", 0),
        "desiredReplicas": bounded,
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": current}}],
        "conditions": [
            _condition(before, "AbleToScale", "True", able, at),
            _condition(before, "ScalingActive", "True", ("ValidMetricFound", valid), at),
            _condition(before, "ScalingLimited", str(limited), words, at),
        ],
    }  # fmt: skip


def _condition(
    before: dict[str, Doc], type_: str, status: str, words: tuple[str, str], at: float
) -> Doc:
    old = before.get(type_)
    since = old["lastTransitionTime"] if old and old["status"] == status else stamp(at)
    return {
        "type": type_, "status": status, "lastTransitionTime": since, "reason": words[0],
        "message": words[1],
    }  # fmt: skip
