"""What happens in a cluster that nobody touches: incidents, releases, small failures."""

from __future__ import annotations

from collections.abc import Callable

from backends.sim.kube_world import documents, kinds, rollout
from backends.sim.kube_world.kubelet import Kubelet
from backends.sim.kube_world.nodes import HEARTBEAT, heartbeat
from backends.sim.kube_world.spot import Spot
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Version
from backends.sim.kube_world.values import Doc

MISSING_TAG = "not-built"
"""The tag of images that were rolled out but never pushed."""

HEALTHY = ("", "none", "healthy")
"""Words that end an incident."""

INCIDENTS = ("crash-loop", "oom", "image-pull", "slow-start", "target-health", "spot")
"""What can befall a workload."""

PACE = (8.0, 20.0)
"""Seconds between small things that happen in a cluster, at least and at most."""


def bumped(image: str, steps: int = 1) -> str:
    """Return an image some minor versions on: ``web:1.12.0`` becomes ``web:1.13.0``.

    A tag that is no version becomes ``1.0.0``. Negative steps go back and add a patch.
    """
    repository, _, tag = image.rpartition(":")
    parts = tag.split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return f"{repository}:1.0.0"
    major, minor, patch = (int(part) for part in parts)
    return f"{repository}:{major}.{max(minor + steps, 0)}.{patch + (1 if steps < 0 else 0)}"


