"""Identities for a connection: made from a kubeconfig user or AWS credentials, and renewed."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from backends.aws.renewal import read_renewal
from backends.base import AwsSource, BackendError, Expired, Invalid
from backends.clock import Clock
from backends.eks import execplugin, tls, token
from backends.eks.kubeconfig import Context, Entry
from backends.eks.rest import Identity
from backends.model import Renewal
from backends.text import clean

EARLY = 60.0
"""Seconds before its expiry that an identity is renewed."""

TOKEN_FILE_SECONDS = 60.0
"""How long the content of a token file counts: the kubelet rotates a pod's token under us."""

RETRY = 5.0
"""Seconds for which a failure is repeated to all who ask, rather than tried again by each."""


class Made(msgspec.Struct, frozen=True):
    """An identity and when it ends; None: it does not."""

    identity: Identity
    expires: float | None = None


Maker: TypeAlias = Callable[[], Awaitable[Made]]


class CachedAuthority:
    """Keeps an identity until shortly before it ends, or until it is refused."""

    def __init__(self, make: Maker, clock: Clock, renewal: Renewal) -> None:
        self.renewal = renewal
        self._make = make
        self._clock = clock
        self._lock = asyncio.Lock()
        self._made: Made | None = None
        self._failure: BackendError | None = None
        self._failed_at = 0.0
        self._forgotten = 0

    async def identity(self) -> Identity:
        """Return an identity that has not expired, or raise a `BackendError`."""
        async with self._lock:
            made = self._made
            if made is not None and (
                made.expires is None or self._clock.now() < made.expires - EARLY
            ):
                return made.identity
            if self._failure and self._clock.monotonic() - self._failed_at < RETRY:
                raise self._failure.with_traceback(None)
            before = self._forgotten
            try:
                made = self._made = await self._make()
            except BackendError as error:
                told = self._told(error)
                if before == self._forgotten:  # else there may be better ones since this began
                    self._failure, self._failed_at = told, self._clock.monotonic()
                raise told from error.__cause__
            self._failure = None
            return made.identity

    def _told(self, error: BackendError) -> BackendError:
        """Add what renews the credentials to an error that only says that they are lost."""
        problem = error.problem
        if not isinstance(error, Expired) or problem.renewal is not None:
            return error
        return Expired(problem.action, problem.message, self.renewal.advice, self.renewal)

    def reject(self, identity: Identity) -> None:
        """Forget `identity`, unless it was replaced meanwhile."""
        if self._made is not None and self._made.identity is identity:
            self._made = None

    def forget(self) -> None:
        """Make a new one at the next call, whatever came of the last: somebody logged in."""
        self._made, self._failure = None, None
        self._forgotten += 1


Mint: TypeAlias = Callable[[token.GetToken], Awaitable[tuple[str, float]]]
"""Makes an EKS token: the token, and when it ends."""


SourceOf: TypeAlias = Callable[[str], AwsSource]
"""Tells the AWS source of a profile."""


def renewal_of(entry: Entry, context: Context, source_of: SourceOf) -> Renewal:
    """Say what renews the credentials of a kubeconfig user. Reads AWS's files where it is those
    of a profile that count: call it off the loop."""
    who = f"context {context.name}"
    section = entry.user.get("exec")
    if isinstance(section, dict):
        plugin = execplugin.parse(section, entry.base, {})
        wish = token.recognise(plugin.command, plugin.args, dict(plugin.env))
        if wish is None:
            return Renewal(who, f"log in again with {plugin.shown}", quiet=False)
        found = read_renewal(source_of(wish.profile))
        advice = f"{found.advice}, or ask for an EKS access entry"
        return msgspec.structs.replace(found, advice=advice)
    if "auth-provider" in entry.user:
        argv = ("kubectl", "--context", context.name, "get", "namespaces")
        files = os.pathsep.join(context.paths)
        env = (("KUBECONFIG", files),) if files else ()
        return Renewal(who, clean(f"`{' '.join(argv)}` renews its token"), argv, env)
    return Renewal(who, f"put new credentials for the user of {who} into kubeconfig")


