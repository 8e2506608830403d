"""exec and port-forward of a kubelet, by websocket, into containers that are not there."""

from __future__ import annotations

import json
import shlex
import struct
from collections.abc import Callable

from aiohttp import WSMsgType, web

from tests.e2e.kubelet.agent import Worker
from tests.e2e.kubelet.container import Container
from tests.e2e.kubelet.spdy import Data, Opened, Pinged, Session

EXEC = ("v5.channel.k8s.io", "v4.channel.k8s.io")
FORWARD = ("SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io")

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
"""Channels of remote commands; k8s.io/streaming, wsstream."""


class Shell:
    """A program in a container: a handful of commands, and nothing of the machine's."""

    def __init__(self, pod: str, write: Callable[[int, bytes], None]) -> None:
        self._pod = pod
        self._write = write

    def run(self, words: list[str], stdin: bytes) -> int:
        """Run a command with all its input; return its exit code, 127 for one that is unknown."""
        match words:
            case ["echo", *rest]:
                self._write(STDOUT, f"{' '.join(rest)}\n".encode())
            case ["hostname"]:
                self._write(STDOUT, f"{self._pod}\n".encode())
            case ["cat"]:
                self._write(STDOUT, stdin)
            case ["warn", *rest]:
                self._write(STDERR, f"{' '.join(rest)}\n".encode())
            case ["exit", code]:
                return int(code)
            case ["sh", "-c", script]:
                return self._script(script)
            case _:
                return 127
        return 0

    def _script(self, script: str) -> int:
        code = 0
        for line in script.replace(";", "\n").splitlines():
            words = shlex.split(line)
            if words and words[0] == "exit":
                return self.run(words, b"")
            code = self.run(words, b"") if words else code
        return code


def ended(code: int) -> bytes:
    """Return the Status that the error channel ends with."""
    status: dict[str, object] = {"metadata": {}, "status": "Success"}
    if code:
        causes = [{"reason": "ExitCode", "message": str(code)}]
        status = {
            "metadata": {},
            "status": "Failure",
            "reason": "NonZeroExitCode",
            "message": f"command terminated with non-zero exit code: exit status {code}",
            "details": {"causes": causes},
        }
    return json.dumps(status).encode()


def unknown(program: str) -> bytes:
    """Return what a runtime says of a program that is not in the image."""
    words = (
        f'Internal error occurred: error executing command in container: exec: "{program}": '
        "executable file not found in $PATH"
    )
    return json.dumps({"metadata": {}, "status": "Failure", "message": words, "code": 500}).encode()


async def serve_exec(request: web.Request, worker: Worker) -> web.StreamResponse:
    """Run a command, or an interactive shell that is asked for by ``sh`` with a terminal."""
    container = worker.machine.container(request.match_info["container"])
    if container is None or not container.running:
        name = request.match_info["container"]
        raise web.HTTPInternalServerError(text=f"unable to upgrade connection: {name} not running")
    socket = web.WebSocketResponse(protocols=EXEC)
    await socket.prepare(request)
    sent: list[tuple[int, bytes]] = []
    shell = Shell(request.match_info["pod"], lambda channel, raw: sent.append((channel, raw)))
    words = request.query.getall("command", [])
    # The client's own flags: input, output, error, tty (k8s.io/kubelet, remotecommand).
    wants_input = request.query.get("input") == "1" or request.query.get("stdin") == "true"
    if words in (["sh"], ["/bin/sh"], ["bash"]):
        code = await _interact(socket, shell, sent, container)
    else:
        stdin = await _all_of(socket) if wants_input else b""
        code = shell.run(words, stdin)
    for channel, raw in sent:
        await socket.send_bytes(bytes([channel]) + raw)
    status = unknown(words[0]) if code == 127 and words else ended(code)
    await socket.send_bytes(bytes([ERROR]) + status)
    await socket.close()
    return socket


async def _all_of(socket: web.WebSocketResponse) -> bytes:
    """Return what comes on stdin until it is closed."""
    found = b""
    async for message in socket:
        if message.type is WSMsgType.BINARY and message.data:
            if message.data[0] == CLOSE and message.data[1:] == bytes([STDIN]):
                break
            if message.data[0] == STDIN:
                found += message.data[1:]
    return found


