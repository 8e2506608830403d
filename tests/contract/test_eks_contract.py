"""EKS clusters and the identity behind their tokens, by the simulator and by moto."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import aiohttp
import pytest
from aws_facts import ACCOUNT, CROWDED, EKS, EKS_PAGE, HOME, crowd
from aws_servers import Server
from aws_site import Site

from backends.aws.access import AwsAccess
from backends.base import NotFound
from backends.eks import clusterfeed, token
from backends.eks.mint import Minter
from backends.model import Query, Ref

ROLE = f"arn:aws:iam::{ACCOUNT.account_id}:role/ops"


async def test_every_cluster_is_found(site: Site) -> None:
    view = await site.settled(site.root("eks"))
    assert view.names == sorted(EKS)
    for row in view.rows:
        said = (await site.raw("eks", "DescribeCluster", name=row.ref.name))["cluster"]
        assert (row.uid, row.status) == (said["arn"], said["status"])
        assert said["version"] in {str(cell) for cell in row.cells}
        scope = row.ref.scope
        assert (scope.account, scope.region, scope.cluster) == (
            ACCOUNT.account_id, HOME, row.ref.name,
        )  # fmt: skip
        assert (await site.eks.describe(row)).document["arn"] == row.uid


async def test_clusters_beyond_a_page_are_found(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusterfeed, "PAGE", EKS_PAGE)
    view = await site.settled(site.root("eks", CROWDED))
    assert view.names == sorted(crowd("eks"))
    assert len(view.names) > 2 * EKS_PAGE


async def test_a_cluster_that_is_not_there_is_not_found(site: Site) -> None:
    row = (await site.settled(site.root("eks"))).rows[0]
    gone = row.ref.scope.at(cluster="gone")
    view = await site.settled(Query(gone, "k8s/pods"))
    assert view.last is not None
    problem = view.last.status.problem
    assert problem is not None
    assert (problem.code, problem.action) == ("not-found", "eks:DescribeCluster")
    with pytest.raises(NotFound):
        await anext(site.eks.rollout(Ref(gone.at(namespace="default"), "k8s/deployments", "web")))


async def identity(server: Server, minted: str, cluster: str) -> dict[str, str]:
    """Do what EKS does with a token: present the request that it holds to STS, for a cluster."""
    encoded = minted.removeprefix(token.TOKEN_PREFIX)
    url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    headers = {"Host": url.netloc, token.CLUSTER_HEADER: cluster}
    if server.name == "moto":  # it looks for the credential in a header only
        scope = parse_qs(url.query)["X-Amz-Credential"][0]
        headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, Signature=elsewhere"
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/?{url.query}", headers=headers) as answer,
    ):
        body = await answer.text()
        assert answer.status == 200, body
    result = ElementTree.fromstring(body)[0]
    return {child.tag.rpartition("}")[2]: child.text or "" for child in result}


async def test_a_token_says_who_holds_the_keys(where: Server) -> None:
    minted = token.mint(EKS[0], HOME, ACCOUNT.access_key, ACCOUNT.secret_key)
    found = await identity(where, minted, EKS[0])
    assert found["Account"] == ACCOUNT.account_id
    assert ":user/" in found["Arn"]


async def test_a_token_for_a_role_says_that_it_is_assumed(where: Server, tmp_path: Path) -> None:
    minter = Minter(where.sources(tmp_path), where.clock)
    wish = token.GetToken(EKS[0], region=HOME, profile=ACCOUNT.profile, role=ROLE)
    minted, ends = await minter.mint(wish)
    found = await identity(where, minted, EKS[0])
    assert ":assumed-role/ops/EKSGetTokenAuth" in found["Arn"]
    assert ends > where.clock.now()


async def test_an_account_is_known_by_its_keys(where: Server, tmp_path: Path) -> None:
    access = AwsAccess(where.sources(tmp_path), where.clock)
    scope = access.scopes("eks")[0]
    assert await access.account(scope) == ACCOUNT.account_id
    await access.close()
