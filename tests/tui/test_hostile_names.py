"""Names, images and log lines that are long, wide, or written to command a terminal."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_help import Operator, demo_sources, operating
from rich.cells import cell_len

from backends.clock import SystemClock
from backends.sim.blueprint import ACCOUNTS, REGIONS, Blueprint, SimCluster, SimWorkload
from backends.sim.logtext import LogVoice
from backends.sim.server import SimServer
from backends.text import UNSAFE
from tests.pty_app import PtyApp
from tui.cli import Options
from tui.compose import make_fleet
from tui.config import Config
from tui.plain import print_rows
from tui.screens.detail import DetailScreen
from tui.screens.logs import LogScreen
from tui.screens.related import RelatedScreen
from widgets.log_pane import LogPane
from widgets.scale_dialog import ScaleDialog

PROD = ACCOUNTS[0]

READABLE = (
    "n" * 255,
    "服务器-漢字かなカナ한국어",
    "[foo]",
    "[@click=app.quit]quit",
    "[bold red]$primary",
)
"""Names without commands: long, wide, and in what Textual and Rich take for markup."""

COMMANDING = (
    "csi-\x1b[8;3;3tresized-\x1b]0;owned\x07titled-\x1b]52;c;ZXZpbA==\x07copied",
    "c1-\x9b8;3;3tresized\x9d0;owned\x9c-\x1bPq#0\x1b\\drawn",
    "bidi-\u202egnp.exe\u2066-lines-\r\n\t\x00\x08\x7f-broken-👩‍👩‍👧‍👦-e\u0301",
)
"""What nobody should call anything, and somebody will."""

HOSTILE = (*READABLE, *COMMANDING)

CLUSTERS = (*READABLE, COMMANDING[0])
"""The last one can't be asked for by the name that is left of it; that costs itself only."""

COMMANDS = (
    b"\x1b[8;3;3t", b"\x1b]0;", b"\x1b]52;", b"\x1bP", b"\x1b\\", b"\xc2\x9b", b"\xc2\x9d",
    b"\xe2\x80\xae", b"\xe2\x81\xa6", b"\x00", b"\x08", b"\x7f",
)  # fmt: skip
"""What none of these names may get written to a terminal; Topdeck itself writes none of it."""


def workload(name: str, image: str, kind: str, incident: str) -> SimWorkload:
    return SimWorkload(name, "shop", 1, image, 256, 512, kind=kind, incident=incident)


def hostile_world() -> Blueprint:
    services = tuple(
        workload(name, f"[/foo]{name}:1", "service", ("", "image-pull", "oom")[index % 3])
        for index, name in enumerate(HOSTILE)
    )
    # A real API server takes none of the commanding ones for a name.
    deployments = tuple(
        workload(name, f"[/foo]{name}:1", "deployment", ("image-pull", "", "oom")[index % 3])
        for index, name in enumerate(READABLE)
    )
    plain = SimCluster("ecs", "plain", PROD, REGIONS[0], services)
    kube = SimCluster("eks", "kube", PROD, REGIONS[0], deployments, version="1.36")
    clusters = (SimCluster("ecs", name, PROD, REGIONS[0], services[:1]) for name in CLUSTERS)
    return Blueprint(1, "small", ACCOUNTS, REGIONS, (*clusters, plain, kube))


