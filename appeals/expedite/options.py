"""Where companies are offered to ask: on the pages of what they wait for."""

from __future__ import annotations

import datetime as dt

from accounts.companies import Company
from appeals.expedite.offers import offer_for
from certification.maintenance.models import Maintenance
from certification.reviews.models import Review
from certification.reviews.waiting import WaitingOption, register_option


def expedite_option(thing: Review | Maintenance, company: Company, now: dt.datetime) -> WaitingOption | None:
    """Asking, or how far a request is; nothing where there is nothing to say."""
    offer = offer_for(thing, company=company, now=now)
    if offer.state in ("over", "never"):
        return None
    return WaitingOption("expedite/_offer.html", {"offer": offer})


register_option("expedite", expedite_option)
