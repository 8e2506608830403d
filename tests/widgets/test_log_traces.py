"""Stack traces: which lines go on with which, however the sources are interleaved."""

import random
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model import LogLine
from widgets.log_levels import ERROR, FATAL, INFO, LEVEL, NONE, WARN, level_of
from widgets.log_marks import LineMarks
from widgets.log_traces import CONTINUES, GAP, MAX_FOLDED, TraceReader

AT = 1_790_000_000.0

JAVA = """\
2026-09-21 14:13:20,123 ERROR [main] com.acme.Foo - failed
java.lang.IllegalStateException: pool exhausted
\tat com.acme.db.Pool.acquire(Pool.java:187)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
\tSuppressed: java.io.IOException: closed
\t\tat com.acme.db.Pool.close(Pool.java:12)
Caused by: java.net.SocketTimeoutException: Read timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)
\t... 12 more"""
UNCAUGHT = """\
Exception in thread "main" java.lang.NullPointerException
\tat com.acme.Main.main(Main.java:3)"""
PYTHON = """\
ERROR:root:boom
Traceback (most recent call last):
  File "/app/x.py", line 88, in dispatch
    return await handler(request)
           ^^^^^^^^^^^^^^^^^^^^^^
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/x.py", line 132, in load
    raise UpstreamError("no")
app.errors.UpstreamError: no"""
PYTHON_ALONE = """\
Traceback (most recent call last):
  File "/app/x.py", line 1, in <module>
    ERROR = 1 / 0
ZeroDivisionError: division by zero"""
GO = """\
panic: runtime error: index out of range [5] with length 3
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x47]

goroutine 1 [running]:
main.handle(0xc000012345, 0x5)
\t/app/main.go:12 +0x1d
created by main.main in goroutine 1
\t/app/main.go:9 +0x65
exit status 2"""
NODE = """\
TypeError: Cannot read properties of undefined (reading 'id')
    at load (/app/orders.js:12:5)
    at async /app/server.js:40:3 {
  code: 'E_LOAD'
}"""
DOTNET = """\
fail: Acme.Orders[0]
System.InvalidOperationException: broken
 ---> System.TimeoutException: late
   at Acme.Orders.Load() in /src/Orders.cs:line 41
   --- End of inner exception stack trace ---
   at Acme.Program.Main() in /src/Program.cs:line 7"""
RUST = """\
thread 'main' panicked at src/main.rs:4:5:
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"""
RUBY = """\
E, [2026-09-21T14:13:20.123456 #1] ERROR -- : NoMethodError
\tfrom /app/x.rb:12:in `load'
\tfrom /app/x.rb:2:in `<main>'"""

TRACES = {
    "java": (JAVA, ERROR), "uncaught": (UNCAUGHT, ERROR), "python": (PYTHON, ERROR),
    "python alone": (PYTHON_ALONE, ERROR), "go": (GO, FATAL), "node": (NODE, ERROR),
    "dotnet": (DOTNET, ERROR), "rust": (RUST, ERROR), "ruby": (RUBY, ERROR),
}  # fmt: skip


def lines(text: str, source: str = "web", at: float = AT) -> list[LogLine]:
    return [LogLine(at=at, source=source, text=line) for line in text.split("\n")]


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_goes_on_with_its_first_line_and_has_its_level(name: str) -> None:
    text, level = TRACES[name]
    before, after = lines("2026-09-21 INFO calm"), lines("[INFO] on we go")
    marks = TraceReader()(before + lines(text) + after)
    assert marks[0] == marks[-1] == INFO
    assert marks[1] == level
    assert set(marks[2:-1]) == {CONTINUES | level}


@pytest.mark.parametrize(
    "text",
    [
        "  indented text\n    more of it",
        'SELECT *\n  FROM "File"\n  WHERE at = 1',
        "{\n  key: 1\n}",
        "at the station\nCaused concern",
        "",
    ],
)
def test_what_is_indented_alone_is_no_trace(text: str) -> None:
    marks = TraceReader()(lines("INFO a") + lines(text) + lines("INFO b"))
    assert not any(mark & CONTINUES for mark in marks)


