"""The first lines of a log."""

from hypothesis import given
from hypothesis import strategies as st
from virtual_loop import run

from backends.logs.head import first
from backends.model import LogBatch, LogLine


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(1, 20))
def test_so_many_lines_and_no_more(sizes, count):
    closed = []

    async def batches():
        number = 0
        try:
            for size in sizes:
                lines = tuple(
                    LogLine(at=1.0, source="s", text=str(number + n)) for n in range(size)
                )
                number += size
                yield LogBatch(lines=lines)
        finally:
            closed.append(True)

    async def main():
        return [batch async for batch in first(batches(), count)]

    got = run(main())
    texts = [line.text for batch in got for line in batch.lines]
    assert texts == [str(n) for n in range(min(count, sum(sizes)))]
    assert closed == [True]
    assert (got[-1].live if got else False) == (sum(sizes) >= count)
