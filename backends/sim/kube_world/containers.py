"""The containers of a pod: what its status says of each, and the ids that they run under."""

from __future__ import annotations

from hashlib import sha256

from backends.sim.kube_world.values import Doc, dig, stamp


def image_id(image: str) -> str:
    """Return the digest under which the nodes know an image."""
    repository = image.rpartition(":")[0] or image
    return f"{repository}@sha256:{sha256(image.encode()).hexdigest()}"


def container_id(uid: str, container: str, restart: int) -> str:
    """Return the id of one run of a container."""
    return f"containerd://{sha256(f'{uid}/{container}/{restart}'.encode()).hexdigest()}"


def statuses_of(pod: Doc) -> list[Doc]:
    """Return a pod's container statuses; new ones (waiting) where the kubelet has none yet."""
    made: list[Doc] = pod["status"].get("containerStatuses") or [
        {
            "name": container["name"], "state": {"waiting": {"reason": "ContainerCreating"}},
            "lastState": {}, "ready": False, "restartCount": 0, "image": container["image"],
            "imageID": "", "started": False,
        }
        for container in sorted(pod["spec"]["containers"], key=lambda c: str(c["name"]))
    ]  # fmt: skip
    return made


def as_running(pod: Doc, status: Doc, at: float, *, ready: bool, restart: int) -> Doc:
    """Return a container status that says: running since `at`, for the `restart`-th time."""
    name, uid = status["name"], pod["metadata"]["uid"]
    image = container_image(pod, name)
    return {
        **status,
        "state": {"running": {"startedAt": stamp(at)}},
        "ready": ready,
        "restartCount": restart,
        "image": image,
        "imageID": image_id(image),
        "containerID": container_id(uid, name, restart),
        "started": True,
    }


def as_terminated(status: Doc, at: float, exit_code: int, reason: str) -> Doc:
    """Return a container status that says: its run has ended."""
    ended = {
        "exitCode": exit_code,
        "reason": reason,
        "startedAt": dig(status, "state", "running", "startedAt") or stamp(at),
        "finishedAt": stamp(at),
        "containerID": status.get("containerID", ""),
    }
    return {**status, "state": {"terminated": ended}, "ready": False, "started": False}


def as_waiting(status: Doc, reason: str, message: str = "") -> Doc:
    """Return a container status that says: waiting; an ended run becomes its last state."""
    waiting = {"reason": reason, "message": message} if message else {"reason": reason}
    ended = status["state"].get("terminated")
    last = {"terminated": ended} if ended else status["lastState"]
    return {
        **status, "state": {"waiting": waiting}, "lastState": last, "ready": False,
        "started": False,
    }  # fmt: skip


def container_image(pod: Doc, name: str) -> str:
    """Return the image that a container of a pod is to run."""
    return next(str(c["image"]) for c in pod["spec"]["containers"] if c["name"] == name)


def waiting_in(pod: Doc, name: str, reason: str, message: str) -> list[Doc]:
    """Return a pod's container statuses with one container waiting."""
    return [as_waiting(s, reason, message) if s["name"] == name else s for s in statuses_of(pod)]


def container_of(pod: Doc, name: str) -> Doc:
    """Return the spec of a pod's container."""
    return next(c for c in pod["spec"]["containers"] if c["name"] == name)
