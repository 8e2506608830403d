"""Profiles and regions: what is found in the files, and what is said of what isn't."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from aws_server import Files

from backends.aws.access import AwsAccess
from backends.base import AwsSource, Invalid, Sources
from backends.clock import ManualClock
from backends.model import Scope


def scopes(*sources: AwsSource) -> tuple[Scope, ...]:
    return AwsAccess(Sources(aws=sources), ManualClock()).scopes("ecs")


def problem(*sources: AwsSource) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        scopes(*sources)
    return caught.value.problem.message, caught.value.problem.remedy


def test_every_profile_times_its_regions(files: Files) -> None:
    found = scopes(files.source("acme", regions=("us-west-2", "eu-west-1")), files.source("other"))
    assert found == (
        Scope("ecs", profile="acme", region="us-west-2"),
        Scope("ecs", profile="acme", region="eu-west-1"),
        Scope("ecs", profile="other", region="eu-west-1"),
    )


def test_a_scope_that_is_named_twice_counts_once(files: Files) -> None:
    assert len(scopes(files.source("acme"), files.source("acme", regions=("us-east-1",)))) == 1


def test_nothing_named_is_the_default_chain(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert scopes(files.source("")) == (Scope("ecs", region="eu-central-1"),)


def test_aws_region_counts_as_it_does_for_the_cli(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert scopes(files.source("acme"))[0].region == "ap-south-1"


def test_the_environments_profile_is_named(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "other")
    assert scopes(files.source("")) == (Scope("ecs", profile="other", region="eu-west-1"),)


def test_keys_in_the_environment_win_over_its_profile(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "other")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST0009")
    assert scopes(files.source(""))[0].profile == ""


def test_an_unknown_profile_is_answered_with_the_known_ones(files: Files) -> None:
    message, remedy = problem(files.source("acmee"))
    assert message == "there is no profile acmee"
    assert remedy == "known profiles: acme, other"


def test_an_unknown_profile_of_the_environment(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    message, remedy = problem(files.source(""))
    assert message == "there is no profile gone"
    assert "acme" in remedy


def test_without_any_profile_the_remedy_makes_one(files: Files) -> None:
    files.write("", "")
    assert problem(files.source("acme"))[1] == "make one with `aws configure`"


def test_a_misspelt_region_is_answered_with_near_ones(files: Files) -> None:
    message, remedy = problem(files.source("acme", regions=("us-eats-1",)))
    assert message == "there is no region us-eats-1"
    assert "us-east-1" in remedy


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "ap-southeast-4"])
def test_regions_of_every_partition_are_known(files: Files, region: str) -> None:
    assert scopes(files.source("acme", regions=(region,)))[0].region == region


def test_a_profile_without_a_region(files: Files) -> None:
    files.write("[profile acme]\n")
    message, remedy = problem(files.source("acme"))
    assert message == "profile acme names no region"
    assert "aws configure set region REGION --profile acme" in remedy


@pytest.mark.parametrize(
    "broken", ["[profile acme\nregion = x", "region = us-east-1\n", "\x00\x01\xff", "[a]\n[a]\n"]
)
def test_a_broken_config_file_is_named(files: Files, broken: str) -> None:
    files.config.write_bytes(broken.encode("latin-1"))
    message, remedy = problem(files.source("acme"))
    assert str(files.config) in message + remedy


def test_a_file_that_is_not_there(files: Files, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert problem(AwsSource(profile="acme", config_file=gone))[0] == f"there is no file {gone}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(files: Files) -> None:
    files.config.chmod(0)
    message, _ = problem(files.source("acme"))
    files.config.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert "denied" in message.lower()


def test_names_from_outside_are_cleaned(files: Files) -> None:
    message, _ = problem(files.source("evil\x1b[31m\n[/red]"))
    assert "\x1b" not in message
    assert "\n" not in message


def test_one_bad_source_does_not_hide_what_it_is_called_for(files: Files) -> None:
    with pytest.raises(Invalid) as caught:
        scopes(files.source("acme"), files.source("nobody"))
    assert "nobody" in caught.value.problem.message


@pytest.mark.parametrize(
    ("config", "renewal"),
    [
        ("sso_session = corp", "run `aws sso login --profile acme`"),
        ("sso_start_url = https://corp.awsapps.com/start", "run `aws sso login --profile acme`"),
        ("login_session = arn:aws:iam::1:user/x", "run `aws login --profile acme`"),
        ("credential_process = /bin/creds", "check the credential_process of profile acme"),
        (
            "role_arn = arn:aws:iam::1:role/x\nsource_profile = base",
            "renew profile base, which profile acme assumes its role from",
        ),
    ],
)
def test_how_credentials_are_renewed_depends_on_the_profile(
    files: Files, config: str, renewal: str
) -> None:
    from backends.aws.profiles import Profile
    from backends.aws.turns import Turns

    files.write(f"[profile acme]\nregion = us-east-1\n{config}\n", "")
    assert Profile(files.source("acme"), Turns()).renewal.advice == renewal
