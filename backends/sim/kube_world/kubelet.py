"""The kubelets: they start, probe, restart and stop the containers of the pods on their nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backends.sim.kube_world import containers, kinds, nodes, pods, registry, wording
from backends.sim.kube_world.addresses import Addresses
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import is_deleting
from backends.sim.kube_world.values import Doc, dig, parse_stamp

BACKOFF_CAP = 30.0
"""Longest back-off between restarts (KubeletConfiguration's crashLoopBackOff
.maxContainerRestartPeriod, which these nodes set below the default of 300 s)."""

PULL_BACKOFF_CAP = 300.0
"""Longest back-off between pulls of an image, in seconds."""

RUNS_FOR: Mapping[str, tuple[float, float]] = {"crash-loop": (3.0, 8.0), "oom": (12.0, 40.0)}
"""Seconds that a container lasts, by the incident that ends it."""

ENDS: Mapping[str, tuple[int, str]] = {"crash-loop": (1, "Error"), "oom": (137, "OOMKilled")}
"""Exit code and reason, by incident."""

ADMITTED = (0.1, 0.3)
"""Seconds until a kubelet has seen a pod that was bound to its node."""

CREATED = (0.9, 2.0)
"""Seconds until a pod has its network and its images."""

PROBED = (1.0, 2.4)
"""Seconds until the first readiness probe succeeds."""

SLOW = (20.0, 40.0)
"""The same, where a workload starts slowly."""

Step = Callable[[Doc], None]
"""Something that a kubelet does to a pod that is still there and still meant to run."""


class Kubelet:
    """All kubelets of a cluster in one: what they do depends on the pod alone."""

    def __init__(self, state: KubeState, recorder: Recorder) -> None:
        self._state = state
        self._recorder = recorder
        self.incidents: dict[tuple[str, str], str] = {}
        """What befalls the pods of a workload, by (namespace, app label)."""
        self.addresses = Addresses(state)
        self._backoff: dict[str, float] = {}

    # -- what others tell it ----------------------------------------------------------------

    def admit(self, namespace: str, name: str, uid: str) -> None:
        """Begin with a pod that has been bound to a node."""
        self._then(self._state.spread(*ADMITTED), (namespace, name, uid), self._create)

    def soon(self, pod: Doc, within: tuple[float, float], step: Step) -> None:
        """Take a step with a pod after a while, if it is then still meant to run."""
        self._then(self._state.spread(*within), _key(pod), step)

    def resume(self, namespace: str, name: str, uid: str) -> None:
        """Go on with a pod that was there when the world began."""
        delay = self._state.spread(1.0, BACKOFF_CAP)
        self._then(delay, (namespace, name, uid), self._carry_on)

    def stop(self, pod: Doc, grace: int) -> None:
        """End a pod that has been told to go: its containers, then the pod itself."""
        key = _key(pod)
        if not pod["spec"].get("nodeName") or grace == 0:
            self._gone(key)
            return
        host = pod["spec"]["nodeName"]
        alive = [s for s in containers.statuses_of(pod) if "running" in s["state"]]
        for status in alive:
            self._say(pod, host, "Killing", f"Stopping container {status['name']}", status["name"])
        low, high = (0.6, 2.0) if alive else (0.1, 0.4)
        delay = min(self._state.spread(low, high), float(grace))
        self._state.agenda.after(delay, lambda: self._finish(key))

    def incident_of(self, pod: Doc) -> str:
        """Return what befalls a pod at the moment, or an empty string."""
        app = dig(pod, "metadata", "labels", "app") or ""
        return self.incidents.get((pod["metadata"]["namespace"], app), "")

    # -- the life of a pod ------------------------------------------------------------------

    def _create(self, pod: Doc) -> None:
        self._report(pod, containers.statuses_of(pod))
        self._then(self._state.spread(*CREATED), _key(pod), self._pull)

    def _pull(self, pod: Doc) -> None:
        missing = [
            c for c in pod["spec"]["containers"] if not registry.pullable(c["image"])
        ]  # fmt: skip
        if missing:
            self._refused(pod, missing[0])
        else:
            self._start(pod)

    def _refused(self, pod: Doc, container: Doc) -> None:
        """Say that an image can't be pulled, and try again after a while."""
        image, name = container["image"], container["name"]
        why = registry.refusal(image)
        host = pod["spec"]["nodeName"]
        self._say(pod, host, "Pulling", f'Pulling image "{image}"', name)
        self._say(pod, host, "Failed", f'Failed to pull image "{image}": {why}', name, True)
        self._say(pod, host, "Failed", "Error: ErrImagePull", name, True)
        self._report(pod, containers.waiting_in(pod, name, "ErrImagePull", why), ip=True)
        key = _key(pod)
        delay = min(self._backoff.get(key[2], 5.0) * 2, PULL_BACKOFF_CAP)
        self._backoff[key[2]] = delay

        def back_off(pod: Doc) -> None:
            said = f'Back-off pulling image "{image}"'
            self._say(pod, host, "BackOff", said, name)
            self._say(pod, host, "Failed", "Error: ImagePullBackOff", name, True)
            statuses = containers.waiting_in(
                pod, name, "ImagePullBackOff", f"{said}: ErrImagePull: {why}"
            )
            self._report(pod, statuses, ip=True)
            self._then(delay, key, self._pull)

        self._then(self._state.spread(1.0, 3.0), key, back_off)

    def _start(self, pod: Doc) -> None:
        """Start every container that does not run, and see to its readiness and its end."""
        host, now = pod["spec"]["nodeName"], self._state.now
        statuses = []
        for status in containers.statuses_of(pod):
            if "running" in status["state"]:
                statuses.append(status)
                continue
            name, image = status["name"], containers.container_image(pod, status["name"])
            restart = status["restartCount"] + (1 if status.get("containerID") else 0)
            self._say(pod, host, "Pulled", wording.PRESENT.format(image), name)
            self._say(pod, host, "Created", "Container created", name)
            self._say(pod, host, "Started", "Container started", name)
            probed = "readinessProbe" in containers.container_of(pod, name)
            statuses.append(
                containers.as_running(pod, status, now, ready=not probed, restart=restart)
            )
        self._report(pod, statuses, ip=True)
        self._after_start(pod)

    def _after_start(self, pod: Doc) -> None:
        incident, key = self.incident_of(pod), _key(pod)
        within = SLOW if incident == "slow-start" else PROBED
        self._then(self._state.spread(*within), key, self._ready)
        if incident in RUNS_FOR:
            self._then(self._state.spread(*RUNS_FOR[incident]), key, self.befall)
        elif incident == "target-health":
            self._then(self._state.spread(10.0, 25.0), key, self.falter)

    def _ready(self, pod: Doc) -> None:
        statuses = [
            {**s, "ready": True} if "running" in s["state"] else s
            for s in containers.statuses_of(pod)
        ]
        self._report(pod, statuses, ip=True)

    def falter(self, pod: Doc) -> None:
        """Have a pod's readiness probe fail for some seconds."""
        name = pod["spec"]["containers"][0]["name"]
        said = "Readiness probe failed: HTTP probe failed with statuscode: 503"
        self._say(pod, pod["spec"]["nodeName"], "Unhealthy", said, name, True)
        statuses = [{**s, "ready": False} if s["name"] == name else s
                    for s in containers.statuses_of(pod)]  # fmt: skip
        self._report(pod, statuses, ip=True)
        key = _key(pod)
        self._then(self._state.spread(4.0, 9.0), key, self._ready)
        if self.incident_of(pod) == "target-health":
            self._then(self._state.spread(20.0, 40.0), key, self.falter)

    def befall(self, pod: Doc) -> None:
        """End a pod's first container as its workload's incident has it, if it has one."""
        incident = self.incident_of(pod)
        if incident in ENDS:
            self.crash(pod, *ENDS[incident])

    def crash(self, pod: Doc, exit_code: int, reason: str) -> None:
        """End the first container of a pod in this way; it is restarted, ever more slowly."""
        name, now, key = pod["spec"]["containers"][0]["name"], self._state.now, _key(pod)
        statuses, lasted = [], 0.0
        for status in containers.statuses_of(pod):
            if status["name"] == name and "running" in status["state"]:
                lasted = now - _started(status)
                status = containers.as_terminated(status, now, exit_code, reason)  # noqa: PLW2901
            statuses.append(status)
        self._report(pod, statuses, ip=True)
        before = self._backoff.get(key[2], 0.0)
        if lasted > 2 * BACKOFF_CAP:
            before = 0.0
        self._backoff[key[2]] = min(max(before * 2, 10.0), BACKOFF_CAP)
        if before:
            self._then(self._state.spread(0.8, 2.0), key, lambda pod: self._loop(pod, before))
        else:
            self._then(self._state.spread(0.8, 1.5), key, self._start)

    def _loop(self, pod: Doc, seconds: float) -> None:
        """Let a container that keeps ending wait for its restart."""
        key, name = _key(pod), pod["spec"]["containers"][0]["name"]
        where = wording.where(pod)
        said = wording.RESTARTING.format(name, where)
        self._say(pod, pod["spec"]["nodeName"], "BackOff", said, name, True)
        words = f"back-off {seconds:.0f}s restarting failed container={name} pod={where}"
        self._report(pod, containers.waiting_in(pod, name, "CrashLoopBackOff", words), ip=True)
        self._then(seconds, key, self._start)

    def _carry_on(self, pod: Doc) -> None:
        """Do what a pod is due for, by the state that it was found in."""
        reasons = {dig(s, "state", "waiting", "reason") for s in containers.statuses_of(pod)}
        if "CrashLoopBackOff" in reasons:
            self._backoff[_key(pod)[2]] = BACKOFF_CAP
            self._start(pod)
        elif reasons & {"ImagePullBackOff", "ErrImagePull"}:
            self._backoff[_key(pod)[2]] = 40.0
            self._pull(pod)
        else:
            self._after_start(pod)

    # -- the end of a pod -------------------------------------------------------------------

    def _finish(self, key: tuple[str, str, str]) -> None:
        pod = self._find(key)
        if pod is None:
            return
        now = self._state.now
        statuses = [
            containers.as_terminated(s, now, 0, "Completed") if "running" in s["state"] else s
            for s in containers.statuses_of(pod)
        ]
        if dig(pod, "status", "podIP"):
            self._report(pod, statuses, ip=True)
            pod = self._find(key) or pod
        self._state.put(kinds.PODS, pods.deleting(pod, 0, now))
        self._gone(key)

    def _gone(self, key: tuple[str, str, str]) -> None:
        pod = self._find(key)
        self._backoff.pop(key[2], None)
        if pod is None:
            return
        if pod["metadata"].get("finalizers"):
            self._state.put(kinds.PODS, pods.deleting(pod, 0, self._state.now))
            return
        self._state.remove(kinds.PODS, key[0], key[1])

    # -- help -------------------------------------------------------------------------------

    def _find(self, key: tuple[str, str, str]) -> Doc | None:
        version = self._state.get(kinds.PODS, key[0], key[1])
        return version.doc if version is not None and version.uid == key[2] else None

    def _then(self, seconds: float, key: tuple[str, str, str], step: Step) -> None:
        """Take a step later, if the same pod is then still there and meant to run."""

        def run() -> None:
            pod = self._find(key)
            if pod is not None and not is_deleting(pod):
                step(pod)

        self._state.agenda.after(seconds, run)

    def _say(
        self, pod: Doc, host: str, reason: str, message: str, container: str, warning: bool = False
    ) -> None:
        self._recorder.record(
            kinds.PODS, pod, "kubelet", reason, message, host=host, container=container,
            warning=warning,
        )  # fmt: skip

    def _report(self, pod: Doc, statuses: list[Doc], *, ip: bool = False) -> None:
        """Store what the kubelet sees; `ip` says that the pod has its network by now."""
        node = self._state.get(kinds.NODES, "", pod["spec"]["nodeName"])
        if node is None:
            return
        address = dig(pod, "status", "podIP") or ""
        if ip and not address:
            address = self.addresses.take(node.name)
        begun = any("containerID" in s for s in statuses)
        self._state.put(kinds.PODS, pods.reported(
            pod, self._state.now, statuses, host_ip=nodes.node_address(node.doc), ip=address,
            phase="Running" if begun else "Pending",
        ))  # fmt: skip


def _started(status: Doc) -> float:
    return parse_stamp(status["state"]["running"]["startedAt"])


def _key(pod: Doc) -> tuple[str, str, str]:
    metadata = pod["metadata"]
    return metadata["namespace"], metadata["name"], metadata["uid"]
