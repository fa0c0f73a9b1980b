"""What needs the company: each thing with its reason, its deadline, and the one next step."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.companies import Company
from accounts.working_days import end_of_day, start_of_day
from certification.applications.models import ApplicationNumber, ApplicationState
from certification.maintenance.models import Family, Maintenance
from certification.materials.models import Material, MaterialState
from certification.materials.requirements import announced_unmet
from certification.numbers.models import Lifecycle, PhoneNumber
from portal.home.asked import asked_appeals
from portal.home.coming import expiring, number_count
from portal.home.locked import kept_locks
from portal.home.tasks import Task
from portal.home.warned import warned_numbers
from portal.templatetags.moments import day_text

#: A material or a term that ends within so many days asks for renewal (interface section 4).
RENEW_WITHIN_DAYS = 60


def last_day(company: Company, due: dt.datetime) -> dt.date:
    """The last local day before a deadline: a deadline at midnight is the end of the day before."""
    return company.today(due - dt.timedelta(seconds=1))


def needs_of(
    company: Company,
    *,
    rows: list[Maintenance],
    under_review: set[int],
    settled: set[int],
    certified: int,
    now: dt.datetime,
) -> list[Task]:
    """Everything that needs the company, what is stopped first, then by deadline.

    `rows` is the open maintenance that covers it, `under_review` the kinds of material that reviewers have already,
    `settled` those and the kinds whose lack has stopped the company.
    """
    tasks = [
        *missing_materials(company, rows, under_review, certified, now),
        *kept_locks(company, rows),
        *warned_numbers(company, now),
        *asked_appeals(company),
        *returned_cases(company),
        *announced(company, under_review, now),
        *expiring_materials(company, settled, certified, now),
        *ending_terms(company, now),
        *unfinished(company),
    ]
    for task in tasks:
        if task.due is not None:
            task.last_day = last_day(company, task.due)
    return sorted(tasks, key=lambda task: (task.tone != "red", task.due is None, task.due or now))


def missing_materials(
    company: Company, rows: list[Maintenance], under_review: set[int], certified: int, now: dt.datetime
) -> list[Task]:
    """Open maintenance that waits for a document of the company."""
    tasks = []
    for row in rows:
        if row.requirement is None or row.requirement.kind_id in under_review:
            continue
        kind = row.requirement.kind
        expired = row.cause.family == Family.RISK
        since = day_text(company.today(row.held_since or now))
        if expired:
            title = _("%(material)s has expired") % {"material": kind}
        else:
            title = _("%(material)s is required") % {"material": kind}
        if certified:
            reason = _("%(numbers)s not displayed since %(date)s.") % {
                "numbers": number_count(certified),
                "date": since,
            }
        else:
            reason = _("Certification is not possible without it.")
        tasks.append(
            Task(
                title, reason, f"{reverse('materials:add')}?kind={kind.code}",
                _("Renew the document") if expired else _("Supply the document"),
                tone="red" if certified else "amber", numbers=certified,
            )
        )  # fmt: skip
    return tasks


def returned_cases(company: Company) -> list[Task]:
    """Applications and materials that reviewers sent back, and applications that wait for a material."""
    tasks = []
    applications: Any = (
        company.applications.filter(state__in=[ApplicationState.RETURNED, ApplicationState.PENDING_MAINTENANCE])
        .annotate(total=Count("items"))
        .select_related("waits_for__kind")
    )
    for application in applications:
        if application.state == ApplicationState.RETURNED:
            tasks.append(
                Task(
                    _("Application %(ref)s needs correction") % {"ref": application.ref},
                    _("A reviewer named what to correct; %(numbers)s wait.")
                    % {"numbers": number_count(application.total)},
                    reverse("applications:detail", args=[application.ref]),
                    _("See the reasons and correct"),
                    numbers=application.total,
                )
            )
        elif application.waits_for is not None:
            kind = application.waits_for.kind
            tasks.append(
                Task(
                    _("Application %(ref)s waits for %(material)s") % {"ref": application.ref, "material": kind},
                    _("It lapses when the document is not approved in time."),
                    f"{reverse('materials:add')}?kind={kind.code}",
                    _("Supply the document"),
                    due=application.waits_until,
                    numbers=application.total,
                )
            )
    newer = Material.objects.filter(company=company, kind=OuterRef("kind"), version__gt=OuterRef("version"))
    sent_back = company.materials.filter(~Exists(newer), state__in=[MaterialState.RETURNED, MaterialState.REJECTED])
    tasks += [
        Task(
            _("%(material)s was sent back") % {"material": material.kind},
            _("A reviewer named what is wrong with it."),
            reverse("materials:detail", args=[material.ref]),
            _("See the reasons and correct"),
        )
        for material in sent_back.select_related("kind")
    ]
    return tasks


def announced(company: Company, under_review: set[int], now: dt.datetime) -> list[Task]:
    """Requirements that take effect later and are not met yet."""
    return [
        Task(
            _("New rule: %(material)s") % {"material": requirement.kind},
            requirement.notice or _("Without it certification stops on that day."),
            f"{reverse('materials:add')}?kind={requirement.kind.code}",
            _("Supply the document"),
            due=start_of_day(requirement.effective_from, company.zone),
        )
        for requirement in announced_unmet(company_ids=[company.pk], at=now).get(company.pk, [])
        if requirement.kind_id not in under_review
    ]


def expiring_materials(company: Company, under_review: set[int], certified: int, now: dt.datetime) -> list[Task]:
    """Documents whose last day comes within sixty days."""
    until = company.today(now) + dt.timedelta(days=RENEW_WITHIN_DAYS)
    tasks = []
    for material in expiring(company, under_review, until, now):
        assert material.expires_on is not None
        days = (material.expires_on - company.today(now)).days
        tasks.append(
            Task(
                _("%(material)s expires on %(date)s")
                % {"material": material.kind, "date": day_text(material.expires_on)},
                ngettext(
                    "%(days)d day left; then %(numbers)s stop.", "%(days)d days left; then %(numbers)s stop.", days
                )
                % {"days": days, "numbers": number_count(certified)},
                reverse("materials:renew", args=[material.ref]),
                _("Renew the document"),
                due=end_of_day(material.expires_on, company.zone),
                numbers=certified,
            )
        )
    return tasks


def ending_terms(company: Company, now: dt.datetime) -> list[Task]:
    """Certifications that end within sixty days or have ended, one task per date, unless renewal is under way."""
    renewing = ApplicationNumber.objects.filter(is_active=True, number=OuterRef("pk"))
    rows: Any = (
        PhoneNumber.objects.of_company(company)
        .filter(
            Q(lifecycle=Lifecycle.EXPIRED)
            | Q(lifecycle=Lifecycle.CERTIFIED, term_ends_at__lte=now + dt.timedelta(days=RENEW_WITHIN_DAYS)),
            ~Exists(renewing),
        )
        .order_by("term_ends_at")
        .values("term_ends_at", "lifecycle")
        .annotate(total=Count("pk"))
    )
    tasks = []
    for row in rows:
        day = day_text(company.today(row["term_ends_at"] - dt.timedelta(seconds=1)))
        expired = row["lifecycle"] == Lifecycle.EXPIRED
        text = (
            _("The certification of %(numbers)s ended on %(date)s")
            if expired
            else _("The certification of %(numbers)s ends on %(date)s")
        )
        tasks.append(
            Task(
                text % {"numbers": number_count(row["total"]), "date": day},
                _("Renewal keeps your name on the receiver's screen."),
                f"{reverse('applications:new')}?kind=renewal",
                _("Renew"),
                tone="red" if expired else "amber",
                due=None if expired else row["term_ends_at"],
                numbers=row["total"],
            )
        )
    return tasks


def unfinished(company: Company) -> list[Task]:
    """Drafts that were begun and not sent."""
    drafts: Any = company.applications.filter(state=ApplicationState.DRAFT).annotate(total=Count("items"))
    return [
        Task(
            _("Application %(ref)s is not sent yet") % {"ref": draft.ref},
            _("Started on %(date)s with %(numbers)s.")
            % {"date": day_text(company.today(draft.created_at)), "numbers": number_count(draft.total)},
            reverse("applications:edit", args=[draft.ref]),
            _("Continue"),
            tone="grey",
            numbers=draft.total,
        )
        for draft in drafts
    ]
