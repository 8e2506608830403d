"""The configuration: a frozen value, made from a TOML file and the command line.

The file's path is passed in; nothing here looks for files, so tests decide what is read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from backends.base import AwsSource, KubeSource, Sources

HIGHLIGHT = 6.0
"""Seconds for which a changed cell is shown where only that it is was set."""

THEMES = ("topdeck-dark", "topdeck-light", "topdeck-contrast")
"""The names that ``theme`` may have."""


class ConfigError(Exception):
    """The configuration can't be used; the text says where, what and how to mend it."""


class AwsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ``[aws]`` table."""

    profiles: tuple[str, ...] = ()
    """Profiles to look at; empty: AWS_PROFILE or the default credential chain."""
    regions: tuple[str, ...] = ()
    """Regions to look at in each profile; empty: the profile's own."""
    endpoint_url: str = ""
    eks: bool = True
    """Whether EKS clusters are looked for."""
    imds: bool = False
    """Whether the EC2 metadata service is asked for credentials (on an EC2 instance)."""
    budget_share: float = 0.5
    """The share of the account's API rates that may be used, above 0 up to 1."""
    feed_queue: str | tuple[str, ...] = ()
    """The SQS queue that ECS's state changes come by, as ARN or URL; a list for several accounts
    and regions, at most one for each (`topdeck feed plan`)."""
    enabled: bool = True


class KubernetesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ``[kubernetes]`` table."""

    kubeconfig: str = ""
    """Empty: KUBECONFIG, else ~/.kube/config."""
    contexts: tuple[str, ...] = ()
    """Empty: all of them."""
    in_cluster: bool = False
    enabled: bool = True


class LogsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ``[logs]`` table."""

    buffer_mib: int = 64
    """What a log view holds in memory, in MiB."""
    since_minutes: int = 5
    """How far back a tail begins."""
    reorder_seconds: float = 0.3
    """How long a line of a pod is held back for older ones of others; of tasks it is measured."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    read_only: bool = False
    theme: str = "topdeck-dark"
    mouse: bool = True
    highlight_changes: bool | float = True
    """Whether cells that change are shown for some seconds, or for how many: 0 up to 60."""
    request_timeout: float = 10.0
    """Seconds until an unanswered request counts as unreachable."""
    aws: AwsConfig = AwsConfig()
    kubernetes: KubernetesConfig = KubernetesConfig()
    logs: LogsConfig = LogsConfig()
    keys: dict[str, str] = {}
    """The keymap: binding id to key or keys with commas, such as ``scale = "S"``."""

    @property
    def highlight_seconds(self) -> float:
        """The seconds for which a changed cell is shown; 0.0: not at all."""
        if self.highlight_changes is True:
            return HIGHLIGHT
        return float(self.highlight_changes)


def load(path: Path | None) -> Config:
    """Read a configuration file; None, or a default path that is absent, gives the defaults.

    Raises `ConfigError` with the file, the place and the remedy.
    """
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: can't be read ({error.strerror or error}). "
            "Name another file with --config, or correct its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text. Save it as UTF-8.") from error
    import tomllib  # only where there is a file: it takes 3 ms of the start

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}. Correct that line.") from error
    return parse(table, str(path))


def parse(table: Mapping[str, Any], origin: str) -> Config:
    """Make a configuration from a TOML table; `origin` is named in errors."""
    try:
        config = msgspec.convert(table, Config, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{origin}: {_explain(str(error))}") from error
    return check(config, origin)


def check(config: Config, origin: str) -> Config:
    """Return `config` if its values make sense; raises `ConfigError` if not."""
    if config.theme not in THEMES:
        raise ConfigError(
            f"{origin}: unknown theme {config.theme!r}. Themes are: {', '.join(THEMES)}."
        )
    if not 0 < config.aws.budget_share <= 1:
        raise ConfigError(
            f"{origin}: aws.budget_share is {config.aws.budget_share}. "
            "Set it above 0 and up to 1, such as 0.5."
        )
    if config.aws.feed_queue != ():
        _check_queues(config.aws, origin)
    if not 0 < config.request_timeout <= 300:
        raise ConfigError(f"{origin}: request_timeout must be above 0 and up to 300 seconds.")
    if not 0 <= config.highlight_seconds <= 60:
        raise ConfigError(
            f"{origin}: highlight_changes is {config.highlight_changes}. "
            "Set it to true, false, or seconds up to 60."
        )
    if not 1 <= config.logs.buffer_mib <= 4096:
        raise ConfigError(f"{origin}: logs.buffer_mib must be between 1 and 4096.")
    if not 0 <= config.logs.reorder_seconds <= 10:
        raise ConfigError(
            f"{origin}: logs.reorder_seconds is {config.logs.reorder_seconds}. "
            "Set it between 0 and 10, such as 0.3."
        )
    return config


def _check_queues(aws: AwsConfig, origin: str) -> None:
    from backends.feedqueue import feed_queues

    try:
        feed_queues(_queues(aws))
    except ValueError as error:
        raise ConfigError(f"{origin}: aws.feed_queue: {error}.") from error


def sources(config: Config) -> Sources:
    """Return what the backends are pointed at."""
    aws = config.aws
    aws_sources = tuple(
        AwsSource(profile, aws.regions, aws.endpoint_url, imds=aws.imds)
        for profile in (aws.profiles or ("",))
    )
    kube = config.kubernetes
    kube_source = KubeSource(kube.kubeconfig, kube.contexts, kube.in_cluster)
    return Sources(
        aws=aws_sources if aws.enabled else (),
        kube=(kube_source,) if kube.enabled else (),
        budget_share=aws.budget_share,
        request_timeout=config.request_timeout,
        eks=aws.eks,
        feed_queues=_queues(aws),
        reorder_window=config.logs.reorder_seconds,
    )


def _queues(aws: AwsConfig) -> tuple[str, ...]:
    return (aws.feed_queue,) if isinstance(aws.feed_queue, str) else aws.feed_queue


_FIELDS: dict[str, type[msgspec.Struct]] = {
    "$": Config,
    "$.aws": AwsConfig,
    "$.kubernetes": KubernetesConfig,
    "$.logs": LogsConfig,
}


def _explain(message: str) -> str:
    """Turn a decoder's message into one that names the key and the nearest that exists."""
    unknown = re.match(r"Object contains unknown field `(.*?)`(?: - at `(.*?)`)?$", message)
    if unknown is None:
        return f"{message}. Correct the value's type."
    key, place = unknown.group(1), unknown.group(2) or "$"
    known = [field.name for field in msgspec.structs.fields(_FIELDS.get(place, Config))]
    near = difflib.get_close_matches(key, known, 1)
    table = "" if place == "$" else f" in [{place[2:]}]"
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown key {key!r}{table}.{hint} Keys there are: {', '.join(known)}."
