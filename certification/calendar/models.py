"""The secret links by which calendar programs read a company's calendar for one person."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.companies import Company
from accounts.users import User


class CalendarFeed(models.Model):
    """One link of one person for one company; its token is stored hashed. Its only writer is `certification.calendar.links`."""

    user = models.ForeignKey(User, models.CASCADE, related_name="calendar_feeds")
    company = models.ForeignKey(Company, models.CASCADE, related_name="calendar_feeds", db_index=False)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    #: When a program read it last, to the hour.
    last_read_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "user"],
                condition=models.Q(revoked_at__isnull=True),
                name="calendar_feed_once_per_person",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.company}"
