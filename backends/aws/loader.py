"""botocore's models, read quickly: what it spends on finding and parsing them is felt at start.

Opening the first client takes botocore 200 ms of CPU, most of it for looking into every one of
its 400 services' directories and for json with ordered dicts; this takes 40.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader

from backends import pieces

MODELS = ("partitions", "endpoints", "_retry", "sdk-default-configuration")
"""What every client needs besides the models of its own service."""


class _QuickFiles(JSONFileLoader):  # type: ignore[misc]
    """Parses model files in a fifth of the time; the order of keys is kept by dict itself."""

    def _load_file(self, full_path: str, open_method: Any) -> Any:
        if not os.path.isfile(full_path):  # noqa: PTH113 - called often, and as botocore does
            return None
        with open_method(full_path, "rb") as file:
            return pieces.loads(file.read())


class _QuickLoader(Loader):  # type: ignore[misc]
    """Takes every directory of models for a service, without a look at what is in it."""

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the names of all services, whether or not they have models of that type."""
        return _service_names(tuple(self.search_paths))


@functools.cache
def shared_loader(data_path: str | None) -> Loader:
    """Return the one loader for a data path, shared by all sessions so that its cache is too."""
    paths = [
        str(Path(os.path.expandvars(path)).expanduser())
        for path in (data_path or "").split(os.pathsep)
        if path
    ]
    return _QuickLoader(extra_search_paths=paths, file_loader=_QuickFiles())


def warm(loader: Loader, services: tuple[str, ...]) -> None:
    """Load what clients of some services will need; blocks, so call it in a thread."""
    for name in MODELS:
        loader.load_data_with_path(name)
    for service in services:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")


@functools.cache
def _service_names(paths: tuple[str, ...]) -> list[str]:
    found = set()
    for path in paths:
        directory = Path(path)
        if directory.is_dir():
            found |= {entry.name for entry in os.scandir(directory) if entry.is_dir()}
    return sorted(found)
