"""Looking back: `?at=` on the pages of staff, how it is read, and how links keep it.

A page as of a moment shows what the portal showed then. A date alone means the end of that day; days are those of the
active time zone. Companies' pages do not look back: they ignore `?at=`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: Nothing was recorded before; a year like 0202 is a slip of the hand.
EARLIEST_YEAR = 2000
INSTANT = dt.timedelta(microseconds=1)


def read_moment(text: str, *, now: dt.datetime) -> dt.datetime | None:
    """The moment that `text` names: an ISO date (its end, or `now` for today) or date and time; None for an empty text.

    Raises ValidationError, in words for people, where it names none or one that has not come yet.
    """
    text = text.strip()
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text) if len(text) == len("2026-05-03") else None
        # A + in an address arrives as a space.
        moment = dt.datetime.fromisoformat(text.replace(" ", "+", 1) if "T" in text else text)
    except ValueError as error:
        raise ValidationError(
            _("This is no date and time. Write it like 2026-05-03 or 2026-05-03T14:00."), code="moment"
        ) from error
    if moment.year < EARLIEST_YEAR or moment.year >= dt.MAXYEAR:
        raise ValidationError(
            _("Enter a year from %(year)d on.") % {"year": EARLIEST_YEAR}
            if moment.year < EARLIEST_YEAR
            else _("This moment has not come yet. Enter a past one."),
            code="moment",
        )
    if moment.tzinfo is None:
        moment = timezone.make_aware(moment)
    if day is not None and moment <= now:
        return min(moment + dt.timedelta(days=1) - INSTANT, now)
    if moment > now:
        raise ValidationError(_("This moment has not come yet. Enter a past one."), code="future")
    return moment


class LookBackForm(forms.Form):
    """The field in which one chooses the moment; what cannot be read stays in it."""

    at = forms.CharField(
        label=gettext_lazy("As it was on"),
        required=False,
        max_length=40,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "autocomplete": "off"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean_at(self) -> dt.datetime | None:
        """The moment."""
        try:
            return read_moment(self.cleaned_data["at"], now=self.now)
        except ValidationError:
            # The browser's own control would drop a text that is no moment.
            self.fields["at"].widget = forms.TextInput(attrs={"autocomplete": "off"})
            raise


@dataclass(frozen=True)
class LookBack:
    """The moment that a page is about: `at` None is the present."""

    at: dt.datetime | None
    #: As it stands in addresses.
    text: str
    form: LookBackForm
    #: The same page at present.
    present_url: str
    #: What else the address says, to be sent along with another moment.
    kept: list[tuple[str, str]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether the address names no moment that can be looked back to."""
        return bool(self.form.errors)

    @property
    def status(self) -> int:
        """The HTTP status of a page that shows nothing but the message."""
        return 422 if self.failed else 200

    @property
    def error_forms(self) -> list[LookBackForm]:
        """For the page's error summary."""
        return [self.form] if self.failed else []

    def url(self, address: str, query: Mapping[str, str] | None = None) -> str:
        """`address` with `query` and the moment."""
        values = {name: value for name, value in {**(query or {}), "at": self.text}.items() if value}
        return f"{address}?{urlencode(values)}" if values else address


def look_back(request: HttpRequest, *, now: dt.datetime) -> LookBack:
    """What `?at=` of the request asks for."""
    text = request.GET.get("at", "").replace("\0", "").strip()[:60]
    form = LookBackForm({"at": text}, now=now)
    at = form.cleaned_data.get("at") if form.is_valid() else None
    if at is not None:  # as the control of the browser writes it
        shown = timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")
        form = LookBackForm(initial={"at": shown}, now=now)
    rest = request.GET.copy()
    for name in ("at", "after", "before", "page"):
        rest.pop(name, None)
    return LookBack(
        at=at,
        text=text if at is not None else "",
        form=form,
        present_url=f"{request.path}?{rest.urlencode()}" if rest else request.path,
        kept=[(name, str(value)) for name, values in rest.lists() for value in values],
    )
