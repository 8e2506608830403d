"""Logs: no line lost and none twice, whatever happens to streams, containers and pods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest
from aiohttp import web
from kube_docs import deployment, owner, pod
from kube_fake import LogFile, status
from kube_help import QUICK, SCOPE, write_kubeconfig

from backends.base import Invalid, KubeSource, NotFound, Sources
from backends.eks.backend import KubeBackend
from backends.eks.containerlog import CUT, LONGEST
from backends.model import Health, LogBatch, LogLine, LogRequest, Ref, Resource

SHOP = SCOPE.at(namespace="shop")
LOG = "/api/v1/namespaces/shop/pods/web-0/log"


def resource(kind: str = "k8s/pods", name: str = "web-0") -> Resource:
    return Resource(ref=Ref(SHOP, kind, name), health=Health.OK, status="", cells=())


class Tail:
    """A tail that is being read."""

    def __init__(self, batches: AsyncIterator[LogBatch]) -> None:
        self._batches = batches
        self.lines: list[LogLine] = []
        self.notes: list[str] = []
        self.problems: list[str] = []
        self.live = False
        self.ended = False

    async def until(self, found: Callable[[Tail], object], seconds: float = 10.0) -> Tail:
        async with asyncio.timeout(seconds):
            while not found(self) and not self.ended:
                try:
                    batch = await anext(self._batches)
                except StopAsyncIteration:
                    self.ended = True
                    break
                self.lines += batch.lines
                self.notes += batch.notes
                self.live = self.live or batch.live
                if batch.problem is not None:
                    self.problems.append(batch.problem.message)
        assert found(self), (self.texts, self.notes, self.problems)
        return self

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


@pytest.fixture
async def tail(backend) -> AsyncIterator[Callable[..., Tail]]:
    opened = []

    def open_tail(target: Resource | None = None, **request: object) -> Tail:
        asked = LogRequest(**{"since": None, **request})  # type: ignore[arg-type]
        opened.append(backend.logs(target or resource(), asked))
        return Tail(opened[-1])

    yield open_tail
    for batches in opened:
        await batches.aclose()


def lines(*numbers: int) -> tuple[tuple[str, str], ...]:
    """Lines a tenth of a second apart, the first at 21:30:40."""
    return tuple(
        (f"2026-11-22T21:30:{40 + n // 10}.{n % 10}00000001Z", f"line {n}") for n in numbers
    )


def said(*numbers: int) -> list[str]:
    return [f"line {n}" for n in numbers]


async def test_the_past_comes_first_and_then_what_is_new(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    log = kube.logs["shop", "web-0", "app"] = LogFile(*lines(0, 1, 2))
    reading = await tail().until(lambda t: t.live)
    assert reading.texts == said(0, 1, 2)
    assert reading.lines[0] == LogLine(1_795_383_040.000000001, "web-0/app", "line 0")
    await log.write(*lines(3))
    await reading.until(lambda t: t.texts == said(0, 1, 2, 3))
    first, follow, *_ = kube.seen(path=LOG)
    assert "follow" not in first.query
    assert follow.query["follow"] == "true"
    assert follow.query["sinceTime"] == "2026-11-22T21:30:40Z"
    assert all(r.query["timestamps"] == "true" for r in (first, follow))


async def test_a_stream_that_breaks_off_loses_and_repeats_nothing(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    log = kube.logs["shop", "web-0", "app"] = LogFile(*lines(0, 1))
    reading = await tail().until(lambda t: t.live)
    for number in range(2, 7):
        await log.write(*lines(number))
        await reading.until(lambda t, n=number: len(t.texts) > n)
        await log.cut()
    assert reading.texts == said(*range(7))
    assert len(kube.seen(path=LOG)) > 5


async def test_a_stream_that_ends_in_the_middle_of_a_line_cuts_no_line_in_two(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    log = kube.logs["shop", "web-0", "app"] = LogFile(*lines(0))

    async def in_two(_request: web.Request) -> web.Response:
        await log.write(*lines(1, 2))
        stamp, text = lines(1)[0]
        return web.Response(text=f"{stamp} {text[:3]}")

    reading = await tail().until(lambda t: t.live)
    await log.cut()
    kube.script(in_two, path=LOG)
    await reading.until(lambda t: len(t.texts) > 2)
    assert reading.texts == said(0, 1, 2)


async def test_a_log_that_is_over_has_its_last_line_though_it_has_no_break(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    stamp, text = lines(0)[0]
    kube.script(web.Response(text=f"{stamp} {text}", content_type="text/plain"), path=LOG)
    reading = await tail(follow=False).until(lambda t: t.live)
    assert reading.texts == said(0)


async def test_a_refusal_in_the_middle_of_a_tail_is_told_and_tried_again(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    log = kube.logs["shop", "web-0", "app"] = LogFile(*lines(0))
    reading = await tail().until(lambda t: t.live)
    kube.script(status(403, "Forbidden", "not now"), once=False)
    kube.cut()
    await log.cut()
    await log.write(*lines(1))
    await reading.until(lambda t: "not now" in t.problems)
    kube.unscript()
    await reading.until(lambda t: t.texts == said(0, 1))
    assert not any("log ends" in note for note in reading.notes)


async def test_a_web_page_is_no_log(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    log = kube.logs["shop", "web-0", "app"] = LogFile(*lines(0))
    reading = await tail().until(lambda t: t.live)
    kube.script(web.Response(text="<html>login</html>", content_type="text/html"), path=LOG)
    await log.cut()
    await log.write(*lines(1))
    await reading.until(lambda t: len(t.texts) > 1)
    assert reading.texts == said(0, 1)


async def test_lines_of_one_moment_are_told_apart_by_number(kube, tail) -> None:
    same = [("2026-11-22T21:30:40.5Z", text) for text in ("a", "a", "b")]
    kube.put("pods", pod("web-0"))
    log = kube.logs["shop", "web-0", "app"] = LogFile(*same)
    reading = await tail().until(lambda t: t.live)
    await log.cut()
    await log.write(same[0], *lines(9))
    await reading.until(lambda t: "line 9" in t.texts)
    assert reading.texts == ["a", "a", "b", "a", "line 9"]


async def test_a_container_that_starts_again_is_followed_on(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    log = kube.logs["shop", "web-0", "app"] = LogFile(*lines(0))
    reading = await tail().until(lambda t: t.live)
    fresh = kube.logs["shop", "web-0", "app"] = LogFile()
    await log.end()
    await fresh.write(*lines(5, 6))
    await reading.until(lambda t: t.texts == said(0, 5, 6))


async def test_a_container_that_waits_is_said_once_and_then_read(kube, tail) -> None:
    doc = pod("web-0")
    doc["status"]["containerStatuses"][0] |= {
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    }
    kube.put("pods", doc)
    reading = await tail().until(lambda t: t.notes)
    assert reading.notes == ["web-0/app waits: ImagePullBackOff: no such image"]
    kube.put("pods", doc)
    kube.logs["shop", "web-0", "app"] = LogFile(*lines(0))
    kube.put("pods", pod("web-0"))
    await reading.until(lambda t: t.texts == said(0))
    assert sum("waits" in note for note in reading.notes) == 1


async def test_a_container_that_is_starting_is_tried_again(kube, tail) -> None:
    kube.put("pods", pod("web-0"))  # runs by its status, but the kubelet says otherwise at first
    reading = await tail().until(lambda t: any("waiting to start" in n for n in t.notes))
    kube.logs["shop", "web-0", "app"] = LogFile(*lines(0))
    await reading.until(lambda t: t.texts == said(0))
    assert sum("waiting to start" in note for note in reading.notes) == 1


async def test_the_tail_of_a_pod_ends_with_it(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    log = kube.logs["shop", "web-0", "app"] = LogFile(*lines(0))
    reading = await tail().until(lambda t: t.live)
    kube.remove("pods", "shop", "web-0")
    await log.end()
    await reading.until(lambda t: t.ended)
    assert any("web-0 is gone" in note for note in reading.notes)


WEB = resource("k8s/deployments", "web")
OWNED = owner("ReplicaSet", "web-767575c589")


def web_pod(suffix: str):
    return pod(f"web-767575c589-{suffix}", owners=OWNED)


async def test_a_deployments_tail_is_that_of_all_its_pods_in_order(kube, tail) -> None:
    kube.put("deployments", deployment("web"))
    for suffix, numbers in (("ff6bc", (0, 2)), ("sxvg8", (1, 3))):
        doc = kube.put("pods", web_pod(suffix))
        kube.logs["shop", doc["metadata"]["name"], "app"] = LogFile(*lines(*numbers))
    kube.put("pods", pod("other", labels={"app": "api"}))
    reading = await tail(WEB).until(lambda t: t.live)
    assert reading.texts == said(0, 1, 2, 3)
    assert [line.source for line in reading.lines[:2]] == ["ff6bc/app", "sxvg8/app"]


async def test_lines_of_several_pods_wait_for_older_ones_as_long_as_the_sources_say(
    kube, clock, tmp_path
) -> None:
    kube.put("deployments", deployment("web"))
    for suffix in ("ff6bc", "sxvg8"):
        kube.put("pods", web_pod(suffix))
        kube.logs["shop", f"web-767575c589-{suffix}", "app"] = LogFile(*lines(0))
    path = write_kubeconfig(tmp_path / "other-kubeconfig", kube.url)
    sources = Sources(kube=(KubeSource(str(path)),), request_timeout=5.0, reorder_window=0.8)
    patient = KubeBackend(sources, clock, QUICK)
    try:
        async with aclosing(patient.logs(WEB, LogRequest(since=None))) as batches:
            reading = await Tail(batches).until(lambda t: t.live)
            loop = asyncio.get_running_loop()
            began = loop.time()
            await kube.logs["shop", "web-767575c589-ff6bc", "app"].write(*lines(3))
            await reading.until(lambda t: "line 3" in t.texts)
            assert loop.time() - began >= 0.8
    finally:
        await patient.close()


async def test_pods_that_start_later_are_followed_and_those_that_stop_end(kube, tail) -> None:
    kube.put("deployments", deployment("web"))
    kube.put("pods", web_pod("ff6bc"))
    old = kube.logs["shop", "web-767575c589-ff6bc", "app"] = LogFile(*lines(0))
    reading = await tail(WEB).until(lambda t: t.live)
    kube.logs["shop", "web-767575c589-sxvg8", "app"] = LogFile(*lines(1))
    kube.put("pods", web_pod("sxvg8"))
    await reading.until(lambda t: "line 1" in t.texts)
    kube.remove("pods", "shop", "web-767575c589-ff6bc")
    await old.end()
    await reading.until(lambda t: any("ff6bc/app: log ends" in n for n in t.notes))
    new = kube.logs["shop", "web-767575c589-sxvg8", "app"]
    await new.write(*lines(2))
    await reading.until(lambda t: t.texts == said(0, 1, 2))


async def test_names_that_share_a_suffix_are_told_apart(kube, tail) -> None:
    kube.put("deployments", deployment("web"))
    for name in ("web-aaa-ff6bc", "web-bbb-ff6bc"):
        kube.put("pods", pod(name, owners=OWNED))
        kube.logs["shop", name, "app"] = LogFile(*lines(0))
    reading = await tail(WEB).until(lambda t: t.live)
    assert len({line.source for line in reading.lines}) == 2


async def test_pods_of_a_stateful_set_keep_their_names(kube, tail) -> None:
    kube.put("statefulsets", deployment("db"))
    kube.put("pods", pod("db-0", labels={"app": "db"}, owners=owner("StatefulSet", "db")))
    kube.logs["shop", "db-0", "app"] = LogFile(*lines(0))
    reading = await tail(resource("k8s/statefulsets", "db")).until(lambda t: t.live)
    assert {line.source for line in reading.lines} == {"db-0/app"}


async def test_a_workload_without_pods_says_so_and_waits_for_them(kube, tail) -> None:
    kube.put("deployments", deployment("web"))
    reading = await tail(WEB).until(lambda t: t.live)
    assert "no pod is there yet" in reading.notes
    kube.logs["shop", "web-767575c589-ff6bc", "app"] = LogFile(*lines(0))
    kube.put("pods", web_pod("ff6bc"))
    await reading.until(lambda t: t.texts == said(0))


def two_containers():
    doc = pod("web-0")
    doc["spec"]["containers"].append({"name": "mesh"})
    doc["status"]["containerStatuses"].append(
        {**doc["status"]["containerStatuses"][0], "name": "mesh"}
    )
    return doc


@pytest.mark.parametrize(
    ("target", "request_", "expected"),
    [
        (resource(), {}, {"web-0/app", "web-0/mesh"}),
        (resource(), {"container": "mesh"}, {"web-0/mesh"}),
        (resource("k8s/containers", "web-0/app"), {}, {"web-0/app"}),
    ],
)
async def test_which_containers(kube, tail, target, request_, expected) -> None:
    kube.put("pods", two_containers())
    for name in ("app", "mesh"):
        kube.logs["shop", "web-0", name] = LogFile(*lines(0))
    reading = await tail(target, **request_).until(lambda t: t.live)
    assert {line.source for line in reading.lines} == expected


async def test_init_containers_are_read_in_a_pod_and_left_out_of_a_crowd(kube, tail) -> None:
    kube.put("deployments", deployment("web"))
    doc = pod("web-0")
    doc["spec"]["initContainers"] = [{"name": "init"}]
    doc["status"]["initContainerStatuses"] = [
        {"name": "init", "ready": True, "state": {"terminated": {"exitCode": 0}}}
    ]
    kube.put("pods", doc)
    for name in ("init", "app"):
        kube.logs["shop", "web-0", name] = LogFile(*lines(0))
    alone = await tail().until(lambda t: t.live)
    assert {line.source for line in alone.lines} == {"web-0/init", "web-0/app"}
    crowd = await tail(WEB).until(lambda t: t.live)
    assert {line.source for line in crowd.lines} == {"web-0/app"}


async def test_how_much_of_the_past(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    kube.logs["shop", "web-0", "app"] = LogFile(*lines(*range(9)))
    reading = await tail(since=90.5, tail=2).until(lambda t: t.live)
    assert reading.texts == said(7, 8)
    first = kube.seen(path=LOG)[0]
    assert (first.query["sinceSeconds"], first.query["tailLines"]) == ("91", "2")


async def test_the_first_lines_of_all_and_then_the_end(kube, tail) -> None:
    kube.put("deployments", deployment("web"))
    for suffix, numbers in (("ff6bc", (0, 2, 4)), ("sxvg8", (1, 3, 5))):
        doc = kube.put("pods", web_pod(suffix))
        kube.logs["shop", doc["metadata"]["name"], "app"] = LogFile(*lines(*numbers))
    reading = await tail(WEB, head=3).until(lambda t: t.ended)
    assert reading.texts == said(0, 1, 2)


async def test_without_following_it_ends(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    kube.logs["shop", "web-0", "app"] = LogFile(*lines(0, 1))
    reading = await tail(follow=False).until(lambda t: t.ended)
    assert reading.texts == said(0, 1)


async def test_the_previous_container(kube, tail) -> None:
    doc = two_containers()
    doc["status"]["containerStatuses"][0] |= {
        "restartCount": 3, "lastState": {"terminated": {"exitCode": 1}}
    }  # fmt: skip
    kube.put("pods", doc)
    log = kube.logs["shop", "web-0", "app"] = LogFile(*lines(5))
    log.previous = list(lines(0, 1))
    kube.logs["shop", "web-0", "mesh"] = LogFile(*lines(6))
    reading = await tail(previous=True).until(lambda t: t.ended)
    assert reading.texts == said(0, 1)
    assert not reading.problems


async def test_no_previous_container_is_said(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    kube.logs["shop", "web-0", "app"] = LogFile()
    reading = await tail(previous=True).until(lambda t: t.ended)
    assert any("no previous log" in note for note in reading.notes)


async def test_a_line_without_end_is_cut(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    kube.logs["shop", "web-0", "app"] = LogFile(
        ("2026-11-22T21:30:40Z", "x" * (LONGEST + 10)), *lines(9)
    )
    reading = await tail().until(lambda t: t.live)
    assert len(reading.lines) == 2
    assert reading.texts[0].endswith(CUT)
    assert len(reading.texts[0]) < LONGEST + len(CUT)
    assert reading.texts[1] == "line 9"


async def test_what_is_no_text_and_has_no_time_is_shown_all_the_same(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    body = b"2026-11-22T21:30:40Z caf\xe9\r\nrpc error: gone\n"
    kube.script(web.Response(body=body), path=LOG)
    kube.logs["shop", "web-0", "app"] = LogFile()
    reading = await tail().until(lambda t: t.live)
    assert reading.texts == ["caf\ufffd", "rpc error: gone"]
    assert reading.lines[1].at == 0.0


async def test_trouble_is_told_and_gone_on_from(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    kube.logs["shop", "web-0", "app"] = LogFile(*lines(0))
    kube.script(status(500, "InternalError", "kubelet is away"), path=LOG)
    reading = await tail().until(lambda t: t.live and t.texts)
    assert "kubelet is away" in reading.problems
    assert reading.texts == said(0)


@pytest.mark.parametrize("request_", [{}, {"follow": False}], ids=["follow", "once"])
@pytest.mark.parametrize(
    "path",
    ["/apis/apps/v1/namespaces/shop/deployments/web", "/api/v1/namespaces/shop/pods"],
    ids=["workload", "pods"],
)
async def test_trouble_at_the_start_is_told_and_gone_on_from(kube, tail, path, request_) -> None:
    kube.put("deployments", deployment("web"))
    for suffix, numbers in (("ff6bc", (0, 2)), ("sxvg8", (1, 3))):
        doc = kube.put("pods", web_pod(suffix))
        kube.logs["shop", doc["metadata"]["name"], "app"] = LogFile(*lines(*numbers))
    kube.script(status(500, "InternalError", "etcd is away"), path=path)
    reading = await tail(WEB, **request_).until(lambda t: t.live)
    assert "etcd is away" in reading.problems
    assert reading.texts == said(0, 1, 2, 3)


async def test_logs_that_may_not_be_read_are_a_problem(kube, tail) -> None:
    kube.put("pods", pod("web-0"))
    kube.script(status(403, "Forbidden", "no logs for you"), path=LOG, once=False)
    reading = await tail().until(lambda t: t.problems)
    assert "no logs for you" in reading.problems[0]
    assert len(kube.seen(path=LOG)) == 1


async def test_pods_that_may_not_be_listed_are_a_problem(kube, tail) -> None:
    kube.script(
        status(403, "Forbidden", "no pods"), path="/api/v1/namespaces/shop/pods", once=False
    )
    reading = await tail().until(lambda t: t.problems)
    assert reading.problems[0] == "no pods"


async def test_leaving_closes_every_stream(kube, backend) -> None:
    kube.put("pods", two_containers())
    for name in ("app", "mesh"):
        kube.logs["shop", "web-0", name] = LogFile(*lines(0))
    before = asyncio.all_tasks()
    async with aclosing(backend.logs(resource(), LogRequest(since=None))) as batches:
        async for batch in batches:
            if batch.live:
                break
    ours = {t for t in asyncio.all_tasks() - before if "RequestHandler" not in repr(t)}
    assert not {t for t in ours if t.get_name().startswith(("log:", "pods of"))}


async def test_a_workload_that_is_gone(tail) -> None:
    with pytest.raises(NotFound):
        await tail(WEB).until(lambda t: t.live)


async def test_nodes_have_no_logs(tail) -> None:
    with pytest.raises(Invalid):
        await tail(resource("k8s/nodes", "n")).until(lambda t: t.live)
