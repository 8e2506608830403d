"""Levels of real formats, and of what only looks like one."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from widgets.log_levels import (
    DEBUG,
    ERROR,
    FATAL,
    HEAD,
    INFO,
    JSON_HEAD,
    LEVELS,
    NAMES,
    NONE,
    TRACE,
    WARN,
    WORDS,
    level_named,
    level_of,
)

FORMATS = [
    ('{"time":"x","level":"error","msg":"m"}', ERROR),
    ('{"level":30,"time":1,"pid":1,"msg":"x"}', INFO),
    ('{"severity":"WARNING","message":"x"}', WARN),
    ('{"message":"x","log.level":"ERROR"}', ERROR),
    ('{"log":{"level":"error"},"message":"x"}', ERROR),
    ('{"msg":"got {\\"level\\":\\"error\\"}","level":"info"}', INFO),
    ('{"game":{"level":"error"},"level":"info"}', INFO),
    ('{"version":"1.1","short_message":"x","level":3}', ERROR),
    ('{"t":{"$date":"2026"},"s":"E","c":"NETWORK"}', ERROR),
    ('{"msg":"{","level":"warn"}', WARN),
    ('{"@t":"x","@l":"Error"}', ERROR),
    ('ts=1 level=error msg=x', ERROR),
    ('time="2026" level=warning msg="x"', WARN),
    ('t=2026 lvl=eror msg=x', ERROR),
    ('[ERROR] x', ERROR),
    ('ERROR x', ERROR),
    ('[error] x', ERROR),
    ('ERROR: x', ERROR),
    ('ERROR:root:boom', ERROR),
    ('WARNING:root:x', WARN),
    ('E0523 10:11:12.123456       1 x.go:1] y', ERROR),
    ('<3>disk failure', ERROR),
    ('<14>Sep 21 x', INFO),
    ('<11>1 2026 x', ERROR),
    ('2026-09-21 14:13:20.123 UTC [123] ERROR:  relation "x" does not exist', ERROR),
    ('2026-09-21 14:13:20.123 UTC [123] user@db FATAL:  too many', FATAL),
    ('2026-09-21 14:13:20.123 UTC [123] LOG:  checkpoint starting', INFO),
    ('2026-09-21 14:13:20,123 - myapp - ERROR - msg', ERROR),
    ('2026-09-21 14:13:20,123 [main] ERROR com.acme.Foo - msg', ERROR),
    ('2026-09-21 14:13:20,123 ERROR [main] com.acme.Foo - msg', ERROR),
    ('14:13:20.123 [http-nio-8080-exec-1] WARN  c.a.Foo - msg', WARN),
    ('2026-09-21 14:13:20.123  INFO 1 --- [           main] c.a.App : Started', INFO),
    ('2026-09-21T14:13:20.123Z ERROR 1 --- [main] c.a.App : x', ERROR),
    ('2026/09/21 14:13:20 [error] 123#0: *1 open() failed', ERROR),
    ('2026/09/21 14:13:20 [notice] 1#1: start', INFO),
    ('[2026-09-21 14:13:20.123][1][error][upstream] msg', ERROR),
    ('[2026-09-21T14:13:20,123][ERROR][o.e.x] [node] msg', ERROR),
    ('[2026-09-21T14:13:20,123][INFO ][o.e.x] [node] msg', INFO),
    ('[Mon Sep 21 14:13:20.123456 2026] [core:error] [pid 1] msg', ERROR),
    ('[2026-09-21 14:13:20 +0000] [1] [ERROR] msg', ERROR),
    ('[2026-09-21 14:13:20,123: ERROR/MainProcess] msg', ERROR),
    ('[2026-09-21T14:13:20Z ERROR my_crate] msg', ERROR),
    ('2026-09-21T14:13:20.123456Z  WARN my_crate::x: msg', WARN),
    ('2026-09-21T14:13:20.123Z\terror\tcaller/x.go:12\tmsg', ERROR),
    ('2026-09-21T14:13:20.123Z [WARN]  raft: x', WARN),
    ('E, [2026-09-21T14:13:20.123456 #1] ERROR -- : msg', ERROR),
    ('fail: Microsoft.AspNetCore[0]', ERROR),
    ('warn: Foo[0]', WARN),
    ('crit: X', FATAL),
    ('[14:13:20 ERR] msg', ERROR),
    ('2026-09-21T14:13:20Z ERR msg', ERROR),
    ('10:00AM INF hello', INFO),
    ('2026-09-21T14:13:20.123456Z 0 [ERROR] [MY-010119] [Server] msg', ERROR),
    ('2026-09-21T14:13:20.123Z\t8c2b0f5e-1111-2222-3333-0123456789ab\tERROR\tmsg', ERROR),
    ('[ERROR]\t2026-09-21T14:13:20.123Z\tuuid\tmsg', ERROR),
    ('[INFO] 10.0.0.1:123 - 1 "A IN x"', INFO),
    ('INFO:     10.0.0.1:1234 - "GET / HTTP/1.1" 200 OK', INFO),
    ('10.0.0.1 - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1" 500 123 "-" "x"', ERROR),
    ('10.0.0.1 - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1" 404 123', WARN),
    ('[2026-09-21T14:13:20.123Z] "GET / HTTP/1.1" 503 UF 0 91', ERROR),
    ('error: listen EADDRINUSE', ERROR),
    ('panic: runtime error: x', FATAL),
    ('fatal error: all goroutines are asleep', FATAL),
    ('Traceback (most recent call last):', ERROR),
    ('Exception in thread "main" java.lang.X', ERROR),
    ('java.lang.IllegalStateException: x', ERROR),
    ('TypeError: x is not a function', ERROR),
    ('PHP Fatal error:  Uncaught', FATAL),
    ('[21-Sep-2026 14:13:20 UTC] PHP Warning:  x', WARN),
    ('PHP Warning:  x', WARN),
    ('[21-Sep-2026 14:13:20] WARNING: [pool www] x', WARN),
    ('Sep 21 14:13:20 host app[123]: ERROR msg', ERROR),
    ('web_1  | ERROR foo', ERROR),
    ('2026-09-21 14:13:20.123 | ERROR    | module:func:1 - msg', ERROR),
    ('2026-09-21 14:13:20 main ERROR Unable to locate', ERROR),
    ('\x1b[31mERROR\x1b[0m boom', ERROR),
    ('2026-09-21T14:13:20Z \x1b[32mINFO\x1b[0m [x] y', INFO),
    ('Warning: foo', WARN),
    ('ALERT x', FATAL),
    ('[debug] foo', DEBUG),
    ('Error', ERROR),
    ('2026-09-21 14:13:20.123 DEBUG [main,traceid,spanid] o.s.w: x', DEBUG),
    ('SEVERE: x', ERROR),
]  # fmt: skip
"""Lines as JSON loggers, logfmt, klog, syslog, Postgres, Python, log4j, Spring, nginx, Envoy,
Elasticsearch, Apache, gunicorn, Celery, env_logger, zap, hclog, Rails, .NET, Serilog, zerolog,
MySQL, Lambda, CoreDNS, uvicorn, runtimes that die, PHP, syslog files, docker compose and loguru
write them."""

PROSE = [
    '{"game":{"level":"error"},"msg":1}',
    '{"level":"high"}',
    'E1122 is a part',
    "2026-09-21 14:13 some ERROR happened",
    '2026-09-21 14:13:20.123 UTC [123] DETAIL:  foo',
    '10.0.0.1 - - [21/Sep/2026:14:13:20 +0000] "GET / HTTP/1.1" 200 500',
    'npm ERR! code E404',
    'an error occurred',
    'ERRORS=0',
    'no terror here',
    'warning_x y',
    'Got ERROR from upstream',
    '2026-09-21 14:13:20 Received ERROR from x',
    '2026-09-21 14:13:20 the job ended with an error: foo',
    'error rate is 0',
    'Error connecting to db',
    'Info desk opened',
    '',
    '   ',
    '{',
    'fine weather',
    '2026-09-21 14:13:20 error while x',
    'Debug mode: on',
    'alert: x',
    'log: x',
    'level: error',
    'user level=high',
    'at 5 error: x',
    'I [2026] hi',
    'no error [error] x',
    '172.16.0.1 GET /info 200',
]  # fmt: skip


@pytest.mark.parametrize(("text", "level"), FORMATS)
def test_formats(text: str, level: int) -> None:
    assert NAMES[level_of(text)] == NAMES[level]


@pytest.mark.parametrize("text", PROSE)
def test_what_names_no_level(text: str) -> None:
    assert NAMES[level_of(text)] == ""


VOCABULARY = [
    "the", "job", "had", "an", "error", "while", "failing", "to", "warn", "about", "fatal", "info",
]  # fmt: skip
SENTENCES = st.lists(st.sampled_from(VOCABULARY), min_size=2, max_size=12).map(" ".join)


@given(SENTENCES)
def test_sentences_have_no_level(sentence: str) -> None:
    assert level_of(f"it says {sentence}") == NONE


@given(st.sampled_from(["ERROR", "WARN", "INFO", "FATAL"]), SENTENCES)
def test_a_header_decides_and_not_what_follows_it(word: str, sentence: str) -> None:
    for header in ("{} {}", "[{}] {}", "2026-09-21T14:13:20.123Z {} {}", "{}: {}", "{}:root:{}"):
        assert level_of(header.format(word, sentence)) == WORDS[word.lower()]


@given(
    st.sampled_from(sorted(WORDS)),
    st.dictionaries(st.text('abc"\\{}:, \n'), st.text(), max_size=4),
)
@example("error", {"msg": '{"level":"info"}', "a": '\\"level":"info"'})
@example("warn", {"msg": "}}}}"})
def test_json_decides_by_a_field_of_its_own(word: str, fields: dict[str, str]) -> None:
    for said in (word, word.upper()):
        assert level_of(json.dumps({**fields, "level": said})) == WORDS[word]
        assert level_of(json.dumps({"severity": said, **fields})) == WORDS[word]


@given(
    st.dictionaries(
        st.sampled_from(["msg", "a", "b"]), st.sampled_from(["error", "level", '"level":"error"'])
    )
)
def test_json_without_the_field_has_no_level(fields: dict[str, str]) -> None:
    assert level_of(json.dumps({"ctx": fields, "text": json.dumps(fields)})) == NONE


@given(st.text())
def test_any_text_has_a_level_or_none(text: str) -> None:
    for line in (text, "{" + text, "[" + text, "2026 " + text, "<" + text, '{"level":' + text):
        assert level_of(line) in {NONE, *LEVELS}


def test_what_is_far_behind_is_not_looked_at() -> None:
    assert level_of("x" * HEAD + " level=error") == NONE
    assert level_of('{"a":"' + "x" * JSON_HEAD + '","level":"error"}') == NONE
    assert level_of('{"level":"error","a":"' + "x" * 1_000_000 + '"}') == ERROR


def test_levels_by_name_and_number() -> None:
    assert level_named("Warning") == level_named("40") == WARN
    assert level_named("err") == ERROR
    assert level_named("TRACE") == TRACE
    assert level_named("10") == TRACE
    assert level_named("loud") == level_named("35") == NONE
    assert [level_named(name) for name in ("debug", "notice", "critical")] == [DEBUG, INFO, FATAL]
