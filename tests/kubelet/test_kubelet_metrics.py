"""What the fake metrics server makes of quantities and selectors."""

from __future__ import annotations

import pytest

from tests.e2e.kubelet.metrics import quantity, selects


@pytest.mark.parametrize(
    ("text", "number"), [("250m", 0.25), ("2", 2), ("64Mi", 64 * 2**20), ("500n", 5e-7)]
)
def test_quantities_are_numbers(text: str, number: float) -> None:
    assert quantity(text) == pytest.approx(number)


def test_a_selector_takes_all_its_terms() -> None:
    labels = {"app": "web", "tier": "front"}
    assert selects("", labels)
    assert selects("app=web,tier==front", labels)
    assert not selects("app=web,tier=back", labels)
