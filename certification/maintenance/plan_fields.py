"""The parts that the forms of plans are made of: the window, how it recurs, what it does, what companies read."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import validate_time_zone
from accounts.forms import zone_choices
from accounts.working_days import CHINA
from certification.maintenance.effects import Effects
from certification.maintenance.models import MaintenanceCause
from certification.maintenance.recurrence import WEEKDAYS, Recurrence
from certification.reviews.models import ReviewKind

ENDS = [("plan", _("By itself, at the planned end")), ("hand", _("By hand; past the planned end it is overrunning"))]
REPEATS = [
    ("none", _("No, it takes place once")),
    ("daily", _("Every day")),
    ("weekly", _("Every week")),
    ("monthly", _("Every month")),
    ("rule", _("By a rule of your own (RFC 5545)")),
]
REPEAT_ENDS = [("until", _("After a last day")), ("count", _("After a number of times"))]
DAYS = list(
    zip(
        WEEKDAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
        strict=True,
    )
)
MONTH_DAYS = [
    ("", _("The day of the start")),
    *((str(day), str(day)) for day in range(1, 32)),
    ("-1", _("The last day")),
]
EFFECTS = [("cause", _("What its cause does")), ("own", _("Something else, for this plan only"))]
#: The fields of a plan's own effects, and the columns that preset them.
OWN_EFFECTS = {
    "own_suspends": "suspends_display",
    "own_factor": "review_time_factor",
    "own_defers": "defers",
    "own_urgent": "urgent_appeals_only",
}


class WindowPart(forms.Form):
    """From when to when, as the clocks of a zone show it."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        initial=CHINA.key,
        required=False,
        validators=[validate_time_zone],
        error_messages={"invalid_choice": _("Choose a time zone from the list, for example Asia/Shanghai.")},
    )
    planned_start = forms.DateTimeField(label=_("Planned start"), help_text=_("In the time zone above."))
    planned_end = forms.DateTimeField(label=_("Planned end"), help_text=_("In the time zone above."))
    ends = forms.ChoiceField(label=_("How it ends"), choices=ENDS, widget=forms.RadioSelect, initial="plan")

    def clean_time_zone(self) -> str:
        """Beijing time where none was chosen."""
        return self.cleaned_data["time_zone"] or CHINA.key

    @property
    def zone(self) -> ZoneInfo:
        """The zone that was chosen."""
        return ZoneInfo(self.cleaned_data["time_zone"])

    def local(self, name: str) -> dt.datetime:
        """A moment of the form as clocks of its zone show it."""
        moment: dt.datetime = self.cleaned_data[name]
        return timezone.make_naive(moment)

    def moment(self, name: str) -> dt.datetime:
        """The same as a moment."""
        return self.local(name).replace(tzinfo=self.zone).astimezone(dt.UTC)


