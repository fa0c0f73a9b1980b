"""A recurring plan: what is planned, when by an RFC 5545 rule, and up to when its times are in the calendar."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.companies import Company, Industry
from accounts.references import ReferenceField
from accounts.users import User
from certification.maintenance.models import MaintenanceCause, Scope
from certification.maintenance.recurrence import Recurrence
from certification.naming import in_language
from certification.numbers.models import Provider


class MaintenanceSeries(models.Model):
    """One recurring plan. Its times are ordinary `Maintenance` rows, made for the calendar's horizon.

    What is different from a moment on is another series that `follows` this one: what was, stays true.
    """

    ref = ReferenceField()
    cause = models.ForeignKey(MaintenanceCause, models.PROTECT, related_name="+")
    scope = models.CharField(max_length=10, choices=Scope)
    provider = models.ForeignKey(Provider, models.PROTECT, null=True, blank=True, related_name="+")
    industry = models.ForeignKey(Industry, models.PROTECT, null=True, blank=True, related_name="+")
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="+")

    #: The RRULE with its end, without DTSTART; its days are those of `time_zone`.
    rule = models.CharField(max_length=250)
    time_zone = models.CharField(max_length=40)
    #: The first day and the time of day, both as clocks in `time_zone` show them, and how long each time lasts there.
    starts_on = models.DateField()
    starts_at = models.TimeField()
    length = models.DurationField()
    #: When it was ended or replaced, and from which time on.
    ended_at = models.DateTimeField(null=True)
    ended_from = models.DateTimeField(null=True)
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="followed_by")
    #: When its next time comes within the horizon; null when all that it has are planned.
    next_due_at = models.DateTimeField(null=True)

    ends_by_plan = models.BooleanField(default=True)
    suspends_display = models.BooleanField(default=False)
    review_time_factor = models.DecimalField(max_digits=4, decimal_places=2, default=1)
    defers = ArrayField(models.CharField(max_length=20), default=list)
    urgent_appeals_only = models.BooleanField(default=False)
    title_zh = models.CharField(max_length=120, blank=True)
    title_en = models.CharField(max_length=120, blank=True)
    message_zh = models.TextField(blank=True)
    message_en = models.TextField(blank=True)
    planned_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(scope=Scope.EVERYTHING, provider=None, industry=None, company=None)
                | models.Q(scope=Scope.PROVIDER, provider__isnull=False, industry=None, company=None)
                | models.Q(scope=Scope.INDUSTRY, provider=None, industry__isnull=False, company=None)
                | models.Q(scope=Scope.COMPANY, provider=None, industry=None, company__isnull=False),
                name="series_scope_names_its_key",
            ),
            models.CheckConstraint(condition=models.Q(length__gt=dt.timedelta(0)), name="series_lasts"),
        ]
        indexes: ClassVar = [
            # The engine: series whose next time comes within the horizon.
            models.Index(fields=["next_due_at"], condition=models.Q(next_due_at__isnull=False), name="series_due"),
            # Plans of the same cause and scope must not meet its later times.
            models.Index(fields=["cause", "scope"], condition=models.Q(ended_at__isnull=True), name="series_running"),
        ]

    def __str__(self) -> str:
        return in_language(self.title_zh, self.title_en) or str(self.cause)

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose clocks its times follow."""
        return ZoneInfo(self.time_zone)

    @property
    def recurrence(self) -> Recurrence:
        """Its rule and window, for arithmetic and words."""
        return Recurrence(self.rule, self.starts_on, self.starts_at, self.length, self.zone)
