"""How credentials are renewed, by every kind of profile: the exact command, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.aws.renewal import read_renewal, with_mfa
from backends.base import AwsSource
from backends.model import Renewal

SSO = "sso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Ops\n"
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = hush\n"
CASES = {
    "SSO with a session": (SSO, ("aws", "sso", "login", "--profile", "acme")),
    "SSO without one": (
        "sso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\n",
        ("aws", "sso", "login", "--profile", "acme"),
    ),
    "aws login": ("login_session = arn:aws:iam::1:user/x\n", ("aws", "login", "--profile", "acme")),
    "keys": (KEYS, ()),
    "keys, which count for more than a login": (KEYS + "login_session = x\n", ()),
    "SSO, which counts for more than keys": (
        KEYS + SSO,
        ("aws", "sso", "login", "--profile", "acme"),
    ),
    "a process": ("credential_process = /bin/creds\n", ()),
    "a web identity": ("role_arn = r\nweb_identity_token_file = /t\nsource_profile = base\n", ()),
    "a role of an SSO profile": (
        "role_arn = r\nsource_profile = base\n",
        ("aws", "sso", "login", "--profile", "base"),
    ),
    "a role of a role": (
        "role_arn = r\nsource_profile = middle\n",
        ("aws", "sso", "login", "--profile", "base"),
    ),
    "a role of the profile's own keys": (f"role_arn = r\nsource_profile = acme\n{KEYS}", ()),
    "a role of the container's": ("role_arn = r\ncredential_source = EcsContainer\n", ()),
    "a role of a profile with keys": ("role_arn = r\nsource_profile = keyed\n", ()),
    "nothing at all": ("", ()),
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)


def source_of(folder: Path, acme: str, profile: str = "acme") -> AwsSource:
    config = folder / "config"
    config.write_text(
        f"[profile acme]\nregion = us-east-1\n{acme}"
        "[profile middle]\nrole_arn = r\nsource_profile = base\n"
        f"[profile base]\n{SSO}"
        f"[profile keyed]\n{KEYS}"
        "[sso-session corp]\nsso_start_url = https://corp\nsso_region = us-east-1\n"
    )
    credentials = folder / "credentials"
    credentials.touch()
    return AwsSource(profile, config_file=str(config), credentials_file=str(credentials))


@pytest.mark.parametrize("case", CASES)
def test_the_command_is_that_of_the_profiles_kind(tmp_path: Path, case: str) -> None:
    config, argv = CASES[case]
    found = read_renewal(source_of(tmp_path, config))
    assert found.argv == argv
    assert found.who == "profile acme"
    assert "hush" not in repr(found)
    if argv:
        assert " ".join(argv) in found.advice
        assert dict(found.env)["AWS_CONFIG_FILE"] == str(tmp_path / "config")
    else:
        assert "acme" in found.advice or "keyed" in found.advice or "Container" in found.advice


def test_a_role_says_whose_credentials_it_is_assumed_from(tmp_path: Path) -> None:
    found = read_renewal(source_of(tmp_path, "role_arn = r\nsource_profile = middle\n"))
    assert "profile base, which profile acme assumes its role from" in found.advice


def test_profiles_that_assume_each_others_roles_are_no_endless_chain(tmp_path: Path) -> None:
    config = (
        "role_arn = r\nsource_profile = loop\n[profile loop]\nrole_arn = r\nsource_profile = acme\n"
    )
    assert read_renewal(source_of(tmp_path, config)).argv == ()


def test_keys_of_the_environment_cannot_be_renewed_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    found = read_renewal(source_of(tmp_path, SSO, profile=""))
    assert found.argv == ()
    assert "environment" in found.advice
    assert read_renewal(source_of(tmp_path, SSO)).argv  # a profile that is named counts for more


def test_a_process_of_the_operators_is_not_run_again_and_again(tmp_path: Path) -> None:
    assert not read_renewal(source_of(tmp_path, "credential_process = /bin/creds\n")).quiet
    assert read_renewal(source_of(tmp_path, SSO)).quiet


def test_a_name_with_control_characters_is_shown_clean(tmp_path: Path) -> None:
    source = AwsSource("evil\x1b[31m")
    found = with_mfa(source, source.profile)
    assert found.argv[-1] == source.profile
    assert "\x1b" not in found.advice + found.who


def test_files_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    source = source_of(tmp_path, "")
    Path(source.config_file).write_text("[[[")
    found = read_renewal(source)
    assert isinstance(found, Renewal)
    assert "correct the AWS configuration" in found.advice
