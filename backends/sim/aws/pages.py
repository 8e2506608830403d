"""Paging as AWS does it: a limit, a page in a steady order, an opaque token for the next one."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Iterable
from typing import TypeVar

import orjson

from backends.sim.aws.call import Call
from backends.sim.aws.errors import AwsError

T = TypeVar("T")

TOKEN_LIFE = 86400.0
"""Seconds that a token can be used for; "expires after 24 hours" in the CloudWatch Logs API
reference, and not said elsewhere."""


def limit(call: Call, name: str, default: int, maximum: int, code: str) -> int:
    """Return how many items a page is to hold; AWS's error where that is out of bounds."""
    wanted = call.number(name)
    if wanted is None:
        return default
    if not 1 <= wanted <= maximum:
        raise AwsError(code, f"{name} must be between 1 and {maximum}.")
    return wanted


def _owner(call: Call, ignored: tuple[str, ...]) -> int:
    """Return what a token is good for: this action here, with these parameters."""
    asked = {k: v for k, v in call.params.items() if k not in ignored}
    where = [call.account.account_id, call.region, call.service, call.action, asked]
    return zlib.crc32(orjson.dumps(where, option=orjson.OPT_SORT_KEYS))


def seal(call: Call, value: object, ignored: tuple[str, ...]) -> str:
    """Return an opaque token that holds `value` for the next call with the same parameters,
    those of the names `ignored` excepted."""
    return base64.urlsafe_b64encode(orjson.dumps([_owner(call, ignored), call.now, value])).decode()


def unseal(call: Call, token: str, ignored: tuple[str, ...], error: AwsError) -> object:
    """Return what a token holds; raises `error` for one that is forged, expired or another's."""
    try:
        owner, issued, value = orjson.loads(base64.urlsafe_b64decode(token))
        good = owner == _owner(call, ignored) and call.now - issued <= TOKEN_LIFE
    except (binascii.Error, ValueError, TypeError) as cause:
        raise error from cause
    if not good:
        raise error
    return value


def page(
    call: Call,
    items: Iterable[T],
    key: Callable[[T], str],
    size: int,
    *,
    names: tuple[str, str] = ("nextToken", "maxResults"),
    error: AwsError | None = None,
) -> tuple[list[T], str]:
    """Return one page of `items` in the order of `key`, and the token of the next one or "".

    `names` are those of the token's and the size's parameters. A page goes on after the last
    key of the page before, so that what comes and goes between two calls neither repeats nor
    hides its neighbours.
    """
    error = error or AwsError("InvalidParameterException", "Invalid token.")
    ordered = sorted(items, key=key)
    after = call.text(names[0])
    if after:
        last = str(unseal(call, after, names, error))
        ordered = [item for item in ordered if key(item) > last]
    taken = ordered[:size]
    more = len(ordered) > size
    return taken, seal(call, key(taken[-1]), names) if more else ""
