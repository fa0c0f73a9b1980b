"""`manage.py verify_journal`: recompute every seal of the journal and say whether a row was changed behind its back."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.journal import JournalBroken, seal, verify


class Command(BaseCommand):
    """Exit code 0: whole. Exit code 1: a stretch differs from what was sealed."""

    help = "Verify the journal's chain of seals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seal", action="store_true", help="seal what no seal covers yet, after the check")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how many rows were verified and how many are not sealed yet."""
        try:
            verified, not_sealed = verify()
        except JournalBroken as broken:
            self.stderr.write(str(broken))
            raise SystemExit(1) from broken
        self.stdout.write(f"{verified} rows verified, {not_sealed} not sealed yet")
        if options["seal"]:
            self.stdout.write(f"{seal()} rows sealed")
