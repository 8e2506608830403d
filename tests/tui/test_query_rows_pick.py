"""One column of many rows is what projecting each of them says."""

from __future__ import annotations

from types import SimpleNamespace

from backends.model import Column, Format, Health, Kind, Query, Ref, Resource, Scope
from tui.query_rows import QueryRows

_NAME, _STATUS = Column("name", "Name"), Column("status", "Status", Format.STATUS)
_READY = Column("ready", "Ready", Format.RATIO)
PODS = Kind("k8s/pods", "Pods", "pod", columns=(_NAME, _READY, _STATUS))
JOBS = Kind("k8s/jobs", "Jobs", "job", columns=(_NAME, _STATUS))
OWN = (_STATUS, _NAME)


def row(kind: Kind, name: str, *cells: str, own: tuple[Column, ...] | None = None) -> Resource:
    scope = Scope("eks", "acme", "111122223333", "eu-west-1", f"c{len(name)}")
    ref = Ref(scope, kind.id, name)
    return Resource(ref=ref, health=Health.OK, status="Running", cells=cells, columns=own,
                    reason="because" * (name == "b"))  # fmt: skip


def test_a_picked_column_is_that_of_the_projected_rows() -> None:
    kinds = {kind.id: kind for kind in (PODS, JOBS)}
    fleet = SimpleNamespace(kinds=kinds, kind=kinds.get)
    queries = [Query(Scope("eks", cluster=name), "k8s/pods") for name in ("c1", "c2")]
    source = QueryRows(fleet, PODS, queries, ())  # type: ignore[arg-type]
    rows = [
        row(PODS, "a", "a", "1/1", "Running"),
        row(JOBS, "bb", "bb", "Complete"),
        row(PODS, "b", "b", "0/1", "Pending"),
        row(PODS, "own", "Odd", "own", own=OWN),
        row(PODS, "c", "c", "2/2", "Running"),
    ]
    for index, column in enumerate(source.columns):
        expected = [source.project(each)[index] for each in rows]
        assert source.pick(rows, index) == expected, column.key
    assert len(source.columns) > len(PODS.columns)
