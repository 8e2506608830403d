"""Kubeconfig files are read as kubectl reads them, and what is wrong in one is said."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kube_help import write_kubeconfig

from backends.base import Invalid, KubeSource, Sources
from backends.clock import ManualClock
from backends.eks import create, kubeconfig

TLS = Path(__file__).parents[2] / "golden" / "kubernetes" / "tls"


def config(path: Path, **parts: object) -> Path:
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **parts}))
    return path


def context(name: str, cluster: str = "c", user: str = "u", **more: object) -> dict[str, object]:
    return {"name": name, "context": {"cluster": cluster, "user": user, **more}}


def names(source: KubeSource) -> list[str]:
    return [c.name for c in kubeconfig.contexts(source)]


def test_every_context_is_found_and_named_ones_are_chosen(tmp_path) -> None:
    path = config(tmp_path / "k", contexts=[context("a"), context("b", namespace="shop")])
    assert names(KubeSource(str(path))) == ["a", "b"]
    (chosen,) = kubeconfig.contexts(KubeSource(str(path), contexts=("b",)))
    assert (chosen.name, chosen.namespace) == ("b", "shop")


def test_several_files_are_one_and_the_first_of_a_name_wins(tmp_path, monkeypatch) -> None:
    one = config(tmp_path / "1", contexts=[context("a", "first")])
    two = config(tmp_path / "2", contexts=[context("a", "second"), context("b")])
    paths = os.pathsep.join([str(one), str(tmp_path / "absent"), str(two)])
    monkeypatch.setenv("KUBECONFIG", paths)
    found = kubeconfig.contexts(KubeSource())
    assert [(c.name, c.cluster) for c in found] == [("a", "first"), ("b", "c")]


def test_no_file_at_the_default_place_is_no_context() -> None:
    assert kubeconfig.contexts(KubeSource()) == ()


def test_a_tilde_is_the_home(tmp_path) -> None:
    (tmp_path / ".kube").mkdir()
    config(tmp_path / ".kube" / "config", contexts=[context("a")])
    assert names(KubeSource("~/.kube/config")) == ["a"]
    assert names(KubeSource()) == ["a"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("clusters: [\n  token: hunter2", "not YAML"),
        ("just text hunter2", "not a mapping"),
        ("contexts: hunter2", "no list"),
        ("contexts: [{context: {cluster: x}}]", "without a name"),
        ("contexts: [{name: x, context: hunter2}]", "without a name or a body"),
    ],
)
def test_a_broken_file_is_invalid_and_not_quoted(tmp_path, text, word) -> None:
    path = tmp_path / "k"
    path.write_text(text)
    with pytest.raises(Invalid, match=word) as caught:
        kubeconfig.contexts(KubeSource(str(path)))
    assert str(path) in caught.value.problem.message
    assert "hunter2" not in str(caught.value)
    assert caught.value.problem.remedy


def test_a_missing_file_is_invalid(tmp_path, monkeypatch) -> None:
    with pytest.raises(Invalid, match="no such file"):
        kubeconfig.contexts(KubeSource(str(tmp_path / "absent")))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    with pytest.raises(Invalid, match="no such file"):
        kubeconfig.contexts(KubeSource())


def test_an_unreadable_file_is_invalid(tmp_path) -> None:
    with pytest.raises(Invalid, match="directory"):
        kubeconfig.contexts(KubeSource(str(tmp_path)))
    (tmp_path / "k").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid):
        kubeconfig.contexts(KubeSource(str(tmp_path / "k")))


def test_an_unknown_context_is_invalid_at_the_roots(tmp_path) -> None:
    path = config(tmp_path / "k", contexts=[context("dev"), context("prod")])
    backend = create(Sources(kube=(KubeSource(str(path), ("staging",)),)), ManualClock())
    with pytest.raises(Invalid) as caught:
        backend.roots()
    assert "staging" in caught.value.problem.message
    assert caught.value.problem.remedy == "contexts that exist: dev, prod"


def test_roots_are_one_for_each_context(tmp_path) -> None:
    arn = "arn:aws:eks:eu-west-1:111122223333:cluster/payments"
    path = config(tmp_path / "k", contexts=[context("dev", "kind-dev"), context("aws", arn)])
    backend = create(Sources(kube=(KubeSource(str(path)),)), ManualClock())
    dev, aws = (query.scope for query in backend.roots())
    assert all(query.kind == "k8s/clusters" for query in backend.roots())
    assert (dev.provider, dev.profile, dev.cluster) == ("k8s", "dev", "kind-dev")
    assert (aws.account, aws.region, aws.cluster) == ("111122223333", "eu-west-1", "payments")


def only(path: Path) -> kubeconfig.Context:
    (found,) = kubeconfig.contexts(KubeSource(str(path)))
    return found


def test_a_context_is_loaded_with_its_files_relative_to_it(tmp_path) -> None:
    (tmp_path / "ca.pem").write_bytes((TLS / "ca.pem").read_bytes())
    path = config(
        tmp_path / "k",
        contexts=[context("dev")],
        clusters=[
            {
                "name": "c",
                "cluster": {
                    "server": "https://127.0.0.1:6443/",
                    "certificate-authority": "ca.pem",
                    "tls-server-name": "kube.internal",
                    "proxy-url": "http://proxy:3128",
                },
            }
        ],
        users=[
            {
                "name": "u",
                "user": {
                    "client-certificate-data": base64.b64encode(b"CERT").decode(),
                    "client-key-data": base64.b64encode(b"KEY").decode(),
                },
            }
        ],
    )
    entry = kubeconfig.load(only(path))
    assert entry.server == "https://127.0.0.1:6443"
    assert entry.ca == (TLS / "ca.pem").read_bytes()
    assert (entry.cert, entry.key) == (b"CERT", b"KEY")
    assert (entry.tls_name, entry.proxy) == ("kube.internal", "http://proxy:3128")
    assert entry.verify
    assert "KEY" not in repr(entry)


def test_a_user_may_be_in_another_file_than_its_context(tmp_path) -> None:
    config(tmp_path / "1", contexts=[context("dev")])
    config(tmp_path / "2", clusters=[{"name": "c", "cluster": {"server": "https://h"}}])
    config(tmp_path / "3", users=[{"name": "u", "user": {"token": "t"}}])
    paths = os.pathsep.join(str(tmp_path / n) for n in "123")
    (found,) = kubeconfig.contexts(KubeSource(paths))
    assert kubeconfig.load(found).user == {"token": "t"}


def test_a_changed_file_is_read_anew(tmp_path) -> None:
    path = write_kubeconfig(tmp_path / "k", "https://h", token="old")
    assert kubeconfig.load(only(path)).user == {"token": "old"}
    write_kubeconfig(path, "https://h", token="newer")
    assert kubeconfig.load(only(path)).user == {"token": "newer"}


@pytest.mark.parametrize(
    "parts",
    [
        {"contexts": [context("dev", "absent")], "clusters": []},
        {"contexts": [context("dev")], "clusters": [{"name": "c", "cluster": {}}]},
        {
            "contexts": [context("dev", user="absent")],
            "clusters": [{"name": "c", "cluster": {"server": "https://h"}}],
            "users": [{"name": "u", "user": {}}],
        },
        {
            "contexts": [context("dev")],
            "clusters": [
                {"name": "c", "cluster": {"server": "https://h", "certificate-authority": "gone"}}
            ],
        },
        {
            "contexts": [context("dev")],
            "clusters": [
                {
                    "name": "c",
                    "cluster": {"server": "https://h", "certificate-authority-data": "%%%"},
                }
            ],
        },
    ],
    ids=["no cluster", "no server", "no user", "no such file", "not base64"],
)
def test_a_broken_context_is_invalid(tmp_path, parts) -> None:
    path = config(tmp_path / "k", **parts)
    with pytest.raises(Invalid) as caught:
        kubeconfig.load(only(path))
    assert "dev" in caught.value.problem.action
    assert caught.value.problem.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "context", "cluster", "contexts", "user", "namespace"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.just("contexts"), JSON))
def test_any_document_is_contexts_or_invalid(tmp_path, document) -> None:
    path = config(tmp_path / "k", **document)
    try:
        found = kubeconfig.contexts(KubeSource(str(path)))
    except Invalid:
        return
    for one in found:
        with pytest.raises(Invalid):  # it has no cluster
            kubeconfig.load(one)
