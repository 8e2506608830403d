"""Configuration and command line: what is read, and what is said of what can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli import Options, read
from tui.config import Config, ConfigError, load, parse, sources


def options(*argv: str, config: Path | None = None, **environ: str) -> Options:
    return read(argv, {"HOME": "/nonexistent", **environ}, config or Path("/nonexistent.toml"))


def test_a_missing_default_file_gives_the_defaults() -> None:
    assert options().config.aws.budget_share == 0.5
    assert options().command == "run"


def test_words_of_a_filter_stand_before_and_after_flags() -> None:
    given = options("get", "services", "web", "--profile", "prod", "!canary", "status:active")
    assert given.kind == "services"
    assert given.words == ("web", "!canary", "status:active")
    assert given.config.aws.profiles == ("prod",)


@pytest.mark.parametrize(
    "argv", [("demo", "--read-only", "x"), ("get", "services", "--profile", "p", "--sneed", "1")]
)
def test_arguments_that_mean_nothing_are_usage_errors(
    argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        options(*argv)
    assert caught.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('read_only = true\n[aws]\nprofiles = ["prod"]\nregions = ["eu-west-1"]\n')
    config = options(config=path).config
    assert config.read_only
    assert config.aws.profiles == ("prod",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("read_olny = true", "Did you mean 'read_only'?"),
        ("[aws]\nregion = 'x'", "unknown key 'region' in [aws]. Did you mean 'regions'?"),
        ("[logs]\nbuffer_mib = 0", "between 1 and 4096"),
        ("[logs]\nreorder_seconds = 60", "between 0 and 10, such as 0.3"),
        ("[logs]\nreorder_seconds = nan", "between 0 and 10, such as 0.3"),
        ("[aws]\nbudget_share = 2.0", "above 0 and up to 1"),
        ("theme = 'neon'", "topdeck-dark, topdeck-light"),
        ("read_only = 'yes'", "Expected `bool`, got `str`"),
        ("request_timeout = 0", "request_timeout"),
        ("highlight_changes = -1", "true, false, or seconds up to 60"),
        ("highlight_changes = 'on'", "highlight_changes"),
        ("read_only = ", "is not valid TOML"),
    ],
)
def test_a_bad_file_is_named_with_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 6.0), ("true", 6.0), ("false", 0.0), ("0", 0.0), ("12", 12.0), ("2.5", 2.5)],
)
def test_how_long_a_change_is_shown(tmp_path: Path, text: str, seconds: float) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"highlight_changes = {text}\n" if text else "")
    assert load(path).highlight_seconds == seconds


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        options("--config", str(tmp_path / "absent.toml"))


def test_a_file_that_is_not_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(path)


def test_flags_count_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[aws]\nprofiles = ["prod"]\n')
    config = options("--profile", "dev", "--profile", "test", config=path).config
    assert config.aws.profiles == ("dev", "test")


def test_naming_profiles_leaves_contexts_out(tmp_path: Path) -> None:
    config = options("--profile", "dev", KUBECONFIG="/some/file").config
    assert config.aws.enabled
    assert not config.kubernetes.enabled


def test_naming_contexts_leaves_profiles_out() -> None:
    config = options("--context", "kind").config
    assert config.kubernetes.enabled
    assert not config.aws.enabled
    assert sources(config).aws == ()


def test_without_a_kubeconfig_only_aws_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    assert not options().config.kubernetes.enabled
    assert options(KUBECONFIG="/some/file").config.kubernetes.enabled


def test_flags_may_stand_behind_the_command() -> None:
    found = options("get", "svc", "web", "--profile", "dev", "-o", "json")
    assert (found.command, found.kind, found.words) == ("get", "svc", ("web",))
    assert found.output == "json"
    assert found.config.aws.profiles == ("dev",)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--bogus",), "unrecognized arguments: --bogus"),
        (("simulate", "--port", "70000"), "is not a port"),
        (("demo", "--scale", "vast"), "invalid choice: 'vast'"),
        (("get",), "required: kind"),
    ],
)
def test_usage_errors_exit_with_two(
    argv: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        options(*argv)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_sources_carry_every_profile_with_its_regions() -> None:
    table = {"aws": {"profiles": ["a", "b"], "regions": ["r1", "r2"]}}
    made = sources(parse(table, "test"))
    assert [(s.profile, s.regions) for s in made.aws] == [("a", ("r1", "r2")), ("b", ("r1", "r2"))]
    assert len(sources(Config()).kube) == 1
