"""The kinds of notice about certification, and the keys that each one's context has.

Write a notice in the transaction of the change it tells about:

    send_to_company(
        message=Message(
            key=f"application_returned:{review.pk}", kind="application_returned", company_id=application.company_id,
            context={**application_context(application), "items": 3, "due_at": due_at.isoformat(), "reason": text},
            needs_action=True,
        ),
        also=[application.created_by_id], now=now,
    )

It goes to the company's owners and administrators, and to `also`. `application_context`, `material_context` and
`review_context` give the keys that a thing itself answers for; the rest are written by who knows them. A key that is
left out leaves out its sentence. Moments and dates are ISO 8601 (`isoformat()`), whatever is named in both languages
comes as `*_zh` and `*_en`, and no context holds a telephone number.

| kind | keys |
| --- | --- |
| application_submitted | application, numbers, due_from, due_at (the review's promise) |
| application_returned | application, items (how many to correct), due_at (until when, if there is an end), reason |
| application_approved | application, numbers, expires_on (last day of the term, if it is one for all), reason |
| application_rejected | application, numbers, reason |
| application_held | application, material, material_zh, material_en, waits_until |
| application_lapses | application, material, material_zh, material_en, waits_until, days_left |
| application_lapsed | application |
| certification_revoked | numbers, reason |
| material_submitted | material, material_zh, material_en, material_ref, due_from, due_at |
| material_approved | material..., material_ref, expires_on (left out: long-term), reason |
| material_returned, material_rejected | material..., material_ref, items, due_at, reason |
| material_expires | material..., material_ref, expires_on, days_left, numbers |
| requirement_announced | requirement, material..., effective_from, notice_zh, notice_en, notice_url, stops, holds_applications, numbers |
| term_expires | expires_on, days_left, numbers |
| term_expired | ended_on, numbers |
| maintenance_opened | maintenance, cause_zh, cause_en, material..., numbers, expired_on, effective_from, expected_from, expected_until |
| maintenance_closed | maintenance, cause_zh, cause_en, material..., numbers, still_open |
| plan_announced, plan_ahead, plan_changed, plan_cancelled, plan_started, plan_ended | maintenance, cause_zh, cause_en, suspends, numbers, planned_start, planned_end, expected_from, expected_until, message_zh, message_en, achieved_zh, achieved_en, days_left, sequence; plan_changed also what ("start", "end" or "plan") |
| series_announced, series_changed, series_ended | the same of its first time (series_ended: the first that does not take place), and rule_zh, rule_en |
| plan_overrunning | maintenance, cause_zh, cause_en, planned_end |
| review_overdue, review_overdue_staff | review, review_kind, due_at |
| decision_refused | review, review_kind, decision, reason |
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.notices import Audience, Context, Day, NoticeKind, declare, page
from certification.applications.models import Application
from certification.materials.models import Material
from certification.reminders.steps import STEPS
from certification.reviews.models import Review, ReviewKind


def application_context(application: Application) -> dict[str, Any]:
    """What every notice about an application says of it; one query."""
    return {"application": application.ref, "numbers": application.items.count()}


def material_context(material: Material) -> dict[str, Any]:
    """What every notice about one version of a material says of it."""
    return {
        "material": material.kind.code,
        "material_zh": material.kind.name_zh,
        "material_en": material.kind.name_en,
        "material_ref": material.ref,
        **({"expires_on": material.expires_on.isoformat()} if material.expires_on else {}),
    }


def review_context(review: Review) -> dict[str, Any]:
    """What is promised: the expected and the latest moment of the decision."""
    return {"due_from": review.due_from.isoformat(), "due_at": review.due_at.isoformat()}


def review_words(context: Context) -> dict[str, Any]:
    """The kind of a review in words."""
    kind = str(context.get("review_kind", ""))
    return {"review_label": ReviewKind(kind).label if kind in ReviewKind.values else ""}


def what_mends(context: Context) -> str:
    """Where a maintenance is ended by its company: at the missing material; else the maintenance's own page."""
    return (add_material if context.get("material") else see_maintenance)(context)


