"""The one place where what Kubernetes and the network say becomes a `BackendError`."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
import msgspec

from backends.base import (
    BackendError,
    Conflict,
    Denied,
    Expired,
    Invalid,
    NotFound,
    Throttled,
    Unreachable,
)
from backends.model import Renewal
from backends.text import clean


class Gone(Conflict):
    """A resource version or a continue token is too old (410): list again."""


class NotYet(Invalid):
    """The object is there, but not in a state to answer: a container that waits to start."""


class NotSent(Unreachable):
    """There was no connection, so the request was certainly not carried out."""


class Garbled(Unreachable):
    """The body is not what the API promises; perhaps the answer of something else."""


class Interrupted(Unreachable):
    """A stream that had begun broke off, or was silent for longer than its limit."""


class Silent(Interrupted):
    """Nothing was heard of a stream for longer than its limit, though it is open."""


class Act(msgspec.Struct, frozen=True):
    """One request in the words of RBAC, so that a refusal can name the rule that is missing."""

    verb: str
    """``get``, ``list``, ``watch``, ``patch``."""
    resource: str
    """Plural, with its subresource: ``pods``, ``deployments/scale``."""
    namespace: str = ""
    """Empty: the whole cluster, or a kind without namespaces."""
    name: str = ""

    def __str__(self) -> str:
        """Return it as the action of a `Problem`: ``list pods in shop``."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{' ' + self.name if self.name else ''}{where}"

    @property
    def rule(self) -> str:
        """The permission it needs, in words."""
        where = f"in namespace {self.namespace}" if self.namespace else "for the whole cluster"
        return f'allow "{self.verb}" on {self.resource} {where}'


class _Cause(msgspec.Struct, frozen=True):
    field: str = ""


class _Details(msgspec.Struct, frozen=True):
    retry_after: int = msgspec.field(default=0, name="retryAfterSeconds")
    causes: tuple[_Cause, ...] = ()


class Status(msgspec.Struct, frozen=True):
    """What Kubernetes answers in place of an object that it does not give."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: _Details | None = None


_STATUS = msgspec.json.Decoder(Status)


def read_status(code: int, body: bytes) -> Status:
    """Decode a Status body; a body that is none becomes the message of one."""
    try:
        status = _STATUS.decode(body)
    except msgspec.MsgspecError:
        text = clean(body[:500].decode("utf-8", "replace")).strip()
        return Status(message=text or f"HTTP {code}", code=code)
    message = clean(status.message or status.reason or f"HTTP {code}", 1000)
    return msgspec.structs.replace(status, message=message, code=status.code or code)


def told_to_wait(status: Status, retry_after: str) -> Status:
    """Return a Status with the seconds of a Retry-After header, where its body names none."""
    if not retry_after.isdecimal() or (status.details and status.details.retry_after):
        return status
    details = msgspec.structs.replace(
        status.details or _Details(), retry_after=int(retry_after[:6])
    )
    return msgspec.structs.replace(status, details=details)


def from_status(act: Act, status: Status, renewal: Renewal | None = None) -> BackendError:
    """Translate a Status; `renewal` says what renews this connection's credentials."""
    advice = renewal.advice if renewal is not None else ""
    code, message, action = status.code, status.message, str(act)
    error: BackendError
    if code == 401:
        remedy = advice or "renew the credentials of this cluster"
        error = Expired(action, message, remedy, renewal)
    elif code == 403:
        error = Denied(action, message, _missing(act, message, advice))
    elif code == 404:
        error = NotFound(action, message, "it is gone, or this cluster does not have the kind")
    elif code == 410:
        error = Gone(action, message, "list again")
    elif code == 409:
        error = Conflict(action, message, "look at its present state, then try again")
    elif _other_incarnation(status):
        remedy = "it was deleted and made anew: look at the new one, then try again"
        error = Conflict(action, message, remedy)
    elif code == 429:
        wait = status.details.retry_after if status.details else 0
        remedy = f"the cluster asks to wait {wait or 'a few'} seconds"
        error = Throttled(action, message, remedy, wait)
    elif code >= 500:
        error = Unreachable(action, message, "the API server has trouble; it is asked again")
    elif act.resource == "pods/log" and "waiting to start" in message:
        error = NotYet(action, message, "its log begins when the container starts")
    else:
        error = Invalid(action, message, "the cluster takes no such request; check its version")
    return error


def endless(act: Act) -> Unreachable:
    """Return the error that says that a listing goes in a circle."""
    return Unreachable(
        str(act),
        "the listing does not end: the same page came twice",
        "try again; if it stays, check what answers at the cluster's address",
    )


def _other_incarnation(status: Status) -> bool:
    """Whether a patch was refused for its uid: a 409 for a Scale, but a 422 for an object."""
    causes = status.details.causes if status.details is not None else ()
    return any(cause.field == "metadata.uid" for cause in causes)


def _missing(act: Act, message: str, advice: str) -> str:
    if "system:anonymous" in message:
        return f"no credentials were recognised: {advice or 'check the user of this context'}"
    return act.rule


def from_exception(act: Act | str, error: BaseException, server: str = "") -> BackendError:
    """Translate what aiohttp, asyncio or ssl raised while talking to `server`."""
    action = str(act)
    if isinstance(error, BackendError):
        return error
    where = server or "the API server"
    if isinstance(error, aiohttp.InvalidURL):
        return Invalid(action, "the server's address is no URL", "correct `server` in kubeconfig")
    for kinds, message, remedy in _FAILURES:
        if isinstance(error, kinds):
            said = message.format(where=where) or clean(str(error) or type(error).__name__, 500)
            return (NotSent if isinstance(error, _BEFORE) else Unreachable)(action, said, remedy)
    if "Connect call failed" in str(error):  # several addresses were tried
        return NotSent(action, f"{where} refuses connections", _REFUSED)
    said = clean(str(error) or type(error).__name__, 500)
    return Unreachable(action, said, "check the network; it is asked again")


_BEFORE = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientProxyConnectionError,
    ConnectionRefusedError,
    ssl.SSLCertVerificationError,
)
"""What goes wrong before anything was sent."""

_REFUSED = "check that the cluster runs, and its address"

_FAILURES: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError),
        "the proxy does not let it through",
        "check proxy-url in kubeconfig, HTTPS_PROXY and NO_PROXY",
    ),
    (
        (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError),
        "",
        "check certificate-authority and tls-server-name of this cluster",
    ),
    (
        (aiohttp.ClientSSLError, ssl.SSLError),
        "",
        "check the address and the client certificate",
    ),
    (
        (aiohttp.ClientConnectorDNSError,),
        "no such host: {where}",
        "check the address, the VPN and the DNS",
    ),
    (
        (TimeoutError, asyncio.TimeoutError),
        "no answer from {where} in time",
        "check the VPN, security groups and proxies",
    ),
    (
        (aiohttp.ClientPayloadError,),
        "the answer of {where} broke off",
        "check the network; it is asked again",
    ),
    (
        (aiohttp.ServerDisconnectedError, ConnectionResetError),
        "{where} closed the connection before it had answered",
        "check the network; it is asked again",
    ),
    ((ConnectionRefusedError,), "{where} refuses connections", _REFUSED),
)
"""What an exception means, most telling first; an empty message stands for its own words."""
