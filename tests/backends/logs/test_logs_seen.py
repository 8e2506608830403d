"""The memory of delivered events."""

from hypothesis import given
from hypothesis import strategies as st

from backends.logs.seen import Seen

events = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1000)), max_size=60)


@given(events)
def test_each_event_is_admitted_once(script):
    seen, admitted = Seen(), set()
    for name, at in script:
        assert seen.admit(str(name), at) == (name not in admitted)
        admitted.add(name)


@given(events, st.integers(1, 10))
def test_a_full_memory_forgets_the_past_and_never_admits_twice(script, capacity):
    seen = Seen(capacity)
    times = dict(reversed(script))
    admitted: list[int] = []
    for name, _ in script:
        if seen.admit(str(name), times[name]):
            admitted.append(name)
        assert len(seen) <= capacity
    assert len(admitted) == len(set(admitted))
    assert all(times[n] < seen.floor for n, _ in script if n not in admitted)


def test_what_no_read_goes_back_behind_is_forgotten():
    seen = Seen()
    for at in range(10):
        seen.admit(str(at), at)
    seen.forget(7)
    assert len(seen) == 3
    assert not seen.admit("8", 8)
    assert seen.floor == 0
