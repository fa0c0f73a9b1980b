"""The engine in one picture, drawn from the transition tables by which it and the desk work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from certification.applications.lifecycle import NUMBER_TRANSITIONS, TRANSITIONS
from certification.materials.versions import TRANSITIONS as MATERIAL_TRANSITIONS
from certification.reviews.desk import TRANSITIONS as REVIEW_TRANSITIONS

#: What has a lifecycle of its own; apps above add theirs.
TABLES: dict[str, Mapping[Any, Sequence[str]]] = {
    "number": NUMBER_TRANSITIONS,
    "application": TRANSITIONS,
    "material": MATERIAL_TRANSITIONS,
    "review": REVIEW_TRANSITIONS,
}


def diagram() -> str:
    """A mermaid state diagram: each table a state of its own, with its first state, its moves and its ends."""
    return "\n".join(["stateDiagram-v2", *lines()])


def lines() -> Iterator[str]:
    """The lines below the first; states carry their table's name, because several tables have one called the same."""
    for table, transitions in TABLES.items():
        yield f"    state {table} {{"
        for index, (before, targets) in enumerate(transitions.items()):
            if index == 0:
                yield f"        [*] --> {table}_{before}"
            yield f"        {table}_{before} : {before}"
            for after in targets:
                yield f"        {table}_{before} --> {table}_{after}"
            if not targets:
                yield f"        {table}_{before} --> [*]"
        yield "    }"
