"""The diagram of docs/engine.md is the one that the transition tables give."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from certification.maintenance.diagram import TABLES, diagram


def test_guide_shows_the_diagram_that_the_command_prints() -> None:
    out = StringIO()
    call_command("engine_diagram", stdout=out)
    guide = (Path(settings.BASE_DIR) / "docs" / "engine.md").read_text()
    assert re.findall(r"```mermaid\n(.*?)\n```", guide, re.DOTALL) == [out.getvalue().rstrip("\n")]


def test_diagram_has_exactly_the_moves_of_the_tables() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", diagram(), re.MULTILINE))
    assert drawn == {
        (f"{table}_{before}", f"{table}_{after}")
        for table, transitions in TABLES.items()
        for before, targets in transitions.items()
        for after in targets
    }
