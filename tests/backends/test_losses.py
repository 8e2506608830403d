"""Lost credentials: whose they are, what brings them back, and who tries when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted import CLUSTERS, ROOT, SERVICES, ScriptedBackend, cluster, status, until

from backends import losses
from backends.audit import AuditLog
from backends.base import Demand, Expired
from backends.clock import ManualClock
from backends.fleet import Fleet
from backends.losses import Losses
from backends.model import Change, FeedState, FeedStatus, Query, Renewal, Scope

PROD = Renewal("profile prod", "run `aws sso login --profile prod`", ("aws", "sso", "login"))
LOUD = Renewal("context dev", "log in again with kubelogin", quiet=False)


def lost(renewal: Renewal | None) -> FeedStatus:
    error = Expired("ecs:ListClusters", "ExpiredToken", "log in", renewal)
    return status(FeedState.STALE, problem=error.problem)


def query(profile: str, kind: str = "ecs/clusters", provider: str = "ecs") -> Query:
    return Query(Scope(provider, profile=profile, region="us-east-1"), kind)


class Watched(Demand):
    """Counts how often somebody asked for fresh rows."""

    def __init__(self, *, visible: bool = True) -> None:
        super().__init__(visible=visible)
        self.asked = 0

    def refresh(self) -> None:
        self.asked += 1
        super().refresh()


@pytest.fixture
def renewed() -> list[Scope]:
    return []


@pytest.fixture
async def book(renewed: list[Scope]) -> AsyncIterator[Losses]:
    made = Losses(renewed.append)
    yield made
    await made.close()


async def test_feeds_of_one_profile_are_one_loss_and_those_on_screen_come_first(
    book: Losses,
) -> None:
    book.note(query("dev", provider="k8s"), lost(LOUD), Demand(visible=False))
    book.note(query("prod"), lost(PROD), Demand())
    book.note(query("prod", "ecs/services"), lost(PROD), Demand())
    assert book.current == (PROD, LOUD)


async def test_who_listens_is_told_of_each_change_once(book: Losses) -> None:
    told: list[int] = []
    book.listen(lambda: told.append(len(book.current)))
    for _ in range(3):
        book.note(query("prod"), lost(PROD), Demand())
    book.note(query("prod", "ecs/services"), lost(PROD), Demand())
    assert told == [1]
    book.note(query("prod"), status(), Demand())
    assert told == [1]
    book.drop(query("prod", "ecs/services"))
    assert told == [1, 0]


async def test_other_trouble_is_no_loss(book: Losses) -> None:
    book.note(query("prod"), status(FeedState.STALE), Demand())
    book.note(query("prod"), status(), Demand())
    assert book.current == ()


async def test_a_loss_without_a_renewal_says_its_remedy(book: Losses) -> None:
    book.note(query("prod"), lost(None), Demand())
    (found,) = book.current
    assert (found.who, found.advice, found.argv) == ("profile prod", "log in", ())


async def test_to_retry_forgets_credentials_once_a_profile_and_wakes_every_feed(
    book: Losses, renewed: list[Scope]
) -> None:
    first, second = Watched(visible=False), Watched()
    book.note(query("prod"), lost(PROD), first)
    book.note(query("prod", "ecs/services"), lost(PROD), second)
    book.retry()
    assert renewed == [Scope("ecs", profile="prod")]
    assert (first.asked, second.asked) == (1, 1)


async def test_the_first_feed_that_has_an_answer_wakes_the_others_of_its_profile_only(
    book: Losses,
) -> None:
    first, second, other = Watched(), Watched(visible=False), Watched()
    book.note(query("prod"), lost(PROD), first)
    book.note(query("prod", "ecs/services"), lost(PROD), second)
    book.note(query("dev", provider="k8s"), lost(LOUD), other)
    book.note(query("prod"), status(), first)
    assert (first.asked, second.asked, other.asked) == (0, 1, 0)


async def test_feeds_try_in_turn_by_themselves_but_never_run_the_operators_programs(
    book: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "AGAIN", 0.0)
    first, second, loud = Watched(), Watched(visible=False), Watched()
    book.note(query("prod"), lost(PROD), first)
    book.note(query("prod", "ecs/services"), lost(PROD), second)
    book.note(query("dev", provider="k8s"), lost(LOUD), loud)
    await until(lambda: first.asked > 2 and second.asked > 2)
    assert loud.asked == 0


async def test_nobody_looks_once_all_are_back(
    book: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "AGAIN", 0.0)
    before = len(asyncio.all_tasks())
    for _ in range(3):
        book.note(query("prod"), lost(PROD), Demand())
        assert len(asyncio.all_tasks()) == before + 1
        book.note(query("prod"), status(), Demand())
        await until(lambda: len(asyncio.all_tasks()) == before)


async def test_a_fleet_tells_losses_by_its_feeds_and_forgets_those_of_feeds_that_end(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    fleet = Fleet(clock=clock, audit=AuditLog(tmp_path / "audit.jsonl", clock))
    backend = ScriptedBackend()
    fleet.attach(backend)
    held = [fleet.open(CLUSTERS), fleet.open(SERVICES)]
    for query_ in (CLUSTERS, SERVICES):
        backend.feed(query_).put_nowait(Change(lost(PROD), resync=True))
    await until(lambda: fleet.losses.current == (PROD,))
    fleet.losses.retry()
    assert backend.renewed == [Scope("ecs", profile=ROOT.profile)]
    backend.say(CLUSTERS, cluster())
    await until(lambda: held[0].shelf.status == status())
    assert fleet.losses.current == (PROD,)
    held[1].close()
    fleet._end(fleet._feeds[SERVICES])
    assert fleet.losses.current == ()
    await fleet.close()
