"""The numbers of all companies, as staff look for them: at present or as of a past moment."""

from __future__ import annotations

import datetime as dt
import unicodedata

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from certification.maintenance.status import Status, having_status, with_status
from certification.numbers.listing import LONGEST_QUERY, searched
from certification.numbers.models import PhoneNumber, PhoneNumberQuerySet, Provider
from certification.numbers.shapes import ReadNumber, read_number

#: A name that fits more companies is no choice yet; the newest count.
MOST_COMPANIES = 200


class NumberFilter(forms.Form):
    """By number in any shape or alias, by company, provider and status."""

    q = forms.CharField(label=_("Number or alias"), required=False, max_length=LONGEST_QUERY)
    company = forms.CharField(label=_("Company (name or credit code)"), required=False, max_length=120)
    provider = forms.ModelChoiceField(
        label=_("Provider"), required=False, queryset=Provider.objects.all(), to_field_name="code", empty_label=_("All")
    )
    status = forms.ChoiceField(label=_("Status"), required=False)

    #: In which they are listed: by entry, and where it is one company's by its index.
    order: tuple[str, ...] = ("pk",)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["status"].choices = [("", _("All")), *Status.choices]  # type: ignore[attr-defined]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen, readable or not."""
        return any(self.data.get(name) for name in self.fields)

    def clean_status(self) -> str:
        """A past status is derived number by number: among those of one company or search, not among all."""
        status: str = self.cleaned_data["status"]
        if status and self.data.get("at") and not (self.data.get("company") or self.data.get("q")):
            raise forms.ValidationError(_("For a past moment, name a company or a number as well."), code="too_wide")
        return status

    def narrow(self, *, at: dt.datetime | None) -> PhoneNumberQuerySet:
        """The numbers that fit, of those held at the moment; none where the filter cannot be read. Sets `order`.

        Those of a past moment come with their status (`status.with_status`).
        """
        numbers = PhoneNumber.objects.held_at(at)
        if not self.is_valid():
            return numbers.none()
        chosen = self.cleaned_data
        if text := chosen["q"]:
            numbers = numbers.filter(matching(text))
        if text := chosen["company"]:
            companies = companies_named(text)
            if len(companies) == 1 and not chosen["q"]:
                # In the words of the index by company, see `numbers.listing.filtered`.
                numbers = numbers.filter(company__gte=companies[0], company__lte=companies[0])
                self.order = ("company_id", "pk")
            else:
                numbers = numbers.filter(company__in=companies)
        if chosen["status"]:
            numbers = having_status(numbers, [chosen["status"]], at=at)
        if at is not None:
            numbers = with_status(numbers, at=at)
        if chosen["provider"]:
            numbers = numbers.filter(**{"provider" if at is None else "provider_then": chosen["provider"].pk})
        return numbers


def matching(text: str) -> Q:
    """The number that `text` writes in any shape, or those that contain its digits, or whose alias contains it."""
    text = unicodedata.normalize("NFKC", text)
    read = read_number(text)
    return Q(number=read.number) | searched(text) if isinstance(read, ReadNumber) else searched(text)


def companies_named(text: str) -> list[int]:
    """The companies whose present name contains the text, whose credit code or reference it is."""
    found = Company.objects.filter(Q(name__icontains=text) | Q(credit_code__iexact=text) | Q(ref=text))
    return list(found.order_by("-pk").values_list("pk", flat=True)[:MOST_COMPANIES])