@pytest.fixture
def hostile_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every container write hostile names into its log."""

    def lines(self: LogVoice, start: float, end: float) -> Iterator[tuple[float, str]]:
        for second in range(int(start) + 1, int(end)):
            yield float(second), f"line {HOSTILE[second % len(HOSTILE)]}"

    monkeypatch.setattr(LogVoice, "lines", lines)


def assert_harmless(operator: Operator) -> None:
    """Nothing on the screen commands anything, and no line is wider than the screen."""
    lines = operator.seen().split("\n")
    for line in lines:
        assert not UNSAFE.search(line), line
        assert cell_len(line) <= operator.app.size.width, line


def offsets(operator: Operator, word: str) -> set[int]:
    """Return the screen columns in which a word stands, of all lines that have it."""
    lines = operator.seen().split("\n")
    return {cell_len(line[: line.index(word)]) for line in lines if word in line}


async def look_at_everything(operator: Operator) -> None:
    """Describe, tail, scale and relate the row of the cursor."""
    await operator.press("d")
    await operator.until(lambda: isinstance(operator.app.screen, DetailScreen))
    await operator.until(lambda: "Address" in operator.seen())
    assert_harmless(operator)
    await operator.press("y")
    await operator.pilot.pause()
    assert_harmless(operator)
    await operator.press("escape")
    await operator.until(lambda: not isinstance(operator.app.screen, DetailScreen))
    await operator.press("u")
    await operator.until(lambda: isinstance(operator.app.screen, RelatedScreen))
    await operator.until(lambda: "Looking" not in operator.seen())
    assert_harmless(operator)
    await operator.press("escape")
    await operator.until(lambda: not isinstance(operator.app.screen, RelatedScreen))
    await operator.press("l")
    await operator.until(lambda: isinstance(operator.app.screen, LogScreen))
    pane = operator.app.screen.query_one(LogPane)
    await operator.until(lambda: pane.received or pane.problem or "No lines" in operator.seen())
    assert_harmless(operator)
    await operator.press("escape")
    await operator.until(lambda: not isinstance(operator.app.screen, LogScreen))


async def walk(operator: Operator, cluster: str, names: int, child: str) -> None:
    """Look at every workload of a cluster, and at what runs under it."""
    await operator.on_row(cluster)
    await operator.press("enter")
    await operator.until(lambda: operator.browse.table.total >= names, "the workloads")
    refs = [row.ref for row in operator.browse.table.resources]
    assert len(refs) == names
    for ref in refs:
        assert operator.browse.table.move_to(ref)
        assert_harmless(operator)
        await look_at_everything(operator)
        await operator.press("s")
        await operator.until(lambda: isinstance(operator.app.screen, ScaleDialog))
        assert_harmless(operator)
        await operator.press("escape")
        await operator.until(lambda: not isinstance(operator.app.screen, ScaleDialog))
        await operator.press("enter")
        await operator.until(lambda: operator.browse.place.kind == child)
        await operator.until(lambda: "Asking" not in operator.seen())
        assert_harmless(operator)
        await operator.press("escape")
        await operator.until(lambda: operator.browse.place.kind != child)
    assert operator.app.crash is None


@pytest.mark.usefixtures("hostile_logs")
@pytest.mark.parametrize(
    ("cluster", "names", "child"),
    [("plain", len(HOSTILE), "ecs/tasks"), ("kube", len(READABLE), "k8s/pods")],
)
async def test_every_view_of_a_hostile_name_is_harmless(
    tmp_path: Path, cluster: str, names: int, child: str
) -> None:
    async with (
        SimServer(layout=hostile_world(), throttling=False) as sim,
        operating(demo_sources(sim, tmp_path), tmp_path / "state") as operator,
    ):
        await walk(operator, cluster, names, child)


async def test_columns_stay_aligned_under_wide_and_broken_names(tmp_path: Path) -> None:
    async with (
        SimServer(layout=hostile_world()) as sim,
        operating(demo_sources(sim, tmp_path), tmp_path / "state", size=(160, 40)) as operator,
    ):
        await operator.until(lambda: operator.browse.table.total == len(CLUSTERS) + 2)
        await operator.until(lambda: operator.app.board.settled)
        await operator.until(lambda: operator.seen().count(" us-east-1 ") > len(CLUSTERS))
        lines = operator.seen().split("\n")
        rows = [line for line in lines[2:] if " us-east-1 " in line]
        at = {cell_len(line[: line.rindex(" us-east-1 ")]) for line in rows}
        assert len(at) == 1, "\n".join(rows)

        def status(name: str) -> set[str]:
            return {r.status for r in operator.browse.table.resources if r.ref.name == name}

        await operator.until(lambda: status("csi-resized-titled-copied") == {"stale: not-found"})
        await operator.until(lambda: status("[foo]") == {"healthy"})


@pytest.mark.parametrize("output", ["table", "json"])
async def test_plain_output_has_every_name_and_no_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    async with SimServer(layout=hostile_world()) as sim:
        fleet = make_fleet(Config(), clock=SystemClock(), state_dir=tmp_path / "state")
        sources = demo_sources(sim, tmp_path)

        async def given() -> object:
            return sources

        out = io.StringIO()
        options = Options("get", Config(), kind="services", output=output)
        code = await print_rows(fleet, given, options, out)
        text = out.getvalue()
        said = capsys.readouterr().err
        assert code == 1
        assert "ecs:ListServices" in said, "the cluster that can't be asked is said"
        assert not UNSAFE.search(said.replace("\n", ""))
        assert not UNSAFE.search(text.replace("\n", ""))
        for name in READABLE[1:]:
            assert name in text
        if output == "table":
            lines = text.splitlines()
            at = {cell_len(line[: line.index(" us-east-1 ")]) for line in lines[1:]}
            assert len(at) == 1


@pytest.mark.usefixtures("hostile_logs")
async def test_no_command_in_a_name_or_a_log_reaches_the_terminal(tmp_path: Path) -> None:
    async with SimServer(layout=hostile_world(), throttling=False) as sim:
        config, credentials = sim.write_aws_config(tmp_path)
        environ = {
            "HOME": str(tmp_path),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
            "TERM": "xterm-256color",
        }
        command = [sys.executable, "-m", "tui", "--profile", PROD.profile]
        await asyncio.to_thread(_operate, [*command, "--region", REGIONS[0]], environ)


def _operate(command: list[str], environ: dict[str, str]) -> None:
    seen = b""
    with PtyApp(command, environ=environ) as app:

        def then(keys: str, text: str) -> None:
            nonlocal seen
            seen += app.output
            app.forget()
            app.press(keys)
            app.wait_for(text)

        app.wait_for("plain")
        app.wait_for("[foo]")
        then(":services\r", "FARGATE")
        then("d", "Address")
        then("y", "serviceName")
        then("q", "all services")
        then("l", "line ")
        app.press("\x03")
        assert app.wait() == 0
        seen += app.output
    for sequence in COMMANDS:
        assert sequence not in seen, sequence
