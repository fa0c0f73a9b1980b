"""Complaints about calls: who reports them, each one as it was told, and how many a number had on a day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.references import ReferenceField
from accounts.users import User
from appeals.categories import Category
from appeals.platforms import Platform
from certification.numbers.models import PhoneNumber


class Source(models.Model):
    """Who reports complaints and marks to the portal: a connected system, a file's origin, or staff by hand."""

    ref = ReferenceField()
    #: Events are told apart by source and event id.
    name = models.CharField(_("name"), max_length=80, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class SourceKey(models.Model):
    """A secret by which a source signs its calls: 256 random bits, kept as a digest only (S12)."""

    ref = ReferenceField()
    source = models.ForeignKey(Source, models.CASCADE, related_name="keys")
    #: The beginning of the key, by which people recognise it.
    beginning = models.CharField(max_length=12)
    #: SHA-256 of the whole key, in hexadecimal; enough for a random secret of this length.
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    #: The minute whose calls are being counted, and how many there were.
    minute = models.DateTimeField(null=True)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.beginning}…"


class Complaint(models.Model):
    """One complaint about one call. Only `company`, `number` and `day` are filled in later, when an unknown number appears."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="complaints", db_index=False)
    event = models.CharField(max_length=80)
    #: Null while no company holds the number.
    company = models.ForeignKey(Company, models.PROTECT, null=True, related_name="+", db_index=False)
    number = models.ForeignKey(PhoneNumber, models.PROTECT, null=True, related_name="complaints", db_index=False)
    #: E.164, or a short code as it is dialled.
    dialled = models.CharField(max_length=20)
    at = models.DateTimeField()
    #: The local day for which it counts, in the zone that the company had when it was taken in.
    day = models.DateField(null=True)
    category = models.CharField(max_length=12, choices=Category)
    platform = models.ForeignKey(Platform, models.PROTECT, null=True, related_name="+", db_index=False)
    #: What the source calls the platform, where the portal does not know it.
    platform_name = models.CharField(max_length=40, blank=True)
    evidence = models.TextField(blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            # The same event is taken once, however often it is sent.
            models.UniqueConstraint(fields=["source", "event"], name="complaint_once"),
            models.CheckConstraint(
                condition=models.Q(number__isnull=True, company__isnull=True, day__isnull=True)
                | models.Q(number__isnull=False, company__isnull=False, day__isnull=False),
                name="complaint_known_or_not",
            ),
        ]
        indexes: ClassVar = [
            # A number's complaints, newest first.
            models.Index(
                fields=["number", "-at", "-id"], condition=models.Q(number__isnull=False), name="complaint_of_number"
            ),
            # A company's complaints, newest first.
            models.Index(
                fields=["company", "-at", "-id"], condition=models.Q(company__isnull=False), name="complaint_of_company"
            ),
            # What waits for its number to appear.
            models.Index(fields=["dialled"], condition=models.Q(number__isnull=True), name="complaint_unknown"),
            # The intake's own list, newest first.
            models.Index(fields=["-received_at", "-id"], name="complaint_received"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.event}"


class NumberComplaints(models.Model):
    """What is counted for one number; its row is locked by whoever counts, so that they take turns."""

    number = models.OneToOneField(PhoneNumber, models.CASCADE, primary_key=True, related_name="complaint_count")
    #: The counter starts again from here: when the number was last released from a lock.
    released_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.number_id)


class ComplaintDay(models.Model):
    """How many complaints a number had on one local day. Its only writer is the intake (`appeals.complaints.counters`)."""

    number = models.ForeignKey(PhoneNumber, models.CASCADE, related_name="complaint_days", db_index=False)
    day = models.DateField()
    #: All of that day.
    total = models.PositiveIntegerField(default=0)
    #: Those after the last release from a lock: what a warning and a lock go by.
    counted = models.PositiveIntegerField(default=0)
    #: When the company was warned about this day.
    warned_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["number", "day"], name="complaint_day_once")]
        indexes: ClassVar = [
            # Warned numbers show it beside their status.
            models.Index(
                fields=["number", "day"], condition=models.Q(warned_at__isnull=False), name="complaint_day_warned"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number_id} {self.day}: {self.total}"
