"""What a reviewer can make of an appeal's urgency, as data; `appeals.cases.urgency` applies it."""

from __future__ import annotations

from appeals.cases.models import Urgency

#: From -> to. A public service is urgent whatever anybody says.
TRANSITIONS: dict[Urgency, tuple[Urgency, ...]] = {
    Urgency.NONE: (),
    Urgency.BY_KIND: (),
    Urgency.ASKED: (Urgency.CONFIRMED, Urgency.REFUSED),
    Urgency.CONFIRMED: (Urgency.REFUSED,),
    Urgency.REFUSED: (Urgency.CONFIRMED,),
}
