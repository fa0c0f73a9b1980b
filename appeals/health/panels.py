"""Where health cards stand: on the page of a number, and beside every lock and appeal that a reviewer sees."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from appeals.health.card import cards_of
from certification.numbers.models import PhoneNumber
from certification.numbers.panels import NumberPanel, register_staff_panel
from certification.numbers.panels import register_panel as register_number_panel
from certification.reviews.models import Review, ReviewKind
from certification.reviews.panels import CasePanel
from certification.reviews.panels import register_panel as register_case_panel
from certification.reviews.subjects import SUBJECTS

#: The cases that are about what is wrong with numbers.
KINDS = (ReviewKind.COMPLAINT_LOCK, ReviewKind.APPEAL, ReviewKind.COMPLEX_APPEAL)
#: So many numbers of a case have their card on its page.
SHOWN = 20


def number_panel(number: PhoneNumber, now: dt.datetime) -> NumberPanel:
    """The number's card on its own page."""
    return NumberPanel("health/_panel.html", {"card": cards_of([number], now=now)[number.pk]})


def staff_panel(number: PhoneNumber, now: dt.datetime) -> NumberPanel | None:
    """The same facts on the staff's page of a number that is held."""
    if number.released_at is not None:
        return None
    card = cards_of([number], now=now, for_company=False)[number.pk]
    return NumberPanel("health/_staff_panel.html", {"card": card})


def case_panel(review: Review, now: dt.datetime) -> CasePanel | None:
    """The cards of the numbers that a lock or an appeal is about, the first twenty; as many queries for one as for all."""
    hook = getattr(SUBJECTS.get(review.subject), "numbers", None)
    if review.kind not in KINDS or hook is None:
        return None
    numbers = list(hook(review).select_related("company").order_by("pk")[: SHOWN + 1])
    if not numbers:
        return None
    cards = cards_of(numbers[:SHOWN], now=now, for_company=False)
    context = {"cards": [cards[number.pk] for number in numbers[:SHOWN]], "is_cut": len(numbers) > SHOWN}
    title = _("Health card") if len(cards) == 1 else _("Health cards")
    return CasePanel(title, "health/_case.html", context)


register_number_panel("health", number_panel)
register_staff_panel("health", staff_panel)
register_case_panel("health", case_panel)
