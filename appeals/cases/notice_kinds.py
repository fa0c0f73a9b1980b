"""The kinds of notice about appeals, and the keys that each one's context has beside `appeal` and `appeal_kind`.

| kind | keys |
| --- | --- |
| appeal_submitted | due_from, due_at (the review's promise) |
| appeal_asked | answer_until, reason (what is asked) |
| appeal_warned | answer_until, days_left |
| appeal_goes_on | |
| appeal_message | reason (what the reviewer wrote) |
| appeal_message_staff | review, is_answer |
| appeal_platform | platform_zh, platform_en, outcome, reason |
| appeal_urgency | outcome, reason |
| appeal_decided | outcome, reason |
| appeal_settled, appeal_abandoned | |
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.notices import Audience, Context, NoticeKind, declare, page
from appeals.cases.models import AppealState, Urgency
from certification.notice_kinds import REVIEW_PAGES
from certification.reviews.models import ReviewKind

see_appeal = page("appeals:detail", ref="appeal")
REVIEW_PAGES.update({ReviewKind.APPEAL: "appeals:list", ReviewKind.COMPLEX_APPEAL: "appeals:list"})


def outcome_words(context: Context) -> dict[str, Any]:
    """The outcome of an appeal in words."""
    outcome = str(context.get("outcome", ""))
    return {"outcome_label": AppealState(outcome).label if outcome in AppealState.values else ""}


def urgency_words(context: Context) -> dict[str, Any]:
    """Whether the urgency stands."""
    return {"is_refused": context.get("outcome") == Urgency.REFUSED}


declare(
    NoticeKind(
        "appeal_submitted",
        _("An appeal was received"),
        target=see_appeal,
        button=_("See its progress"),
        mandatory=False,
    ),
    NoticeKind(
        "appeal_asked", _("An appeal needs more information"), target=see_appeal, button=_("Answer the question")
    ),
    NoticeKind(
        "appeal_warned",
        _("The time to answer a question about an appeal ends soon"),
        target=see_appeal,
        button=_("Answer the question"),
    ),
    NoticeKind(
        "appeal_goes_on",
        _("The review of an appeal goes on"),
        target=see_appeal,
        button=_("See its progress"),
        mandatory=False,
    ),
    NoticeKind(
        "appeal_message",
        _("A message about an appeal"),
        target=see_appeal,
        button=_("Read and answer"),
        mandatory=False,
    ),
    NoticeKind(
        "appeal_message_staff",
        _("A company has written about an appeal"),
        target=page("reviews:case", ref="review"),
        button=_("Open the case"),
        mandatory=False,
        audience=Audience.STAFF,
    ),
    NoticeKind(
        "appeal_platform",
        _("A platform has answered"),
        target=see_appeal,
        button=_("See the appeal"),
        mandatory=False,
    ),
    NoticeKind(
        "appeal_urgency",
        _("The urgency of an appeal was judged"),
        target=see_appeal,
        button=_("See the appeal"),
        mandatory=False,
        words=urgency_words,
    ),
    NoticeKind(
        "appeal_decided",
        _("An appeal was decided"),
        target=see_appeal,
        button=_("See the decision"),
        words=outcome_words,
    ),
    NoticeKind("appeal_settled", _("An appeal is settled"), target=see_appeal, button=_("See the appeal")),
    NoticeKind(
        "appeal_abandoned", _("An appeal was closed without an answer"), target=see_appeal, button=_("See the appeal")
    ),
)
