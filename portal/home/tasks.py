"""One thing that needs the company, as the overview shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

#: So many numbers with one sort of trouble have an entry each; more share one.
EACH = 3


@dataclass
class Task:
    """One thing that the company has to do, with the one next step."""

    title: str
    reason: str
    url: str
    action: str
    tone: str = "amber"
    #: By when; None where nothing but the numbers waits.
    due: dt.datetime | None = None
    #: The last day on which it can be done, local to the company.
    last_day: dt.date | None = None
    numbers: int = 0
