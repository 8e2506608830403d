"""Credential plugins of a kubeconfig, run where they cannot touch the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from backends.base import Expired, Invalid, Unreachable
from backends.text import clean

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
"""The ExecCredential versions that kubectl knows."""


class Plugin(msgspec.Struct, frozen=True):
    """The ``exec`` section of a kubeconfig user."""

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    version: str = VERSIONS[0]
    mode: str = "IfAvailable"
    hint: str = ""
    """Its installHint."""
    cluster: Mapping[str, Any] | None = None
    """Told to it where its provideClusterInfo asks for that."""

    @property
    def shown(self) -> str:
        """The command for messages: without arguments, which may hold a secret."""
        return clean(self.command.rpartition("/")[2], 100)


class PluginCredential(msgspec.Struct, frozen=True):
    """What a plugin gave. Its repr holds no secret."""

    token: str = ""
    cert: bytes = b""
    key: bytes = b""
    expires: float | None = None

    def __repr__(self) -> str:
        return "PluginCredential()"

    __str__ = __repr__


def parse(section: Mapping[str, Any], base: str, cluster: Mapping[str, Any]) -> Plugin:
    """Read an ``exec`` section; `base` is the folder that a relative command starts from."""
    command = section.get("command")
    if not isinstance(command, str) or not command:
        raise Invalid("read kubeconfig", "exec has no command", "correct the user's exec section")
    if "/" in command and base:
        command = str(Path(base, command))
    return Plugin(
        command=command,
        args=tuple(str(arg) for arg in section.get("args") or ()),
        env=tuple((str(e["name"]), str(e["value"])) for e in section.get("env") or ()),
        version=str(section.get("apiVersion") or VERSIONS[0]),
        mode=str(section.get("interactiveMode") or "IfAvailable"),
        hint=clean(str(section.get("installHint") or ""), 300),
        cluster=cluster if section.get("provideClusterInfo") else None,
    )


async def run(plugin: Plugin, deadline: float) -> PluginCredential:
    """Run a plugin and return its credential, within `deadline` seconds.

    It has no standard input and no terminal, and what it says on standard error comes back in
    the error. Raises `Invalid`, `Expired` or `Unreachable`.
    """
    action = f"run {plugin.shown}"
    if plugin.mode == "Always":
        raise Invalid(
            action,
            "this plugin wants to ask questions on the terminal (interactiveMode: Always)",
            "set interactiveMode to IfAvailable, or use a context whose login asks nothing",
        )
    if shutil.which(plugin.command) is None:
        raise Invalid(
            action, f"{plugin.shown} is not installed", plugin.hint or f"install {plugin.shown}"
        )
    code, out, err = await _execute(plugin, action, deadline)
    if code != 0:
        said = clean(err.decode("utf-8", "replace").strip(), 400) or f"exit code {code}"
        raise Expired(action, said, f"log in again with {plugin.shown}, in another terminal")
    return _decode(plugin, action, out)


async def _execute(plugin: Plugin, action: str, deadline: float) -> tuple[int, bytes, bytes]:
    holder: list[subprocess.Popen[bytes]] = []
    work = asyncio.to_thread(_communicate, plugin, deadline, holder)
    try:
        return await work
    except subprocess.TimeoutExpired:
        raise Unreachable(
            action,
            f"no answer within {deadline:.0f} s",
            f"run {plugin.shown} in another terminal: it may wait for a login",
        ) from None
    except OSError as error:
        raise Invalid(
            action, clean(error.strerror or "cannot be run"), plugin.hint or "make it executable"
        ) from error
    finally:
        for process in holder:
            _end(process)


def _communicate(
    plugin: Plugin, deadline: float, holder: list[subprocess.Popen[bytes]]
) -> tuple[int, bytes, bytes]:
    info: dict[str, Any] = {"interactive": False}
    if plugin.cluster is not None:
        info["cluster"] = dict(plugin.cluster)
    wish = {"apiVersion": plugin.version, "kind": "ExecCredential", "spec": info}
    environment = {**os.environ, **dict(plugin.env), "KUBERNETES_EXEC_INFO": json.dumps(wish)}
    with subprocess.Popen(  # noqa: S603 - running what the user's kubeconfig names is its purpose
        (plugin.command, *plugin.args),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # without a controlling terminal /dev/tty cannot be opened
    ) as process:
        holder.append(process)
        try:
            out, err = process.communicate(timeout=deadline)
        finally:
            _end(process)
        return process.returncode, out, err


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a plugin that still runs, with all that it started."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class _Credential(msgspec.Struct, frozen=True, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    kind: str
    api_version: str
    status: _Credential | None = None


def _decode(plugin: Plugin, action: str, out: bytes) -> PluginCredential:
    try:
        answer = msgspec.json.decode(out, type=_Answer)
    except msgspec.MsgspecError:
        # Its words would quote the output, which holds a token.
        raise Invalid(action, "its output is no ExecCredential", "update the plugin") from None
    status = answer.status
    if answer.api_version != plugin.version or answer.kind != "ExecCredential":
        raise Invalid(
            action,
            f"it answers in {clean(answer.api_version)}, not {plugin.version}",
            "set the apiVersion of the user's exec section to what the plugin speaks",
        )
    if status is None or not (status.token or status.client_certificate_data):
        raise Invalid(action, "it gave neither a token nor a certificate", "log in again with it")
    expires = status.expiration_timestamp
    return PluginCredential(
        token=status.token.strip(),
        cert=status.client_certificate_data.encode(),
        key=status.client_key_data.encode(),
        expires=expires.timestamp() if expires else None,
    )
