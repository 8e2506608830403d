"""However it ends, it ends at once and quietly, and leaves nothing behind: no child, no folder, no
changed terminal, no half a line in the audit log."""

from __future__ import annotations

import os
import random
import signal
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import fake_aws
from tests.endurance.desk import (
    DEADLINE,
    ENTERED,
    LEFT,
    Session,
    alive,
    audited,
    demo,
    simulator,
    start_login,
    until,
    without_login,
)

FULL = bool(os.environ.get("TOPDECK_ENDURANCE"))
"""Whether to try everything rather than a part that CI has time for."""

WRITE = {"x86_64": "1", "aarch64": "64"}.get(os.uname().machine, "")
"""The number of the system call, as /proc tells it."""

AT_ONCE = 10.0
"""Seconds that it may take to end: two by its own rule, the rest for a machine that is busy."""

SERVICES = ("shop-prod", ":services web\r")
MODES: dict[str, tuple[tuple[str, str], ...]] = {
    "table": (("shop-prod", "j"),),
    "log tail": (SERVICES, ("FARGATE", "l"), ("following", "j")),
    "dialog": (SERVICES, ("FARGATE", "r"), ("Restart web", "\x1b[C")),
    "command bar": (("shop-prod", ":serv"), ("services", "i")),
    "filter": (("shop-prod", "/shop"), ("2 of 7", "-")),
    "description": (SERVICES, ("FARGATE", "d"), ("Address", "j")),
    "help": (("shop-prod", "?"), ("This screen", "j")),
}
ENDINGS = ("SIGTERM", "SIGHUP", "closed terminal")
SOME = [
    ("table", "closed terminal"), ("log tail", "SIGHUP"), ("dialog", "closed terminal"),
    ("command bar", "SIGTERM"),
]  # fmt: skip
EVERY = [(mode, ending) for mode in MODES for ending in ENDINGS]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with simulator(tmp_path_factory.mktemp("sim")) as found:
        yield found


def end(session: Session, ending: str, *lent: str) -> None:
    """End it from outside, and check that all is as it was."""
    app = session.app
    session.note_children()
    if ending == "closed terminal":
        app.hang_up()
        assert app.wait(AT_ONCE) in (128 + signal.SIGHUP, -signal.SIGHUP)
        session.check_alone()
    else:
        number = signal.Signals[ending]
        app.signal(number)
        assert app.wait(AT_ONCE) == 128 + number
        session.check_left(*lent)


@pytest.mark.parametrize(("mode", "ending"), EVERY if FULL else SOME)
def test_it_ends_at_once_in_every_mode(tmp_path: Path, mode: str, ending: str) -> None:
    with demo(tmp_path) as session:
        session.walk(*MODES[mode])
        end(session, ending)
        assert session.children, "there was a simulator to be left behind"


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_ends_at_once_while_a_login_has_the_terminal(
    tmp_path: Path, url: str, ending: str
) -> None:
    with without_login(tmp_path, url, "password") as session:
        login = start_login(session)
        session.app.wait_for("Password:")
        end(session, ending, fake_aws.START, "Password:")
        assert login in session.children
        assert not alive(login)


def test_a_terminal_that_nobody_reads_keeps_it_no_longer(tmp_path: Path) -> None:
    with demo(tmp_path) as session:
        app = session.app
        session.walk(SERVICES, ("FARGATE", "\x1b"))
        session.note_children()

        def stuck() -> bool:
            app.press("?\x1b")
            return _writing(app.pid)

        until(stuck, "the terminal's buffer full")
        app.signal(signal.SIGTERM)
        until(lambda: not alive(app.pid), "its end, with nobody reading", AT_ONCE)
        session.check_alone()


def _writing(pid: int) -> bool:
    """Whether a thread of a process waits for somebody to read what it writes."""
    found = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/syscall")]
    return any(text.split()[0] == WRITE for text in found)


def test_a_login_on_the_real_terminal_brings_everything_back(tmp_path: Path, url: str) -> None:
    with without_login(tmp_path, url) as session:
        app = session.app
        start_login(session)
        app.wait_for("Successfully logged into Start URL", DEADLINE)
        before, _, after = app.output.partition(b"Attempting to open")
        assert LEFT[0] in before
        app.wait_for("payments-prod", DEADLINE)
        app.wait_for("shop-prod", DEADLINE)
        assert ENTERED in app.output.partition(b"Successfully")[2]
        assert b"\x1b[?1049h" not in after.partition(b"Successfully")[0]
        app.forget()
        app.press(":q\r")
        assert app.wait(DEADLINE) == 0
        session.check_left()


def test_ctrl_c_in_a_login_goes_to_the_login_alone(tmp_path: Path, url: str) -> None:
    with without_login(tmp_path, url, "password") as session:
        app = session.app
        start_login(session)
        app.wait_for("Password:")
        session.note_children()
        assert not termios.tcgetattr(app.terminal)[3] & termios.ECHO
        app.forget()
        app.press("\x03")
        app.wait_for(ENTERED.decode(), DEADLINE)
        app.wait_for("was ended by SIGINT", DEADLINE)
        app.press(":q\r")
        assert app.wait(DEADLINE) == 0
        session.check_left()


KILLS = range(1, 13 if FULL else 3)
MUTATIONS = range(1, 13 if FULL else 2)


@pytest.mark.parametrize("seed", KILLS)
def test_a_kill_at_any_moment_leaves_no_child_and_the_next_start_is_clean(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    with demo(tmp_path) as session:
        moment = chance.randrange(40_000)
        while len(session.app.output) < moment:
            session.app.press(chance.choice("jk\r\x1bdl/:?"))
            session.app.drain(0.01)
        simulated = session.note_children()
        if chance.random() < 0.5:
            for pid in simulated:  # not even the simulator has the time to clean up
                os.kill(pid, signal.SIGKILL)
        session.app.signal(signal.SIGKILL)
        assert session.app.wait() == -signal.SIGKILL
        until(lambda: not any(map(alive, simulated)), "the simulator's end")
    with demo(tmp_path) as session:
        session.walk(("shop-prod", ":q\r"))
        assert session.app.wait(DEADLINE) == 0
        session.check_left()


@pytest.mark.parametrize("seed", MUTATIONS)
def test_a_kill_during_a_mutation_leaves_every_line_of_the_audit_log_whole(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    state = tmp_path / "state"
    log = state / "topdeck" / "audit.jsonl"

    def restart(session: Session) -> None:
        session.walk(SERVICES, ("FARGATE", "r"), ("Restart web", "y"))

    with demo(tmp_path) as session:
        restart(session)
        if chance.random() < 0.5:
            until(log.exists, "the first line")
        session.app.signal(signal.SIGKILL)
        session.app.wait()
    before = audited(state)
    assert [entry["phase"] for entry in before] in ([], ["sending"], ["sending", "accepted"])
    if before:  # as a power cut would have it
        whole = log.read_bytes()
        log.write_bytes(whole[: -chance.randrange(1, 60)])
    with demo(tmp_path) as session:
        restart(session)
        until(lambda: log.exists() and b'"accepted"' in log.read_bytes()[-2000:], "the answer")
        session.app.press(":q\r")
        session.app.wait(DEADLINE)
    after = audited(state)
    assert [entry["phase"] for entry in after[-2:]] == ["sending", "accepted"]
    assert len(after) == len(before) + 2
    assert ("torn" in [entry["phase"] for entry in after]) == bool(before)
