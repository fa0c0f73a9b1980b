"""The kinds of notice about requests to expedite, and the keys that each one's context has.

| kind | keys |
| --- | --- |
| expedite_requested (to lead reviewers) | review (the desk's case), due_at |
| expedite_granted, expedite_refused, expedite_not_needed | expedite, reason |
| maintenance_expedited (to who plans it) | maintenance, cause_zh, cause_en, planned_end |

And `review_overdue`, which certification declares: here its button gets to lead to asking.
"""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from accounts.notices import KINDS, Audience, Context, NoticeKind, declare, page
from certification.notice_kinds import what_is_reviewed
from certification.reviews.models import ReviewKind

ask = page("expedite:new", query={"case": "review"})
see_request = page("expedite:detail", ref="expedite")


def where_to_ask(context: Context) -> str:
    """The form that asks for the overdue review; there is none for a request to expedite that is itself late."""
    return (what_is_reviewed if context.get("review_kind") == ReviewKind.EXPEDITE else ask)(context)


declare(
    replace(KINDS["review_overdue"], target=where_to_ask, button=_("Ask to have it expedited")),
    NoticeKind(
        "expedite_requested",
        _("A company asks to have something expedited"),
        target=page("reviews:case", ref="review"),
        button=_("Open the case"),
        audience=Audience.STAFF,
    ),
    NoticeKind(
        "expedite_granted",
        _("A request to expedite was granted"),
        target=see_request,
        button=_("See the request"),
        mandatory=False,
    ),
    NoticeKind(
        "expedite_refused",
        _("A request to expedite was refused"),
        target=see_request,
        button=_("See the reason"),
    ),
    NoticeKind(
        "expedite_not_needed",
        _("A request to expedite is no longer needed"),
        target=see_request,
        button=_("See the request"),
        mandatory=False,
    ),
    NoticeKind(
        "maintenance_expedited",
        _("A maintenance is to be ended first"),
        target=page("maintenance:detail", ref="maintenance"),
        button=_("See the maintenance"),
        audience=Audience.STAFF,
    ),
)
