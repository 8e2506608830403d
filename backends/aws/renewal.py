"""How the credentials of a profile are renewed, told from its section of the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError

from backends.aws.session import Session
from backends.base import AwsSource
from backends.model import Renewal
from backends.text import clean

Profiles: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Every profile by name, with what the configuration and the credentials file say of it."""


def renewal_of(source: AwsSource, name: str, profiles: Profiles) -> Renewal:
    """Return how the credentials of profile `name` are renewed; empty: the default chain.

    The order is that in which botocore looks for credentials: assumed role, web identity, SSO,
    keys, login, process.
    """
    config = profiles.get(name or "default", {})
    who, flag = called(name), _flag(name)
    if not name and os.environ.get("AWS_ACCESS_KEY_ID"):
        advice = "leave, put new keys into this shell's environment, and start again"
        return Renewal(who, advice)
    if "role_arn" in config and "web_identity_token_file" not in config:
        return _assumed(source, name, profiles)
    if "web_identity_token_file" in config:
        return Renewal(who, f"check the web identity token file of {who}")
    if "sso_session" in config or "sso_start_url" in config:
        return _command(source, who, ("aws", "sso", "login", *flag))
    if "aws_access_key_id" in config:
        advice = (
            f"put new keys for {who} into the credentials file, as `{_line('configure', flag)}`"
        )
        return Renewal(who, f"{advice} does")
    if "login_session" in config:
        return _command(source, who, ("aws", "login", *flag))
    if "credential_process" in config:
        return Renewal(who, f"check the credential_process of {who}", quiet=False)
    return Renewal(
        who,
        f"run `{_line('login', flag)}` or `{_line('configure', flag)}`, set AWS_ACCESS_KEY_ID, or"
        " on an EC2 instance allow imds",
    )


def read_renewal(source: AwsSource) -> Renewal:
    """Return how the credentials of a source's profile are renewed. Reads its files."""
    name = source.profile
    try:
        profiles = Session(source).full_config["profiles"]
    except (BotoCoreError, OSError, ValueError):
        return Renewal(called(name), f"correct the AWS configuration of {called(name)}")
    return renewal_of(source, name, profiles)


def with_mfa(source: AwsSource, name: str) -> Renewal:
    """Return how a role that wants an MFA code is assumed: by a command that asks for it."""
    argv = ("aws", "sts", "get-caller-identity", *_flag(name))
    advice = f"run `{' '.join(argv)}`, which asks for it and keeps the result"
    return Renewal(called(name), clean(advice), argv, _files(source))


def called(name: str) -> str:
    """Return what a profile is called in a sentence."""
    return f"profile {clean(name)}" if name else "the default profile"


def _assumed(source: AwsSource, name: str, profiles: Profiles) -> Renewal:
    """Follow the chain of roles to the profile whose credentials it begins with."""
    who, seen = called(name), [name]
    while True:
        config = profiles.get(seen[-1] or "default", {})
        above = config.get("source_profile")
        if "role_arn" not in config or not above or above in seen:
            break
        seen.append(above)
    if len(seen) == 1:
        where = clean(str(config.get("credential_source") or "its source_profile"))
        return Renewal(who, f"check {where}, which {who} assumes its role from")
    base = seen[-1]
    plain = {key: value for key, value in profiles.get(base, {}).items() if key != "role_arn"}
    renewal = renewal_of(source, base, {**profiles, base: plain})
    because = f", which {who} assumes its role from"
    if renewal.argv:
        advice = f"{renewal.advice} to renew {called(base)}{because}"
    else:
        advice = f"renew {called(base)}{because}"
    return Renewal(who, advice, renewal.argv, renewal.env, renewal.quiet)


def _command(source: AwsSource, who: str, argv: tuple[str, ...]) -> Renewal:
    return Renewal(who, clean(f"run `{' '.join(argv)}`"), argv, _files(source))


def _files(source: AwsSource) -> tuple[tuple[str, str], ...]:
    """Return the variables by which the AWS CLI looks into the same files as Topdeck."""
    named = (
        ("AWS_CONFIG_FILE", source.config_file),
        ("AWS_SHARED_CREDENTIALS_FILE", source.credentials_file),
    )
    return tuple((variable, path) for variable, path in named if path)


def _flag(name: str) -> tuple[str, ...]:
    return ("--profile", name) if name else ()


def _line(command: str, flag: tuple[str, ...]) -> str:
    return clean(" ".join(("aws", command, *flag)))
