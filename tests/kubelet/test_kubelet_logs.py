"""The fake kubelet's logs: which lines there are at which moment, and of which run."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.e2e.kubelet.behaviour import Behaviour
from tests.e2e.kubelet.logserver import log_of
from tests.e2e.kubelet.runlog import NANO, RunLog, select
from tests.kubelet.kubelet_pods import START, Life, pod


def texts(log: RunLog, seconds: float) -> list[str]:
    return [line.text for line in log.lines(START + seconds)]


def test_lines_come_by_time_and_only_once() -> None:
    log = RunLog(Behaviour(log_rate=2.0, log_text="{container} {run} {n}"), "web", "app", 4, START)
    assert texts(log, 0.4) == []
    assert texts(log, 1.0) == ["app 4 0", "app 4 1"]
    assert texts(log, 1.0) == ["app 4 0", "app 4 1"]
    assert [line.at / NANO - START for line in log.lines(START + 1.0)] == [0.5, 1.0]


def test_nothing_is_written_after_the_end() -> None:
    log = RunLog(Behaviour(), "web", "app", 0, START)
    log.end(START + 2.5, "bye")
    assert texts(log, 99) == ["web run 0 line 0", "web run 0 line 1", "bye"]


def test_lines_are_shown_with_nine_digits() -> None:
    log = RunLog(Behaviour(log_burst=1, log_rate=0, log_text="hello"), "web", "app", 0, START + 0.5)
    (line,) = log.lines(START + 1)
    assert line.shown(timestamps=True) == b"2026-09-21T14:13:20.500000000Z hello\n"
    assert line.shown(timestamps=False) == b"hello\n"


def test_a_part_of_a_log_is_told_by_its_end_and_by_its_time() -> None:
    lines = RunLog(Behaviour(), "web", "app", 0, START).lines(START + 10)
    assert select(lines) == 0
    assert select(lines, tail=3) == 7
    since = round((START + 5) * NANO)
    assert select(lines, since=since) == 4, "the line of that very moment is shown"
    assert select(lines, since=since, tail=2) == 8


def log_text(life: Life, *, previous: bool = False) -> str:
    container = life.machine.container("app")
    assert container is not None
    return log_of(container, "web", previous=previous).lines(life.now)[-1].text


def test_the_present_and_the_previous_run_are_told_apart() -> None:
    life = Life(pod(log_rate="100")).to(1)
    with pytest.raises(web.HTTPBadRequest) as refused:
        log_text(life, previous=True)
    assert refused.value.text == 'previous terminated container "app" in pod "web" not found'
    life.annotate(kill="1").to(2)
    assert log_text(life, previous=True) == "app run 0 ends with 0"
    assert "run 1 line" in log_text(life)
    life.annotate(kill="2").to(2.5)
    assert life.word == "CrashLoopBackOff"
    assert log_text(life) == log_text(life, previous=True) == "app run 1 ends with 0"


def test_there_is_no_log_before_the_first_run() -> None:
    with pytest.raises(web.HTTPBadRequest) as refused:
        log_text(Life(pod()))
    assert "waiting to start: ContainerCreating" in str(refused.value.text)
    with pytest.raises(web.HTTPBadRequest) as refused:
        log_text(Life(pod(behaviour="image-pull-failure")).to(0.4))
    assert "waiting to start: trying and failing to pull image" in str(refused.value.text)