class TextsPart(forms.Form):
    """What companies read; each empty one is its cause's."""

    title_zh = forms.CharField(
        label=_("Title in Chinese"), required=False, max_length=120, help_text=_("Empty: the name of the cause.")
    )
    title_en = forms.CharField(label=_("Title in English"), required=False, max_length=120)
    message_zh = forms.CharField(
        label=_("Message in Chinese"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What companies read. Empty: the sentence of the cause."),
    )
    message_en = forms.CharField(
        label=_("Message in English"), required=False, max_length=2000, widget=forms.Textarea({"rows": 3})
    )

    def texts(self) -> dict[str, str]:
        """The texts to store."""
        names = ("title_zh", "title_en", "message_zh", "message_en")
        return {name: self.cleaned_data[name].strip() for name in names}


class EffectsPart(forms.Form):
    """What it does: what its cause does, or what is chosen here. The choices are preset with the cause's."""

    effects = forms.ChoiceField(
        label=_("What it does"), choices=EFFECTS, widget=forms.RadioSelect, initial="cause", required=False
    )
    own_suspends = forms.BooleanField(label=_("Certification is not displayed meanwhile"), required=False)
    own_factor = forms.DecimalField(
        label=_("Reviews take so many times as long"),
        required=False,
        min_value=1,
        max_value=10,
        max_digits=4,
        decimal_places=2,
        help_text=_("1: as long as usual. 1.5: half as long again."),
    )
    own_defers = forms.MultipleChoiceField(
        label=_("Reviews that pause meanwhile"),
        choices=ReviewKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    own_urgent = forms.BooleanField(label=_("Only urgent appeals are worked on"), required=False)

    def preset_effects(self, cause: MaintenanceCause | None) -> None:
        """Show the cause's effects wherever none of its own were chosen, also in a form that was sent."""
        if cause is None:
            return
        for name, column in OWN_EFFECTS.items():
            self.fields[name].initial = getattr(cause, column)
        if self.is_bound and self.data.get("effects") != "own":
            data = QueryDict(mutable=True)
            data.update(self.data)
            for name, column in OWN_EFFECTS.items():
                value = getattr(cause, column)
                data.setlist(name, list(value) if isinstance(value, list) else [str(value)] if value else [])
            self.data = data

    def clean_own_factor(self) -> Any:
        """An empty factor is 1."""
        return self.cleaned_data["own_factor"] or 1

    def own_effects(self) -> Effects | None:
        """What was chosen in place of the cause's effects; None where nothing was."""
        data = self.cleaned_data
        if data["effects"] != "own":
            return None
        return Effects(data["own_suspends"], data["own_factor"], tuple(sorted(data["own_defers"])), data["own_urgent"])


class RepeatsPart(WindowPart):
    """How it recurs: plain choices that become a rule, or the rule itself."""

    repeats = forms.ChoiceField(
        label=_("Does it recur?"), choices=REPEATS, widget=forms.RadioSelect, initial="none", required=False
    )
    weekdays = forms.MultipleChoiceField(
        label=_("On which days of the week"),
        choices=DAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: the weekday of the start."),
    )
    month_day = forms.ChoiceField(
        label=_("On which day of the month"),
        choices=MONTH_DAYS,
        required=False,
        help_text=_("Months without that day are left out."),
    )
    rule = forms.CharField(
        label=_("Rule"),
        required=False,
        max_length=200,
        help_text=_("An RRULE of days, for example FREQ=MONTHLY;BYDAY=1SU. The time of day is that of the start."),
    )
    repeat_ends = forms.ChoiceField(
        label=_("When does it stop recurring?"), choices=REPEAT_ENDS, widget=forms.RadioSelect, required=False
    )
    repeat_until = forms.DateField(label=_("Last day"), required=False, help_text=_("At most two years ahead."))
    repeat_count = forms.IntegerField(label=_("How many times"), required=False, min_value=1, max_value=731)

    @property
    def recurs(self) -> bool:
        """Whether it takes place more than once."""
        return self.cleaned_data.get("repeats", "none") not in ("", "none")

    def rule_text(self) -> str:
        """The rule that the choices amount to."""
        data = self.cleaned_data
        parts = {
            "daily": ["FREQ=DAILY"],
            "weekly": ["FREQ=WEEKLY", "BYDAY=" + ",".join(data.get("weekdays", []))],
            "monthly": ["FREQ=MONTHLY", f"BYMONTHDAY={data.get('month_day', '')}"],
            "rule": data.get("rule", "").strip(" ;").split(";"),
        }[data["repeats"]]
        parts = [part for part in parts if not part.endswith("=")]
        if not any(part.strip().upper().startswith(("UNTIL=", "COUNT=")) for part in parts):
            if data.get("repeat_ends") == "until" and data.get("repeat_until"):
                parts.append(f"UNTIL={data['repeat_until']:%Y%m%d}")
            elif data.get("repeat_ends") == "count" and data.get("repeat_count"):
                parts.append(f"COUNT={data['repeat_count']}")
        return ";".join(parts)

    def recurrence(self) -> Recurrence:
        """The rule with the window that was given."""
        start = self.local("planned_start")
        length = self.local("planned_end") - start
        return Recurrence(self.rule_text(), start.date(), start.time(), length, self.zone)

    def clean(self) -> dict[str, Any]:
        """A recurrence says when it ends, and a rule is there where one was to be typed."""
        data = super().clean() or self.cleaned_data
        if not self.recurs:
            return data
        if data["repeats"] == "rule" and not data.get("rule", "").strip():
            self.add_error("rule", gettext("Enter a rule, or choose one of the other answers."))
        typed = data["repeats"] == "rule" and any(word in data.get("rule", "").upper() for word in ("UNTIL", "COUNT"))
        if typed:
            return data
        if data.get("repeat_ends") == "until" and not data.get("repeat_until") and "repeat_until" not in self.errors:
            self.add_error("repeat_until", gettext("Enter the last day, at most two years ahead."))
        elif data.get("repeat_ends") == "count" and not data.get("repeat_count") and "repeat_count" not in self.errors:
            self.add_error("repeat_count", gettext("Enter how many times it takes place."))
        elif not data.get("repeat_ends"):
            text = gettext(
                "A recurrence must end: say after which day or after how many times, at most two years ahead."
            )
            self.add_error("repeat_ends", text)
        return data
