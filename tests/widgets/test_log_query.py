"""Filters by field: how they are read, what they let through, what they say of themselves."""

import json
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model import LogLine
from widgets.log_buffer import LogBuffer, Note
from widgets.log_fields import MISSING, find_field
from widgets.log_levels import DEBUG, ERROR, FATAL, INFO, LEVELS, NONE, TRACE, WARN
from widgets.log_query import Query, read_filter

JSON = (
    '{"level":"error","msg":"cache miss","status":503,"latency_ms":512.5,"path":"/api/v1/items",'
    '"user":"Bob","ok":false,"http":{"host":"web-1","code":"7"},"tags":["a","blue"],"took":"1.5s"}'
)
LOGFMT = 'ts=1 level=info msg="it is \\"so\\"" status=200 duration=45ms size=2MB path=/x?a=b,c'
ACCESS = '10.0.0.1 - - [21/Sep/2026:14:13:20 +0000] "GET /login HTTP/1.1" 404 1234 "-" "curl"'


def line(text: str, source: str = "web") -> LogLine:
    return LogLine(at=1.0, source=source, text=text)


def keeps(text: str, log: str) -> bool:
    return read_filter(text).accepts(line(log))


@pytest.mark.parametrize(
    ("log", "kept", "dropped"),
    [
        (
            JSON,
            [
                "status=503", "status>=500", "status<504", "status!=200", "!status=200",
                "latency_ms>500", "latency_ms>500ms", "latency_ms>0.5s", "latency_ms<1m",
                "path~^/api", "path~items", "path!~login", "user=bob", "user=BOB",
                "user~^B", "ok=false", "http.host=web-1", "http.code>6", "tags=blue", "tags~^bl",
                "took>1s", "took>1400", 'msg="cache miss"', "level=error", "level>=warn",
                "severity>info", "level!=debug", "!level=info", "level~err", "status>400 cache",
                "cache status>400 miss", "nothing!=x", "!nothing=x", "status>400 !kettle",
            ],
            [
                "status=200", "status>503", "latency_ms>600", "latency_ms>1s", "path~^api",
                "user=bo", "user~^b$", "user~^BO", "ok=true", "http.host=web", "tags=c",
                "took>2s", "took>1600", "level=info", "level<error", "nothing=x", "nothing>1",
                "status>400 kettle", "status>400 !cache", "host=web-1", "latency_ms>1MB",
            ],
        ),
        (
            LOGFMT,
            [
                "status=200", "duration<50ms", "duration>40", "size>1MB", "size=2000000",
                "size>1Mi", 'msg~"so"', 'msg="it is \\"so\\""', "path=/x?a=b,c", "level=info",
            ],
            ["status>200", "duration>50", "duration>1s", "size>3MB", "status>200ms", "a=b,c"],
        ),
        (
            ACCESS,
            ["status>=400", "method=get", "path=/login", "bytes>1k", "level=warn", "client~^10"],
            ["status>=500", "method=post", "level=error"],
        ),
        (
            'INFO started {"port": 8080, "ssl": null}',
            ["port=8080", "ssl=null", "level=info"],
            ["port>9000"],
        ),
        ("no (host=db1, code=5), user=x", ["host=db1", "code>4", "user=x"], ["host=db"]),
        ("2026 nothing here", ["a!=b"], ["a=b", "a~b", "level>=trace"]),
    ],
)  # fmt: skip
def test_what_is_kept(log: str, kept: list[str], dropped: list[str]) -> None:
    assert [text for text in kept if not keeps(text, log)] == []
    assert [text for text in dropped if keeps(text, log)] == []


@pytest.mark.parametrize(
    "text",
    ["", "level", "level=", "a b", "x==y", "a->b", "a=>b", "List<String>", "?a=b",
     '"level":"error"', "level\\=error", "(?=x)", "!", "a|b=c", "<div>"],
)  # fmt: skip
def test_what_names_no_field_is_a_pattern(text: str) -> None:
    assert type(read_filter(text)).__name__ == "Pattern"
    assert read_filter(text).text == text


def test_level_and_text_apart() -> None:
    query = Query("level>=warn  connection  refused status>1 !slow one")
    assert query.levels == {WARN, ERROR, FATAL}
    assert [term.text for term in query.terms] == ["status>1"]
    assert [pattern.text for pattern in query.patterns] == ["connection  refused", "!slow one"]
    assert query.spans("x connection  refused") == [(2, 21)]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("level=error", {ERROR}),
        ("level>=warn", {WARN, ERROR, FATAL}),
        ("level<info", {TRACE, DEBUG}),
        ("level=50", {ERROR}),
        ("level!=debug", {NONE, TRACE, INFO, WARN, ERROR, FATAL}),
        ("!level<info", {NONE, INFO, WARN, ERROR, FATAL}),
        ("level>debug level<error", {INFO, WARN}),
        ("level~crit", {FATAL}),
    ],
)
def test_levels(text: str, levels: set[int]) -> None:
    assert Query(text).levels == levels
    assert levels <= {NONE, *LEVELS}


@pytest.mark.parametrize(
    ("text", "log", "note"),
    [
        ("level=loud", "", "loud is no level: trace debug info warn error fatal"),
        ("path=^/api", JSON, "= compares the whole value; for an expression write path~^/api"),
        ("path~(", JSON, "not a regular expression"),
        ("took>1400", JSON, "took has units: 1400 is read as 1400ms"),
        ("status>1s", JSON, "status has no unit: compare it with a number alone"),
        ("took>1MB", JSON, "took is a time, 1MB is not"),
        ("latency_ms>500", JSON, ""),
        ("status>500", JSON, ""),
    ],
)
def test_what_it_says_of_itself(text: str, log: str, note: str) -> None:
    query = read_filter(text)
    query.accepts(line(log))
    assert query.note.startswith(note)
    assert bool(query.note) == bool(note)


