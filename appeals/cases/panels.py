"""What stands about appeals on the page of a number: the open and the latest ones, and where to appeal."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from django.urls import reverse

from appeals.cases.facts import TONES
from appeals.cases.models import Appeal, AppealKind, AppealState
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.numbers.panels import NumberPanel, register_panel

#: So many of the latest appeals are listed.
LISTED = 5


def number_panel(number: PhoneNumber, now: dt.datetime) -> NumberPanel | None:
    """The appeals about the number; nothing where there is none and nothing to appeal against."""
    rows = Appeal.objects.filter(items__number=number).exclude(state=AppealState.DRAFT)
    appeals = list(rows.order_by("-created_at", "-pk")[:LISTED])
    is_revoked = number.lifecycle == Lifecycle.REVOKED
    if not appeals and not is_revoked:
        return None
    query = urlencode({"kind": AppealKind.DECISION, "number": number.ref})
    context = {
        "appeals": [(appeal, TONES[AppealState(appeal.state)]) for appeal in appeals],
        "appeal_url": f"{reverse('appeals:new')}?{query}" if is_revoked else "",
    }
    return NumberPanel("appeals/_number_panel.html", context)


register_panel("appeals", number_panel)
