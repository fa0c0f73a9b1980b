"""What reviewers ask the company about its appeals."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.companies import Company
from appeals.cases.models import AppealState
from portal.home.tasks import Task


def asked_appeals(company: Company) -> list[Task]:
    """Appeals that wait for an answer, until when it can come; one query."""
    return [
        Task(
            _("Appeal %(ref)s: the reviewer asked you something") % {"ref": appeal.ref},
            _("The time stands still until you answer; without an answer the appeal is closed."),
            f"{reverse('appeals:detail', args=[appeal.ref])}#thread",
            _("Answer the question"),
            due=appeal.answer_until,
        )
        for appeal in company.appeals.filter(state=AppealState.MORE_INFORMATION).order_by("answer_until")
    ]
