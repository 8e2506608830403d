"""Every fault by name: what a door does with requests while it has it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.faults.exchange import Cut, Exchange, Fault, Meet
from tests.faults.proxy import with_length
from tests.faults.tokens import signed_at
from tests.faults.wire import Head, Request, answer, framed

SKEW = timedelta(minutes=20)
"""By how much the server's clock is ahead: more than the 5 minutes that SigV4 forgives and the
15 that a presigned URL does."""

AGAIN = "the-same-page-again"

PORTAL = b"<!DOCTYPE html><html><body><h1>Welcome to the guest network</h1></body></html>"


def refusal(
    status: int,
    code: str,
    message: str,
    reason: str = "",
    headers: Mapping[str, str] | None = None,
    only: Callable[[Request], bool] = lambda _request: True,
) -> Meet:
    """Answer with an error of AWS's (`code`) or of Kubernetes' (`reason`)."""

    async def meet(exchange: Exchange) -> bool:
        if exchange.request.mutates and status >= 500:
            await exchange.whole()  # whoever answers so may have passed it on before
            exchange.door.passed.append(exchange.request)
        await exchange.send(_error(exchange.request, status, code, message, reason, headers))
        return True

    return meet


def _error(
    request: Request,
    status: int,
    code: str,
    message: str,
    reason: str = "",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    if request.kube:
        body = {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason or code, "code": status,
        }  # fmt: skip
        return answer(status, json.dumps(body).encode(), "application/json", headers)
    body = {"__type": f"com.amazonaws#{code}", "message": message}
    return answer(status, json.dumps(body).encode(), "application/x-amz-json-1.1", headers)


async def _expired(exchange: Exchange) -> bool:
    """Say that the credentials are no longer good."""
    status = 401 if exchange.request.kube else 400
    said = "The security token included in the request is expired"
    code = "ExpiredTokenException"
    await exchange.send(_error(exchange.request, status, code, said, "Unauthorized"))
    return True


async def _never(exchange: Exchange) -> bool:
    await exchange.silence()
    return False


async def _forwarded(exchange: Exchange) -> Head:
    """Hand a request on; it counts as passed even where its answer gets lost."""
    if exchange.request.mutates:
        exchange.door.passed.append(exchange.request)
    return await exchange.ask()


async def _reset(exchange: Exchange) -> bool:
    """Send half of what comes first, and reset the connection."""
    await _half(exchange)
    raise Cut(reset=True)


async def _truncate(exchange: Exchange) -> bool:
    """Send half of what comes first, and close the connection as if that were all."""
    await _half(exchange)
    raise Cut


async def _half(exchange: Exchange) -> None:
    head = await _forwarded(exchange)
    await exchange.send(head.raw)
    async for piece in exchange.upstream.pieces(head):
        whole = framed(head, piece)
        await exchange.send(whole[: len(whole) // 2])
        return


async def _late(exchange: Exchange) -> bool:
    """Answer after 0.1 to 30 s, or when the fault ends."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(exchange.door.random.uniform(0.1, 30.0)):
            await exchange.door.lifted.wait()
    await exchange.door.forward(exchange)
    return True


DRIP = 0.005
"""Seconds from one byte to the next."""


async def _drip(exchange: Exchange) -> bool:
    """Answer a byte at a time."""
    head = await _forwarded(exchange)
    await exchange.send(head.raw)
    async for piece in exchange.upstream.pieces(head):
        data = framed(head, piece)
        while data:
            size = 1 if exchange.door.fault is not None else len(data)
            await exchange.send(data[:size])
            data = data[size:]
            await asyncio.sleep(DRIP)
    if head.chunked:
        await exchange.send(b"0\r\n\r\n")
    return True


async def _corrupt(exchange: Exchange) -> bool:
    """Spoil the middle of everything that is JSON."""
    head = await _forwarded(exchange)
    await exchange.send(head.raw)
    async for piece in exchange.upstream.pieces(head):
        middle = len(piece) // 2
        spoilt = piece[:middle] + b'}"\x01{'[: len(piece) - middle] + piece[middle + 4 :]
        await exchange.send(framed(head, spoilt if head.json else piece))
    if head.chunked:
        await exchange.send(b"0\r\n\r\n")
    return True


async def _portal(exchange: Exchange) -> bool:
    """Answer everything with a web page, as the login page of a guest network does."""
    await exchange.send(answer(200, PORTAL, "text/html; charset=utf-8"))
    return True


