"""Selectors select what Kubernetes' would, and are refused in its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.sim.kube_face.selectors import label_requirements, select
from backends.sim.kube_face.status import ApiError
from backends.sim.kube_world import kinds
from backends.sim.kube_world.store import Version

LABELS = {"app": "web", "tier": "front", "empty": "", "example.com/role": "x"}


def matches(text: str, labels: dict[str, str] | None = None) -> bool:
    tests = label_requirements(text)
    return all(test(LABELS if labels is None else labels) for test in tests)


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("", True), ("app=web", True), ("app==web", True), ("app=api", False),
        ("app!=api", True), ("nosuch!=x", True), ("app", True), ("nosuch", False),
        ("!nosuch", True), ("!app", False), ("app in (web, api)", True),
        ("app in (api)", False), ("app notin (api,db)", True), ("nosuch notin (a)", True),
        ("app in (web),tier=front", True), ("app=web,tier=back", False), ("empty=", True),
        ("app=", False), ("example.com/role=x", True), (" app = web , tier = front ", True),
    ],
)  # fmt: skip
def test_labels_are_selected(selector: str, wanted: bool) -> None:
    assert matches(selector) is wanted


@pytest.mark.parametrize("selector", ["a===b", "=a", "app in web", "app in (", "a,,b", "!"])
def test_a_selector_that_can_not_be_read_is_refused(selector: str) -> None:
    with pytest.raises(ApiError) as caught:
        label_requirements(selector)
    assert caught.value.code == 400
    assert str(caught.value).startswith("unable to parse requirement")


KEYS = st.sampled_from(["app", "tier", "zone"])
WORDS = st.sampled_from(["web", "api", "a-b", "1.0"])


@given(st.dictionaries(KEYS, WORDS), KEYS, WORDS)
def test_a_requirement_and_its_opposite_never_both_hold(
    labels: dict[str, str], key: str, value: str
) -> None:
    assert matches(f"{key}={value}", labels) is not matches(f"{key}!={value}", labels)
    assert matches(key, labels) is not matches(f"!{key}", labels)
    within = f"{key} in ({value},x)"
    assert matches(within, labels) is not matches(within.replace(" in ", " notin "), labels)


POD = Version("shop", "web-1", "uid", "", 7, {
    "metadata": {"name": "web-1", "namespace": "shop", "labels": LABELS},
    "spec": {"nodeName": "n1"}, "status": {"phase": "Running"},
})  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("metadata.name=web-1", True), ("metadata.name=other", False),
        ("spec.nodeName=n1,status.phase!=Failed", True), ("status.phase=Pending", False),
        ("metadata.namespace=shop", True), ("status.podIP=", True),
    ],
)  # fmt: skip
def test_fields_are_selected(fields: str, wanted: bool) -> None:
    matcher = select(kinds.PODS, "", fields)
    assert matcher is not None
    assert matcher(POD) is wanted


def test_no_selector_is_no_matcher() -> None:
    assert select(kinds.PODS, "", "") is None
