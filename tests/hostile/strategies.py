"""Text that nobody should send and somebody will, for hypothesis: composable, and catalogued.

`CATALOGUE` holds the classic payloads by name; `always` adds every one of them to a test as an
example, so that they are tried each time, whatever hypothesis thinks of. The strategies mix them
with words, markup, controls and characters of every kind:

- `texts()`: anything at all, of one line or several
- `names()`: what a resource may be called, never empty
- `tags()`: a mapping of keys to values
- `lines()`: a line of a log; `log_bytes()`: the same before it is decoded, UTF-8 or not
- `events()`: a message with its reason
- `bodies()`: what a server answers with an error, by content type

`HOSTILE_EXAMPLES` multiplies how many examples every test tries (`make hostile` sets it to 20).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, example, settings
from hypothesis import strategies as st

FACTOR = max(1, int(os.environ.get("HOSTILE_EXAMPLES", "1")))
"""How many times more examples than in a quick run."""

Test = TypeVar("Test", bound=Callable[..., Any])

LONG = 1_000_000
"""Characters of the longest lines."""

MARKUP: Mapping[str, str] = {
    "closing tag": "[/foo]",
    "action link": "[@click=app.quit]quit[/]",
    "style": "[bold red]red[/bold red]",
    "variable": "[$error on $primary]paint",
    "open bracket": "[[[[unbalanced",
    "close bracket": "]]]]unbalanced[/",
    "escaped bracket": r"a\[b]c\\[/d]",
    "bracket at the end": "web[",
    "link": "[link=https://evil.example]here[/link]",
    "emoji code": ":boom: :warning:",
    "format": "{self.app} %(name)s %s {0!r}",
    "quotes": "\"'`$(id)`;--<script>alert(1)</script>&amp;",
}
"""What Textual and Rich, and others, take for markup. None of it commands a terminal."""

COMMANDS: Mapping[str, str] = {
    "colour": "\x1b[31;1mred\x1b[0m",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "clipboard, ST": "\x1b]52;c;ZXZpbA==\x1b\\",
    "link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "title": "\x1b]0;owned\x07",
    "window title": "\x1b]2;owned\x1b\\",
    "palette": "\x1b]4;1;rgb:ff/00/00\x07",
    "notification": "\x1b]9;owned\x07\x1b]777;notify;a;b\x07",
    "shape of the pointer": "\x1b]22;wait\x07",
    "home and clear": "\x1b[H\x1b[2J\x1b[3J",
    "cursor moves": "\x1b[10A\x1b[99C\x1b[5;5H\x1b7\x1b8",
    "resize": "\x1b[8;3;3t",
    "report title": "\x1b[21t",
    "modes": "\x1b[?1002h\x1b[?47h\x1b[?1049l\x1b[?25h",
    "scroll region": "\x1b[3;4r\x1b[?6h",
    "reset": "\x1bc\x1b[!p",
    "charset": "\x1b(0\x0e\x0f\x1b%@",
    "device control": "\x1bPq#0;2;0;0;0\x1b\\\x1bP+q544e\x1b\\",
    "application": "\x1b_Gi=1;AAAA\x1b\\",
    "privacy": "\x1b^pm\x1b\\\x1bXsos\x1b\\",
    "answerback": "\x05\x1b[c\x1b[6n\x1bZ",
    "eight-bit sequences": "\x9b31m\x9d0;owned\x9c\x90q\x9c\x9fG\x9c\x85\x84\x8d",
    "unfinished": "\x1b[38;2;1",
    "unfinished string": "\x1b]0;never ended",
    "escape alone": "web\x1b",
    "rest of a clipboard": "]52;c;ZXZpbA==\x07",
    "rest of a colour": "[31mred",
    "string in a string": "\x1b]0;a\x1b]52;c;ZXZpbA==\x07",
    "controls": "a\x00b\x01c\x07d\x08\x08e\x0bf\x0cg\x1ch\x7fi",
    "overwriting": "harmless\rEVIL\b\b\b",
    "lines": "one\ntwo\r\nthree\x85four\x0bfive\x0csix\u2028seven\u2029eight",
    "tabs": "a\tb\t\tc\t",
}
"""What a terminal obeys. Two are halves of one, which must not meet on the screen."""

SHAPES: Mapping[str, str] = {
    "empty": "",
    "spaces": "   \u00a0\u3000 ",
    "right to left": "exe.\u202egnp.\u202d\u2066x\u2069",
    "arabic": "خدمة-الويب-١٢٣",
    "zero width": "w\u200be\u200cb\u200d\u2060\u00ad\u180e\ufeffx",
    "byte order mark": "\ufeffweb",
    "surrogates": "a\ud800b\udfffc",
    "tag characters": "web\U000e0001\U000e0065\U000e0076\U000e0069\U000e006c\U000e007f",
    "noncharacters": "a\ufffe\uffff\U0010ffffb\ue000",
    "zalgo": "Z" + "\u0300\u0301\u0322\u0489" * 60 + "a",
    "combining first": "\u0301\u0300web",
    "family": "👩‍👩‍👧‍👦 x",
    "skin tone": "👍🏽👩🏽‍🚀 x",
    "variation": "❤️☁️⚠️ x❤︎ #️⃣",
    "flags": "🇩🇪🇫🇷🇺",
    "wide": "服务器-漢字かなカナ한국어-ｗｉｄｅ",
    "jamo": "\u1112\u1161\u11ab\u1160\u11a8 x",
    "fillers": "a\u3164b\u115fc\uffa0d\u034fe\u2800f",
    "indic": "हिन्दी-ক্ষ-தமிழ்",
    "joined letters": "a\u200db\u200dc",
    "case": "ıİßſKÅŐ",
    "ligature": "ﷺ﷽",
    "very wide": "名" * 255,
    "very long": "n" * 255,
    "path": "../../../etc/passwd\x00.log",
}
"""Characters of odd widths, none at all, or another order."""

CATALOGUE: Mapping[str, str] = {
    **{f"markup: {name}": text for name, text in MARKUP.items()},
    **{f"command: {name}": text for name, text in COMMANDS.items()},
    **{f"shape: {name}": text for name, text in SHAPES.items()},
}
"""Every classic payload by its name."""

HUGE: Mapping[str, str] = {
    "letters": "x" * LONG,
    "wide": "漢" * LONG,
    "escapes": "\x1b[31m" * (LONG // 5),
    "open strings": "\x1b]" * (LONG // 2),
    "marks": "e" + "\u0301" * LONG,
    "brackets": "[" * LONG,
    "object": '{"a":' + "[" * (LONG // 2),
}
"""Lines of a megabyte, each of them hard on somebody."""

INVALID: Sequence[bytes] = (
    b"\xff\xfe web", b"\xc0\x80\xc1\xbf", b"\xed\xa0\x80\xed\xbf\xbf", b"\xf8\x88\x80\x80\x80",
    b"\xe2\x82", b"\x9b31mred\x9d0;owned\x9c", b"a\x80b\xbfc", b"\xf4\x90\x80\x80",
)  # fmt: skip
"""What is no UTF-8: overlong, surrogates, cut short, beyond Unicode, and eight-bit controls."""

_WORDS = st.sampled_from(("web", "api-7d9f", "0/3", "ERROR", "é", "名前", "x" * 40, " ", "/"))
_UNITS = st.sampled_from((
    "\x1b", "\x1b[", "\x1b]", "\x07", "\x1b\\", "\x9b", "\x9d", "\x00", "\r", "\n", "\t", "\x7f",
    "[", "]", "[/", "\\", "\u202e", "\u200b", "\u200d", "\ufe0f", "\u0301", "🏽", "👩", "漢",
    "\u1161", "\U000e0041", "\ud800", "\u2028", ";", "m", "52;c;", "31m",
))  # fmt: skip
_ANY = st.text(st.characters(), max_size=12)
_ODD = st.text(
    st.characters(categories=("Cc", "Cf", "Cs", "Mn", "Mc", "Me", "Zl", "Zp", "Sk")), max_size=8
)
_PAYLOADS = st.sampled_from(tuple(CATALOGUE.values()))


def texts(longest: int = 400) -> st.SearchStrategy[str]:
    """Return any text of at most so many characters, more often a nasty one than not."""
    pieces = st.one_of(_PAYLOADS, _UNITS, _ODD, _ANY, _WORDS)
    mixed = st.lists(pieces, min_size=1, max_size=6).map("".join)
    return st.one_of(_PAYLOADS, mixed, _ANY).map(lambda text: text[:longest])


def names() -> st.SearchStrategy[str]:
    """Return what something may be called: never empty, at most 255 characters."""
    return texts(255).filter(bool)


def tags() -> st.SearchStrategy[dict[str, str]]:
    """Return tags, labels or annotations."""
    return st.dictionaries(names(), texts(256), max_size=5)


def lines() -> st.SearchStrategy[str]:
    """Return one line of a log, without its line break; rarely it has a megabyte."""
    line = st.one_of(texts(2000), texts(300).map(_as_json), texts(100).map(lambda t: f"ERROR {t}"))
    huge = st.sampled_from(tuple(HUGE.values()))
    return st.one_of(line, line, line, line, line, line, line, huge)


def _as_json(text: str) -> str:
    return json.dumps({"level": text[:8], "msg": text, text[:20]: [text]})


def log_bytes() -> st.SearchStrategy[bytes]:
    """Return one line of a log as it arrives, mostly no UTF-8."""
    encoded = texts(500).map(lambda text: text.encode("utf-8", "surrogatepass"))
    pieces = st.one_of(st.sampled_from(INVALID), st.binary(max_size=20), encoded)
    joined = st.lists(pieces, min_size=1, max_size=5).map(b"".join)
    return joined.map(lambda line: line.replace(b"\n", b" "))


def events() -> st.SearchStrategy[tuple[str, str]]:
    """Return the reason of an event and its message."""
    return st.tuples(names(), texts(1024))


def bodies() -> st.SearchStrategy[tuple[str, bytes]]:
    """Return a content type and a body that a server may send with an error."""
    return texts(800).flatmap(lambda text: st.sampled_from(bodies_saying(text)))


def bodies_saying(text: str) -> Sequence[tuple[str, bytes]]:
    """Return error bodies that carry one text: AWS JSON, a Kubernetes Status, plain, HTML."""
    raw = text.encode("utf-8", "surrogatepass")
    aws = {"__type": "AccessDeniedException", "message": text, "Message": text}
    status = {
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": text,
        "reason": text[:60], "details": {"name": text, "causes": [{"message": text}]}, "code": 403,
    }  # fmt: skip
    return (
        ("application/x-amz-json-1.1", _json(aws)),
        ("application/json", _json(status)),
        ("text/plain", raw),
        ("text/html", b"<html><h1>" + raw + b"</h1>"),
        ("application/json", b'{"message": "' + raw),
    )


def _json(value: object) -> bytes:
    # Surrogates are escaped, as some servers do; everything else is as it is.
    text = json.dumps(value, ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text).encode()


def always(*rest: Any, of: Mapping[str, Any] | Sequence[Any] = CATALOGUE) -> Callable[[Test], Test]:
    """Return a decorator that adds every payload as an example, as the first argument of a test;
    `rest` are its other arguments. Put it above `given`."""

    def decorate(test: Test) -> Test:
        for payload in of.values() if isinstance(of, Mapping) else of:
            test = example(payload, *rest)(test)
        return test

    return decorate


def trying(examples: int) -> settings:
    """Return settings for so many examples, many times more in a full run.

    Nothing is timed, and nothing is kept between runs.
    """
    return settings(
        max_examples=examples * FACTOR,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        derandomize=FACTOR == 1,
    )
