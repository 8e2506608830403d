"""What the tests of the Kubernetes backend share: a fake API server and a backend on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import settings
from kube_fake import FakeKube
from kube_help import NOW, QUICK, SCOPE, Watching, write_kubeconfig

from backends.base import KubeSource, Sources
from backends.clock import ManualClock
from backends.eks.backend import KubeBackend
from backends.model import Query, Ref

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")  # how long an example takes depends on who else is at work


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the files, proxies and credentials of whoever runs the tests out of them."""
    for name in (
        "KUBECONFIG", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
        "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "AWS_ACCESS_KEY_ID",
        "KUBERNETES_SERVICE_HOST",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
async def kube() -> AsyncIterator[FakeKube]:
    fake = await FakeKube().start()
    yield fake
    await fake.stop()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def backend(kube: FakeKube, clock: ManualClock, tmp_path: Path) -> AsyncIterator[KubeBackend]:
    path = write_kubeconfig(tmp_path / "kubeconfig", kube.url)
    sources = Sources(kube=(KubeSource(str(path)),), request_timeout=5.0)
    made = KubeBackend(sources, clock, QUICK)
    made.roots()
    yield made
    await made.close()


@pytest.fixture
async def watch(backend: KubeBackend) -> AsyncIterator[Callable[..., Watching]]:
    """Open a feed of a kind, closed at the end of the test."""
    opened: list[Watching] = []

    def open_feed(kind: str, namespace: str = "", parent: Ref | None = None) -> Watching:
        opened.append(Watching(backend, Query(SCOPE.at(namespace=namespace), kind, parent)))
        return opened[-1]

    yield open_feed
    for watching in opened:
        await watching.close()
