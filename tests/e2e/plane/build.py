"""Builds the control plane's one binary, once for each version of its sources."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "controlplane"

INSTALL_GO = (
    "no cluster to test against: install Go 1.26 or newer (https://go.dev/dl), or name a "
    "disposable cluster's kubeconfig in TOPDECK_E2E_KUBECONFIG (kind, k3s, minikube)"
)


class CannotBuild(Exception):  # noqa: N818
    """There is no control plane to be had on this machine; the message says what to install."""


class NoGo(CannotBuild):
    """Go is not installed."""


class CannotDownload(CannotBuild):
    """Go's modules can't be had from here."""


NO_MODULES = 75
"""The exit code for `CannotDownload`: EX_TEMPFAIL of sysexits.h."""


def cache() -> Path:
    """Return the folder for what outlives a checkout."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "topdeck"


def version() -> str:
    """Return the version of Kubernetes that the module requires: ``v1.37.2``."""
    found = re.search(r"k8s\.io/kubernetes (v\S+)", (SOURCES / "go.mod").read_text())
    assert found
    return found[1]


def binary() -> Path:
    """Return the control plane's binary, building it if these sources never were built.

    Raises `NoGo` where there is neither a binary nor Go, and otherwise `CannotBuild`.
    """
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        digest.update((SOURCES / name).read_bytes())
    digest.update(repr(_flags()).encode())
    wanted = cache() / f"controlplane-{digest.hexdigest()[:16]}"
    if wanted.exists():
        return wanted
    go = shutil.which("go")
    if go is None:
        raise NoGo(INSTALL_GO)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with (wanted.parent / "controlplane.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another session may be building it at this moment
        if not wanted.exists():
            _build(go, wanted)
    return wanted


def _flags() -> list[str]:
    major, minor = version().removeprefix("v").split(".")[:2]
    values = {"gitVersion": version(), "gitMajor": major, "gitMinor": minor}
    stamps = " ".join(f"-X k8s.io/component-base/version.{k}={v}" for k, v in values.items())
    return ["-trimpath", "-ldflags", f"-s -w {stamps}"]


def _build(go: str, wanted: Path) -> None:
    print(
        f"\nbuilding Kubernetes {version()} into {wanted}: minutes, but only once",
        file=sys.stderr,
        flush=True,
    )
    _go(go, "mod", "download", error=CannotDownload)
    # go writes it under another name, for a build that is killed must not look like one.
    half = wanted.with_suffix(".part")
    _go(go, "build", *_flags(), "-o", str(half), ".", error=CannotBuild)
    half.replace(wanted)
    for old in wanted.parent.glob("controlplane-*"):
        if old != wanted:
            old.unlink()


def _go(go: str, *arguments: str, error: type[CannotBuild]) -> None:
    done = subprocess.run(
        [go, *arguments], cwd=SOURCES, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise error(f"go {arguments[0]} failed: {done.stderr.strip()[-2000:]}")


if __name__ == "__main__":
    try:
        print(binary())
    except CannotDownload as error:
        print(error, file=sys.stderr)
        sys.exit(NO_MODULES)
    except CannotBuild as error:
        sys.exit(str(error))
