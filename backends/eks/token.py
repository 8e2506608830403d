"""Tokens for EKS, minted in process: what ``aws eks get-token`` prints, without the program."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

TOKEN_PREFIX = "k8s-aws-v1."  # noqa: S105 - a marker, not a secret
"""What EKS's authenticator expects before the URL; aws-iam-authenticator's ``v1Prefix``."""

URL_SECONDS = 60
"""How long the presigned URL is good for by its own words, as the AWS CLI asks."""

TOKEN_SECONDS = 14 * 60
"""How long a token is used: EKS takes one for 15 minutes after it was signed; the CLI says 14."""

CLUSTER_HEADER = "x-k8s-aws-id"


def mint(cluster: str, region: str, access_key: str, secret_key: str, session: str = "") -> str:
    """Return a bearer token for `cluster`: a presigned STS GetCallerIdentity URL, encoded.

    Signs with botocore and asks nobody; the first call for a partition reads botocore's list
    of endpoints from disk, so call it off the loop.
    """
    from botocore.credentials import Credentials
    from botocore.hooks import HierarchicalEmitter
    from botocore.model import ServiceId
    from botocore.signers import RequestSigner

    emitter = HierarchicalEmitter()  # the signer holds it weakly
    signer = RequestSigner(
        ServiceId("sts"),
        region,
        "sts",
        "v4",
        Credentials(access_key, secret_key, session or None),
        emitter,
    )
    request = {
        "method": "GET",
        "url": f"https://{sts_host(region)}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {CLUSTER_HEADER: cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(
        request, region_name=region, expires_in=URL_SECONDS, operation_name=""
    )
    return TOKEN_PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


@functools.lru_cache(maxsize=64)
def sts_host(region: str) -> str:
    """Return the regional STS endpoint's host, in whichever partition the region is."""
    from botocore.exceptions import UnknownRegionError
    from botocore.regions import EndpointResolver

    resolver = EndpointResolver(_endpoints())
    try:
        partition = resolver.get_partition_for_region(region)
    except UnknownRegionError:
        partition = "aws"
    suffix = resolver.get_partition_dns_suffix(partition) or "amazonaws.com"
    return f"sts.{region}.{suffix}"


def _endpoints() -> Any:
    # The clients' own loader has read this megabyte already, or reads it quickly: botocore's
    # default one holds the interpreter for 40 ms, and the screen with it.
    from backends.aws.loader import shared_loader

    return shared_loader(None).load_data("endpoints")


class GetToken(msgspec.Struct, frozen=True):
    """What an ``aws eks get-token`` in a kubeconfig asks for."""

    cluster: str
    region: str = ""
    profile: str = ""
    role: str = ""


_OPTIONS = {
    "--cluster-name": "cluster",
    "--cluster-id": "cluster",
    "--region": "region",
    "--profile": "profile",
    "--role-arn": "role",
}


def recognise(command: str, args: Sequence[str], env: Mapping[str, str]) -> GetToken | None:
    """Return what an exec plugin asks for if it is ``aws eks get-token``, else None.

    Any option that is not understood (``--endpoint-url``, ``--debug``) leaves the plugin to be
    run as it is.
    """
    if command.rpartition("/")[2] not in {"aws", "aws.exe"}:
        return None
    found: dict[str, str] = {}
    words: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("--"):
            words.append(word)
        elif name == "--output":
            value = value if equals else (rest.pop(0) if rest else "")
        elif name in _OPTIONS and (equals or rest):
            found[_OPTIONS[name]] = value if equals else rest.pop(0)
        else:
            return None
    if words != ["eks", "get-token"] or "cluster" not in found:
        return None
    found.setdefault("region", env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "")
    found.setdefault("profile", env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE") or "")
    return GetToken(**found)
