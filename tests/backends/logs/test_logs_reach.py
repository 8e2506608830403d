"""How far reads of log streams go back, by how much they found."""

import asyncio

import pytest
from virtual_loop import LoopClock, run

from backends.logs.reach import OVERLAP_BUSY_MS, OVERLAP_MS, PAGE, RECALL, RECALL_MS, Reach


def page(part: float) -> list[dict]:
    """Return events that fill such a part of a page by their number."""
    return [{"message": "m"}] * round(part * PAGE)


def test_a_quiet_group_is_read_further_back_by_the_way():
    async def main():
        reach = Reach(LoopClock())
        assert reach.next() == OVERLAP_MS
        assert reach.learn([page(0.1)]) == 1
        await asyncio.sleep(RECALL)
        assert not reach.apart
        assert [reach.next(), reach.next()] == [RECALL_MS, OVERLAP_MS]

    run(main())


@pytest.mark.parametrize("pages", [[page(0.5)], [[{"message": "m" * 300_000}]]])
def test_a_busy_group_is_read_further_back_apart(pages):
    async def main():
        reach = Reach(LoopClock())
        reach.learn(pages)
        await asyncio.sleep(RECALL)
        assert reach.apart
        assert reach.next() == OVERLAP_MS

        async def back():
            yield ["a"], True
            yield ["b"], False

        reach.recall(back())
        assert not reach.apart  # while it lasts
        assert [await reach.more(), await reach.more(), await reach.more()] == [["a"], ["b"], []]
        assert not reach.pending
        await asyncio.sleep(RECALL)
        assert reach.apart

    run(main())


def test_a_group_that_fills_a_page_is_read_less_far_back_until_there_is_room():
    async def main():
        reach = Reach(LoopClock())
        overlaps = []
        for part in (0.6, 0.8, 0.4, 0.3, 0.2, 0.6):
            assert reach.learn([page(part)]) == 1
            overlaps.append(reach.next())
        far, near = OVERLAP_MS, OVERLAP_BUSY_MS
        assert overlaps == [far, near, near, near, far, far]
        assert reach.learn([page(1.0), page(0.1)]) == 1  # it may be by chance
        assert reach.learn([page(1.0), page(0.1)]) == 2  # however little it goes back

    run(main())


def test_what_was_too_much_for_one_page_once_is_not_read_by_the_way_again():
    async def main():
        reach = Reach(LoopClock())
        reach.learn([page(0.1)])
        await asyncio.sleep(RECALL)
        assert reach.next() == RECALL_MS
        reach.learn([page(0.1), page(0.1)])
        reach.learn([page(0.1)])
        await asyncio.sleep(RECALL)
        assert reach.next() == OVERLAP_MS
        assert reach.apart

    run(main())
