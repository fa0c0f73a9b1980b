"""The platforms that show marks on numbers and that complaints come from: a catalogue that staff edit."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from certification.naming import in_language


class Platform(models.Model):
    """Who shows a receiver what others say about a number: a mark database, a carrier, a maker of handsets (domain section 7)."""

    code = models.SlugField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return in_language(self.name_zh, self.name_en)