async def from_entry(entry: Entry, mint: Mint, clock: Clock, deadline: float) -> Made:
    """Make the identity that a kubeconfig user describes. Raises `BackendError`.

    `deadline` is what a credential plugin may take, in seconds.
    """
    user = entry.user
    cert, key, header, expires = entry.cert, entry.key, "", None
    if "auth-provider" in user:
        header, expires = _oidc(entry, clock)
    elif "exec" in user:
        credential = await _from_exec(entry, mint, deadline)
        cert, key = credential.cert or cert, credential.key or key
        header = f"Bearer {_safe(credential.token)}" if credential.token else ""
        expires = credential.expires
    elif user.get("tokenFile"):
        path = Path(entry.base, str(user["tokenFile"]))
        header = f"Bearer {_safe(await asyncio.to_thread(_read_token, path))}"
        expires = clock.now() + TOKEN_FILE_SECONDS + EARLY
    elif user.get("token"):
        header = f"Bearer {_safe(str(user['token']))}"
    elif user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        header = "Basic " + base64.b64encode(pair.encode()).decode()
    context = None
    if entry.server.startswith("https"):
        context = await asyncio.to_thread(
            lambda: tls.context(entry.ca, verify=entry.verify, cert=cert, key=key)
        )
    return Made(Identity(header, context), expires)


async def _from_exec(entry: Entry, mint: Mint, deadline: float) -> execplugin.PluginCredential:
    section = entry.user["exec"]
    if not isinstance(section, dict):
        raise Invalid("read kubeconfig", "exec is no mapping", "correct the user's exec section")
    about = {"server": entry.server, "tls-server-name": entry.tls_name}
    if entry.ca:
        about["certificate-authority-data"] = base64.b64encode(entry.ca).decode()
    plugin = execplugin.parse(section, entry.base, {k: v for k, v in about.items() if v})
    wish = token.recognise(plugin.command, plugin.args, dict(plugin.env))
    if wish is None:
        return await execplugin.run(plugin, deadline)
    minted, expires = await mint(wish)
    return execplugin.PluginCredential(token=minted, expires=expires)


class _Claims(msgspec.Struct, frozen=True):
    exp: float | None = None


def _oidc(entry: Entry, clock: Clock) -> tuple[str, float | None]:
    """Use an ``oidc`` auth-provider's id-token while it is good.

    It is not refreshed here: a provider may let a refresh token be used but once, and the new
    one would have to be written to the user's kubeconfig. kubectl does that.
    """
    section = entry.user["auth-provider"]
    name = section.get("name") if isinstance(section, dict) else None
    if name != "oidc":
        raise Invalid(
            "read kubeconfig",
            f"auth-provider {clean(str(name))!r} was removed from Kubernetes in 1.26",
            "use the exec plugin of the provider instead (gke-gcloud-auth-plugin, kubelogin)",
        )
    jwt = str((section.get("config") or {}).get("id-token") or "")
    try:
        payload = jwt.split(".")[1]
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        expires = msgspec.json.decode(raw, type=_Claims).exp
    except (IndexError, ValueError, msgspec.MsgspecError):
        raise Expired(
            "read kubeconfig", "the oidc id-token is missing or no JWT", "log in with kubectl"
        ) from None
    if expires is not None and expires <= clock.now():
        raise Expired(
            "read kubeconfig", "the oidc id-token has expired", "any kubectl command renews it"
        )
    return f"Bearer {_safe(jwt)}", expires


def _read_token(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise Invalid(
            "read token file", clean(f"{path}: {reason}"), "correct tokenFile in kubeconfig"
        ) from error


_TOKEN = re.compile(r"[\x21-\x7e]+")


def _safe(secret: str) -> str:
    """Return a token that can be a header's value; the error does not quote it."""
    secret = secret.strip()
    if not _TOKEN.fullmatch(secret):
        raise Invalid(
            "read credentials", "the token is empty or holds blanks", "put the token in again"
        )
    return secret
