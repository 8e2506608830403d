"""Topdeck beside other programs, on the same simulated servers, one after the other.

``python -m tests.bench.peers [--seconds 60] [--scale large] [--write]`` measures whatever is on
PATH, or is named by TOPDECK_PEER_KUBECTL, _AWS, _K9S, _E1S or _STERN, and says what it could not
find. ``--write`` puts the table into peers.md beside this file.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from backends.version import __version__
from tests.bench.peer_meter import MOST, SCREEN, Cost, watch
from tests.bench.peer_site import Site, crowd, servers, tasks_of
from tests.pty_app import PtyApp

HERE = Path(__file__).parent
PAUSE = 2
"""Seconds between rounds of the AWS CLI's loop, as Topdeck's own between looks at a table."""

VERSIONS = {
    "kubectl": ("version", "--client"),
    "aws": ("--version",),
    "k9s": ("version", "-s"),
    "e1s": ("--version",),
    "stern": ("--version",),
}
"""What is looked for, and how each tells its version."""


class Row(msgspec.Struct, frozen=True):
    """One program at one task."""

    task: str
    program: str
    cost: Cost


def find() -> dict[str, str]:
    """Return the paths of the programs that are here."""
    found = {}
    for name in VERSIONS:
        path = os.environ.get(f"TOPDECK_PEER_{name.upper()}") or shutil.which(name)
        if path and Path(path).is_file():
            found[name] = path
    return found


def version(name: str, path: str) -> str:
    """Return what a program says of its version, in a line."""
    done = subprocess.run([path, *VERSIONS[name]], capture_output=True, text=True, check=False)
    found = re.search(r"\bv?\d+\.\d[^\n]*", done.stdout + done.stderr)
    return f"{name} {found[0].strip()[:60] if found else 'of a version it does not tell'}"


def _going_to(command: str) -> Any:
    """Return what types a command into Topdeck once its board has a row."""

    def steer(app: PtyApp) -> None:
        app.wait_for("live", 120)
        app.press(f":{command}\r")

    return steer


def pods(site: Site, found: Mapping[str, str], seconds: float) -> Iterator[Row]:
    """All pods of one cluster, kept up to date."""
    where = ("--kubeconfig", site.kubeconfig, "--context", site.context)
    common = (site.environ, site.pods, site.url)
    task = f"{len(site.pods):,} pods of a cluster, live"
    topdeck = [sys.executable, "-m", "tui", *where]
    yield Row(task, "topdeck", watch(topdeck, *common, seconds, steer=_going_to("pods @all")))
    if "kubectl" in found:
        get = [found["kubectl"], *where, "get", "pods", "-A"]
        yield Row(task, "kubectl get pods -A -w", watch([*get, "-w"], *common, seconds))
        yield Row(f"{task[:-6]}, once", "kubectl get pods -A", watch(get, *common, 0, whole=True))
    if "k9s" in found:
        k9s = [found["k9s"], *where, "-A", "-c", "pods", "--logoless"]
        yield Row(task, "k9s", watch(k9s, *common, seconds))


def tasks(site: Site, found: Mapping[str, str], seconds: float) -> Iterator[Row]:
    """All tasks of one ECS cluster, kept up to date."""
    names = tasks_of(site)
    common = (site.environ, names, site.url)
    where = ("--profile", site.profile, "--region", site.region)
    task = f"{len(names):,} tasks of a cluster, live"
    topdeck = [sys.executable, "-m", "tui", *where, "--endpoint-url", site.url, "--no-eks"]
    steer = _going_to(f"tasks @{site.cluster}")
    yield Row(task, "topdeck", watch(topdeck, *common, seconds, steer=steer))
    if "aws" in found:
        loop = _loop(found["aws"], where, site.cluster)
        yield Row(task, "aws ecs describe-tasks, in a loop", watch(loop, *common, seconds))


def services(site: Site, found: Mapping[str, str], seconds: float) -> Iterator[Row]:
    """All services of that cluster: e1s shows the tasks of one service only."""
    if "e1s" not in found:
        return
    common = (site.environ, site.services, site.url)
    where = ("--profile", site.profile, "--region", site.region)
    task = f"{len(site.services):,} services of a cluster, live"
    topdeck = [sys.executable, "-m", "tui", *where, "--endpoint-url", site.url, "--no-eks"]
    steer = _going_to(f"svc @{site.cluster}")
    yield Row(task, "topdeck", watch(topdeck, *common, seconds, steer=steer))
    e1s = [found["e1s"], *where, "--cluster", site.cluster]
    yield Row(task, "e1s", watch(e1s, *common, seconds))


def _loop(aws: str, where: Sequence[str], cluster: str) -> list[str]:
    ecs = shlex.join([aws, *where, "--output", "text", "ecs"])
    at = shlex.join(["--cluster", cluster])
    listing = f"{ecs} list-tasks {at} --query 'taskArns[]'"
    describing = f"{ecs} describe-tasks {at} --query 'tasks[].[taskArn,lastStatus]' --tasks"
    return ["sh", "-c", f"while :; do {listing} | xargs -n 100 {describing}; sleep {PAUSE}; done"]


def logs(site: Site, found: Mapping[str, str], seconds: float) -> Iterator[Row]:
    """The logs of one Deployment's pods, all followed at once."""
    if "stern" not in found:
        return
    horde = crowd(site)
    where = ("--kubeconfig", site.kubeconfig, "--context", site.context)
    task = "logs of all pods of a Deployment, followed"

    def steer(app: PtyApp) -> None:
        _going_to(f"deploy /{horde.name}")(app)
        app.forget()
        app.wait_for(horde.namespace, 120)
        app.press("l")

    short = frozenset(name.rpartition("-")[2] for name in horde.pods)  # as Topdeck names them
    topdeck = [sys.executable, "-m", "tui", *where]
    common = (site.url, seconds)
    yield Row(task, "topdeck", watch(topdeck, site.environ, short, *common, steer=steer))
    horde = crowd(site)
    stern = [
        found["stern"], *where, "-n", horde.namespace,
        "--max-log-requests", "500", "--since", "5m", f"deployment/{horde.name}",
    ]  # fmt: skip
    yield Row(task, "stern", watch(stern, site.environ, horde.pods, *common))


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown, each with its ratio to Topdeck at the same task."""
    lines = [
        "| task | program | first full screen | memory | CPU in the time watched | calls sent |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    ours = {row.task: row.cost for row in rows if row.program == "topdeck"}
    for row in rows:
        cost, base = row.cost, ours.get(row.task) if row.program != "topdeck" else None
        first = f"{cost.screen:.2f} s" if cost.screen is not None else "never"
        if cost.everything is not None:
            first += f", all {cost.everything:.2f} s"
        share = cost.cpu / cost.seconds
        cells = [
            first + _ratio(cost.screen, base.screen if base else None),
            f"{cost.memory / 2**20:.0f} MiB" + _ratio(cost.memory, base.memory if base else None),
            f"{cost.cpu:.1f} s in {cost.seconds:.0f} s"
            + _ratio(share, base.cpu / base.seconds if base else None),
            f"{cost.calls:,}" + _ratio(cost.calls, base.calls if base else None),
        ]
        lines.append(f"| {row.task} | {row.program} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(value: float | None, base: float | None) -> str:
    return f" ({value / base:.2f}×)" if value is not None and base else ""


def report(rows: Sequence[Row], found: Mapping[str, str], scale: str) -> str:
    """Return the whole text of peers.md."""
    programs = [f"Topdeck {__version__}", *(version(name, path) for name, path in found.items())]
    absent = sorted(set(VERSIONS) - set(found))
    load = os.getloadavg()[0]
    today = datetime.datetime.now(datetime.UTC).date()
    return f"""# Topdeck beside other programs

