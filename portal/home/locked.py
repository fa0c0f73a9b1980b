"""Numbers that stay locked after their review, among what needs the company: only an appeal helps now."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.companies import Company
from appeals.cases.models import AppealNumber
from appeals.complaints.locks import SUBJECT
from certification.maintenance.models import Maintenance
from certification.maintenance.status import Status
from certification.numbers.shapes import mask_number
from certification.reviews.models import ReviewState
from portal.home.tasks import EACH, Task


def kept_locks(company: Company, rows: Sequence[Maintenance]) -> list[Task]:
    """The open locks among `rows` that no reviewer has before them, neither by themselves nor by an appeal.

    Two queries where a number is locked, none else.
    """
    locks = [row for row in rows if row.locks and row.number is not None]
    if not locks:
        return []
    reviews = company.reviews.filter(subject=SUBJECT, subject_id__in=[row.pk for row in locks], state=ReviewState.OPEN)
    reviewed = set(reviews.values_list("subject_id", flat=True))
    appeals = AppealNumber.objects.filter(number__in=[row.number_id for row in locks], is_open=True)
    appealed = set(appeals.values_list("subject", flat=True))
    kept = [row for row in locks if row.pk not in reviewed and f"lock:{row.pk}" not in appealed]
    reason = _("If the complaints are wrong, appeal with evidence: an upheld appeal ends the lock.")
    if len(kept) > EACH:
        title = ngettext(
            "%(count)d number stays locked after its review",
            "%(count)d numbers stay locked after their review",
            len(kept),
        ) % {"count": len(kept)}
        url = f"{reverse('numbers:list')}?status={Status.LOCKED}"
        return [Task(title, reason, url, _("See the numbers"), tone="red", numbers=len(kept))]
    return [
        Task(
            _("%(number)s stays locked after its review")
            % {"number": row.number.alias or mask_number(row.number.number)},
            reason,
            f"{reverse('appeals:new')}?kind=lock&number={row.number.ref}",
            _("Appeal"),
            tone="red",
            numbers=1,
        )
        for row in kept
        if row.number is not None
    ]
