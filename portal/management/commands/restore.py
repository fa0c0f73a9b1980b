"""Restores a backup into an empty installation: `manage.py restore FILE`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal.backup import BackupProblem, restore
from portal.database import DatabaseProblem, refuse_newer_database


class Command(BaseCommand):
    help = "Load an archive made by `backup` into an empty database, and bring it up to this release."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            restore(options["file"])
            refuse_newer_database()
        except (BackupProblem, DatabaseProblem) as problem:
            raise CommandError(str(problem)) from problem
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write("Restored. Verify with: manage.py check_invariants && manage.py verify_journal")
