"""What is left behind when something breaks: a report without secrets, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_help import Operator
from hypothesis import given
from hypothesis import strategies as st

from tui.crash import redact, write_crash_report

SECRETS = [
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_crash_report_holds_no_secret(tmp_path: Path, secret: str) -> None:
    try:
        raise ValueError(f"bad answer with {secret} in it, aws_session_token={secret}")
    except ValueError as error:
        path = tmp_path / "crashes" / "crash.txt"
        write_crash_report(path, error)
    text = path.read_text()
    assert secret not in text
    assert "ValueError" in text
    assert "test_a_crash_report_holds_no_secret" in text
    assert path.stat().st_mode & 0o077 == 0


@given(st.text(max_size=30), st.text(max_size=30))
def test_redaction_finds_a_key_among_any_text(before: str, after: str) -> None:
    assert SECRETS[2] not in redact(f"{before} {SECRETS[2]} {after}")


async def test_a_defect_ends_the_app_with_a_code_and_is_kept(operator: Operator) -> None:
    await operator.on_row("shop-prod")

    def broken() -> None:
        raise ZeroDivisionError("a defect")

    operator.app.call_later(broken)
    await operator.until(lambda: operator.app.crash is not None)
    assert isinstance(operator.app.crash, ZeroDivisionError)
    assert operator.app.return_code == 1
    # The harness would raise it again; it has been looked at.
    operator.app._exception = None
