"""The levels of log lines, and what loggers call them."""

from __future__ import annotations

from typing import Final

NONE: Final = 0
"""The line names no level."""
TRACE: Final = 1
"""Finer than debugging."""
DEBUG: Final = 2
"""For who wrote the program."""
INFO: Final = 3
"""As it should be; notices count as this."""
WARN: Final = 4
"""It may go wrong; an access log's 4xx."""
ERROR: Final = 5
"""Something failed; an access log's 5xx, an uncaught exception."""
FATAL: Final = 6
"""The program can't go on: critical, alert, emergency, panic."""

LEVELS: Final = range(TRACE, FATAL + 1)
"""All that a line can have, from the least to the gravest."""

NAMES: Final = ("", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""What each level is called, by its number."""

_WORDS: Final[dict[int, str]] = {
    TRACE: "trace trce trc verbose vrb finest finer",
    DEBUG: "debug dbug dbg fine",
    INFO: "info inf information informational notice log statement hint config",
    WARN: "warning warn wrn",
    ERROR: "error err erro eror fail failure severe",
    FATAL: "fatal ftl critical crit alert emergency emerg panic pnc dpanic",
}
"""What loggers write for each level: syslog, log4j, java.util.logging, slog, zap, zerolog,
logrus, log15, Serilog, .NET's console, Postgres."""

PROSE: Final = {
    "fine", "finer", "finest", "config", "log", "hint", "statement", "fail", "failure", "alert",
}  # fmt: skip
"""Those that are levels in capitals and as the value of a field only."""

WORDS: Final[dict[str, int]] = {
    word: level for level, words in _WORDS.items() for word in words.split()
}
"""The level that a word means, in lower case, as the value of a field."""

CAPITALS: Final = {word.upper(): level for word, level in WORDS.items()}
"""The same in upper case."""

ANY_CASE: Final = WORDS | CAPITALS | {word.capitalize(): level for word, level in WORDS.items()}
"""The same in lower and upper case, and with a capital."""

NUMBERS: Final = {"10": TRACE, "20": DEBUG, "30": INFO, "40": WARN, "50": ERROR, "60": FATAL}
"""bunyan's and pino's."""
SYSLOG: Final = (FATAL, FATAL, FATAL, ERROR, WARN, INFO, INFO, DEBUG)
"""RFC 5424's severities, 0 to 7."""


def level_named(word: str) -> int:
    """Return the level that a word or a number stands for, whatever its case; or `NONE`."""
    return WORDS.get(word.lower()) or NUMBERS.get(word, NONE)
