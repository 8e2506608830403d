"""Refusals and reviews have the words that a real API server had for them."""

from __future__ import annotations

from typing import Any

import pytest
from kubesim import PODS, Lab, golden, serving, workload

from backends.sim.files import TOKEN
from backends.sim.kube_world import kinds

AS = {"403": "limited", "403 user of a group": "viewer", "401 bad token": "wrong"}
"""Whose token a refused request carries; any other: the operator's."""

NOT_HERE = frozenset({"401 no credentials", "504 resourceVersion of the future"})
"""Refusals that have tests of their own."""


def with_a_pair(**more: Any) -> Lab:
    """Return a lab with a pod of two containers called ``pair``."""
    lab = Lab(workload(), **more)
    pod = lab.pods()[0]
    app = pod["spec"]["containers"][0]
    statuses = pod["status"]["containerStatuses"]
    meta = {
        k: v for k, v in pod["metadata"].items() if k not in ("ownerReferences", "generateName")
    }
    lab.put(kinds.PODS, {
        "metadata": {**meta, "name": "pair", "uid": "pair", "labels": {"app": "pair"}},
        "spec": {**pod["spec"], "containers": [{**app, "name": n} for n in ("main", "sidecar")]},
        "status": {**pod["status"], "containerStatuses": [
            {**statuses[0], "name": n} for n in ("main", "sidecar")
        ]},
    })  # fmt: skip
    return lab


def token_of(name: str) -> str:
    who = AS.get(name) or AS.get(name[:3], "")
    return who or TOKEN


@pytest.mark.parametrize(
    ("file", "name"),
    [("errors", n) for n in golden("errors") if n not in NOT_HERE]
    + [("writes", n) for n in golden("writes")]
    + [("logs", "no container named in a pod of two"), ("logs", "container that does not exist"),
       ("logs", "pod that does not exist")],
)  # fmt: skip
async def test_refusals_have_the_words_of_a_real_server(file: str, name: str) -> None:
    wanted = golden(file)[name]
    method, path, _ = wanted["request"].split()
    headers = {**wanted["headers"], "Authorization": f"Bearer {token_of(name)}"}
    lab = with_a_pair()
    sent = wanted["sent"]
    if "uid" in ((sent.get("metadata") or {}) if isinstance(sent, dict) else {}):
        sent["metadata"]["uid"] = lab.get(kinds.DEPLOYMENTS, "web")["metadata"]["uid"]
    async with serving(lab) as kube:
        answer = await kube.call(method, path, sent, headers)
    assert answer.status == wanted["status"]
    assert answer.headers["Content-Type"].startswith(wanted["type"].partition(";")[0])
    if isinstance(wanted["body"], str):
        assert answer.raw.decode() == wanted["body"]
        return
    expected = without_diff(wanted["body"])
    assert answer.body == expected


def without_diff(body: dict[str, Any]) -> dict[str, Any]:
    """Return a refusal without the Go-syntax diff that ends its message."""
    cut = {**body, "message": body["message"].partition("\n@@")[0]}
    for cause in body.get("details", {}).get("causes", ()):
        cause["message"] = cause["message"].partition("\n@@")[0]
    return cut


async def test_no_token_is_refused_where_one_is_asked_for() -> None:
    async with serving(Lab(require_token=True)) as kube:
        refused = await kube.get(PODS)
        wanted = golden("errors")["401 no credentials"]
        assert (refused.status, refused.body) == (401, wanted["body"])
        for token in (TOKEN, "k8s-aws-v1.abc"):
            fine = await kube.get(PODS, Authorization=f"Bearer {token}")
            assert fine.status == 200


@pytest.mark.parametrize("name", golden("reviews"))
async def test_reviews_are_answered_as_by_a_real_server(name: str) -> None:
    wanted = golden("reviews")[name]
    method, path, _ = wanted["request"].split()
    who = next((w for w in ("limited", "viewer") if w in name), "")
    who = "limited" if name in ("subresource and group", "non-resource path") else who or TOKEN
    async with serving(Lab()) as kube:
        answer = await kube.call(method, path, wanted["sent"], {"Authorization": f"Bearer {who}"})
    expected = wanted["body"]
    expected["metadata"] = answer.body["metadata"]
    assert (answer.status, answer.body) == (wanted["status"], expected)
