"""The quick loader of botocore's models: the same models, found and parsed otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from backends.aws.loader import shared_loader, warm


@pytest.mark.parametrize("service", ["ecs", "eks", "logs", "servicediscovery", "sts"])
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1"])
def test_models_are_those_of_botocore(service: str, kind: str) -> None:
    ours = shared_loader(None).load_service_model(service, kind)
    assert ours == Loader().load_service_model(service, kind)


def test_a_service_that_does_not_exist() -> None:
    with pytest.raises(UnknownServiceError):
        shared_loader(None).load_service_model("nothing-of-the-kind", "service-2")


def test_models_of_ones_own_are_found_beside_them(tmp_path: Path) -> None:
    directory = tmp_path / "mine" / "2026-01-01"
    directory.mkdir(parents=True)
    (directory / "service-2.json").write_text('{"metadata": {"serviceId": "mine"}}')
    loader = shared_loader(str(tmp_path))
    assert loader.load_service_model("mine", "service-2") == {"metadata": {"serviceId": "mine"}}
    warm(loader, ("ecs",))


def test_a_data_path_has_one_loader() -> None:
    assert shared_loader(None) is shared_loader(None)
