"""Opaque references: what a person or an address calls a thing, telling nothing about how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import Func


class RandomReference(Func):
    """Twelve random hexadecimal digits (48 bits), made by PostgreSQL so that set-based inserts get one too."""

    template = "left(replace(gen_random_uuid()::text, '-', ''), 12)"
    arity = 0

    def __init__(self, **extra: Any) -> None:
        super().__init__(output_field=models.CharField(max_length=12), **extra)


if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField


class ReferenceField(CharField):
    """The unique opaque reference of a row; the database fills it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 12)
        kwargs.setdefault("unique", True)
        kwargs.setdefault("editable", False)
        kwargs.setdefault("db_default", RandomReference())
        super().__init__(*args, **kwargs)
