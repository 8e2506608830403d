"""The one place where botocore's and aiohttp's exceptions become a `BackendError`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import aiohttp
import msgspec
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from backends.aws.errorcodes import (
    CONFLICT,
    DENIED,
    EXPIRED,
    NOT_FOUND,
    SIGNATURE,
    THROTTLED,
)
from backends.aws.redact import redact
from backends.aws.session import MfaRequired
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


class CallContext(msgspec.Struct, frozen=True):
    """What is known of a call, for the message when it fails."""

    action: str
    """The IAM action: ``ecs:UpdateService``."""
    endpoint: str
    """The URL that was called."""
    profile: str
    renewal: Renewal
    """How the profile's credentials are renewed."""
    timeout: float
    """Seconds that it was given."""
    mfa: Renewal | None = None
    """How a role of the profile that wants an MFA code is assumed."""


_AUTHORIZED = re.compile(
    r"not authorized to perform:? (?P<action>[\w-]+:\w+)(?: on resource:? (?P<resource>\S+))?"
)


def transient(error: BaseException) -> bool:
    """Whether a read is worth one more try at once: the connection broke, or the server did."""
    if isinstance(error, boto.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status in (500, 502, 503, 504) and _code(error) not in THROTTLED
    broke = isinstance(error, boto.EndpointConnectionError) and _broke_off(error.kwargs["error"])
    return broke or isinstance(error, boto.ConnectionClosedError)


def translate(error: Exception, context: CallContext) -> BackendError:
    """Return the `BackendError` that says what `error` means to an operator."""
    if isinstance(error, BackendError):
        return error
    if isinstance(error, boto.ClientError):
        return _from_answer(error, context)
    for kinds, make in _LOCAL:
        if isinstance(error, kinds):
            return make(error, context)
    message = f"{type(error).__name__}: {redact(str(error))}"
    return BackendError(context.action, message, "try again; if it stays, report it as a bug")


_Translator: TypeAlias = Callable[[Exception, CallContext], BackendError]


def _code(error: boto.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _from_answer(error: boto.ClientError, context: CallContext) -> BackendError:
    """Translate an answer that AWS did give."""
    code = _code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = str(error.response.get("Error", {}).get("Message") or "")
    message = f"{clean(code, 80)}: {redact(said)}" if said else clean(code, 80)
    if code in THROTTLED:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return _throttled(context, message, str(headers.get("retry-after", "")))
    for codes, make in _ANSWERS:
        if code in codes:
            return make(context, message, said)
    if status >= 500 or code.isdigit():
        return Unreachable(
            context.action,
            f"{_place(context)} answered with HTTP {status}: {redact(said, 120)}",
            "check that the endpoint is AWS's; if it is, look at the AWS Health Dashboard",
        )
    return Invalid(context.action, message, "correct the request; AWS says what it did not accept")


def _denied(context: CallContext, message: str, said: str) -> BackendError:
    found = _AUTHORIZED.search(said)
    action = found["action"] if found else context.action
    resource = redact(found["resource"]).rstrip(".") if found and found["resource"] else "*"
    who = f"profile {context.profile}" if context.profile else "these credentials"
    return Denied(context.action, message, f"allow {clean(action)} on {resource} for {who}")


def _expired(context: CallContext, message: str, said: str) -> BackendError:
    return Expired(context.action, message, context.renewal.advice, context.renewal)


def _signature(context: CallContext, message: str, said: str) -> BackendError:
    first = redact(said.partition("\n")[0].partition("The Canonical String")[0], 200)
    remedy = (
        "set this machine's clock (timedatectl set-ntp true); if it is right: "
        f"{context.renewal.advice}"
    )
    renewal = Renewal(context.renewal.who, remedy)
    return Expired(context.action, first or message, remedy, renewal)


def _throttled(context: CallContext, message: str, retry_after: str) -> BackendError:
    remedy = "going slower by itself; if it stays, lower budget_share"
    wait = float(retry_after[:6]) if retry_after.isdecimal() else 0.0
    return Throttled(context.action, message, remedy, wait)


def _not_found(context: CallContext, message: str, said: str) -> BackendError:
    return NotFound(context.action, message, "refresh: it was deleted, or it is in another region")


def _conflict(context: CallContext, message: str, said: str) -> BackendError:
    return Conflict(context.action, message, "refresh, look at its status, and try again")


_AT = re.compile(r"at line (\d+) and position (\d+)")


def _malformed(context: CallContext, message: str, said: str) -> BackendError:
    """A query of Logs Insights that it does not understand, or whose range it can't look at."""
    found = _AT.search(said)
    if "retention" in said or "creation time" in said:
        remedy = "choose a range that the log groups still keep"
    elif found:
        remedy = f"correct the query at line {found[1]}, character {int(found[2]) + 1}"
    else:
        remedy = "correct the query; AWS says what it did not understand"
    return Invalid(context.action, message, remedy)


def _limited(context: CallContext, message: str, said: str) -> BackendError:
    if context.action == "logs:StartQuery":
        remedy = "wait until a query of this account and region ends, or stop one"
        return Conflict(context.action, message, remedy)
    return Invalid(context.action, message, "ask for a higher quota, or for less")


_ANSWERS = (
    (DENIED, _denied),
    (EXPIRED, _expired),
    (SIGNATURE, _signature),
    (NOT_FOUND, _not_found),
    (CONFLICT, _conflict),
    (frozenset({"MalformedQueryException"}), _malformed),
    (frozenset({"LimitExceededException"}), _limited),
)


def _place(context: CallContext) -> str:
    return redact(context.endpoint) if context.endpoint else "AWS"


def _no_answer(error: Exception, context: CallContext) -> BackendError:
    cause = getattr(error, "kwargs", {}).get("error") or ""
    if _broke_off(cause or error):
        return _closed(error, context)
    detail = f" ({redact(str(cause), 120)})" if str(cause) else ""
    return Unreachable(
        context.action,
        f"could not connect to {_place(context)}{detail}",
        "check the network, the VPN, the region and the endpoint URL",
    )


def _broke_off(cause: object) -> bool:
    """Whether there was a connection, which was lost; botocore does not tell it from none."""
    lost = isinstance(cause, aiohttp.ClientOSError | ConnectionResetError | BrokenPipeError)
    return lost and not isinstance(cause, aiohttp.ClientConnectorError)


def unsent(error: Exception) -> bool:
    """Whether a call that failed can't have been carried out: it never got as far as AWS, or AWS
    said that it would not."""
    if isinstance(error, boto.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return 400 <= int(status) < 500
    if isinstance(error, boto.EndpointConnectionError):
        return not _broke_off(error.kwargs.get("error"))
    return isinstance(error, _SURE) or not isinstance(error, _UNCERTAIN)


def _timeout(error: Exception, context: CallContext) -> BackendError:
    return Unreachable(
        context.action,
        f"no answer from {_place(context)} within {context.timeout:g} s",
        "check the network and the VPN, or raise request_timeout",
    )


def _tls(error: Exception, context: CallContext) -> BackendError:
    cause = getattr(error, "kwargs", {}).get("error") or error
    return Unreachable(
        context.action,
        f"TLS with {_place(context)} failed: {redact(str(cause), 200)}",
        "point AWS_CA_BUNDLE at your organisation's CA, or correct the endpoint URL",
    )


def _proxy(error: Exception, context: CallContext) -> BackendError:
    return Unreachable(
        context.action, redact(str(error)), "check HTTPS_PROXY and NO_PROXY, and the proxy itself"
    )


def _closed(error: Exception, context: CallContext) -> BackendError:
    return Unreachable(
        context.action,
        f"{_place(context)} closed the connection before it had answered",
        "try again; if it stays, check the network and any proxy in between",
    )


def _broken(error: Exception, context: CallContext) -> BackendError:
    return Unreachable(
        context.action,
        f"the answer of {_place(context)} was not understood: {redact(str(error), 120)}",
        "check that the endpoint is AWS's and that no captive portal answers in its place",
    )


def _mfa(error: Exception, context: CallContext) -> BackendError:
    renewal = context.mfa or context.renewal
    remedy = (
        f"{renewal.advice}, or put the keys that `aws sts get-session-token` gives into the profile"
    )
    return Expired(context.action, "the role wants an MFA code", remedy, renewal)


def _absent(error: Exception, context: CallContext) -> BackendError:
    renewal = context.renewal
    return Expired(context.action, redact(str(error)), renewal.advice, renewal)


def _misconfigured(error: Exception, context: CallContext) -> BackendError:
    where = f"profile {context.profile}" if context.profile else "the AWS configuration"
    return Invalid(context.action, redact(str(error)), f"correct {where} in ~/.aws/config")


def _missing(error: Exception, context: CallContext) -> BackendError:
    return Invalid(context.action, redact(str(error)), "install it: pip install 'botocore[crt]'")


def _parameters(error: Exception, context: CallContext) -> BackendError:
    return Invalid(context.action, redact(str(error)), "correct the value that it names")


def _kinds(*names: str) -> tuple[Any, ...]:
    """Return those of botocore's exceptions that the installed version has."""
    return tuple(getattr(boto, name) for name in names if hasattr(boto, name))


_UNCERTAIN: tuple[type[BaseException], ...] = (
    asyncio.TimeoutError,
    ResponseParserError,
    OSError,
    aiohttp.ClientError,
    *_kinds(
        "ReadTimeoutError", "ConnectionClosedError", "ResponseStreamingError",
        "IncompleteReadError", "HTTPClientError",
    ),
)  # fmt: skip
"""What leaves it open whether a call was carried out."""

_SURE = _kinds("ConnectTimeoutError", "SSLError", "ProxyConnectionError")
"""Those among them that happen before anything is sent."""

_LOCAL: Iterable[tuple[tuple[type[BaseException], ...], _Translator]] = (
    ((MfaRequired, *_kinds("RefreshWithMFAUnsupportedError")), _mfa),
    (_kinds("SSLError"), _tls),
    (_kinds("ProxyConnectionError"), _proxy),
    ((asyncio.TimeoutError, *_kinds("ReadTimeoutError", "ConnectTimeoutError")), _timeout),
    (_kinds("ConnectionClosedError"), _closed),
    (_kinds("EndpointConnectionError", "ConnectionError"), _no_answer),
    ((ResponseParserError, *_kinds("ResponseStreamingError", "IncompleteReadError")), _broken),
    (_kinds("MissingDependencyException"), _missing),
    (
        _kinds("NoCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
               "NoAuthTokenError", "SSOError", "LoginError", "MetadataRetrievalError",
               "PartialCredentialsError"),
        _absent,
    ),
    (
        _kinds("ProfileNotFound", "ConfigParseError", "ConfigNotFound", "InvalidConfigError",
               "NoRegionError", "UnknownRegionError", "InvalidRegionError",
               "UnknownEndpointError", "EndpointProviderError", "EndpointVariantError",
               "InvalidProxiesConfigError", "InvalidEndpointConfigurationError",
               "UnknownCredentialError", "UnknownTokenProviderError"),
        _misconfigured,
    ),
    (_kinds("ParamValidationError", "ValidationError"), _parameters),
    (_kinds("HTTPClientError"), _no_answer),
    ((aiohttp.ClientError, OSError), _no_answer),
)  # fmt: skip
