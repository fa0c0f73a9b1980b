"""Where companies are offered to ask: on the pages of what they wait for."""

from __future__ import annotations

import datetime as dt

from accounts.companies import Company
from appeals.complaints.locks import SUBJECT as LOCK
from appeals.expedite.offers import depends_on_the_portal, offer_for
from certification.maintenance.models import Maintenance
from certification.materials.models import Material, MaterialState
from certification.materials.versions import SUBJECT as MATERIAL
from certification.reviews.models import Review, ReviewState
from certification.reviews.waiting import WaitingOption, register_option


def review_behind(maintenance: Maintenance, company: Company) -> Review | None:
    """The open review that ends the maintenance: of a lock, or of the company's document that it waits for."""
    open_ones = Review.objects.filter(state=ReviewState.OPEN).select_related("company")
    if maintenance.locks:
        return open_ones.filter(subject=LOCK, subject_id=maintenance.pk, company=company).first()
    if maintenance.requirement is not None:
        corrections = Material.objects.filter(
            company=company, kind=maintenance.requirement.kind_id, state=MaterialState.SUBMITTED
        )
        return open_ones.filter(subject=MATERIAL, subject_id__in=corrections.values("pk")).order_by("due_at").first()
    return None


def expedite_option(thing: Review | Maintenance, company: Company, now: dt.datetime) -> WaitingOption | None:
    """Asking, or how far a request is; nothing where there is nothing to say."""
    if isinstance(thing, Maintenance) and not depends_on_the_portal(thing):
        behind = review_behind(thing, company)
        if behind is None:
            return None
        thing = behind
    offer = offer_for(thing, company=company, now=now)
    if offer.state in ("over", "never"):
        return None
    return WaitingOption("expedite/_offer.html", {"offer": offer})


register_option("expedite", expedite_option)
