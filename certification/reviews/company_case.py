"""A company that waits for verification as a reviewer reads it: what a machine found, and what was corrected."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.companies import Company
from accounts.journal import JournalEntry
from accounts.journal_words import in_words
from certification.reviews.case_facts import CaseChange, CaseFinding
from certification.reviews.models import Decision, Review, ReviewState
from certification.reviews.subjects import item_label

#: How many other companies a finding names.
NAMED = 5
#: Answers that a reviewer returns as one.
CONTACT = {"contact_name", "contact_phone", "contact_email"}


def namesakes_of(company: Company) -> QuerySet[Company]:
    """Other companies of the same name."""
    return Company.objects.filter(name__iexact=company.name).exclude(pk=company.pk)


def findings_of(company: Company) -> Iterator[CaseFinding]:
    """Others that look like it: by name, by phone or address of the contact, by who registered it."""
    yield from about_others(
        namesakes_of(company),
        _("Others have the same name: %(companies)s."),
        _("Branch, twin or impostor?"),
        blocks=True,
    )
    contact = Q(contact_phone=company.contact_phone) if company.contact_phone else Q(pk__in=[])
    if company.contact_email:
        contact |= Q(contact_email__iexact=company.contact_email)
    yield from about_others(
        Company.objects.filter(contact).exclude(pk=company.pk).exclude(name__iexact=company.name),
        _("Others have the same contact: %(companies)s."),
        _("Does the contact person work for all of them?"),
    )
    if company.created_by_id is not None:
        others = Company.objects.filter(created_by=company.created_by_id).exclude(pk=company.pk).count()
        if others:
            yield CaseFinding(
                ngettext(
                    "The same person has registered %(count)s other company.",
                    "The same person has registered %(count)s other companies.",
                    others,
                )
                % {"count": others}
            )


def about_others(rows: QuerySet[Company], title: str, fix: str, *, blocks: bool = False) -> Iterator[CaseFinding]:
    """One finding that names the companies, and leads to the first."""
    others = list(rows.order_by("pk")[:NAMED])
    if others:
        names = _(", ").join(" ".join(filter(None, (row.name, row.credit_code))) for row in others)
        url = reverse("staff_company", args=[others[0].ref])
        yield CaseFinding(title % {"companies": names}, fix, blocks, url=url, action=_("Open the company"))


def changes_of(company: Company, review: Review) -> list[CaseChange]:
    """What the company changed since it was refused the time before, with the reasons of then."""
    refused = (
        Review.objects.filter(subject=review.subject, subject_id=company.pk, state=ReviewState.DECIDED)
        .exclude(decision=Decision.APPROVED)
        .filter(decided_at__lte=review.opened_at)
        .order_by("-decided_at", "-pk")
        .first()
    )
    if refused is None or refused.decided_at is None:
        return []
    rows = JournalEntry.objects.filter(
        subject="company", subject_id=company.pk, at__gte=refused.decided_at, at__lte=review.opened_at
    ).exclude(aspect__in=("state", "reveal"))
    changed = list(rows.order_by("at", "id")[:50])
    changes = [CaseChange(line.aspect_label, before=line.before, after=line.after) for line in in_words(changed)]
    touched = {row.aspect for row in changed}
    if touched & CONTACT:
        touched.add("contact")
    for item in refused.items.select_related("reason"):
        if item.item_name not in touched:
            reason = str(item.reason) if item.reason else ""
            changes.append(CaseChange(item_label(review.subject, item), reason, item.text, is_changed=False))
    return changes