REVIEW_PAGES: dict[str, str] = {
    ReviewKind.APPLICATION: "applications:list",
    ReviewKind.NUMBER_CHANGE: "applications:list",
    ReviewKind.MATERIAL: "materials:list",
    ReviewKind.COMPANY: "settings:company",
}


def what_is_reviewed(context: Context) -> str:
    """The company's list of the things that a review is about; it has no page of the review itself."""
    return reverse(REVIEW_PAGES.get(str(context.get("review_kind", "")), "overview"))


def expiry_day(uid: str, context: Context) -> Day | None:
    """The last valid day as a calendar entry; each later reminder of it is a later version."""
    try:
        day = dt.date.fromisoformat(str(context.get("expires_on")))
    except ValueError:
        return None
    days_left = int(context.get("days_left", 0))
    return Day(uid=uid, day=day, sequence=sum(1 for step in STEPS if step > days_left))


def material_day(context: Context) -> Day | None:
    """When a material expires."""
    return expiry_day(f"material-{context.get('material_ref', '')}", context)


def term_day(context: Context) -> Day | None:
    """When certifications end."""
    return expiry_day(f"term-{context.get('company_ref', '')}-{context.get('expires_on', '')}", context)


def plan_window(context: Context) -> Day | None:
    """A planned maintenance as a calendar entry; each change of the plan makes a later version of it."""
    try:
        start, end = (dt.datetime.fromisoformat(str(context.get(name))) for name in ("planned_start", "planned_end"))
    except ValueError:
        return None
    return Day(
        uid=f"plan-{context.get('maintenance', '')}-{context.get('company_ref', '')}",
        day=start.date(),
        sequence=int(context.get("sequence", 0)),
        window=(start.astimezone(dt.UTC), end.astimezone(dt.UTC)),
    )


def cancelled_window(context: Context) -> Day | None:
    """The same of one that will not take place."""
    day = plan_window(context)
    return replace(day, is_cancelled=True) if day is not None else None


add_material = page("materials:add", query={"kind": "material"})
see_material = page("materials:detail", ref="material_ref")
see_application = page("applications:detail", ref="application")
see_numbers = page("numbers:list")
see_maintenance = page("maintenance:detail", ref="maintenance")
renew_numbers = page("applications:new", query={"kind": "=renewal"})