def test_an_exception_behind_a_calm_line_stands_for_itself() -> None:
    marks = TraceReader()(lines("INFO fine\njava.lang.Error: x\n\tat a.b(C.java:1)"))
    assert list(marks) == [INFO, ERROR, CONTINUES | ERROR]


def test_an_exception_long_behind_an_error_stands_for_itself() -> None:
    marks = TraceReader()(lines("WARN hm") + lines("ValueError: x", at=AT + 5))
    assert list(marks) == [WARN, ERROR]


def test_frames_go_on_with_a_line_of_any_level() -> None:
    marks = TraceReader()(lines("request failed\n\tat a.b(C.java:1)\n\t... 3 more"))
    assert list(marks) == [NONE, CONTINUES, CONTINUES]


def test_a_frame_whose_line_is_not_there_begins_on_its_own() -> None:
    marks = TraceReader()(lines("\tat a.b(C.java:1)\n\tat a.b(C.java:2)"))
    assert list(marks) == [NONE, CONTINUES]


def test_a_trace_ends_after_a_pause() -> None:
    trace = lines("ValueError: x\n    at a (b.js:1)")
    late = lines("    at c (d.js:1)", at=AT + GAP + 1)
    assert list(TraceReader()(trace + late)) == [ERROR, CONTINUES | ERROR, NONE]


def test_an_endless_trace_is_folded_in_parts() -> None:
    marks = TraceReader()(lines("Error: deep\n" + "\n".join(["    at f (x.js:1)"] * 2000)))
    runs = [len(list(group)) for on, group in groupby(marks, lambda m: m & CONTINUES) if on]
    assert max(runs) == MAX_FOLDED
    assert len(runs) == 4


def test_another_log_does_not_go_on_with_the_last() -> None:
    reader = TraceReader()
    reader(lines("Error: x\n    at f (x.js:1)"))
    reader.clear()
    assert list(reader(lines("    at g (x.js:2)\nINFO x"))) == [NONE, INFO]


def test_without_times_lines_are_taken_to_be_near() -> None:
    assert list(TraceReader()(lines("WARN x\nValueError: y", at=0.0))) == [WARN, CONTINUES | WARN]


def test_history_that_is_put_before_a_trace_does_not_end_it() -> None:
    marks = LineMarks()
    assert list(marks(lines("Error: x\n    at f (x.js:1)"))) == [ERROR, CONTINUES | ERROR]
    assert list(marks(lines("INFO long ago\nError: y\n    at z (x.js:9)", at=AT - 60))) == [
        INFO,
        ERROR,
        CONTINUES | ERROR,
    ]
    assert list(marks(lines("    at g (x.js:2)"))) == [CONTINUES | ERROR]
    assert sorted(minute.errors for minute in marks.counts.minutes.values()) == [1, 1]


PIECES = st.sampled_from([*(text for text, _ in TRACES.values()), "INFO calm", "WARN hm", "", "x"])


@given(
    st.lists(st.lists(PIECES, max_size=4), min_size=1, max_size=4),
    st.randoms(use_true_random=False),
    st.integers(1, 9),
)
def test_sources_and_batches_do_not_matter(
    sources: list[list[str]], rng: random.Random, size: int
) -> None:
    alone = {}
    waiting: list[list[LogLine]] = []
    for number, pieces in enumerate(sources):
        log = lines("\n".join(pieces), source=f"s{number}") if pieces else []
        alone[f"s{number}"] = TraceReader()(log)
        waiting.append(log[::-1])
    merged: list[LogLine] = []
    while left := [log for log in waiting if log]:
        merged.append(rng.choice(left).pop())
    reader, marks = TraceReader(), b""
    for start in range(0, len(merged), size):
        marks += reader(merged[start : start + size])
    for source, expected in alone.items():
        assert bytes(
            m for m, entry in zip(marks, merged, strict=True) if entry.source == source
        ) == (expected)


@given(st.lists(st.text(max_size=30), max_size=20))
def test_any_lines_are_marked(texts: list[str]) -> None:
    marks = TraceReader()([LogLine(at=AT, source="s", text=text) for text in texts])
    assert len(marks) == len(texts)
    for mark, text in zip(marks, texts, strict=True):
        assert mark & CONTINUES or mark & LEVEL == level_of(text)
