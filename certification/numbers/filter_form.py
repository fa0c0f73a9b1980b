"""What the list can be narrowed by, with its choices read in one query."""

from __future__ import annotations

from django import forms
from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from certification.naming import in_language
from certification.numbers.listing import Filters
from certification.numbers.models import NumberGroup

#: More groups than this are not put into a menu; the page of groups leads to each one's numbers.
MOST_GROUPS = 200


class FilterForm(forms.Form):
    """The filter bar of the list; a GET form, so that a filtered list has an address."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Any part of a number or alias")}),
    )
    group = forms.ChoiceField(label=_("Group"), required=False)
    provider = forms.ChoiceField(label=_("Provider"), required=False)
    backup = forms.ChoiceField(
        label=_("Backup"),
        required=False,
        choices=[
            ("", _("All")),
            ("primary", _("Primary numbers")),
            ("covered", _("Primary, with a backup")),
            ("uncovered", _("Primary, without a backup")),
            ("backup", _("Backup numbers")),
        ],
    )
    status = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, company: Company, filters: Filters) -> None:
        super().__init__(initial=vars(filters))
        groups, providers = options(company)
        every = ("", gettext("All"))
        if filters.group and filters.group not in {ref for ref, _name in groups} | {"none"}:
            chosen = NumberGroup.objects.filter(company=company, ref=filters.group).first()
            groups = ([(chosen.ref, chosen.name)] if chosen else []) + groups
        self.fields["group"].choices = [every, ("none", gettext("Without a group")), *groups]  # type: ignore[attr-defined]
        self.fields["provider"].choices = [every, *providers]  # type: ignore[attr-defined]


OPTIONS = """
    (SELECT 'group', ref, name, '' FROM certification_numbergroup WHERE company_id = %s LIMIT %s)
    UNION ALL SELECT 'provider', code, name_zh, name_en FROM certification_provider
"""


def options(company: Company) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The company's groups, as far as they fit a menu, and the providers; in one query."""
    with connection.cursor() as cursor:
        cursor.execute(OPTIONS, [company.pk, MOST_GROUPS + 1])
        rows = cursor.fetchall()
    named = sorted(((ref, name) for sort, ref, name, _ in rows if sort == "group"), key=lambda item: item[1])
    providers = [(code, in_language(zh, en)) for sort, code, zh, en in rows if sort == "provider"]
    return (named if len(named) <= MOST_GROUPS else []), providers
