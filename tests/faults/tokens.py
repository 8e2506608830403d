"""When a request says that it was signed: SigV4, and the tokens of EKS."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from tests.faults.wire import Request

_PREFIX = "Bearer k8s-aws-v1."


def signed_at(request: Request) -> datetime | None:
    """Return when a request, or the EKS token that it bears, was signed; None: it does not say."""
    stamp = request.headers.get("x-amz-date", "")
    bearer = request.headers.get("authorization", "")
    if bearer.startswith(_PREFIX):
        token = bearer.removeprefix(_PREFIX)
        try:
            url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        stamp = parse_qs(urlsplit(url).query).get("X-Amz-Date", [""])[0]
    if not stamp:
        return None
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
