"""Static files of third parties, taken from the wheels that ship them and nowhere else."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

#: Where the file is found under STATIC_URL, and the package and path it comes from.
ASSETS = {
    f"bootstrap/{name}": ("xstatic.pkg.bootstrap", f"data/css/{name}")
    for name in ("bootstrap.min.css", "bootstrap.min.css.map")  # the stylesheet names its map
}


class WheelAssetsFinder(BaseFinder):
    """Finds the files of ASSETS, and only those."""

    def sources(self) -> dict[str, Path]:
        """The file on disk of each asset."""
        return {
            name: Path(str(importlib.resources.files(package).joinpath(path)))
            for name, (package, path) in ASSETS.items()
        }

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file of `path`, or nothing; Django asks with `find_all` for a list."""
        source = self.sources().get(path)
        if source is None:
            return []
        return [str(source)] if find_all else str(source)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, Storage]]:
        """Every asset with a storage from which collectstatic can read it."""
        for name, source in self.sources().items():
            yield name, SingleFileStorage(name, source)


class SingleFileStorage(FileSystemStorage):
    """A storage that holds one file under another name than it has on disk."""

    def __init__(self, name: str, source: Path) -> None:
        super().__init__(location=str(source.parent))
        self.asset_name, self.source = name, source

    def path(self, name: str) -> str:
        return str(self.source) if name == self.asset_name else super().path(name)
