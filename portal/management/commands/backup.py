"""Makes a backup while the portal runs: `manage.py backup FILE`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.backup import BackupProblem, back_up


class Command(BaseCommand):
    help = "Write the database and the uploaded files to one new archive."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--include-keys",
            action="store_true",
            help="put the keys under var/ into the archive too; whoever has the archive can then read encrypted fields",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            back_up(options["file"], now=timezone.now(), include_keys=options["include_keys"])
        except BackupProblem as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{options['file']} is complete.")
        if not options["include_keys"]:
            self.stdout.write(
                "The keys are not in it: without ENCRYPTION_KEYS (or var/encryption-key) its encrypted fields cannot be "
                "read. Keep them in another place."
            )
