"""Keeping credentials out of messages: whatever AWS, a proxy or a program says may hold some."""

from __future__ import annotations

import re

from backends.text import clean

MESSAGE_LIMIT = 400
"""Characters kept of what AWS said."""

_SECRETS = (
    re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{12,}\b"),
    re.compile(r"(?i)\b(?:X-Amz-(?:Security-Token|Credential|Signature)|Credential|Signature"
               r"|SecretAccessKey|SessionToken|aws_secret_access_key|aws_session_token)"
               r"['\"]?\s*[=:]\s*['\"]?[^\s&,'\"]+"),
    re.compile(r"(?i)\b(?:authorization|x-amz-security-token)['\"]?\s*[:=].*"),
    re.compile(r"\b(?:IQoJ|FwoG|FQoG|AQoD)[A-Za-z0-9/+=_-]{20,}"),
    re.compile(r"(?i)\bbearer\s+\S+"),
    re.compile(r"(?<=://)[^/@\s]+@"),
)  # fmt: skip
_REDACTED = "[redacted]"


def redact(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Return outside text as one clean line of at most `limit` characters, without credentials."""
    text = clean(text)
    for pattern in _SECRETS:
        text = pattern.sub(_REDACTED, text)
    return text if len(text) <= limit else text[:limit] + "…"
