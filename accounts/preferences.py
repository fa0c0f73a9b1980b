"""Which e-mails a person switched off; mandatory kinds cannot be."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.users import User


class NoticePreference(models.Model):
    """One kind of notice that the person wants in the portal only."""

    user = models.ForeignKey(User, models.CASCADE, related_name="muted_notices")
    kind = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "kind"], name="notice_preference_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
