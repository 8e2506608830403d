"""Lost credentials, as the operator meets them: the banner, the key, and everything coming back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

import pytest
from app_help import Operator, operating
from textual.notifications import Notification
from textual.widgets._toast import Toast

from backends.base import AwsSource, KubeSource, Sources
from backends.model import FeedState
from backends.sim.blueprint import ACCOUNTS
from backends.sim.server import SimServer
from tests import fake_aws
from tui.app import TopdeckApp
from tui.screens.detail import DetailScreen
from widgets.banner import Banner
from widgets.command_dialog import CommandDialog
from widgets.help_panel import HelpText
from widgets.key_bar import KeyBar
from widgets.loss_banner import LossBanner
from widgets.resource_table import ResourceTable

PROD, STAGING = (account.profile for account in ACCOUNTS)
LINE = f"aws sso login --profile {PROD}"
KEY = "ctrl+o"


class Desk:
    """An operator's machine: AWS files, an SSO cache, the fake ``aws`` first on PATH."""

    def __init__(self, sim: SimServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sim = sim
        self.home = home
        self.cache = home / "cache"
        self.record = home / "record"
        self.config = home / "config"
        self.credentials = home / "credentials"
        self.credentials.touch()
        self.patch = monkeypatch
        accounts = {account.profile: account.account_id for account in ACCOUNTS}
        fake_aws.write_config(self.config, sim.url, accounts)
        for module in ("credentials.SSOProvider", "tokens.SSOTokenProvider"):
            monkeypatch.setattr(f"botocore.{module}._SSO_TOKEN_CACHE_DIR", str(self.cache))
        monkeypatch.setenv("PATH", str(fake_aws.install(home / "bin")), prepend=":")
        for name, value in (
            ("FAKE_AWS_SIM", sim.url),
            ("FAKE_AWS_CACHE", str(self.cache)),
            ("FAKE_AWS_RECORD", str(self.record)),
            ("AWS_CONFIG_FILE", str(self.config)),
            ("AWS_SHARED_CREDENTIALS_FILE", str(self.credentials)),
        ):
            monkeypatch.setenv(name, value)

    @property
    def ran(self) -> list[list[str]]:
        """The arguments that ``aws`` was run with, each time."""
        if not self.record.exists():
            return []
        return [json.loads(line)[:-1] for line in self.record.read_text().splitlines()]

    def sources(self, *profiles: str, kube: tuple[KubeSource, ...] = ()) -> Sources:
        """Every profile, by name alone; so the SDK's own files count."""
        return Sources(
            aws=tuple(AwsSource(profile, ("us-east-1",)) for profile in profiles),
            kube=kube,
            budget_share=1.0,
        )

    def kubeconfig(self, profile: str) -> KubeSource:
        """A kubeconfig as ``aws eks update-kubeconfig`` writes it, for one cluster."""
        name = "payments-prod"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": f"{self.sim.url}/k8s/{name}"}}],
            "contexts": [{"name": "pay", "context": {"cluster": name, "user": "u"}}],
            "users": [{"name": "u", "user": {"exec": {
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "command": "aws",
                "args": ["eks", "get-token", "--cluster-name", name, "--profile", profile],
            }}}],
        }  # fmt: skip
        path = self.home / "kubeconfig"
        path.write_text(json.dumps(document))
        return KubeSource(str(path))

    async def log_in_elsewhere(self, profile: str) -> None:
        """Log in as if in another terminal."""
        await asyncio.to_thread(fake_aws.log_in, self.sim.url, profile, self.cache)

    def lend_screen(self) -> None:
        """Let the headless screen be put away, which Textual has no need of."""

        @contextmanager
        def suspend(app: TopdeckApp) -> Iterator[None]:
            yield
            app.refresh(layout=True)  # as Textual's own does

        self.patch.setattr(TopdeckApp, "suspend", suspend)

    def operating(self, sources: Sources, **rest: object) -> AbstractAsyncContextManager[Operator]:
        return operating(sources, self.home / "state", **rest)


