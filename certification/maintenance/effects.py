"""What a maintenance does while it runs: the catalogue's columns, or a plan's own in their place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Protocol


class HasEffects(Protocol):
    """A row with the columns of effects: a cause, a maintenance, a series."""

    suspends_display: bool
    review_time_factor: Decimal
    defers: list[str]
    urgent_appeals_only: bool


@dataclass(frozen=True)
class Effects:
    """What companies and reviews feel. `review_time_factor` is for reviews of new applications."""

    suspends_display: bool = False
    review_time_factor: Decimal = Decimal(1)
    defers: tuple[str, ...] = ()
    urgent_appeals_only: bool = False

    @classmethod
    def of(cls, row: HasEffects) -> Effects:
        """The effects that a row holds."""
        return cls(
            row.suspends_display, Decimal(row.review_time_factor), tuple(sorted(row.defers)), row.urgent_appeals_only
        )

    @property
    def are_felt(self) -> bool:
        """Whether a company notices anything; who notices nothing is told nothing."""
        return self.suspends_display or self.urgent_appeals_only or self.review_time_factor > 1 or bool(self.defers)

    def columns(self) -> dict[str, Any]:
        """The values to store."""
        return {**asdict(self), "defers": list(self.defers)}
