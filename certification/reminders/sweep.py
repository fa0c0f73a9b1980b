"""The engine's reminder step: what has become due is written to the outbox, each (subject, step, person) once (I13)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.memberships import Membership
from accounts.notices import RESPONSIBLE_ROLES, Message, send
from certification.applications.models import ApplicationNumber
from certification.materials.models import Material, MaterialState
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.reminders.models import Reminder
from certification.reminders.steps import first_due, next_due, step_due


def remind_of_material(*, material: Material, now: dt.datetime) -> None:
    """Plan the reminders of an approved version; one with no end needs none."""
    if material.expires_on is None:
        return
    Reminder.objects.update_or_create(
        material=material,
        defaults={
            "company": material.company,
            "expires_on": material.expires_on,
            "next_due_at": first_due(material.expires_on, material.company.zone, now),
        },
    )


def send_due_reminders(*, now: dt.datetime) -> int:
    """Write the notices of every reminder that is due, move each to its next step, return how many notices.

    Nothing is sent about what was renewed or is under review (I13); its later steps stay planned.
    """
    renewal = Material.objects.filter(
        company=OuterRef("company"), kind=OuterRef("material__kind"), state=MaterialState.SUBMITTED
    )
    in_renewal = ApplicationNumber.objects.filter(is_active=True, number=OuterRef("pk"))
    ending = (
        PhoneNumber.objects.held()
        .filter(
            ~Exists(in_renewal),
            company=OuterRef("company"),
            lifecycle=Lifecycle.CERTIFIED,
            term_ends_at=OuterRef("term_ends_at"),
        )
        .order_by()
        .values("company")
        .annotate(total=Count("pk"))
        .values("total")
    )
    certified = (
        PhoneNumber.objects.held()
        .filter(company=OuterRef("company"), lifecycle=Lifecycle.CERTIFIED)
        .order_by()
        .values("company")
        .annotate(total=Count("pk"))
        .values("total")
    )
    due = list(
        Reminder.objects.filter(next_due_at__lte=now)
        .select_related("company", "material__kind")
        .annotate(
            under_review=Exists(renewal),
            ending=Coalesce(Subquery(ending), 0),
            certified=Coalesce(Subquery(certified), 0),
        )
        .order_by("pk")
    )
    if not due:
        return 0
    readers: defaultdict[int, list[int]] = defaultdict(list)
    members = Membership.objects.filter(
        Q(role__in=RESPONSIBLE_ROLES), company__in={reminder.company_id for reminder in due}
    )
    for company_id, user_id in members.values_list("company_id", "user_id"):
        readers[company_id].append(user_id)
    messages: list[tuple[Message, int]] = []
    for reminder in due:
        message = message_of(reminder, now)
        if message is not None:
            messages.extend((message, user_id) for user_id in readers[reminder.company_id])
        reminder.next_due_at = next_due(reminder.expires_on, reminder.company.zone, now)
        if reminder.material is not None and reminder.material.state != MaterialState.APPROVED:
            reminder.next_due_at = None
    send(messages=messages, now=now)
    Reminder.objects.bulk_update(due, ["next_due_at"], batch_size=2000)
    return len(messages)


def message_of(reminder: Reminder, now: dt.datetime) -> Message | None:
    """What a due reminder says; None where it has nothing to say any more."""
    step = step_due(reminder.expires_on, reminder.company.zone, now)
    if step is None or reminder.company.today(now) > reminder.expires_on:
        return None
    days_left = (reminder.expires_on - reminder.company.today(now)).days
    context = {"expires_on": reminder.expires_on.isoformat(), "days_left": days_left}
    if reminder.material is None:
        numbers = reminder.ending  # type: ignore[attr-defined]
        if not numbers:
            return None
        return Message(
            key=f"reminder:term:{reminder.pk}:{step}",
            kind="term_expires",
            company_id=reminder.company_id,
            context={**context, "numbers": numbers},
            needs_action=True,
        )
    if reminder.under_review or reminder.material.state != MaterialState.APPROVED:  # type: ignore[attr-defined]
        return None
    kind = reminder.material.kind
    return Message(
        key=f"reminder:material:{reminder.material_id}:{step}",
        kind="material_expires",
        company_id=reminder.company_id,
        context={
            **context,
            "material": kind.code,
            "material_ref": reminder.material.ref,
            "material_zh": kind.name_zh,
            "material_en": kind.name_en,
            "numbers": reminder.certified,  # type: ignore[attr-defined]
        },
        needs_action=True,
    )
