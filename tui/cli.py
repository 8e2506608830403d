"""The command line: arguments to options. It imports nothing heavy, so ``--version`` and a
usage error answer at once; argparse, because it costs a tenth of the import time of the others."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

import msgspec

from backends.text import clean
from backends.version import __version__
from tui.config import THEMES, Config, ConfigError, check, load

_ABOUT = """\
One terminal for operating AWS container fleets: ECS, EKS and any Kubernetes, live.

Without a command it opens the fleet of the profiles, regions and contexts that are named by
flags, the configuration file or the environment. Where standard output is not a terminal it
prints the fleet board as plain text.
"""


class Options(msgspec.Struct, frozen=True):
    """What the command line asked for."""

    command: str
    """``run``, ``demo``, ``simulate``, ``get`` or ``feed``."""
    config: Config
    seed: int = 1
    scale: Literal["small", "large", "huge"] = "small"
    port: int = 0
    simulated_kubeconfig: str = ""
    """Where ``simulate`` writes the kubeconfig of its clusters."""
    kind: str = ""
    """What ``get`` lists."""
    words: tuple[str, ...] = ()
    """The filter of ``get``."""
    output: str = "table"
    """``table`` or ``json``."""
    name: str = ""
    """What ``feed plan`` calls the feed."""
    timeout: float = 30.0
    """Seconds until output without a screen gives up waiting for answers."""


class _Parser(argparse.ArgumentParser):
    """Quotes what was typed without what would command the terminal."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and exit."""
        super().error(clean(message))


def _parser() -> argparse.ArgumentParser:
    scope = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    where = scope.add_argument_group("where to look")
    where.add_argument(
        "--profile", action="append", metavar="NAME", help="an AWS profile; may be repeated"
    )
    where.add_argument(
        "--region", action="append", metavar="REGION", help="an AWS region; may be repeated"
    )
    where.add_argument(
        "--context", action="append", metavar="NAME", help="a kubeconfig context; may be repeated"
    )
    where.add_argument("--kubeconfig", metavar="FILE", help="instead of KUBECONFIG")
    where.add_argument("--endpoint-url", metavar="URL", help="send all AWS calls there")
    where.add_argument("--no-eks", action="store_true", help="don't look for EKS clusters")
    where.add_argument("--config", metavar="FILE", help="the configuration file (TOML)")
    how = scope.add_argument_group("how")
    how.add_argument("--read-only", action="store_true", help="change nothing, whatever is pressed")
    how.add_argument("--theme", choices=THEMES)
    parser = _Parser(
        prog="topdeck",
        description=_ABOUT,
        parents=[scope],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"topdeck {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    demo = commands.add_parser("demo", parents=[scope], help="operate a simulated fleet")
    simulate = commands.add_parser("simulate", help="run the simulated fleet's servers alone")
    for sub in (demo, simulate):
        sub.add_argument("--seed", type=int, default=1, help="which world (default 1)")
        sub.add_argument("--scale", choices=("small", "large", "huge"), default="small")
    simulate.add_argument("--port", type=_port, default=0, help="0: any free port (default)")
    simulate.add_argument(
        "--kubeconfig", dest="simulated_kubeconfig", default="", metavar="FILE",
        help="write a kubeconfig of the simulated clusters there",
    )  # fmt: skip
    get = commands.add_parser("get", parents=[scope], help="list a kind without a screen")
    get.add_argument("kind", help="clusters, services, tasks, pods, deployments, instances, ...")
    get.add_argument("words", nargs="*", metavar="FILTER", help="as after / on the screen")
    get.add_argument("-o", "--output", choices=("table", "json"), default="table")
    get.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS")
    feed = commands.add_parser("feed", help="have ECS tell of changes instead of polling it")
    actions = feed.add_subparsers(dest="action", metavar="ACTION", required=True)
    plan = actions.add_parser(
        "plan", help="print the CloudFormation of an event queue for one Topdeck"
    )
    plan.add_argument(
        "--name", required=True, type=_feed_name, metavar="NAME",
        help="whose it is, such as your login or the host: each Topdeck needs a queue of its own",
    )  # fmt: skip
    return parser


def _feed_name(text: str) -> str:
    from backends.feedplan import NAME

    if NAME.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} can't be part of a queue's name: use up to 40 letters, digits and hyphens"
    )


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: give 0 to 65535")


def read(argv: Sequence[str], environ: Mapping[str, str], default_config: Path) -> Options:
    """Turn arguments into options.

    Exits (as argparse does) on a usage error, ``--help`` and ``--version``; raises
    `ConfigError` for a configuration that can't be used.
    """
    parser = _parser()
    parsed, rest_words = parser.parse_known_args(argv)
    given = vars(parsed)
    if rest_words:
        # argparse takes no more words of a filter once a flag stood among them
        if given["command"] != "get" or any(word.startswith("-") for word in rest_words):
            parser.error(f"unrecognized arguments: {' '.join(rest_words)}")
        given["words"] += rest_words
    named = given.pop("config", None) or environ.get("TOPDECK_CONFIG")
    path = (
        Path(named).expanduser() if named else default_config if default_config.exists() else None
    )
    config = _merge(load(path), given, environ)
    fields = {f.name for f in msgspec.structs.fields(Options)} - {"config", "command"}
    rest = {key: value for key, value in given.items() if key in fields}
    if "words" in rest:
        rest["words"] = tuple(rest["words"])
    return Options(given["command"] or "run", config, **rest)


def _merge(config: Config, given: Mapping[str, Any], environ: Mapping[str, str]) -> Config:
    """Lay flags over the file. Naming only profiles, or only contexts, leaves the others out."""
    replace = msgspec.structs.replace
    aws, kube = config.aws, config.kubernetes
    aws = replace(
        aws,
        profiles=tuple(dict.fromkeys(given.get("profile") or aws.profiles)),
        regions=tuple(dict.fromkeys(given.get("region") or aws.regions)),
        endpoint_url=given.get("endpoint_url") or aws.endpoint_url,
        eks=aws.eks and not given.get("no_eks", False),
    )
    kube = replace(
        kube,
        kubeconfig=given.get("kubeconfig") or kube.kubeconfig,
        contexts=tuple(dict.fromkeys(given.get("context") or kube.contexts)),
    )
    aws_named = any(key in given for key in ("profile", "region", "endpoint_url"))
    kube_named = any(key in given for key in ("context", "kubeconfig"))
    if aws_named and not kube_named and not config.kubernetes.contexts:
        kube = replace(kube, enabled=False)
    if kube_named and not aws_named and not config.aws.profiles:
        aws = replace(aws, enabled=False)
    if not kube_named and not _has_kubeconfig(kube.kubeconfig, environ):
        kube = replace(kube, enabled=kube.in_cluster)
    config = replace(
        config,
        aws=aws,
        kubernetes=kube,
        read_only=config.read_only or given.get("read_only", False),
        theme=given.get("theme") or config.theme,
    )
    return check(config, "command line")


def _has_kubeconfig(configured: str, environ: Mapping[str, str]) -> bool:
    """Whether a kubeconfig was named, or stands at its usual place; a usual place that is empty
    is not an error, since many users have no Kubernetes."""
    if configured or environ.get("KUBECONFIG"):
        return True
    return Path(os.path.expanduser("~/.kube/config")).exists()  # noqa: PTH111 - HOME may be unset


__all__ = ["ConfigError", "Options", "read"]
