"""What a container is to do, told by annotations of its pod.

``topdeck.test/<key>`` holds for every container, ``topdeck.test/<key>.<container>`` for one. The
key ``behaviour`` names a preset; any other key overrides what the preset says. Annotations of a
pod that runs already count from the next moment on: its load, its readiness, its death.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "topdeck.test/"

NEVER = float("inf")

PRESETS: Mapping[str, dict[str, str]] = {
    "run": {},
    "crash-loop": {"exit-after": "0.5", "exit-code": "1"},
    "oom": {"exit-after": "0.5", "exit-code": "137", "exit-reason": "OOMKilled"},
    "exits": {"exit-after": "0.5", "exit-code": "0"},
    "image-pull-failure": {"pull": "not-found"},
    "never-ready": {"ready-after": "never"},
    "slow-start": {"start-seconds": "30"},
}

MISSING_TAG = ":missing"
"""An image of this tag is in no registry."""


@dataclass(frozen=True)
class Behaviour:
    """How one container of a pod behaves; times in seconds."""

    pull_seconds: float = 0.05
    pull: str = ""
    """Why the image cannot be pulled: ``not-found``, ``denied``, or a registry's own words."""
    start_seconds: float = 0.05
    """From being created to running."""
    ready_after: float = 0.05
    """From running to ready; `NEVER`: its readiness probe fails for ever."""
    exit_after: float = NEVER
    """From running to its end by itself."""
    exit_code: int = 0
    exit_reason: str = ""
    """Empty: ``Completed`` or ``Error``, by the exit code."""
    stop_seconds: float = 0.05
    """How long it takes to end when it is asked to; killed where its grace period is shorter."""
    stop_code: int = 0
    back_off: float = 10.0
    """The first pause before a restart or another pull; each further one is twice as long."""
    kill: str = ""
    """Whenever this changes, the container ends at once, with `exit_code`."""
    events: str = "all"
    """``none``: nothing is told of it in events, which cost a request each."""
    cpu: str = "10m"
    memory: str = "32Mi"
    log_rate: float = 1.0
    """Lines a second."""
    log_burst: int = 0
    """Lines that it writes all at once when it starts."""
    log_text: str = "{pod} run {run} line {n}"


def behaviour_of(annotations: Mapping[str, str], container: str, image: str) -> Behaviour:
    """Return what the annotations of a pod say of one of its containers."""
    common, own = {}, {}
    for key, value in annotations.items():
        if key.startswith(PREFIX):
            name, _, only = key.removeprefix(PREFIX).partition(".")
            if not only:
                common[name] = value
            elif only == container:
                own[name] = value
    said = common | own
    preset = PRESETS[said.pop("behaviour", "run")]
    values = {k.replace("-", "_"): v for k, v in (preset | said).items()}
    if image.endswith(MISSING_TAG):
        values.setdefault("pull", "not-found")
    fields = Behaviour.__dataclass_fields__
    unknown = values.keys() - fields.keys()
    if unknown:
        raise ValueError(f"no such behaviour: {', '.join(sorted(unknown))}")
    made = {k: _value(getattr(Behaviour, k), v) for k, v in values.items()}
    return Behaviour(**made)  # type: ignore[arg-type]


def _value(like: object, text: str) -> object:
    if isinstance(like, float):
        return NEVER if text == "never" else float(text)
    return int(text) if isinstance(like, int) else text


def pull_error(image: str, why: str) -> str:
    """Return what containerd says of an image that it cannot pull."""
    name = image if "/" in image else f"docker.io/library/{image}"
    begin = f'failed to pull and unpack image "{name}": failed to resolve reference "{name}":'
    match why:
        case "not-found":
            return f"rpc error: code = NotFound desc = {begin} {name}: not found"
        case "denied":
            return (
                f"{begin} pull access denied, repository does not exist or may require "
                "authorization: server message: insufficient_scope: authorization failed"
            )
    return f"{begin} {why}"