async def _interact(
    socket: web.WebSocketResponse,
    shell: Shell,
    sent: list[tuple[int, bytes]],
    container: Container,
) -> int:
    """Answer line by line, as a shell on a terminal; ends with ``exit`` or its input."""
    prompt, typed, code = b"$ ", b"", 0
    await socket.send_bytes(bytes([STDOUT]) + prompt)
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, body = message.data[0], message.data[1:]
        if channel == CLOSE:
            break
        if channel != STDIN:
            continue
        await socket.send_bytes(bytes([STDOUT]) + body.replace(b"\r", b"\r\n"))
        typed += body.replace(b"\r", b"\n")
        while b"\n" in typed:
            line, typed = typed.split(b"\n", 1)
            words = shlex.split(line.decode(errors="replace"))
            if words[:1] == ["exit"]:
                return int(words[1]) if len(words) > 1 else code
            code = shell.run(words, b"") if words else code
            if code == 127 and words:
                sent.append((STDOUT, f"sh: {words[0]}: not found\n".encode()))
            for where, raw in sent:
                await socket.send_bytes(bytes([where]) + raw.replace(b"\n", b"\r\n"))
            sent.clear()
            await socket.send_bytes(bytes([STDOUT]) + prompt)
        if not container.running:
            return 137
    return code


def respond(pod: str, port: int, asked: bytes) -> bytes:
    """Return what the program in a pod answers to an HTTP request."""
    path = asked.split(b" ", 2)[1].decode(errors="replace") if asked.count(b" ") > 1 else "?"
    body = f"{pod}:{port}{path}\n".encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def refusal(worker: Worker, port: int) -> str:
    """Return why nobody listens on a port of a pod; empty where somebody does."""
    spec = worker.machine.pod["spec"]
    open_ports = {p["containerPort"] for c in spec["containers"] for p in c.get("ports") or ()}
    if not any(c.running for c in worker.machine.main):
        return "container is not running"
    if port in open_ports:
        return ""
    return f"failed to connect to localhost:{port} inside namespace: connection refused"


async def serve_forward(request: web.Request, worker: Worker) -> web.StreamResponse:
    """Pass connections on to a pod."""
    socket = web.WebSocketResponse(protocols=FORWARD)
    await socket.prepare(request)
    if socket.ws_protocol == FORWARD[0]:
        await _Tunnel(socket, worker).run()
    else:
        await _channels(socket, worker, [int(p) for p in request.query.getall("port", [])])
    return socket


async def _channels(socket: web.WebSocketResponse, worker: Worker, ports: list[int]) -> None:
    """Serve two channels for each port, data and error; each begins with the port."""
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            await socket.send_bytes(bytes([channel]) + struct.pack("<H", port))
        if why := refusal(worker, port):
            await socket.send_bytes(bytes([2 * index + 1]) + why.encode())
    asked = [b""] * len(ports)
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        index = message.data[0] // 2
        if message.data[0] % 2 or index >= len(ports) or refusal(worker, ports[index]):
            continue
        asked[index] += message.data[1:]
        if b"\r\n\r\n" in asked[index]:
            pod = worker.machine.pod["metadata"]["name"]
            answer = respond(pod, ports[index], asked[index])
            await socket.send_bytes(bytes([2 * index]) + answer)
            asked[index] = b""


class _Tunnel:
    """SPDY in a websocket: two streams for each connection, of the same ``requestid``."""

    def __init__(self, socket: web.WebSocketResponse, worker: Worker) -> None:
        self._socket = socket
        self._worker = worker
        self._session = Session()
        self._ports: dict[int, int] = {}
        self._asked: dict[int, bytes] = {}
        self._errors: dict[str, int] = {}
        self._requests: dict[int, str] = {}

    async def run(self) -> None:
        """Serve until the other side has gone."""
        async for message in self._socket:
            if message.type is WSMsgType.BINARY:
                for frame in self._session.feed(message.data):
                    await self._take(frame)

    async def _take(self, frame: Opened | Data | Pinged) -> None:
        send, session = self._socket.send_bytes, self._session
        match frame:
            case Pinged(number):
                await send(session.pong(number))
            case Opened(stream, headers):
                await send(session.reply(stream))
                request = headers.get("requestid", "")
                if headers.get("streamtype") == "error":
                    self._errors[request] = stream
                else:
                    self._ports[stream] = int(headers["port"])
                    self._requests[stream], self._asked[stream] = request, b""
                    await self._refuse(stream)
            case Data(stream, body, _) if stream in self._asked:
                self._asked[stream] += body
                if b"\r\n\r\n" in self._asked[stream]:
                    pod = self._worker.machine.pod["metadata"]["name"]
                    answer = respond(pod, self._ports[stream], self._asked.pop(stream))
                    await send(session.data(stream, answer, last=True))
                    await self._close_error(stream)

    async def _refuse(self, stream: int) -> None:
        if why := refusal(self._worker, self._ports[stream]):
            del self._asked[stream]
            error = self._errors[self._requests[stream]]
            await self._socket.send_bytes(self._session.data(error, why.encode(), last=True))
            await self._socket.send_bytes(self._session.data(stream, b"", last=True))

    async def _close_error(self, stream: int) -> None:
        error = self._errors.pop(self._requests[stream])
        await self._socket.send_bytes(self._session.data(error, b"", last=True))
