"""Marks: what platforms show about a number, and every sighting and clearance from which that is read."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.references import ReferenceField
from accounts.users import User
from appeals.categories import Category
from appeals.platforms import Platform
from certification.materials.models import StoredDocument
from certification.numbers.models import PhoneNumber


class Origin(models.TextChoices):
    """Who says so. What a company says is an assertion until the platform or staff say the same."""

    PLATFORM = "platform", _("Platform")
    STAFF = "staff", _("Staff")
    COMPANY = "company", _("Company")


class MarkQuerySet(models.QuerySet["Mark"]):
    """Reads; every one that serves a person starts at `for_user` or with a company's numbers."""

    def for_user(self, user: User) -> MarkQuerySet:
        """The marks on numbers of every company that `user` is a member of."""
        return self.filter(company__memberships__user=user)

    def seen(self) -> MarkQuerySet:
        """Marks that somebody has seen, cleared or not; without those of which only a clearance was heard."""
        return self.filter(episodes__gt=0)

    def open(self) -> MarkQuerySet:
        """Marks that stand, as far as anybody has said."""
        return self.filter(cleared_at__isnull=True)


class Mark(models.Model):
    """What one platform shows about one number: a reading of its sightings, kept so that lists need not read them all.

    Its only writer is `appeals.marks.marks`. Everything but `episodes` and `cleared_before` is about the present
    episode: from the first sighting after the last clearance on.
    """

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.PROTECT, related_name="marks", db_index=False)
    number = models.ForeignKey(PhoneNumber, models.PROTECT, related_name="marks", db_index=False)
    platform = models.ForeignKey(Platform, models.PROTECT, related_name="+", db_index=False)
    label = models.CharField(max_length=12, choices=Category, default=Category.OTHER)
    #: By how many people, where the platform says so.
    people = models.PositiveIntegerField(null=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    #: False while nobody but the company has said so.
    is_confirmed = models.BooleanField(default=False)
    #: How often it has come up: more than 1 is a mark that returned. 0: only its clearance was heard of.
    episodes = models.PositiveSmallIntegerField(default=0)
    #: When it was cleared before this episode, the last time.
    cleared_before = models.DateTimeField(null=True)

    objects = MarkQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["number", "platform"], name="mark_once_per_platform"),
            models.CheckConstraint(
                condition=models.Q(last_seen_at__gte=models.F("first_seen_at")), name="mark_last_seen_after_first"
            ),
            models.CheckConstraint(
                condition=models.Q(episodes__gt=0) | models.Q(cleared_at__isnull=False), name="mark_open_was_seen"
            ),
        ]
        indexes: ClassVar = [
            # A company's open marks, the latest first (keyset).
            models.Index(
                fields=["company", "-last_seen_at", "-id"],
                condition=models.Q(cleared_at__isnull=True),
                name="mark_open_of_company",
            ),
            # What the desk has to confirm.
            models.Index(
                fields=["-last_seen_at", "-id"],
                condition=models.Q(cleared_at__isnull=True, is_confirmed=False),
                name="mark_to_confirm",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform}: {self.get_label_display()}"

    @property
    def is_open(self) -> bool:
        """Whether it stands."""
        return self.cleared_at is None

    @property
    def has_returned(self) -> bool:
        """Whether it had been cleared and came back."""
        return self.episodes > 1


class MarkSighting(models.Model):
    """One thing that somebody said about a mark: it was there at that moment, or it was cleared. Never changed."""

    mark = models.ForeignKey(Mark, models.CASCADE, related_name="sightings", db_index=False)
    #: Who said it, by the name that their event ids are counted under; the same event is taken once.
    source = models.CharField(max_length=80)
    event = models.CharField(max_length=80)
    origin = models.CharField(max_length=10, choices=Origin)
    at = models.DateTimeField()
    is_clearance = models.BooleanField(default=False)
    label = models.CharField(max_length=12, choices=Category, default=Category.OTHER)
    people = models.PositiveIntegerField(null=True)
    reason = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "event"], name="sighting_once")]
        indexes: ClassVar = [
            # A mark is read from its sightings in their order.
            models.Index(fields=["mark", "at", "id"], name="sighting_of_mark"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.event}"


class UnknownMarkQuerySet(models.QuerySet["UnknownMark"]):
    """Reads of what waits for its number."""

    def with_a_holder(self) -> UnknownMarkQuerySet:
        """What is said of numbers that a company holds by now."""
        held = PhoneNumber.objects.held().filter(number=models.OuterRef("dialled"))
        return self.filter(models.Exists(held))


class UnknownMark(models.Model):
    """One thing that was said about a number that no company holds; it becomes a sighting when the number appears.

    Its only writer is `appeals.marks.unknown`.
    """

    source = models.CharField(max_length=80)
    event = models.CharField(max_length=80)
    origin = models.CharField(max_length=10, choices=Origin)
    #: E.164, or a short code as it is dialled.
    dialled = models.CharField(max_length=20)
    platform = models.ForeignKey(Platform, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    is_clearance = models.BooleanField(default=False)
    label = models.CharField(max_length=12, choices=Category, default=Category.OTHER)
    people = models.PositiveIntegerField(null=True)
    reason = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    objects = UnknownMarkQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "event"], name="unknown_mark_once")]
        indexes: ClassVar = [
            # Whoever registers numbers asks what was said of them; the staff's page counts by number.
            models.Index(fields=["dialled"], name="unknown_mark_number"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.event}"


class MarkScreenshot(StoredDocument):
    """What a company shows as evidence of a mark that it reports."""

    sighting = models.ForeignKey(MarkSighting, models.CASCADE, related_name="screenshots")
