"""One container, by the clock that is passed in: pulled, started, ready, ended, restarted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.e2e.kubelet.behaviour import NEVER, Behaviour, behaviour_of, pull_error
from tests.e2e.kubelet.runlog import RunLog

SYNC = 0.2
"""Seconds that a kubelet takes to notice that a container has ended (1 s in a real one)."""

MOST = 300.0
"""Seconds of a back-off at the most; MaxCrashLoopBackOff of the kubelet."""

INIT = 0.05
"""Seconds that an init container runs where nothing else is said."""

PROBE = 10.0
"""Seconds between two readiness probes: periodSeconds by default."""

Say = Callable[[float, str, str, str, str], None]
"""Told of an event: when, type, reason, message, container."""


def rfc3339(at: float) -> str:
    """Return a moment as metav1.Time has it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


class Container:
    """What a kubelet knows of one container. `step` does all that is due."""

    def __init__(self, pod: dict[str, Any], spec: dict[str, Any], say: Say, role: str = "") -> None:
        self.name: str = spec["name"]
        self.image: str = spec["image"]
        self.role = role
        """Empty, ``init`` or ``sidecar``."""
        self.state: dict[str, Any] = {"waiting": {"reason": "ContainerCreating"}}
        self.last_state: dict[str, Any] = {}
        self.restarts = 0
        self.ready = False
        self.started = False
        self.log: RunLog | None = None
        self.previous_log: RunLog | None = None
        self._due = NEVER
        self._act: Callable[[float], None] = lambda _: None
        self._say_event = say
        self._pod = pod
        self._policy: str = pod["spec"].get("restartPolicy", "Always")
        self._pulled = False
        self._back_off = 0.0
        self._stopping = False
        self._probe = NEVER
        self._began = 0.0
        self._dead: dict[str, Any] | None = None
        self.does = self._behaviour(pod)

    @property
    def next(self) -> float:
        """When `step` has something to do next."""
        return min(self._due, self._probe)

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return "running" in self.state

    @property
    def ended(self) -> bool:
        """Whether it has ended, for good or not."""
        return "terminated" in self.state

    @property
    def over(self) -> bool:
        """Whether it will never run again."""
        return self.ended and (self._stopping or not self._restartable())

    @property
    def exit_code(self) -> int | None:
        """How it ended, where it has."""
        return self.state["terminated"]["exitCode"] if self.ended else None

    @property
    def id(self) -> str:
        """The identity of the present run; empty before the first one."""
        if self.log is None:
            return ""
        seed = f"{self._pod['metadata']['uid']}/{self.name}/{self.restarts}"
        return f"containerd://{hashlib.sha256(seed.encode()).hexdigest()}"

    def begin(self, at: float) -> None:
        """Pull its image and start it."""
        if self._pulled:
            self._say(at, "Normal", "Pulled", self._present())
            self._create(at)
            return
        self._say(at, "Normal", "Pulling", f'Pulling image "{self.image}"')
        self._then(at + self.does.pull_seconds, self._pull)

    def update(self, pod: dict[str, Any], now: float) -> None:
        """Take over annotations that have changed."""
        before, self._pod = self.does, pod
        self.does = self._behaviour(pod)
        if self.does == before or not self.running:
            return
        if self.does.kill != before.kill:
            self._exit(now)
        elif (self.does.ready_after, self.does.exit_after) != (
            before.ready_after,
            before.exit_after,
        ):
            self._plan(now)

    def stop(self, at: float, grace: float) -> None:
        """Ask it to end; it is killed after its grace period."""
        self._stopping = True
        if not self.running:
            self._due = NEVER
            return
        self._probe = NEVER
        self._say(at, "Normal", "Killing", f"Stopping container {self.name}")
        killed = self.does.stop_seconds > grace
        code = 137 if killed else self.does.stop_code
        self._then(at + min(grace, self.does.stop_seconds), lambda t: self._end(t, code))

    def step(self, now: float) -> None:
        """Do all that is due at `now`, each thing at its own moment."""
        while self.next <= now:
            if self._probe < self._due:
                at, self._probe = self._probe, self._probe + PROBE
                words = "HTTP probe failed with statuscode: 503"
                self._say(at, "Warning", "Unhealthy", f"Readiness probe failed: {words}")
                continue
            at, act = self._due, self._act
            self._due = NEVER
            act(at)

    def status(self) -> dict[str, Any]:
        """Return its ContainerStatus."""
        made: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "imageID": self._image_id() if self._pulled else "",
            "state": self.state,
            "lastState": self.last_state,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
        }
        if self.id:
            made["containerID"] = self.id
        return made

    def _behaviour(self, pod: dict[str, Any]) -> Behaviour:
        said = behaviour_of(pod["metadata"].get("annotations") or {}, self.name, self.image)
        if self.role == "init" and said.exit_after == NEVER:
            return replace(said, exit_after=INIT)
        return said

    def _then(self, at: float, act: Callable[[float], None]) -> None:
        self._due, self._act = at, act

    def _say(self, at: float, kind: str, reason: str, message: str) -> None:
        if self.does.events != "none":
            self._say_event(at, kind, reason, message, self.name)

    def _present(self) -> str:
        return (
            f'Container image "{self.image}" already present on machine and can be '
            "accessed by the pod"
        )

    def _image_id(self) -> str:
        name = self.image if "/" in self.image else f"docker.io/library/{self.image}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return f"{name.rpartition(':')[0] or name}@sha256:{digest}"

    def _pull(self, at: float) -> None:
        if not self.does.pull:
            took = f"{self.does.pull_seconds * 1000:.0f}ms"
            self._say(
                at, "Normal", "Pulled",
                f'Successfully pulled image "{self.image}" in {took} ({took} including waiting). '
                "Image size: 29150479 bytes.",
            )  # fmt: skip
            self._pulled, self._back_off = True, 0.0
            self._create(at)
            return
        error = pull_error(self.image, self.does.pull)
        self._say(at, "Warning", "Failed", f'Failed to pull image "{self.image}": {error}')
        self._say(at, "Warning", "Failed", "Error: ErrImagePull")
        self.state = {"waiting": {"reason": "ErrImagePull", "message": error}}
        self._back_off = self._next_back_off()
        self._then(at + SYNC, lambda t: self._back_off_pull(t, error))

    def _back_off_pull(self, at: float, error: str) -> None:
        text = f'Back-off pulling image "{self.image}"'
        self._say(at, "Normal", "BackOff", text)
        self._say(at, "Warning", "Failed", "Error: ImagePullBackOff")
        message = f"{text}: ErrImagePull: {error}"
        self.state = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
        self._then(at + self._back_off, self.begin)

    def _next_back_off(self) -> float:
        return min(MOST, self._back_off * 2 or self.does.back_off)

    def _create(self, at: float) -> None:
        self._say(at, "Normal", "Created", "Container created")
        self._then(at + self.does.start_seconds, self._start)

    def _start(self, at: float) -> None:
        self._say(at, "Normal", "Started", "Container started")
        if self.log is not None:
            self.restarts += 1
            self.previous_log = self.log
            self.last_state = {"terminated": self._dead} if self._dead else {}
        pod = self._pod["metadata"]["name"]
        self.log = RunLog(self.does, pod, self.name, self.restarts, at)
        self.state = {"running": {"startedAt": rfc3339(at)}}
        self._began = at
        self.started = True
        self._plan(at)

    def _plan(self, now: float) -> None:
        """Schedule what comes next of a container that runs."""
        wanted = self.does.ready_after
        self._probe = now + 1.0 if wanted == NEVER and not self.role else NEVER
        ends, readies = self._began + self.does.exit_after, self._began + wanted
        self.ready = self.ready and readies <= now and self._probe == NEVER
        if not self.ready and readies < ends and self.role != "init":
            self._then(max(now, readies), self._become_ready)
        else:
            self._then(max(now, ends), self._exit)

    def _become_ready(self, at: float) -> None:
        self.ready = True
        self._then(max(at, self._began + self.does.exit_after), self._exit)

    def _exit(self, at: float) -> None:
        self._end(at, self.does.exit_code, self.does.exit_reason)

    def _end(self, at: float, code: int, reason: str = "") -> None:
        reason = reason or ("Error" if code else "Completed")
        assert self.log is not None
        self.log.end(at, f"{self.name} run {self.restarts} ends with {code}")
        self._dead = {
            "exitCode": code,
            "reason": reason,
            "startedAt": rfc3339(self._began),
            "finishedAt": rfc3339(at),
            "containerID": self.id,
        }
        self.state = {"terminated": self._dead}
        self.started = False
        self.ready = self.role == "init" and code == 0
        self._probe = NEVER
        if not self.over:
            if at - self._began > 2 * MOST:
                self._back_off = 0.0
            self._then(at + SYNC, self._restart)

    def _restartable(self) -> bool:
        code = self.exit_code
        if self.role == "init":
            return code != 0 and self._policy != "Never"
        if self.role == "sidecar" or self._policy == "Always":
            return True
        return self._policy == "OnFailure" and code != 0

    def _restart(self, at: float) -> None:
        """Start it again: at once the first time, then after a pause that doubles."""
        pause, self._back_off = self._back_off, self._next_back_off()
        if not pause:
            self.begin(at)
            return
        assert self._dead is not None
        meta = self._pod["metadata"]
        full = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        self._say(
            at, "Warning", "BackOff",
            f"Back-off restarting failed container {self.name} in pod {full}",
        )  # fmt: skip
        message = f"back-off {_duration(pause)} restarting failed container={self.name} pod={full}"
        self.last_state = {"terminated": self._dead}
        self.state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
        self._then(at + pause, self.begin)


def _duration(seconds: float) -> str:
    """Return seconds as Go prints a time.Duration of whole or broken seconds."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
