"""Secrets without their values: keys and sizes are all that leaves this package."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which kubectl keeps what was applied: a Secret's values, too."""

HIDDEN = "hidden"
"""Begins what is shown in place of a value."""


def masked(document: Any) -> Any:
    """Return an object as it is, but a Secret without its values."""
    if not isinstance(document, Mapping) or document.get("kind") != "Secret":
        return document
    made = dict(document)
    for key in ("data", "stringData"):
        if key in made:
            made[key] = {name: _size(value, key) for name, value in (made[key] or {}).items()}
    metadata = dict(made.get("metadata") or {})
    notes = dict(metadata.get("annotations") or {})
    if APPLIED in notes:
        metadata["annotations"] = notes | {APPLIED: f"{HIDDEN}: it repeats the values"}
    made["metadata"] = metadata
    return made


def _size(value: Any, key: str) -> str:
    """Return what is shown in place of a value: its size in bytes."""
    raw = str(value).encode()
    if key == "data":
        try:
            raw = base64.b64decode(raw, validate=True)
        except binascii.Error:
            return f"{HIDDEN}, not base64"
    return f"{HIDDEN}, {len(raw)} byte{'s' * (len(raw) != 1)}"
