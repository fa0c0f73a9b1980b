"""Maintenance is one row with a scope; planned, running and past ones are the same row at different times."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.companies import Company, Industry
from accounts.references import ReferenceField
from accounts.users import User
from certification.materials.models import Requirement
from certification.naming import in_language
from certification.numbers.models import PhoneNumber, Provider


class Family(models.TextChoices):
    """Families of causes, the most severe last."""

    TECHNICAL = "technical", _("Technical")
    POLICY = "policy", pgettext_lazy("family of causes", "Policy")
    RISK = "risk", _("Risk")


class OpenedBy(models.TextChoices):
    """What opens a maintenance of a cause; the code asks for this, never for a cause's code."""

    PLAN = "plan", _("A plan")
    REQUIREMENT = "requirement", _("A requirement that takes effect")
    EXPIRY = "expiry", _("A material that has expired")
    COMPLAINTS = "complaints", _("Complaints beyond the limit")


class LengthUnit(models.TextChoices):
    """Units in which the article gives lengths; days are calendar days unless they say working days."""

    HOURS = "hours", _("hours")
    DAYS = "days", _("days")
    WORKING_DAYS = "working_days", _("working days")


class MaintenanceCause(models.Model):
    """A row of the cause catalogue (domain section 3), edited by staff."""

    code = models.SlugField(max_length=40, unique=True)
    family = models.CharField(max_length=10, choices=Family)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    opened_by = models.CharField(max_length=12, choices=OpenedBy)
    #: The usual length; both null: until corrected.
    usual_from = models.PositiveSmallIntegerField(null=True, blank=True)
    usual_until = models.PositiveSmallIntegerField(null=True, blank=True)
    usual_unit = models.CharField(max_length=12, choices=LengthUnit, default=LengthUnit.DAYS)
    # Effects.
    suspends_display = models.BooleanField(default=False)
    #: Ends only by a reviewer's decision and shows as locked.
    locks = models.BooleanField(default=False)
    review_time_factor = models.DecimalField(max_digits=4, decimal_places=2, default=1)
    #: Which kinds of review are paused, and which kinds the factor is for (empty: new applications).
    defers = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    urgent_appeals_only = models.BooleanField(default=False)
    #: What companies read while it runs, in both languages.
    sentence_zh = models.TextField(blank=True)
    sentence_en = models.TextField(blank=True)
    #: Thresholds of causes that complaints open: warn at, lock above (per local day).
    warn_at = models.PositiveSmallIntegerField(null=True, blank=True)
    lock_above = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            # The engine takes THE cause for an expired material and for complaints.
            models.UniqueConstraint(
                fields=["opened_by"],
                condition=models.Q(opened_by__in=["expiry", "complaints"]),
                name="cause_once_for_engine",
            )
        ]
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return in_language(self.name_zh, self.name_en)

    @property
    def sentence(self) -> str:
        """What companies read while it runs, in the active language."""
        return in_language(self.sentence_zh, self.sentence_en)


class Scope(models.TextChoices):
    """What a maintenance covers."""

    EVERYTHING = "everything", _("Everything")
    PROVIDER = "provider", _("A provider")
    INDUSTRY = "industry", _("An industry")
    COMPANY = "company", _("A company")
    NUMBER = "number", _("A number")


SCOPE_FIELDS = (Scope.PROVIDER, Scope.INDUSTRY, Scope.COMPANY, Scope.NUMBER)


def scope_condition() -> models.Q:
    """Exactly the foreign key that the scope names is set."""
    condition = models.Q(scope=Scope.EVERYTHING, **{f"{field}__isnull": True for field in SCOPE_FIELDS})
    for scope in SCOPE_FIELDS:
        condition |= models.Q(scope=scope, **{f"{field}__isnull": field != scope for field in SCOPE_FIELDS})
    return condition


OPEN = models.Q(opened_at__isnull=False, closed_at__isnull=True)
#: From when to when the portal showed it as open; without an end while it is.
SHOWN = models.Func("opened_at", "closed_at", function="tstzrange", output_field=DateTimeRangeField())


