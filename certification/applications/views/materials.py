"""The materials of an application as rows of a page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.applications.models import Application
from certification.applications.needs import Need
from certification.applications.views.frame import step_url
from certification.materials.models import Material, MaterialState


def material_rows(application: Application, needs: list[Need]) -> list[dict[str, Any]]:
    """One row per kind: what there is, in words, and the one thing to do."""
    return [row_of(application, need) for need in needs]


def row_of(application: Application, need: Need) -> dict[str, Any]:
    """The words for one kind of material."""
    tone, label = state_of(need)
    row: dict[str, Any] = {
        "need": need,
        "material": need.material,
        "tone": tone,
        "label": label,
        "when": _("At all times") if need.always else _("With an application"),
        "url": detail_url(need.material),
        "add_url": "",
        "add_label": _("Add a new version") if need.material else _("Add the document"),
    }
    if tone in ("amber", "red") or need.unnamed:
        row["add_url"] = add_url(application, need)
    return row


def state_of(need: Need) -> tuple[str, str]:
    """Tone and words of what there is of a kind."""
    if need.material is None:
        if need.expired is not None:
            return "red", _("Expired")
        if need.refused is not None:
            return "amber", _("Returned")
        return "amber", _("Missing")
    if need.unnamed:
        words = ngettext("%(count)s number is not named", "%(count)s numbers are not named", need.unnamed)
        return "amber", words % {"count": need.unnamed}
    if need.material.state == MaterialState.SUBMITTED:
        return "blue", _("Under review")
    return "green", _("Approved")


def add_url(application: Application, need: Need) -> str:
    """Where the document is added, from where one comes back here."""
    try:
        page = reverse("materials:add")
    except NoReverseMatch:
        return ""
    return f"{page}?{urlencode({'kind': need.kind.code, 'next': step_url(application, 'materials')})}"


def detail_url(material: Material | None) -> str:
    """The material's own page."""
    if material is None:
        return ""
    try:
        return reverse("materials:detail", args=[material.ref])
    except NoReverseMatch:
        return ""
