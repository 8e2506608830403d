"""What is left behind when Topdeck breaks: a report without secrets. Imported only then."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
import traceback
from pathlib import Path

from backends.text import clean_block
from backends.version import __version__
from tui.compose import state_folder

_SECRETS = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{12,}|k8s-aws-v1\.[\w-]+|eyJ[\w-]+\.[\w.-]+"
    r"|(?i:(?:secret|token|password|authorization|signature|credential)\w*\s*[=:]\s*)\S+"
    r"|X-Amz-(?:Signature|Security-Token|Credential)=[^&\s]+|[A-Za-z0-9/+=]{40,}"
)


def report_crash(error: BaseException) -> None:
    """Say that it broke, in two lines, and write the rest to a file of the user's own."""
    folder = state_folder() / "crashes"
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    where = f"The report is in {path}."
    try:
        write_crash_report(path, error)
    except OSError as failed:
        where = f"The report could not be written to {path}: {failed.strerror}."
    kind = type(error).__name__
    print(f"topdeck: stopped by a defect of its own ({kind}). {where}", file=sys.stderr)
    print("It holds no credentials; please attach it when you report this.", file=sys.stderr)


def write_crash_report(path: Path, error: BaseException) -> None:
    """Write what is needed to find a defect: versions and the trace, without values of variables
    and with everything that looks like a secret taken out."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    trace = "".join(traceback.format_exception(error))
    head = (
        f"topdeck {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}, TERM={os.environ.get('TERM', '')}\n\n"
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(head + clean_block(redact(trace)) + "\n")


def redact(text: str) -> str:
    """Take out of a text whatever looks like a key, a token or a signature."""
    return _SECRETS.sub("[removed]", text)
