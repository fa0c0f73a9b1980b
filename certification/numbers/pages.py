"""What the pages of numbers have in common: the way to them, and whether the person may change things."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Permission, SignedInRequest, company_role_may


class Crumb(NamedTuple):
    """One step of the breadcrumb."""

    label: str
    url: str = ""


def crumbs(*further: Crumb) -> list[Crumb]:
    """The way to a page of numbers."""
    return [Crumb(_("Numbers"), reverse("numbers:list")), *further]


def may_edit(request: SignedInRequest) -> bool:
    """Whether the person may change the company's numbers."""
    return company_role_may(request.membership.role, Permission.EDIT_COMPANY)
