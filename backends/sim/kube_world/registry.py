"""Which images can be pulled in the simulated world, and what the runtime says of the others."""

from __future__ import annotations

import re

_TAGGED = re.compile(
    r"^(?P<repository>[^\s@]+?)(?::(?P<tag>[\w][\w.-]*))?(?:@sha256:[0-9a-f]{64})?$"
)
_RELEASE = re.compile(r"^(?:latest|stable|(?:[a-z]+-)?v?\d[\w.-]*)$")
_DOCKER_HUB = "docker.io/library/"


def canonical(image: str) -> str:
    """Return an image's full name: Docker Hub's short names are completed as containerd does."""
    first, slash, _ = image.partition("/")
    if not slash:
        return f"{_DOCKER_HUB}{image}"
    return image if "." in first or ":" in first else f"docker.io/{image}"


def pullable(image: str) -> bool:
    """Return whether an image is there: its tag looks like a release, its name not like a slip.

    The registries of this world hold everything with a tag such as ``1.12.0``, ``v2``,
    ``latest`` or none; tags in words and repositories called ``nosuch`` are not there.
    """
    match = _TAGGED.match(image)
    if match is None or "nosuch" in match["repository"]:
        return False
    return match["tag"] is None or bool(_RELEASE.match(match["tag"]))


def refusal(image: str) -> str:
    """Return containerd's words for an image that is not there."""
    name = canonical(image)
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": '
        f'failed to resolve reference "{name}": {name}: not found'
    )
