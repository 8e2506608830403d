"""Patches do what RFC 6902, RFC 7386 and Kubernetes' own types say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.sim.kube_face import patches
from backends.sim.kube_face.status import ApiError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab~/", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab~/", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("ab~/", min_size=1, max_size=2), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("document", "patch", "wanted"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_follows_the_examples_of_its_rfc(
    document: Any, patch: Any, wanted: Any
) -> None:
    assert patches.merge_patch(document, patch) == wanted


@pytest.mark.parametrize(
    ("document", "patch", "wanted"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}],
         {"foo": "bar", "baz": "qux"}),
        ({"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}],
         {"foo": ["bar", "qux", "baz"]}),
        ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
        ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}],
         {"foo": ["bar", "baz"]}),
        ({"baz": "qux", "foo": "bar"}, [{"op": "replace", "path": "/baz", "value": "boo"}],
         {"baz": "boo", "foo": "bar"}),
        ({"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
         [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
         {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
        ({"foo": ["all", "grass", "cows", "eat"]},
         [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
         {"foo": ["all", "cows", "eat", "grass"]}),
        ({"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
         {"foo": "bar", "child": {"grandchild": {}}}),
        ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
        ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
         {"foo": ["bar", ["abc", "def"]]}),
        ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}],
         {"a": {"b": 1}, "c": {"b": 1}}),
    ],
)  # fmt: skip
def test_json_patch_follows_the_examples_of_its_rfc(document: Any, patch: Any, wanted: Any) -> None:
    assert patches.json_patch(document, patch) == wanted


@pytest.mark.parametrize(
    "step",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/nosuch"},
        {"op": "replace", "path": "/nosuch", "value": 1},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "add", "path": "/list/x", "value": 1},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "nonsense", "path": "/a"},
        {"path": "/a"},
        {"op": "add", "path": "a", "value": 1},
    ],
)
def test_a_step_that_can_not_be_done_is_refused_as_unprocessable(step: Any) -> None:
    with pytest.raises(ApiError) as caught:
        patches.json_patch({"a": 1, "list": []}, [step])
    assert caught.value.code == 422


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_is_idempotent_and_leaves_its_document_alone(
    document: Any, patch: Any
) -> None:
    before = repr(document)
    once = patches.merge_patch(document, patch)
    assert patches.merge_patch(once, patch) == once
    assert repr(document) == before


@given(OBJECTS, VALUES, st.text("ab~/", min_size=1, max_size=3))
def test_what_json_patch_adds_it_can_test_and_remove(document: Any, value: Any, key: str) -> None:
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    added = patches.json_patch(document, [{"op": "add", "path": path, "value": value}])
    assert added[key] == value
    steps = [{"op": "test", "path": path, "value": value}, {"op": "remove", "path": path}]
    gone = patches.json_patch(added, steps)
    assert gone == {k: v for k, v in document.items() if k != key}


POD = {"spec": {"containers": [{"name": "app", "image": "a:1", "ports": [{"containerPort": 80}]},
                               {"name": "side", "image": "s:1"}], "paused": True}}  # fmt: skip


def test_strategic_merge_finds_containers_by_name() -> None:
    patch = {"spec": {"containers": [{"name": "app", "image": "a:2"}]}}
    made = patches.strategic_patch(POD, patch)
    assert made["spec"]["containers"] == [
        {"name": "app", "image": "a:2", "ports": [{"containerPort": 80}]},
        {"name": "side", "image": "s:1"},
    ]


def test_strategic_merge_adds_deletes_and_replaces_on_request() -> None:
    added = {"spec": {"containers": [{"name": "new", "image": "n:1"}]}}
    names = [c["name"] for c in patches.strategic_patch(POD, added)["spec"]["containers"]]
    assert names == ["app", "side", "new"]
    deleted = {"spec": {"containers": [{"$patch": "delete", "name": "app"}]}}
    assert patches.strategic_patch(POD, deleted)["spec"]["containers"] == [
        {"name": "side", "image": "s:1"}
    ]
    replaced = {"spec": {"containers": [{"name": "only", "image": "o:1"}, {"$patch": "replace"}]}}
    assert patches.strategic_patch(POD, replaced)["spec"]["containers"] == [
        {"name": "only", "image": "o:1"}
    ]
    assert patches.strategic_patch(POD, {"spec": {"$patch": "replace", "x": 1}}) == {
        "spec": {"x": 1}
    }


def test_strategic_merge_removes_what_is_null() -> None:
    assert "paused" not in patches.strategic_patch(POD, {"spec": {"paused": None}})["spec"]


def test_a_patch_in_an_unknown_form_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        patches.apply("application/json", {}, {})
    assert caught.value.code == 415
