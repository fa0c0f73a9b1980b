"""`manage.py create_source NAME --json`: make a source of complaints, or give one a new key."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.journal import Actor
from appeals.complaints.models import Source
from appeals.complaints.sources import NameTaken, create_source, issue_key


class Command(BaseCommand):
    """Make the source where there is none, and print a new key, this once."""

    help = "Create a source of complaints and print its key; for one that exists, a further key (the old ones end in 7 days)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the source is called")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        name, now, actor = options["name"].strip(), timezone.now(), Actor.command()
        if not name or len(name) > 80 or not name.isprintable():
            raise CommandError("The name of a source is 1 to 80 printable characters.")
        with transaction.atomic():
            try:
                source = create_source(name=name, actor=actor, now=now)
            except NameTaken:
                source = Source.objects.get(name=name)
            key = issue_key(source=source, actor=actor, now=now)
        if options["json"]:
            self.stdout.write(json.dumps({"source": source.name, "key": key}, ensure_ascii=False))
        else:
            self.stdout.write(f"{source.name}: {key}\nKeep it; it is shown this once.")
