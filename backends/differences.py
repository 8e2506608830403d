"""In what two revisions of a workload differ: images, variables, CPU and memory."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backends.model import Difference
from backends.text import clean

SECRET = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_?KEY", re.IGNORECASE)
"""Names of variables whose values should have been secrets; they are not shown."""

LONGEST = 200
"""Characters of a value that are shown."""


class Hidden(str):
    """A value that is compared but never shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Hidden()"


def variable(name: str, value: str) -> str:
    """Return an environment variable's value, hidden where its name says that it is a secret."""
    return Hidden(value) if SECRET.search(name) else value


def differences(now: Mapping[str, str], then: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return what differs between two revisions, each as its parts by name, in their order."""
    found = []
    for what in dict.fromkeys((*now, *then)):
        one, other = now.get(what, ""), then.get(what, "")
        if one != other:
            again = isinstance(one, Hidden) and bool(one)
            shown = _shown(one, "(hidden)"), _shown(other, "(hidden, another)" if again else "")
            found.append(Difference(clean(what), *shown))
    return tuple(found)


def _shown(value: str, hidden: str) -> str:
    if isinstance(value, Hidden):
        return (hidden or "(hidden)") if value else ""
    return clean(value, LONGEST)
