"""The cluster that these tests share, and the table of what they showed."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.kubelet.process import Kubelet
from tests.e2e.plane.api import Api
from tests.e2e.plane.build import CannotDownload, NoGo
from tests.e2e.plane.plane import OwnPlane, Plane
from tests.e2e.plane.shown import Row, Shown, markdown, plain

ROWS = pytest.StashKey[list[Row]]()

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--e2e-markdown", metavar="FILE", help="write the table of what was shown")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def plane(request: pytest.FixtureRequest) -> Iterator[Plane]:
    """The cluster: our own, or that of TOPDECK_E2E_KUBECONFIG."""
    named = os.environ.get("TOPDECK_E2E_KUBECONFIG")
    try:
        made = Plane(Path(named)) if named else OwnPlane()
    except (NoGo, CannotDownload) as error:  # a build that fails is an error
        pytest.skip(str(error))
    yield made
    if isinstance(made, OwnPlane) and request.session.testsfailed:
        kept = request.config.rootpath / "build" / "e2e-logs" / time.strftime("%Y%m%dT%H%M%S")
        made.keep_logs(kept)
        print(f"\nthe control plane's logs are in {kept}")
    made.stop()


@pytest.fixture(scope="session")
def kubelet(plane: Plane) -> Iterator[Kubelet]:
    """Nodes on which pods run, by the fake kubelet in a process of its own."""
    own = plane.needs_own("having nodes without containers")
    with Kubelet(own) as made:
        yield made


@pytest.fixture
async def api(plane: Plane) -> AsyncIterator[Api]:
    """An administrator's session with the cluster."""
    async with plane.api() as session:
        yield session


@pytest.fixture
async def namespace(api: Api) -> AsyncIterator[str]:
    """A namespace of the test's own."""
    async with api.namespace(f"e2e-{uuid.uuid4().hex[:8]}") as name:
        yield name


@pytest.fixture(scope="session")
def against(plane: Plane) -> str:
    """Say what the tests run against, for the table."""

    async def version() -> str:
        async with plane.api() as session:
            return (await session.get("/version"))["gitVersion"]

    return f"Kubernetes {asyncio.run(version())}"


@pytest.fixture
def shown(request: pytest.FixtureRequest, against: str) -> Shown:
    """Notes down what a test has shown."""
    return Shown(request.config.stash.setdefault(ROWS, []), against)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    terminalreporter.section("shown end to end")
    for line in plain(rows):
        terminalreporter.write_line(line)
    if target := config.getoption("--e2e-markdown", default=None):
        Path(target).write_text("\n".join(markdown(rows)) + "\n")
