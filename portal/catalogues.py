"""Message catalogues: what translators write (.po) becomes what Django reads (.mo), without gettext on the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import polib


class CatalogueProblem(Exception):
    """A catalogue cannot be compiled; the message names the file."""


def sources(folder: Path) -> dict[Path, list[Path]]:
    """The compiled file of each domain and the catalogues it is made of, the one that wins first.

    `parts/*.po` belong to django.mo like django.po itself: while several people write, each has a file of their own.
    """
    script, main = folder / "djangojs.po", folder / "django.po"
    others = sorted(path for path in folder.glob("*.po") if path not in {script, main})
    found = {
        folder / "django.mo": [*([main] if main.exists() else []), *others, *sorted((folder / "parts").glob("*.po"))],
        folder / "djangojs.mo": [script] if script.exists() else [],
    }
    return {target: catalogues for target, catalogues in found.items() if catalogues}


def is_fresh(target: Path, catalogues: list[Path]) -> bool:
    """Whether `target` is at least as new as every catalogue, and as the folder that one may have vanished from."""
    try:
        compiled = target.stat().st_mtime_ns
        watched = {*catalogues, *(path.parent for path in catalogues if path.parent != target.parent)}
        return all(path.stat().st_mtime_ns <= compiled for path in watched)
    except FileNotFoundError:
        return False


def compile_catalogues(root: Path, *, force: bool = False) -> Iterator[Path]:
    """Compile every catalogue under `root` (a folder like `locale/`) that is not fresh; yields what was written.

    Where two files translate the same text differently, the first one counts. Raises CatalogueProblem.
    """
    for folder in sorted(root.glob("*/LC_MESSAGES")):
        for target, catalogues in sources(folder).items():
            if force or not is_fresh(target, catalogues):
                write_merged(target, catalogues)
                yield target


def write_merged(target: Path, catalogues: list[Path]) -> None:
    """Write `target` from the translated, not fuzzy entries of `catalogues`, in one step that no reader sees half."""
    merged = polib.POFile(encoding="utf-8")
    merged.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit"}
    seen: set[tuple[str | None, str]] = set()
    for path in catalogues:
        try:
            catalogue = polib.pofile(str(path))
        except (OSError, UnicodeDecodeError) as problem:
            raise CatalogueProblem(f"{path} cannot be read as a message catalogue: {problem}") from problem
        for name in ("Language", "Plural-Forms"):
            if catalogue.metadata.get(name):
                merged.metadata.setdefault(name, catalogue.metadata[name])
        for entry in catalogue.translated_entries():
            if (entry.msgctxt, entry.msgid) not in seen:
                seen.add((entry.msgctxt, entry.msgid))
                merged.append(entry)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        merged.save_as_mofile(str(draft))
        draft.replace(target)
    except OSError as problem:
        raise CatalogueProblem(
            f"{target} cannot be written ({problem}): run `manage.py compile_catalogues` as the user who owns that folder."
        ) from problem