Measured {today} on {os.cpu_count()} cores ({platform.machine()}, Python \
{platform.python_version()}) by `make peers`, one program after the other on a terminal of 200 by \
50, against the simulator's {scale} world on the same machine. The machine's load at the end was \
{load:.1f}.

- Programs: {"; ".join(programs)}.
- Not found, so not measured: {", ".join(absent) or "none"}.

{table(rows)}

In parentheses: how many times what Topdeck took at the same task. The first full screen is there
when {SCREEN} different names have been written, or {MOST:.0%} of fewer, counted from the start of
the program; Topdeck's way there leads over its board and a command that is typed. Memory is the
most that was resident at a time, CPU the time spent until the end of the watch, both with
children. Calls are what the servers counted; a watch is one call. The AWS CLI's loop waits
{PAUSE} s between its rounds, shows only ARN and status, and compares nothing; Topdeck counts the
other clusters and services meanwhile.
"""


def main(argv: Sequence[str]) -> int:
    """Measure, print the report, and write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each is watched")
    parser.add_argument("--scale", choices=("small", "large"), default="large")
    parser.add_argument("--write", action="store_true", help="write peers.md")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers end with us
    found, rows = find(), []
    for name in sorted(set(VERSIONS) - set(found)):
        print(f"{name}: not found; install it or set TOPDECK_PEER_{name.upper()}")
    with tempfile.TemporaryDirectory() as home, servers(options.scale, home) as site:
        for group in (pods, tasks, services, logs):
            for row in group(site, found, options.seconds):
                rows.append(row)
                print(f"{row.task}: {row.program}: {row.cost}", file=sys.stderr)
    text = report(rows, found, options.scale)
    print(text)
    if options.write:
        (HERE / "peers.md").write_text(text)
    return 0 if all(row.cost.screen is not None for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