async def _stall(exchange: Exchange) -> bool:
    """Begin to answer, and fall silent."""
    head = await _forwarded(exchange)
    await exchange.send(head.raw)
    if not exchange.request.watch:
        async for piece in exchange.upstream.pieces(head):
            await exchange.send(framed(head, piece)[: len(piece) // 2])
            break
    await exchange.silence()
    return False


async def _skewed(exchange: Exchange) -> bool:
    """Refuse what was not signed about now, by a clock that is ahead."""
    request, now = exchange.request, datetime.now(UTC) + SKEW
    signed = signed_at(request)
    if signed is not None and abs(now - signed) < timedelta(minutes=5):
        await exchange.door.forward(exchange)
        return True
    headers = {"Date": format_datetime(now, usegmt=True)}
    if request.kube:
        await exchange.send(
            _error(request, 401, "Unauthorized", "Unauthorized", "Unauthorized", headers)
        )
    else:
        said = f"Signature expired: {signed:%Y%m%dT%H%M%SZ} is now earlier than " if signed else ""
        said += f"{now - timedelta(minutes=5):%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} - 5 min.)"
        await exchange.send(_error(request, 403, "InvalidSignatureException", said, "", headers))
    return True


def _with_token(body: bytes, request: Request) -> bytes:
    document = json.loads(body)
    if request.kube:
        document.setdefault("metadata", {})["continue"] = AGAIN
    elif isinstance(document, dict):
        document["nextToken"] = AGAIN
    return json.dumps(document).encode()


async def _endless(exchange: Exchange) -> bool:
    """Answer every listing with the token of a further page, always the same."""
    request = exchange.request
    if request.watch:  # so that it is listed again
        await exchange.send(_error(request, 410, "Expired", "too old resource version", "Expired"))
        return True
    listing = request.kube or ":List" in request.action or ":Filter" in request.action
    if request.method == "PATCH" or (request.log and request.kube) or not listing:
        await exchange.door.forward(exchange)
        return True
    # The first page again, whatever page is asked for.
    target = request.target.replace(f"continue={AGAIN}&", "").replace(f"&continue={AGAIN}", "")
    body = request.body.replace(b', "nextToken": "%s"' % AGAIN.encode(), b"")
    raw = request.raw[: -len(request.body) or None].replace(
        request.target.encode(), target.encode(), 1
    )
    if len(body) != len(request.body):
        raw = raw.replace(b"%d" % len(request.body), b"%d" % len(body))
    first = Request(raw + body, request.method, target, request.headers, body)
    head = await exchange.upstream.ask(first)
    answered = b"".join([piece async for piece in exchange.upstream.pieces(head)])
    if head.status == 200:
        answered = _with_token(answered, request)
    await exchange.send(with_length(head, len(answered)) + answered)
    return True


async def _log_ends(exchange: Exchange) -> bool:
    """End a log as soon as there is something in it, in the middle of a line."""
    head = await exchange.ask()
    if not head.chunked:  # CloudWatch: the stream is not found
        _ = [piece async for piece in exchange.upstream.pieces(head)]
        said = "The specified log stream does not exist."
        await exchange.send(_error(exchange.request, 400, "ResourceNotFoundException", said))
        return True
    await exchange.send(head.raw)
    if "follow" in exchange.request.query:
        async for piece in exchange.upstream.pieces(head):
            await exchange.send(framed(head, piece[: len(piece) * 2 // 3]))
            break
    else:
        async for piece in exchange.upstream.pieces(head):
            await exchange.send(framed(head, piece))
    await exchange.send(b"0\r\n\r\n")
    raise Cut


def _status(status: int, code: str, said: str, reason: str, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(name=str(status), meet=refusal(status, code, said, reason, named))


FAULTS: tuple[Fault, ...] = (
    Fault(name="refuse", refuse=True),
    Fault(name="reset", meet=_reset),
    Fault(name="black-hole", meet=_never),
    Fault(name="latency", meet=_late),
    Fault(name="drip", meet=_drip),
    Fault(name="truncate", meet=_truncate),
    Fault(name="corrupt", meet=_corrupt),
    Fault(name="content-type", meet=_portal),
    Fault(
        name="throttled",
        meet=refusal(400, "ThrottlingException", "Rate exceeded", "BadRequest"),
    ),
    _status(401, "UnrecognizedClientException", "Unauthorized", "Unauthorized"),
    _status(403, "AccessDeniedException", "User is not authorized to perform this", "Forbidden"),
    _status(404, "NotFound", "the server could not find the requested resource", "NotFound"),
    _status(409, "ConflictException", "the operation cannot be fulfilled now", "Conflict"),
    _status(410, "Gone", "The resourceVersion is too old", "Expired"),
    _status(429, "TooManyRequestsException", "slow down", "TooManyRequests", Retry_After="2"),
    _status(500, "ServerException", "internal error", "InternalError"),
    _status(502, "BadGateway", "bad gateway", "BadGateway"),
    _status(503, "ServiceUnavailable", "apiserver is shutting down", "ServiceUnavailable"),
    _status(504, "GatewayTimeout", "the request timed out", "Timeout"),
    Fault(name="expired", meet=_expired),
    Fault(name="skew", meet=_skewed),
    Fault(name="dns"),
    Fault(name="tls", tls="expired"),
    Fault(name="silent", meet=_stall, only=lambda r: not r.kube or r.watch,
          stalls=lambda r: r.watch, cuts=False),
    Fault(name="log-ends", meet=_log_ends, only=lambda r: r.log, ends=lambda r: r.log, cuts=False),
    Fault(name="endless", meet=_endless),
    Fault(name="gone", drop=True),
)  # fmt: skip
"""In the order of the table. ``dns`` is done by a resolver, not by a door."""

BY_NAME: Mapping[str, Fault] = {fault.name: fault for fault in FAULTS}
