"""Throws this installation's data away, after asking: `make reset`."""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from portal.embedded.server import EmbeddedServer


class Command(BaseCommand):
    help = "Delete the embedded database, uploaded files, mail, logs and secrets of this installation, after asking."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        var = Path(settings.VAR)
        if not var.is_dir():
            self.stdout.write(f"There is nothing to throw away: {var} does not exist.")
            return
        if not options["yes"] and not self.confirmed(var):
            raise CommandError("Nothing was deleted.")
        connections.close_all()
        for home in (var / "postgres", var / "test-postgres"):
            if not EmbeddedServer(home, for_tests=home.name.startswith("test")).stop():
                raise CommandError(
                    f"The database under {home} is in use: stop what runs on it first (Ctrl-C where `make demo` runs), "
                    "then repeat. Nothing was deleted."
                )
        for entry in var.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        self.stdout.write(f"{var} is empty now. The next `make demo` starts afresh.")

    def confirmed(self, var: Path) -> bool:
        """Ask on the terminal; without one the answer is no."""
        self.stderr.write(
            f"This deletes everything under {var}: the embedded database, uploaded files, mail, logs, and the keys "
            "without which backups of encrypted fields cannot be read. A database that DATABASE_URL names is not touched."
        )
        if not sys.stdin.isatty():
            self.stderr.write("There is no terminal to ask on; add --yes (YES=1 make reset) if you mean it.")
            return False
        return input('Type "yes" to go on: ').strip().lower() == "yes"