@pytest.fixture
async def desk(sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    assert sim.world.kube  # laid out before anybody waits for it
    return Desk(sim, tmp_path, monkeypatch)


def banner(operator: Operator) -> str:
    """What the banner of the present screen says, in one line; empty while it is hidden."""
    found = operator.app.screen.query_one(LossBanner)
    return " ".join(str(found.render()).split()) if found.display else ""


def footer(operator: Operator) -> str:
    return str(operator.app.screen.query_one(KeyBar).render())


def board_live(operator: Operator, *names: str) -> bool:
    """Whether clusters are on the board, they and their workloads heard of and live."""
    entries = {ref.name: entry for ref, entry in operator.app.board._entries.items()}
    feeds = [f for name in names if name in entries for f in entries[name].feeds]
    roots = [entries[name].root for name in names if name in entries]
    statuses = [feed.shelf.status for feed in (*feeds, *roots)]
    return set(names) <= set(entries) and all(
        status is not None and status.state is FeedState.LIVE for status in statuses
    )


async def confirm(operator: Operator) -> None:
    await operator.press(KEY)
    await operator.until(lambda: isinstance(operator.app.screen, CommandDialog), "the question")
    await operator.press("y")
    await operator.until(lambda: not isinstance(operator.app.screen, CommandDialog))


async def test_one_key_logs_in_and_ecs_and_eks_come_without_another(desk: Desk) -> None:
    desk.lend_screen()
    kube = desk.kubeconfig(PROD)
    async with desk.operating(desk.sources(PROD, STAGING, kube=(kube,))) as operator:
        await operator.until(lambda: f"profile {PROD}, profile {STAGING}" in banner(operator))
        assert f"^o runs {LINE}" in banner(operator)
        assert "Log in" in footer(operator)
        assert operator.browse.query_one(Banner).problem is None
        await confirm(operator)
        wanted = ("shop-prod", "payments-prod")
        await operator.until(lambda: board_live(operator, *wanted), "production, live")
        assert desk.ran == [["sso", "login", "--profile", PROD]]
        contexts = [r for r in operator.app.board.rows if r.ref.scope.provider == "k8s"]
        assert [row.ref.scope.profile for row in contexts] == ["pay"]
        await operator.until(
            lambda: banner(operator).startswith(f"✗ credentials lost: profile {STAGING}")
        )
        await confirm(operator)
        await operator.until(lambda: board_live(operator, "shop-staging"), "staging, live")
        await operator.until(lambda: banner(operator) == "")
        assert "Log in" not in footer(operator)


async def test_a_login_in_another_terminal_is_enough_on_ecs_and_on_eks(desk: Desk) -> None:
    kube = desk.kubeconfig(PROD)
    await desk.log_in_elsewhere(PROD)
    async with desk.operating(desk.sources(PROD, kube=(kube,))) as operator:
        wanted = ("shop-prod", "payments-prod")
        board = operator.app.board
        await operator.until(lambda: board_live(operator, *wanted) and board.settled)
        rows = {row.ref for row in operator.app.board.rows}
        await asyncio.to_thread(fake_aws.call, desk.sim.url, "expire", PROD)
        for client in operator.app.fleet._providers["k8s"]._connections._clients.values():
            client.authority.forget()  # as fourteen minutes later
        operator.app.board.refresh()
        await operator.until(lambda: LINE in banner(operator), "the loss")
        await operator.until(lambda: len(stale(operator)) >= 3, "ECS, EKS and the context stale")
        assert {row.ref for row in operator.app.board.rows} == rows
        await desk.log_in_elsewhere(PROD)
        await operator.until(lambda: banner(operator) == "", "the banner gone")
        await operator.until(lambda: board_live(operator, *wanted) and not stale(operator))
        assert desk.ran == []


def notices(operator: Operator) -> list[Notification]:
    return list(operator.app._notifications)


def stale(operator: Operator) -> list[str]:
    feeds = operator.app.fleet._feeds.values()
    statuses = [(f.shelf.query, f.shelf.status) for f in feeds]
    return [
        f"{query.scope.provider} {query.kind}"
        for query, status in statuses
        if status is not None and status.state is FeedState.STALE
    ]


async def test_new_keys_in_the_credentials_file_are_enough_and_no_key_is_offered(
    desk: Desk,
) -> None:
    def write(held: dict[str, str]) -> None:
        desk.credentials.write_text(
            f"[{PROD}]\naws_access_key_id = {held['accessKeyId']}\n"
            f"aws_secret_access_key = {held['secretAccessKey']}\n"
        )

    desk.config.write_text(f"[profile {PROD}]\nendpoint_url = {desk.sim.url}\n")
    write(await asyncio.to_thread(fake_aws.call, desk.sim.url, "login", PROD))
    async with desk.operating(desk.sources(PROD), size=(160, 40)) as operator:
        await operator.until(lambda: board_live(operator, "shop-prod", "payments-prod"))
        await asyncio.to_thread(fake_aws.call, desk.sim.url, "expire", PROD)
        await operator.until(lambda: "put new keys for" in banner(operator), "the loss")
        assert "runs" not in banner(operator)
        assert "Log in" not in footer(operator)
        await operator.press(KEY)
        await operator.pilot.pause()
        assert operator.browse.table.has_focus
        await operator.press("question_mark")
        await operator.until(lambda: operator.app.screen.query(HelpText))
        assert "renews lost credentials" in str(operator.app.screen.query_one(HelpText).render())
        await operator.press("escape")
        operator.browse.run_command("login")
        await operator.pilot.pause()
        write(await asyncio.to_thread(fake_aws.call, desk.sim.url, "login", PROD))
        await operator.until(lambda: banner(operator) == "", "the banner gone")
        await operator.until(lambda: not stale(operator))


async def test_the_banner_is_on_every_screen(desk: Desk) -> None:
    await desk.log_in_elsewhere(PROD)
    async with desk.operating(desk.sources(PROD)) as operator:
        await operator.open_log("shop-prod", "web")
        await asyncio.to_thread(fake_aws.call, desk.sim.url, "expire", PROD)
        await operator.until(lambda: LINE in banner(operator), "on the log, which was open")
        await operator.press("escape")
        await operator.until(lambda: LINE in banner(operator), "on the table below")
        await operator.press("d")
        await operator.until(lambda: isinstance(operator.app.screen, DetailScreen))
        await operator.until(lambda: LINE in banner(operator), "on one that was opened since")
        await desk.log_in_elsewhere(PROD)
        await operator.until(lambda: banner(operator) == "")


async def test_the_question_shows_the_whole_command_and_no_is_the_answer_at_hand(
    desk: Desk,
) -> None:
    desk.lend_screen()
    source = AwsSource(PROD, ("us-east-1",), "", str(desk.config), str(desk.credentials))
    sources = Sources(aws=(source,))
    async with desk.operating(sources, read_only=True) as operator:
        await operator.until(lambda: LINE in banner(operator))
        await operator.press(KEY)
        await operator.until(lambda: isinstance(operator.app.screen, CommandDialog))
        text = "".join(operator.seen().split())
        assert "".join(f"runs  {LINE}".split()) in text
        assert f"AWS_CONFIG_FILE={desk.config}".rpartition("/")[2] in text
        await operator.press("enter")
        await operator.until(lambda: not isinstance(operator.app.screen, CommandDialog))
        assert desk.ran == []
        await confirm(operator)  # nothing in the fleet is changed by it: read-only mode or not
        await operator.until(lambda: board_live(operator, "shop-prod"))
        assert not (operator.state / "audit.jsonl").exists()


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda desk: desk.patch.setenv("FAKE_AWS_MODE", "fail"), "failed with exit code 255"),
        (lambda desk: desk.patch.setenv("PATH", "/nonexistent"), "is not installed"),
        (lambda desk: (desk.home / "bin/aws").write_bytes(b"\0"), "could not be started"),
        (lambda desk: desk.patch.undo() or desk, "can't be lent"),
    ],
    ids=["it fails", "it is missing", "it is broken", "there is no terminal"],
)
async def test_a_login_that_does_not_work_is_said_and_the_app_goes_on(
    desk: Desk, break_it: object, said: str
) -> None:
    if "lent" not in said:
        desk.lend_screen()
        break_it(desk)
    async with desk.operating(desk.sources(PROD), notices=True) as operator:
        await operator.until(lambda: "runs aws" in banner(operator))
        await confirm(operator)
        await operator.until(lambda: said in "".join(n.message for n in notices(operator)), said)
        await operator.until(lambda: operator.app.screen.query(Toast), "the notice on the screen")
        assert operator.browse.query_one(ResourceTable).has_focus
        assert "runs aws" in banner(operator)


async def test_the_key_can_be_another(desk: Desk) -> None:
    async with desk.operating(desk.sources(PROD), keys={"login": "f9"}) as operator:
        await operator.until(lambda: f"f9 runs {LINE}" in banner(operator))
        await operator.press("f9")
        await operator.until(lambda: isinstance(operator.app.screen, CommandDialog))
