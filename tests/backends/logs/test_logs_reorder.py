"""The reorder buffer, as a state machine against its own definition."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from backends.logs.reorder import Mark, Reorder
from backends.model import LogLine

HOLD = 3.0

steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 20)),
        st.tuples(st.just("wait"), st.integers(0, 5)),
        st.tuples(st.just("mark"), st.just(0)),
    ),
    max_size=60,
)


def line(at: float, text: str = "x") -> LogLine:
    return LogLine(at=at, source="s", text=text)


@given(steps)
def test_lines_leave_once_in_time_and_in_order(script):
    buffer = Reorder(lines=1000, chars=10_000)
    now = 0.0
    arrived: dict[str, float] = {}
    left: list[LogLine] = []
    notes: list[str] = []
    marked: dict[str, int] = {}
    for number, (what, figure) in enumerate(script):
        if what == "push":
            arrived[str(number)] = now
            buffer.push(line(figure, str(number)), figure, now + HOLD)
        elif what == "mark":
            marked[str(number)] = len(arrived)
            buffer.mark(Mark(note=str(number)), now + HOLD)
        else:
            now += figure
        taken = buffer.take(now)
        left.extend(taken.lines)
        notes.extend(taken.notes)
        gone = {one.text for one in left}
        assert all(text in gone for text, at in arrived.items() if at + HOLD <= now)
        for note in taken.notes:
            assert gone >= set(list(arrived)[: marked[note]])
    rest = buffer.take(inf)
    left.extend(rest.lines)
    assert sorted(one.text for one in left) == sorted(arrived)
    assert (*notes, *rest.notes) == tuple(marked)
    assert (len(buffer), buffer.due, buffer.room) == (0, inf, 1000)
    for index, newer in enumerate(left):
        for older in left[index + 1 :]:
            if older.at < newer.at:
                assert any(
                    one.at >= newer.at and arrived[one.text] + HOLD <= arrived[older.text]
                    for one in left
                )


def test_room_is_counted_in_lines_and_in_characters():
    buffer = Reorder(lines=3, chars=10)
    assert buffer.room == 3
    buffer.push(line(1.0, "1234"), 1.0, 0.0)
    assert buffer.room == 2
    buffer.push(line(2.0, "1234567"), 2.0, 0.0)
    assert buffer.room == 0
    buffer.take(0.0)
    assert buffer.room == 3


def test_lines_of_one_moment_keep_the_order_of_their_arrival():
    buffer = Reorder(lines=10, chars=100)
    for text in "abc":
        buffer.push(line(5.0, text), 5.0, 0.0)
    assert "".join(one.text for one in buffer.take(0.0).lines) == "abc"


def test_what_arrives_later_is_not_due_earlier():
    buffer = Reorder(lines=10, chars=100)
    buffer.push(line(9.0, "late"), 9.0, 4.0)
    buffer.push(line(1.0, "early"), 1.0, 2.0)
    assert buffer.take(3.0).lines == ()
    assert [one.text for one in buffer.take(4.0).lines] == ["early", "late"]


@given(st.lists(st.integers(0, 20), min_size=1), st.lists(st.integers(0, 20)))
def test_late_lines_are_counted_and_leave_at_once_if_prompt(before, after):
    buffer = Reorder(lines=100, chars=1000, prompt=True)
    for at in before:
        buffer.push(line(at), at, 0.0)
    assert (buffer.take(0.0).late, buffer.due) == (0, inf)
    for at in after:
        buffer.push(line(at), at, HOLD)
    late = sorted(at for at in after if at < max(before))
    if late:
        assert buffer.due == -inf
    taken = buffer.take(0.0)
    assert [one.at for one in taken.lines][: len(late)] == late
    assert (taken.late, taken.behind) == (len(late), max(before) - late[0] if late else 0.0)
    rest = buffer.take(HOLD)
    assert rest.late == 0
    assert len(taken.lines) + len(rest.lines) == len(after)
