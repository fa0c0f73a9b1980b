"""What is due to be reminded of, and when next."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.companies import Company
from certification.materials.models import Material


class Reminder(models.Model):
    """One coming expiry of one company: a material's, or that of all certifications whose term ends the same day.

    `next_due_at` is the indexed due column of the engine's sweep; null once nothing is left to remind of.
    """

    company = models.ForeignKey(Company, models.CASCADE, related_name="reminders", db_index=False)
    material = models.OneToOneField(Material, models.CASCADE, null=True, blank=True, related_name="reminder")
    #: For certification terms: the moment at which they end.
    term_ends_at = models.DateTimeField(null=True, blank=True)
    #: The last valid day, local to the company.
    expires_on = models.DateField()
    next_due_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(material__isnull=True) ^ models.Q(term_ends_at__isnull=True),
                name="reminder_has_one_subject",
            ),
            models.UniqueConstraint(
                fields=["company", "term_ends_at"], condition=models.Q(material__isnull=True), name="reminder_term_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_due_at"], condition=models.Q(next_due_at__isnull=False), name="reminder_due"),
            models.Index(fields=["company", "expires_on"], name="reminder_of_company"),
        ]

    def __str__(self) -> str:
        return f"{self.company_id}: {self.expires_on}"
