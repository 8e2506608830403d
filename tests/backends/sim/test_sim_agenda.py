"""What is due happens in order, at its own time, however rarely somebody looks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.sim.agenda import Agenda


def test_events_run_in_order_of_time_and_then_of_entry() -> None:
    agenda, done = Agenda(0.0), []
    agenda.at(2, lambda: done.append("late"))
    agenda.at(1, lambda: done.append("first"))
    agenda.at(1, lambda: done.append("second"))
    assert agenda.run(2) == 3
    assert done == ["first", "second", "late"]


def test_now_is_the_moment_an_event_was_due_and_then_the_end() -> None:
    agenda, seen = Agenda(100.0), []
    agenda.after(5, lambda: seen.append(agenda.now))
    agenda.run(160)
    assert seen == [105]
    assert agenda.now == 160


def test_what_is_not_due_waits() -> None:
    agenda, done = Agenda(0.0), []
    agenda.after(10, lambda: done.append("ten"))
    assert agenda.run(9.9) == 0
    assert agenda.next_due == 10
    agenda.run(10)
    assert done == ["ten"]
    assert agenda.next_due is None


def test_the_past_happens_at_once_and_not_before() -> None:
    agenda, seen = Agenda(50.0), []
    agenda.at(10, lambda: seen.append(agenda.now))
    agenda.run(60)
    assert seen == [50]


@given(st.lists(st.floats(0.01, 30), min_size=1, max_size=20))
def test_a_chain_of_events_is_the_same_however_often_one_looks(steps: list[float]) -> None:
    def history(looks: list[float]) -> list[float]:
        agenda, seen = Agenda(0.0), []

        def again() -> None:
            seen.append(agenda.now)
            agenda.after(1.5, again)

        agenda.after(1.5, again)
        for look in looks:
            agenda.run(look)
        return seen

    looks = [sum(steps[: i + 1]) for i in range(len(steps))]
    assert history(looks) == history(looks[-1:])