def test_a_field_that_no_line_has_is_told_with_those_that_come_close() -> None:
    buffer = LogBuffer()
    query = Query("latency>5")
    assert query.missing(buffer) == ""
    buffer.extend([line(JSON), line("text")])
    assert query.missing(buffer) == "no line has a field latency; there is latency_ms"
    assert Query("xyzzy=1").missing(buffer) == "no line has a field xyzzy"
    assert Query("http.cod=1").missing(buffer).endswith("there is http.code, http.host")
    assert Query("status=1").missing(buffer) == ""
    assert Query("!xyzzy=1").missing(buffer) == ""
    buffer.extend([line(json.dumps({"quux\x1b[2J" + "y" * 500: 1}))])
    said = f"no line has a field quux; there is quux{'y' * 32}…"
    assert Query("quux=1").missing(buffer) == said
    query.terms[0].seen = 1
    assert query.missing(buffer) == ""


def test_a_note_of_the_pane_fulfils_no_condition() -> None:
    note = Note(at=1.0, text="a=b level=error")
    assert not Query("a=b").accepts(note)
    assert not Query("level!=info").accepts(note)


@pytest.mark.parametrize(
    ("one", "other", "narrows"),
    [
        ("a=b c", "a=b", True),
        ("a=b level=info", "a=b", True),
        ("a=b", "a=b level=info", False),
        ("a=bc", "a=b", False),
        ("a=b timeout", "a=b time", True),
        ("a=b time", "a=b timeout", False),
        ("a=b timeout", "time", True),
        ("a=b", "time", False),
        ("time", "a=b", False),
        ("time", "level=info", False),
        ("time", "level=info tim", False),
    ],
)
def test_narrowing(one: str, other: str, narrows: bool) -> None:
    assert read_filter(one).narrows(read_filter(other)) is narrows


NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("level", "severity", "lvl", "levelname", "loglevel")
)
NUMBERS = st.integers(-1000, 1000) | st.floats(-1000, 1000, allow_nan=False).map(
    lambda number: round(number, 2)
)
OPERATORS = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge,
    "<=": operator.le,
}  # fmt: skip


@given(NAMES, st.sampled_from(sorted(OPERATORS)), NUMBERS, NUMBERS)
def test_numbers_compare_as_numbers(name: str, op: str, wanted: float, found: float) -> None:
    expected = OPERATORS[op](found, wanted)
    for log in (
        json.dumps({"x": 1, name: found}),
        json.dumps({name: str(found)}),
        f"{name}={found}",
    ):
        assert keeps(f"{name}{op}{wanted}", log) is bool(expected)


@given(NAMES, st.text(min_size=1), st.text())
def test_a_quoted_value_is_compared_whole(name: str, wanted: str, other: str) -> None:
    quoted = wanted.replace("\\", "\\\\").replace('"', '\\"')
    query = read_filter(f'{name}="{quoted}"')
    assert query.accepts(line(json.dumps({name: wanted})))
    assert query.accepts(line(json.dumps({name: wanted.upper()}))) == (
        wanted.upper().casefold() == wanted.casefold()
    )
    same = other.casefold() == wanted.casefold()
    if not any(char.isdigit() for char in wanted):
        assert query.accepts(line(json.dumps({name: other}))) == same
    assert not query.accepts(line(json.dumps({f"x{name}": wanted})))


@given(st.text(), st.text())
def test_any_filter_can_be_read_and_applied(text: str, log: str) -> None:
    query = read_filter(text)
    assert query.text == text
    assert query.accepts(line(log)) in {True, False}
    assert isinstance(query.note, str)
    every = read_filter(f"a=b {text} c>5")
    assert every.accepts(line(log)) in {True, False}
    assert every.spans(log) == sorted(every.spans(log))


@given(st.sampled_from(["a=b", "latency_ms>5", "http.host~web", "status=503 x"]), st.text())
def test_what_is_accepted_holds_a_needle(text: str, junk: str) -> None:
    query = Query(text)
    for log in (JSON, LOGFMT, ACCESS, f"a=b {junk}", junk):
        if query.accepts(line(log)):
            assert any(needle in log.lower() for needle in query.needles)


def test_conditions_that_lines_without_a_field_fulfil_have_no_needle() -> None:
    assert Query("a!=b").needles == ()
    assert Query("!a=b").needles == ()
    assert Query("!a=b http.status>5").needles == ("status",)
    assert Query("status>5").needles == ("status", " http/")


@given(
    st.dictionaries(
        NAMES, st.one_of(st.integers(), st.text(), st.booleans(), st.none()), min_size=1, max_size=5
    ),
    st.booleans(),
)
def test_a_field_is_what_decoding_all_of_the_line_says(
    fields: dict[str, object], spaced: bool
) -> None:
    text = json.dumps({**fields, "deep": fields}, separators=None if spaced else (",", ":"))
    for name, value in fields.items():
        if name != "deep":
            assert find_field(text, name) == value
        assert find_field(text, f"deep.{name}") == value
    assert find_field(text, "deep") == fields
    assert find_field(text, "no-such-field") is MISSING
