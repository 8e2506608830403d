"""Stops the clock of a Python program that is not ours, by being found on its PYTHONPATH.

FROZEN_AT is the epoch second at which `datetime` stands still. Also says, into the file that
TELL_INTERPRETER names, which interpreter the program runs on.
"""

import datetime
import os
import sys
from pathlib import Path

_real = datetime.datetime
_at = os.environ.get("FROZEN_AT")


class _Meta(type):
    def __instancecheck__(cls, thing):
        return isinstance(thing, _real)

    def __subclasscheck__(cls, kind):
        return issubclass(kind, _real)


class _Frozen(_real, metaclass=_Meta):
    @classmethod
    def now(cls, tz=None):
        return _real.fromtimestamp(float(_at), tz)

    @classmethod
    def utcnow(cls):
        return _real.fromtimestamp(float(_at), datetime.timezone.utc).replace(tzinfo=None)  # noqa: UP017


if _at:
    datetime.datetime = _Frozen
if _tell := os.environ.get("TELL_INTERPRETER"):
    Path(_tell).write_text(sys.executable, encoding="utf-8")
