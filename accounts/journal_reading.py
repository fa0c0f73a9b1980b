"""Narrowing the journal down: by person, company, subject and date."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.journal import JournalEntry
from accounts.journal_words import subject_choices
from accounts.users import User

#: A name that fits more people or companies than this is no choice yet; the newest count.
MOST_MATCHES = 200

Rows = models.QuerySet[JournalEntry]


def local_midnight(day: dt.date) -> dt.datetime:
    """The start of a day in the active time zone."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


class CompanyJournalFilter(forms.Form):
    """By subject and date; what the filter cannot read it leaves out and says so."""

    subject = forms.ChoiceField(label=_("About"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].choices = [("", _("Everything")), *subject_choices()]  # type: ignore[attr-defined]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen, readable or not."""
        return any(self.data.get(name) for name in self.fields)

    def narrow(self, rows: Rows) -> Rows:
        """The rows that fit what was chosen."""
        self.is_valid()
        chosen = self.cleaned_data
        if chosen.get("subject"):
            rows = rows.filter(subject=chosen["subject"])
        if chosen.get("since"):
            rows = rows.filter(at__gte=local_midnight(chosen["since"]))
        if chosen.get("until"):
            rows = rows.filter(at__lt=local_midnight(chosen["until"] + dt.timedelta(days=1)))
        return rows


class StaffJournalFilter(CompanyJournalFilter):
    """For staff also by person and company."""

    person = forms.CharField(label=_("Person (name or e-mail address)"), required=False, max_length=120)
    company = forms.CharField(label=_("Company (name or credit code)"), required=False, max_length=120)
    field_order = ["person", "company", "subject", "since", "until"]

    def narrow(self, rows: Rows) -> Rows:
        """The rows that fit what was chosen."""
        rows = super().narrow(rows)
        if person := self.cleaned_data.get("person"):
            people = User.objects.filter(models.Q(name__icontains=person) | models.Q(email__icontains=person))
            ids = list(people.order_by("-pk").values_list("pk", flat=True)[:MOST_MATCHES])
            about_them = models.Q(subject="user", subject_id__in=ids)
            rows = rows.filter(models.Q(actor__in=ids) | about_them)
        if company := self.cleaned_data.get("company"):
            companies = Company.objects.filter(
                models.Q(name__icontains=company) | models.Q(credit_code__iexact=company)
            )
            rows = rows.filter(company__in=list(companies.order_by("-pk").values_list("pk", flat=True)[:MOST_MATCHES]))
        return rows
