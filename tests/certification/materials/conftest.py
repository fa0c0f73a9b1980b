"""Documents of these tests lie in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as django_settings


@pytest.fixture(autouse=True)
def store(settings, tmp_path) -> Path:
    """The folder that the store writes to during the test."""
    folder: Path = tmp_path / "files"
    settings.STORAGES = {
        **django_settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
