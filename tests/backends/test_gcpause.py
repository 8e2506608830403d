"""The collector pauses for loads, is left as it was found, and what is large is frozen, but not
without end."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from backends import gcpause
from backends.gcpause import LARGE, LONGEST, Collector, gc_paused


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    enabled, thresholds = gc.isenabled(), gc.get_threshold()
    gc.enable()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.enable() if enabled else gc.disable()


def test_overlapping_pauses_end_with_the_last() -> None:
    first, second = gc_paused(), gc_paused()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_a_load_that_fails_ends_its_pause() -> None:
    with pytest.raises(ValueError, match="x"), gc_paused():
        raise ValueError("x")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with gc_paused():
        pass
    assert not gc.isenabled()


def test_loads_that_overlap_for_too_long_do_not_keep_it_off() -> None:
    now = [100.0]
    collector = Collector(lambda: now[0])
    with collector.paused():
        now[0] += LONGEST
        with collector.paused():
            assert not gc.isenabled()
            now[0] += 0.1
            with collector.paused():
                assert gc.isenabled()
    assert gc.isenabled()
    with collector.paused():
        assert not gc.isenabled()


def load(collector: Collector, count: int) -> list[list[None]]:
    gc.collect()
    with collector.paused():
        return [[] for _ in range(count)]


def test_what_a_large_load_leaves_is_not_walked_again() -> None:
    collector = Collector()
    before = gc.get_freeze_count()
    kept = load(collector, 1_000)
    assert gc.get_freeze_count() == before
    kept = load(collector, LARGE + 1_000)
    assert gc.get_freeze_count() - before >= len(kept)


def test_what_was_made_before_a_small_load_does_not_count() -> None:
    collector = Collector()
    gc.set_threshold(20_000, 50, 100)
    gc.collect()
    before = gc.get_freeze_count()
    kept = [[] for _ in range(2 * LARGE)]  # type: list[list[None]]
    gc.collect(0)
    with collector.paused():
        kept += [[] for _ in range(1_000)]
    assert gc.get_freeze_count() == before


def test_rubbish_that_refers_to_itself_is_kept_only_so_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gcpause, "LARGE", 1_000)
    monkeypatch.setattr(gcpause, "MOST", 3)
    collector = Collector()
    frozen = []
    for _ in range(6):
        gc.collect()
        with collector.paused():
            for _ in range(2_000):
                rubbish: list[object] = []
                rubbish.append(rubbish)
        frozen.append(gc.get_freeze_count())
    assert frozen[0] < frozen[1] < frozen[2]
    assert frozen[2] == frozen[3] == frozen[5]
