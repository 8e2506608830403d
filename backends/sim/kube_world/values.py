"""Small values that Kubernetes documents are made of: times, names, identities, hashes."""

from __future__ import annotations

import random
import time
import zlib
from calendar import timegm
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias

import orjson

Doc: TypeAlias = dict[str, Any]
"""An object or a part of one as plain JSON values. Never changed in place once it is stored."""

SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""The characters of generated names (k8s.io/apimachinery/pkg/util/rand)."""


@lru_cache(maxsize=512)
def _day(number: int) -> str:
    return time.strftime("%Y-%m-%dT", time.gmtime(number * 86400))


def stamp(at: float) -> str:
    """Return epoch seconds as metav1.Time is written: RFC 3339 in UTC, whole seconds."""
    day, second = divmod(int(at), 86400)
    minute, second = divmod(second, 60)
    return f"{_day(day)}{minute // 60:02d}:{minute % 60:02d}:{second:02d}Z"


def stamp_micro(at: float) -> str:
    """Return epoch seconds as metav1.MicroTime is written: RFC 3339 with six digits."""
    return f"{stamp(at)[:-1]}.{int(at % 1 * 1_000_000):06d}Z"


@lru_cache(maxsize=4096)
def parse_stamp(text: str) -> float:
    """Return the epoch seconds of an RFC 3339 time in UTC; raises ValueError for anything else."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    second = timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return second + (float(f"0.{fraction}") if fraction else 0.0)


_PAIRS = ["".join(pair) for pair in product(SUFFIX_LETTERS, repeat=2)]
_TRIPLES = ["".join(triple) for triple in product(SUFFIX_LETTERS, repeat=3)]


def suffix(rng: random.Random) -> str:
    """Return the random end of a generated name: five characters."""
    return _PAIRS[int(rng.random() * len(_PAIRS))] + _TRIPLES[int(rng.random() * len(_TRIPLES))]


def uid(rng: random.Random) -> str:
    """Return a random UUID of version 4."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def template_hash(template: Doc) -> str:
    """Return a pod-template-hash: a 32-bit hash whose decimal digits are spelt as safe letters."""
    digits = str(zlib.crc32(orjson.dumps(template, option=orjson.OPT_SORT_KEYS)))
    return "".join(SUFFIX_LETTERS[ord(digit) % len(SUFFIX_LETTERS)] for digit in digits)


def dig(doc: Any, *path: str) -> Any:
    """Return what lies at `path` below a document, or None where the path ends early."""
    for key in path:
        if not isinstance(doc, dict):
            return None
        doc = doc.get(key)
    return doc


def pruned(doc: Doc) -> Doc:
    """Return a document without the keys whose value is None, as Go's omitempty leaves it."""
    return {key: value for key, value in doc.items() if value is not None}
