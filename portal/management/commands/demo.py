"""`manage.py demo`: load the demonstration where there is none, and say whose logins it has."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.users import User
from portal import demo


class Command(BaseCommand):
    """Loads the demonstration data into an empty database; never into one that people use."""

    help = "Load the demonstration data where there is none and print its companies and logins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        if not demo.is_loaded() and User.objects.exists():
            raise CommandError("This database is in use: the demonstration is loaded into an empty one only.")
        demonstration = demo.load(now=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps(asdict(demonstration), ensure_ascii=False))
            return
        for company in demonstration.companies:
            self.stdout.write(f"{company['id']:>6}  {company['name']}  {company['numbers']}")
        for login in demonstration.logins:
            self.stdout.write(f"{login['role']:<14} {login['email']:<28} {login['password']}")
