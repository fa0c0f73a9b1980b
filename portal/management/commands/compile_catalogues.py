"""Compiles the message catalogues: `manage.py compile_catalogues`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.catalogues import CatalogueProblem, compile_catalogues


class Command(BaseCommand):
    help = "Compile locale/*/LC_MESSAGES/*.po, without gettext, where they are newer than what was compiled from them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="compile fresh ones too")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for root in settings.LOCALE_PATHS:
                for compiled in compile_catalogues(Path(root), force=options["force"]):
                    self.stdout.write(f"Compiled {compiled}")
        except CatalogueProblem as problem:
            raise CommandError(str(problem)) from problem
