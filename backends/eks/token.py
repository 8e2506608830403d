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
    return _encoded(url)


def mint_as_cli(session: Any, wish: GetToken, keys: Any) -> str:
    """Return the token that ``aws eks get-token`` prints at this moment, byte for byte.

    `session` is a botocore session of the profile: its region, and what it sets of STS
    endpoints (legacy, FIPS, dual-stack, its own URL), count as they do there. `keys` are
    frozen credentials. Asks nobody; takes some milliseconds, so call it off the loop. Raises
    botocore's errors where the profile's settings make no sense.
    """
    if wish.sts:
        session.set_config_variable("sts_regional_endpoints", wish.sts)
    client = session.create_client(
        "sts",
        region_name=wish.region or None,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token or None,
    )

    def name_cluster(request: Any, **_: Any) -> None:
        request.headers[CLUSTER_HEADER] = wish.cluster

    client.meta.events.register("before-sign.sts.GetCallerIdentity", name_cluster)
    return _encoded(
        client.generate_presigned_url(
            "get_caller_identity", ExpiresIn=URL_SECONDS, HttpMethod="GET"
        )
    )


def _encoded(url: str) -> str:
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
    named: bool = False
    """The profile comes from ``--profile``: keys in the environment do not count. A profile
    that only an environment variable names gives way to them, as with every AWS SDK."""
    sts: str = ""
    """AWS_STS_REGIONAL_ENDPOINTS, where the kubeconfig sets it: ``regional`` or ``legacy``."""


_OPTIONS = {
    "--cluster-name": "cluster",
    "--cluster-id": "cluster",
    "--region": "region",
    "--profile": "profile",
    "--role-arn": "role",
}

_VARIABLES = {
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_STS_REGIONAL_ENDPOINTS", "AWS_EC2_METADATA_DISABLED", "AWS_PAGER",
    "AWS_DEFAULT_OUTPUT", "AWS_CLI_AUTO_PROMPT",
}  # fmt: skip
"""The variables of the AWS CLI that are honoured, or change nothing of a token."""


def recognise(command: str, args: Sequence[str], env: Mapping[str, str]) -> GetToken | None:
    """Return what an exec plugin asks for if it is ``aws eks get-token``, else None.

    Any option or AWS variable that is not understood (``--endpoint-url``, ``--debug``,
    ``AWS_ACCESS_KEY_ID``) leaves the plugin to be run as it is.
    """
    if command.rpartition("/")[2] not in {"aws", "aws.exe"}:
        return None
    if any(name not in _VARIABLES and name.startswith("AWS_") for name in env):
        return None
    found: dict[str, Any] = {}
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
    found["named"] = "profile" in found
    found["sts"] = env.get("AWS_STS_REGIONAL_ENDPOINTS", "")
    found.setdefault("region", env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "")
    found.setdefault("profile", env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE") or "")
    return GetToken(**found)
