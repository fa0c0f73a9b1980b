"""Brings database, texts and assets up to date before the processes of a release start: `manage.py prepare`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.catalogues import CatalogueProblem
from portal.database import DatabaseProblem, ensure_database
from portal.preparation import prepare


class Command(BaseCommand):
    help = "Wait for the database, refuse a newer one, migrate, synchronise schedules, collect assets. Safe to repeat."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--patience", type=float, default=30, help="seconds to wait for the database (default: 30)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ensure_database(patience=options["patience"])
            prepare(say=self.stdout.write)
        except (DatabaseProblem, CatalogueProblem) as problem:
            raise CommandError(str(problem)) from problem