class MaintenanceQuerySet(models.QuerySet["Maintenance"]):
    """Readings of the one table."""

    def open_at(self, at: dt.datetime | None = None) -> MaintenanceQuerySet:
        """What is open now, or what was open at a past moment as the portal showed it."""
        if at is None:
            return self.filter(OPEN)
        return self.alias(shown=SHOWN).filter(opened_at__isnull=False, shown__contains=at)  # type: ignore[misc]

    def planned(self) -> MaintenanceQuerySet:
        """Plans that have not started."""
        return self.filter(opened_at__isnull=True, cancelled_at__isnull=True)

    def covering_company(self, company: Company) -> MaintenanceQuerySet:
        """What covers all or some of the company's numbers as they are now; for what is over see `covered.concerning`."""
        own = Maintenance.objects.filter(company=company)
        numbers = Maintenance.objects.filter(number__in=PhoneNumber.objects.filter(company=company).values("pk"))
        # With the words of the partial indexes on what is wide.
        wide = Maintenance.objects.exclude(scope__in=[Scope.COMPANY, Scope.NUMBER]).filter(
            models.Q(scope=Scope.EVERYTHING)
            | models.Q(scope=Scope.INDUSTRY, industry_id=company.industry_id)
            | models.Q(scope=Scope.PROVIDER, provider__in=PhoneNumber.objects.of_company(company).values("provider"))
        )
        return self.filter(pk__in=own.values("pk").union(numbers.values("pk"), wide.values("pk"), all=True))