declare(
    NoticeKind(
        "maintenance_opened",
        _("Your certification was suspended"),
        target=what_mends,
        button=_("Upload the document"),
    ),
    NoticeKind(
        "maintenance_closed",
        _("A suspension of your certification has ended"),
        target=see_maintenance,
        button=_("See the maintenance"),
        mandatory=False,
    ),
    NoticeKind(
        "plan_announced",
        _("A maintenance that concerns you is planned"),
        target=see_maintenance,
        button=_("See the maintenance"),
        day=plan_window,
    ),
    NoticeKind(
        "plan_ahead",
        _("A planned maintenance that concerns you is near"),
        target=see_maintenance,
        button=_("See the maintenance"),
        day=plan_window,
    ),
    NoticeKind(
        "series_announced",
        _("A recurring maintenance that concerns you is planned"),
        target=see_maintenance,
        button=_("See the maintenance"),
    ),
    NoticeKind(
        "series_changed",
        _("A recurring maintenance that concerns you is changed"),
        target=see_maintenance,
        button=_("See the maintenance"),
    ),
    NoticeKind(
        "series_ended",
        _("A recurring maintenance that concerned you no longer takes place"),
        target=see_maintenance,
        button=_("See the maintenance"),
        mandatory=False,
    ),
    NoticeKind(
        "plan_changed",
        _("A planned maintenance that concerns you is changed"),
        target=see_maintenance,
        button=_("See the maintenance"),
        day=plan_window,
    ),
    NoticeKind(
        "plan_cancelled",
        _("A planned maintenance that concerned you is cancelled"),
        target=see_maintenance,
        button=_("See the maintenance"),
        mandatory=False,
        day=cancelled_window,
    ),
    NoticeKind(
        "plan_started",
        _("A planned maintenance that concerns you has started"),
        target=see_maintenance,
        button=_("See the maintenance"),
    ),
    NoticeKind(
        "plan_ended",
        _("A planned maintenance that concerns you has ended"),
        target=see_maintenance,
        button=_("See the maintenance"),
        mandatory=False,
    ),
    NoticeKind(
        "material_expires",
        _("A material is about to expire"),
        target=page("materials:renew", ref="material_ref"),
        button=_("Renew the document"),
        day=material_day,
    ),
    NoticeKind(
        "material_submitted",
        _("A material was received"),
        target=see_material,
        button=_("See its progress"),
        mandatory=False,
    ),
    NoticeKind(
        "material_approved",
        _("A material was approved"),
        target=see_material,
        button=_("See the material"),
        mandatory=False,
    ),
    NoticeKind(
        "material_returned",
        _("A material must be corrected"),
        target=see_material,
        button=_("See the reasons and correct it"),
    ),
    NoticeKind(
        "material_rejected",
        _("A material was rejected"),
        target=see_material,
        button=_("See the reasons"),
    ),
    NoticeKind(
        "requirement_announced",
        _("A new rule asks for a document"),
        target=add_material,
        button=_("Upload the document"),
    ),
    NoticeKind(
        "application_submitted",
        _("An application was received"),
        target=see_application,
        button=_("See its progress"),
        mandatory=False,
    ),
    NoticeKind(
        "application_returned",
        _("An application must be corrected"),
        target=see_application,
        button=_("See the reasons and correct it"),
    ),
    NoticeKind(
        "application_approved",
        _("An application was approved"),
        target=see_application,
        button=_("See the application"),
        mandatory=False,
    ),
    NoticeKind(
        "application_rejected",
        _("An application was rejected"),
        target=see_application,
        button=_("See the reasons"),
    ),
    NoticeKind(
        "certification_revoked",
        _("A certification was revoked"),
        target=see_numbers,
        button=_("See the numbers"),
    ),
    NoticeKind(
        "application_held",
        _("An application waits for a newly required material"),
        target=add_material,
        button=_("Upload the document"),
    ),
    NoticeKind(
        "application_lapses",
        _("An application is about to lapse"),
        target=add_material,
        button=_("Upload the document"),
    ),
    NoticeKind(
        "application_lapsed",
        _("An application has lapsed"),
        target=see_application,
        button=_("See the application"),
    ),
    NoticeKind(
        "term_expires",
        _("Certifications are about to end"),
        target=renew_numbers,
        button=_("Renew"),
        day=term_day,
    ),
    NoticeKind(
        "term_expired",
        _("Certifications have ended"),
        target=renew_numbers,
        button=_("Renew"),
    ),
    NoticeKind(
        "review_overdue",
        _("A review takes longer than promised"),
        target=what_is_reviewed,
        button=_("See its progress"),
        mandatory=False,
        words=review_words,
    ),
    NoticeKind(
        "review_overdue_staff",
        _("A review is overdue"),
        target=page("reviews:case", ref="review"),
        button=_("Open the case"),
        audience=Audience.STAFF,
        words=review_words,
    ),
    NoticeKind(
        "decision_refused",
        _("A decision of yours could not take effect"),
        target=page("reviews:case", ref="review"),
        button=_("Open the case"),
        audience=Audience.STAFF,
        words=review_words,
    ),
    NoticeKind(
        "plan_overrunning",
        _("A planned maintenance is overrunning"),
        target=page("maintenance:plans"),
        button=_("See the plans"),
        audience=Audience.STAFF,
    ),
)
