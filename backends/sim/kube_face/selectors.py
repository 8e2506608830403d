"""Label and field selectors, read and refused as the API server does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from backends.sim.kube_face.status import bad_request
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.store import Version

Matcher: TypeAlias = Callable[[Version], bool]
"""Says whether an object is selected; labels and names cost no look at its document."""

_TOKEN = re.compile(r"\s*(!=|==|=|!|\(|\)|,|>|<|[^\s=!(),<>]+)")


def select(kind: KubeKind, labels: str, fields: str) -> Matcher | None:
    """Return what both selectors together select, or None where they select everything.

    Raises a 400 in the API server's words for one that can't be read.
    """
    tests: list[Matcher] = [_on_labels(t) for t in label_requirements(labels)]
    tests += field_requirements(kind, fields)
    if not tests:
        return None
    return lambda version: all(test(version) for test in tests)


def _on_labels(test: Callable[[Mapping[str, str]], bool]) -> Matcher:
    return lambda version: test(version.labels)


def label_requirements(text: str) -> list[Callable[[Mapping[str, str]], bool]]:
    """Return the tests that a label selector consists of."""
    tokens = _Tokens(_tokens(text))
    made: list[Callable[[Mapping[str, str]], bool]] = []
    while tokens.peek:
        made.append(_requirement(tokens))
        if tokens.peek and tokens.take() != ",":
            raise bad_request(
                f"unable to parse requirement: found '{tokens.last}', expected: ',' or 'end of "
                "string'"
            )
    return made


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        found.append(match[1])
        at = match.end()
    return found


class _Tokens:
    def __init__(self, tokens: list[str]) -> None:
        self._rest = tokens[::-1]
        self.last = ""

    @property
    def peek(self) -> str:
        return self._rest[-1] if self._rest else ""

    def take(self) -> str:
        self.last = self._rest.pop() if self._rest else ""
        return self.last

    def word(self) -> str:
        token = self.take()
        if not token or not re.match(r"[\w.]", token):
            raise bad_request(f"unable to parse requirement: found '{token}', expected: identifier")
        return token


def _requirement(tokens: _Tokens) -> Callable[[Mapping[str, str]], bool]:
    if tokens.peek == "!":
        tokens.take()
        absent = tokens.word()
        return lambda labels: absent not in labels
    key = tokens.word()
    operator = tokens.peek
    if operator in ("", ","):
        return lambda labels: key in labels
    tokens.take()
    if operator in ("=", "=="):
        equal = _value(tokens)
        return lambda labels: labels.get(key) == equal
    if operator == "!=":
        other = _value(tokens)
        return lambda labels: labels.get(key) != other
    if operator in ("in", "notin"):
        values = _values(tokens)
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: key not in labels or labels[key] not in values
    raise bad_request(
        f"unable to parse requirement: found '{operator}', expected: in, notin, =, ==, !=, gt, lt"
    )


def _value(tokens: _Tokens) -> str:
    return "" if tokens.peek in ("", ",") else tokens.word()


def _values(tokens: _Tokens) -> frozenset[str]:
    if tokens.take() != "(":
        raise bad_request(f"unable to parse requirement: found '{tokens.last}', expected: '('")
    values = set()
    while tokens.peek not in (")", ""):
        values.add(tokens.word())
        if tokens.peek == ",":
            tokens.take()
    if tokens.take() != ")":
        raise bad_request("unable to parse requirement: found '', expected: ',' or ')'")
    return frozenset(values)


def field_requirements(kind: KubeKind, text: str) -> list[Matcher]:
    """Return the tests that a field selector consists of."""
    made: list[Matcher] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.match(r"^([^=!]+)(!=|==|=)(.*)$", part)
        if match is None:
            raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        label, operator, value = match.groups()
        if label not in ("metadata.name", "metadata.namespace") and label not in kind.fields:
            raise bad_request(_unknown(kind, label))
        made.append(_on_field(kind, label, value, equal=operator != "!="))
    return made


def _on_field(kind: KubeKind, label: str, value: str, *, equal: bool) -> Matcher:
    if label == "metadata.name":
        return lambda version: (version.name == value) is equal
    if label == "metadata.namespace":
        return lambda version: (version.namespace == value) is equal
    return lambda version: (kind.field(version.doc, label) == value) is equal


def _unknown(kind: KubeKind, label: str) -> str:
    if kind.fields:
        return f"field label not supported: {label}"
    return f'"{label}" is not a known field selector: only "metadata.name", "metadata.namespace"'
