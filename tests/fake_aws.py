"""A stand-in for the AWS CLI that logs in to the simulator, and a home to log in from.

Run as a program it is ``aws``: it takes ``sso login --profile NAME`` and nothing else. What it is
to do besides is in the environment: FAKE_AWS_MODE ``fail`` (say so and exit with 255), ``wait``
(until a signal), ``password`` (turn echo off and wait), or nothing: log in.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import sys
import time
import urllib.request
from pathlib import Path

START = "Attempting to open your default browser."


def main() -> int:
    """Be the program."""
    record = os.environ.get("FAKE_AWS_RECORD")
    if record:
        with Path(record).open("a") as file:
            file.write(json.dumps([*sys.argv[1:], os.getpid()]) + "\n")
    if sys.argv[1:4] != ["sso", "login", "--profile"] or len(sys.argv) != 5:
        print("usage: aws sso login --profile NAME", file=sys.stderr)
        return 252
    print(START, flush=True)
    mode = os.environ.get("FAKE_AWS_MODE", "")
    if mode == "password":
        import termios

        settings = termios.tcgetattr(0)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(0, termios.TCSANOW, settings)
        print("Password:", flush=True)
    while mode in ("wait", "password"):
        time.sleep(60)  # until somebody ends it
    if mode == "fail":
        print("The SSO session could not be renewed.", file=sys.stderr)
        return 255
    log_in(os.environ["FAKE_AWS_SIM"], sys.argv[4], Path(os.environ["FAKE_AWS_CACHE"]))
    print("Successfully logged into Start URL", flush=True)
    return 0


def log_in(url: str, profile: str, cache: Path) -> None:
    """Get a token of the simulator, and keep it where the SDK looks for it."""
    answer = call(url, "login", profile)
    cache.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha1(session_of(profile).encode()).hexdigest()
    partial = cache / f"{name}.part"
    partial.write_text(json.dumps(answer))
    partial.rename(cache / f"{name}.json")


def call(url: str, path: str, profile: str) -> dict[str, str]:
    """Ask the simulator's control for something about a profile."""
    request = urllib.request.Request(
        f"{url}/_sim/{path}", json.dumps({"profile": profile}).encode()
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return dict(json.load(answer))


def session_of(profile: str) -> str:
    """Return the SSO session of a profile, as the configuration that AWS_CONFIG_FILE names says."""
    config = configparser.ConfigParser()
    config.read(os.environ["AWS_CONFIG_FILE"])
    return config[f"profile {profile}"]["sso_session"]


def install(folder: Path) -> Path:
    """Write a program called ``aws`` into a folder and return the folder, to go first on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "aws"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__)}" "$@"\n')
    program.chmod(0o755)
    return folder


def write_config(path: Path, url: str, accounts: dict[str, str]) -> Path:
    """Write a configuration with an SSO profile, and a session of its own, for each account."""
    text = ""
    for profile, account in accounts.items():
        text += (
            f"[profile {profile}]\nregion = us-east-1\nendpoint_url = {url}\n"
            f"sso_session = corp-{profile}\nsso_account_id = {account}\n"
            f"sso_role_name = Operator\n"
            f"[sso-session corp-{profile}]\nsso_region = us-east-1\n"
            "sso_start_url = https://simulated.awsapps.com/start\n"
        )
    path.write_text(text)
    return path


if __name__ == "__main__":
    sys.exit(main())
