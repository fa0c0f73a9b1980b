"""Requests to expedite, as the review desk knows them: a lead reviewer grants or refuses them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Permission
from accounts.journal import Actor
from accounts.memberships import Membership
from appeals.expedite.models import ExpediteRequest
from appeals.expedite.offers import promised_end
from appeals.expedite.requests import SUBJECT, settle
from certification.maintenance.models import Maintenance
from certification.reviews.models import Decision, Review, ReviewItem
from certification.reviews.subjects import SUBJECTS, register


def requests_of(review: Review) -> list[ExpediteRequest]:
    """The requests that the case decides, the first one first."""
    rows = ExpediteRequest.objects.filter(case=review).select_related(
        "company", "requested_by", "review__company__industry", "review__claimed_by", "maintenance__cause"
    )
    return list(rows.order_by("pk"))


def title_of(thing: Review | Maintenance) -> str:
    """What is late, in a few words."""
    if isinstance(thing, Maintenance):
        return thing.title
    return SUBJECTS[thing.subject].title(thing) if thing.subject in SUBJECTS else str(thing)


class ExpediteSubject:
    """One late review or maintenance, and who asks for it to go first."""

    case_template = "expedite/_case.html"
    decisions: tuple[Decision, ...] = (Decision.APPROVED, Decision.REJECTED)
    #: Domain section 9: lead reviewers decide expedites.
    permission = Permission.LEAD_REVIEWS

    def decide(
        self, *, review: Review, decision: Decision, items: Sequence[ReviewItem], actor: Actor, now: dt.datetime
    ) -> None:
        """Put it first, or say why not; tell every company that asked."""
        settle(case=review, decision=decision, text=review.decision_text, actor=actor, now=now)

    def case_context(self, review: Review) -> dict[str, Any]:
        """What is late since when, who asks and why."""
        requests = requests_of(review)
        thing = requests[0].thing
        is_maintenance = isinstance(thing, Maintenance)
        return {
            "requests": requests,
            "late": thing,
            "late_title": title_of(thing),
            "late_is_maintenance": is_maintenance,
            "late_due": promised_end(thing),
            "late_url": reverse("maintenance:detail" if is_maintenance else "reviews:case", args=[thing.ref]),
        }

    def involved(self, review: Review) -> set[int]:
        """Everybody who belongs to a company that asks."""
        companies = ExpediteRequest.objects.filter(case=review).values("company")
        return set(Membership.objects.filter(company__in=companies).values_list("user_id", flat=True))

    def company_url(self, review: Review) -> str | None:
        """The request's own page."""
        request = ExpediteRequest.objects.filter(case=review, company=review.company_id).first()
        return reverse("expedite:detail", args=[request.ref]) if request is not None else None

    def title(self, review: Review) -> str:
        """What is asked for."""
        request = (
            ExpediteRequest.objects.filter(case=review)
            .select_related("review__company", "maintenance__cause")
            .order_by("pk")
            .first()
        )
        what = title_of(request.thing) if request is not None else review.ref
        return _("Expedite: %(what)s") % {"what": what}


register(SUBJECT, ExpediteSubject())
