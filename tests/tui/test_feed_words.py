"""How a view says by what its rows live, where there is a choice."""

from __future__ import annotations

import pytest

from backends.model import FeedState, FeedStatus
from tui.row_status import combine

NOW = 9.0
QUEUE, POLLING, WATCH = (FeedStatus(FeedState.LIVE, NOW, by=by) for by in ("queue", "polling", ""))
STALE = FeedStatus(FeedState.STALE, NOW)


@pytest.mark.parametrize(
    ("statuses", "by"),
    [
        ([QUEUE], "queue"),
        ([QUEUE, QUEUE, WATCH], "queue"),
        ([QUEUE, POLLING], "polling"),
        ([WATCH], ""),
        ([QUEUE, STALE], ""),
        ([QUEUE, None], ""),
        ([], ""),
    ],
)
def test_a_view_is_by_queue_only_where_all_that_could_be_are(
    statuses: list[FeedStatus | None], by: str
) -> None:
    assert combine(statuses, NOW).by == by