class Life:
    """Makes things happen, of itself or on request."""

    def __init__(self, state: KubeState, kubelet: Kubelet, spot: Spot) -> None:
        self._state = state
        self._kubelet = kubelet
        self._spot = spot
        self._good: dict[tuple[str, str], str] = {}
        """The last image of a workload that could be pulled."""

    def begin(self) -> None:
        """Set everything going that goes by itself."""
        for version in self._state.of(kinds.DEPLOYMENTS).select():
            if _image(version.doc).endswith(f":{MISSING_TAG}"):
                self._in(150.0, 240.0, version, self._ship)
        self._state.agenda.after(self._state.spread(*PACE), self._happen)

    def beat(self) -> None:
        """Have every node report now and then."""
        for version in self._state.of(kinds.NODES).select():
            self._beat_later(version.name, self._state.spread(0.0, HEARTBEAT))

    def _beat_later(self, name: str, seconds: float) -> None:
        def beat() -> None:
            version = self._state.get(kinds.NODES, "", name)
            if version is not None:
                self._state.put(kinds.NODES, heartbeat(version.doc, self._state.now))
                self._beat_later(name, HEARTBEAT)

        self._state.agenda.after(seconds, beat)

    # -- on request -------------------------------------------------------------------------

    def befall(self, incident: str, workload: str) -> None:
        """Make an incident befall a workload (``name`` or ``namespace/name``), or end it.

        Raises ValueError where either is unknown.
        """
        if incident not in (*INCIDENTS, *HEALTHY):
            raise ValueError(f"no incident {incident!r}; there are {', '.join(INCIDENTS)}")
        kind, version = self._find(workload)
        key = (version.namespace, version.name)
        self._kubelet.incidents.pop(key, None)
        if incident in HEALTHY:
            if _image(version.doc).endswith(f":{MISSING_TAG}"):
                self._release(kind, version, self._good.get(key) or bumped(_image(version.doc)))
            return
        if incident == "image-pull":
            self._break(kind, version)
            return
        running = self._running(version.namespace, version.name)
        if incident == "spot":
            if running:
                self._spot.interrupt(running[0].doc["spec"]["nodeName"])
            return
        self._kubelet.incidents[key] = incident
        for pod in running:
            self._strike(incident, pod.doc)

    def _strike(self, incident: str, pod: Doc) -> None:
        """Let an incident begin with a pod that runs."""
        if incident == "target-health":
            self._kubelet.soon(pod, (0.5, 6.0), self._kubelet.falter)
        elif incident != "slow-start":
            self._kubelet.soon(pod, (1.0, 10.0), self._kubelet.befall)

    def _find(self, workload: str) -> tuple[kinds.KubeKind, Version]:
        namespace, _, name = workload.rpartition("/")
        for kind in (kinds.DEPLOYMENTS, kinds.STATEFUL_SETS, kinds.DAEMON_SETS):
            for version in self._state.of(kind).select(namespace):
                if version.name == name:
                    return kind, version
        raise ValueError(f"no workload {workload!r}")

    # -- of itself --------------------------------------------------------------------------

    def _happen(self) -> None:
        """Let some small thing happen to a workload that is well, and go on later."""
        rng = self._state.rng
        well = [v for v in self._state.of(kinds.DEPLOYMENTS).select() if self._is_well(v)]
        if well:
            version = rng.choice(well)
            roll = rng.random()
            if roll < 0.3:
                self._release(kinds.DEPLOYMENTS, version, bumped(_image(version.doc)))
            else:
                self._stumble(version, crash=roll > 0.75)
        self._state.agenda.after(self._state.spread(*PACE), self._happen)

    def _is_well(self, version: Version) -> bool:
        if self._kubelet.incidents.get((version.namespace, version.name)):
            return False
        doc = version.doc
        return rollout.complete(doc, doc["status"]) and doc["spec"]["replicas"] > 0

    def _stumble(self, version: Version, *, crash: bool) -> None:
        running = self._running(version.namespace, version.name)
        if not running:
            return
        pod = self._state.rng.choice(running).doc
        if crash:
            self._kubelet.crash(pod, 1, "Error")
        else:
            self._kubelet.falter(pod)

    def _running(self, namespace: str, app: str) -> list[Version]:
        return [
            pod for pod in self._state.of(kinds.PODS).select(namespace)
            if pod.labels.get("app") == app and not pod.deleting and pod.ready
        ]  # fmt: skip

    # -- releases ---------------------------------------------------------------------------

    def _release(self, kind: kinds.KubeKind, version: Version, image: str) -> None:
        self._state.put(
            kind, documents.reimaged(kind, version.doc, image, "ci-deploy", self._state.now)
        )

    def _break(self, kind: kinds.KubeKind, version: Version) -> None:
        """Roll an image out that was never pushed."""
        image = _image(version.doc)
        if not image.endswith(f":{MISSING_TAG}"):
            self._good[version.namespace, version.name] = image
        self._release(kind, version, f"{image.rpartition(':')[0]}:{MISSING_TAG}")

    def _ship(self, version: Version) -> None:
        """Mend a release that can't be pulled; the next one, some minutes on, is as bad again."""
        if _image(version.doc).endswith(f":{MISSING_TAG}"):
            key = (version.namespace, version.name)
            self._good[key] = bumped(self._good.get(key) or _last_good(self._state, version))
            self._release(kinds.DEPLOYMENTS, version, self._good[key])
            self._in(70.0, 120.0, version, self._ship)
        else:
            self._break(kinds.DEPLOYMENTS, version)
            self._in(150.0, 240.0, version, self._ship)

    def _in(
        self, low: float, high: float, version: Version, action: Callable[[Version], None]
    ) -> None:
        """Do something with a deployment later, if it is then still there."""

        def run() -> None:
            found = self._state.get(kinds.DEPLOYMENTS, version.namespace, version.name)
            if found is not None:
                action(found)

        self._state.agenda.after(self._state.spread(low, high), run)


def _image(doc: Doc) -> str:
    return str(doc["spec"]["template"]["spec"]["containers"][0]["image"])


def _last_good(state: KubeState, version: Version) -> str:
    """Return the image of the newest replica set whose image can be pulled."""
    sets = [v.doc for v in state.of(kinds.REPLICA_SETS).owned(version.uid)]
    good = [s for s in sets if not _image(s).endswith(f":{MISSING_TAG}")]
    return _image(max(good, key=rollout.revision)) if good else _image(version.doc)
