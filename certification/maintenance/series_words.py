"""A series' rule back in the plain choices of its form, where it is one of them."""

from __future__ import annotations

from typing import Any

from certification.maintenance.recurrence import WEEKDAYS
from certification.maintenance.series_models import MaintenanceSeries


def repeats_initial(series: MaintenanceSeries) -> dict[str, Any]:
    """What the form shows of the series: the plain choices, or its rule where they cannot say it."""
    recurrence = series.recurrence
    rule = recurrence.parts
    initial: dict[str, Any] = {
        "time_zone": series.time_zone,
        "ends": "plan" if series.ends_by_plan else "hand",
        "repeat_ends": "until" if rule.until is not None else "count",
        "repeat_until": rule.until.date() if rule.until is not None else None,
        "repeat_count": rule.count,
    }
    plain = (
        rule.interval == 1 and not rule.months and not rule.positions and not any(which for which, _day in rule.days)
    )
    if plain and rule.frequency == "DAILY" and not rule.days and not rule.month_days:
        return {**initial, "repeats": "daily"}
    if plain and rule.frequency == "WEEKLY" and not rule.month_days:
        return {**initial, "repeats": "weekly", "weekdays": [WEEKDAYS[day] for _which, day in rule.days]}
    if plain and rule.frequency == "MONTHLY" and not rule.days and len(rule.month_days) <= 1:
        return {**initial, "repeats": "monthly", "month_day": "".join(map(str, rule.month_days))}
    return {**initial, "repeats": "rule", "rule": recurrence.rule}
