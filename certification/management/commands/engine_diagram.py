"""`manage.py engine_diagram`: print the states of everything that has a lifecycle, as docs/engine.md shows them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from certification.maintenance.diagram import diagram


class Command(BaseCommand):
    help = "Print a mermaid state diagram of the transition tables."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(diagram())