class Maintenance(models.Model):
    """One event that covers a scope from a start until it ends, for one cause.

    Planned: `planned_start`, nothing else. Running: `opened_at`. Ended: `closed_at`. Given up before its start: `cancelled_at`.
    Effects are copied from the cause (or the plan) when it opens, so that history stays true when the catalogue changes.
    """

    ref = ReferenceField()
    cause = models.ForeignKey(MaintenanceCause, models.PROTECT, related_name="+")
    scope = models.CharField(max_length=10, choices=Scope)
    provider = models.ForeignKey(Provider, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    industry = models.ForeignKey(Industry, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    number = models.ForeignKey(PhoneNumber, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    requirement = models.ForeignKey(
        Requirement, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    planned_start = models.DateTimeField(null=True, blank=True)
    planned_end = models.DateTimeField(null=True, blank=True)
    #: True: it ends at `planned_end`; False: staff end it, and past `planned_end` it is overrunning.
    ends_by_plan = models.BooleanField(default=True)
    #: When the portal noticed and showed it, and since when it truly held.
    opened_at = models.DateTimeField(null=True)
    held_since = models.DateTimeField(null=True)
    expected_from = models.DateTimeField(null=True)
    expected_until = models.DateTimeField(null=True)
    overrunning_since = models.DateTimeField(null=True)
    #: When a lead reviewer granted a company's request to put an end to it first (certification.reviews.expediting).
    expedited_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    suspends_display = models.BooleanField(default=False)
    locks = models.BooleanField(default=False)
    review_time_factor = models.DecimalField(max_digits=4, decimal_places=2, default=1)
    defers = ArrayField(models.CharField(max_length=20), default=list)
    urgent_appeals_only = models.BooleanField(default=False)

    title_zh = models.CharField(max_length=120, blank=True)
    title_en = models.CharField(max_length=120, blank=True)
    message_zh = models.TextField(blank=True)
    message_en = models.TextField(blank=True)
    achieved_zh = models.TextField(blank=True)
    achieved_en = models.TextField(blank=True)
    planned_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    #: The recurring plan that it is one time of, and when by its rule that time starts, whatever became of it.
    series = models.ForeignKey(
        "certification.MaintenanceSeries", models.PROTECT, null=True, related_name="occurrences", db_index=False
    )
    occurrence = models.DateTimeField(null=True)
    #: When the companies are next told that it is near (`advance.STEPS`); null once nothing is left to tell.
    next_notice_at = models.DateTimeField(null=True)

    objects = MaintenanceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=scope_condition(), name="maintenance_scope_names_its_key"),
            # I2: at most one open per cause, scope and requirement.
            models.UniqueConstraint(
                fields=["cause", "scope", "provider", "industry", "company", "number", "requirement"],
                condition=OPEN,
                nulls_distinct=False,
                name="maintenance_open_once",
            ),
            # I1: one open per company and requirement, whichever of the two causes opened it.
            models.UniqueConstraint(
                fields=["company", "requirement"],
                condition=OPEN & models.Q(requirement__isnull=False),
                name="maintenance_open_once_per_requirement",
            ),
            # Two plans of one cause and scope never overlap, whoever saves them at the same instant.
            ExclusionConstraint(
                name="maintenance_plans_apart",
                expressions=[
                    ("cause", RangeOperators.EQUAL),
                    ("scope", RangeOperators.EQUAL),
                    (
                        Coalesce("provider", "industry", "company", "number", models.Value(0)),
                        RangeOperators.EQUAL,
                    ),
                    (
                        models.Func(
                            "planned_start", "planned_end", function="tstzrange", output_field=DateTimeRangeField()
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=models.Q(
                    planned_start__isnull=False,
                    planned_end__isnull=False,
                    closed_at__isnull=True,
                    cancelled_at__isnull=True,
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True) | models.Q(closed_at__gte=models.F("opened_at")),
                name="maintenance_ends_after_it_opens",
            ),
            # Two ticks, or a tick and a person, plan each time of a series once.
            models.UniqueConstraint(
                fields=["series", "occurrence"],
                condition=models.Q(series__isnull=False),
                name="maintenance_occurrence_once",
            ),
            models.CheckConstraint(
                condition=models.Q(planned_end__isnull=True) | models.Q(planned_end__gt=models.F("planned_start")),
                name="maintenance_plan_ends_after_its_start",
                violation_error_message=_("The end must be after the start."),
            ),
        ]
        indexes: ClassVar = [
            # The derivation of status: what is open, by what it covers.
            models.Index(
                fields=["company"], condition=OPEN & models.Q(company__isnull=False), name="maintenance_open_company"
            ),
            models.Index(
                fields=["number"], condition=OPEN & models.Q(number__isnull=False), name="maintenance_open_number"
            ),
            models.Index(
                fields=["scope"],
                condition=OPEN & ~models.Q(scope__in=["company", "number"]),
                name="maintenance_open_wide",
            ),
            # The engine: plans whose start has come, plans whose end has come.
            models.Index(
                fields=["planned_start"],
                condition=models.Q(opened_at__isnull=True, cancelled_at__isnull=True),
                name="maintenance_to_start",
            ),
            models.Index(
                fields=["planned_end"], condition=OPEN & models.Q(planned_end__isnull=False), name="maintenance_to_end"
            ),
            # ... and plans whose companies are to be told that they are near.
            models.Index(
                fields=["next_notice_at"],
                condition=models.Q(next_notice_at__isnull=False),
                name="maintenance_to_tell",
            ),
            # What acts on reviews, open or just over.
            models.Index(
                fields=["closed_at"],
                condition=models.Q(opened_at__isnull=False)
                & (models.Q(review_time_factor__gt=1) | models.Q(urgent_appeals_only=True) | ~models.Q(defers=[])),
                name="maintenance_acts_on_reviews",
            ),
            # Status at a past moment, and history pages.
            models.Index(
                fields=["company", "opened_at"],
                condition=models.Q(company__isnull=False),
                name="maintenance_of_company",
            ),
            models.Index(
                fields=["number", "opened_at"], condition=models.Q(number__isnull=False), name="maintenance_of_number"
            ),
            models.Index(
                fields=["opened_at"],
                condition=~models.Q(scope__in=["company", "number"]),
                name="maintenance_wide_history",
            ),
            # What was open at a past moment.
            GistIndex(SHOWN, condition=models.Q(opened_at__isnull=False), name="maintenance_shown"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What it is called: its own title, else its cause's name."""
        return in_language(self.title_zh, self.title_en) or str(self.cause)

    @property
    def message(self) -> str:
        """What companies read about it: its own message, else its cause's sentence."""
        return in_language(self.message_zh, self.message_en) or self.cause.sentence

    @property
    def achieved(self) -> str:
        """What staff recorded that it achieved, in the active language."""
        return in_language(self.achieved_zh, self.achieved_en)

    @property
    def is_open(self) -> bool:
        """Whether it is running."""
        return self.opened_at is not None and self.closed_at is None


class MaintenanceUpdate(models.Model):
    """What staff posted about a maintenance while it was planned or running."""

    maintenance = models.ForeignKey(Maintenance, models.CASCADE, related_name="updates")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    text_zh = models.TextField()
    text_en = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return in_language(self.text_zh, self.text_en)


class StatusSample(models.Model):
    """What the portal showed of one number at one moment: what history is held against (I8)."""

    number = models.ForeignKey(PhoneNumber, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    status = models.CharField(max_length=20)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["at", "number"], name="status_sample_once")]

    def __str__(self) -> str:
        return f"{self.number_id}: {self.status} at {self.at}"


class TickRun(models.Model):
    """The one row that says when the engine last ran; the health page reads its age."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    counts = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="tick_run_single_row")]

    def __str__(self) -> str:
        return str(self.finished_at)
