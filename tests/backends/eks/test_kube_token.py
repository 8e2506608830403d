"""EKS tokens are minted as the AWS CLI mints them, and its command is recognised."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from backends.eks.token import GetToken, mint, recognise, sts_host


def opened(token: str):
    prefix, _, body = token.partition("k8s-aws-v1.")
    assert prefix == ""
    assert "=" not in body
    url = urlsplit(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode())
    return url, {key: value[0] for key, value in parse_qs(url.query).items()}


def test_a_token_is_a_presigned_call_that_names_the_cluster() -> None:
    url, query = opened(mint("payments", "eu-west-1", "AKIAEXAMPLE", "secret", "session"))
    assert (url.scheme, url.netloc, url.path) == ("https", "sts.eu-west-1.amazonaws.com", "/")
    assert query["Action"] == "GetCallerIdentity"
    assert query["X-Amz-Expires"] == "60"
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert query["X-Amz-Credential"].startswith("AKIAEXAMPLE/")
    assert query["X-Amz-Credential"].endswith("/eu-west-1/sts/aws4_request")
    assert query["X-Amz-Security-Token"] == "session"


def test_the_signature_depends_on_the_cluster() -> None:
    one, two = (opened(mint(c, "eu-west-1", "AKIA", "secret"))[1] for c in ("one", "two"))
    if one["X-Amz-Date"] == two["X-Amz-Date"]:
        assert one["X-Amz-Signature"] != two["X-Amz-Signature"]


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
        ("xx-unheard-9", "sts.xx-unheard-9.amazonaws.com"),
    ],
)
def test_sts_is_asked_in_the_region_of_its_partition(region, host) -> None:
    assert sts_host(region) == host


@pytest.mark.parametrize(
    ("args", "env", "wish"),
    [
        (
            "--region eu-west-1 eks get-token --cluster-name payments --output json",
            {"AWS_PROFILE": "prod"},
            GetToken("payments", "eu-west-1", "prod"),
        ),
        (
            "eks get-token --cluster-name=payments --role-arn arn:aws:iam::1:role/x --profile p",
            {"AWS_REGION": "us-east-2"},
            GetToken("payments", "us-east-2", "p", "arn:aws:iam::1:role/x", named=True),
        ),
        ("eks get-token --cluster-id 1f2e", {}, GetToken("1f2e")),
    ],
)
def test_the_command_is_recognised(args, env, wish) -> None:
    assert recognise("/usr/local/bin/aws", args.split(), env) == wish


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("aws-iam-authenticator", "token -i payments"),
        ("aws", "eks get-token"),
        ("aws", "eks update-kubeconfig --cluster-name payments"),
        ("aws", "eks get-token --cluster-name payments --endpoint-url http://x"),
        ("aws", "eks get-token --cluster-name"),
        ("gke-gcloud-auth-plugin", ""),
    ],
)
def test_other_commands_are_left_to_run(command, args) -> None:
    assert recognise(command, args.split(), {}) is None
