"""The one writer of what a person says about themself."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts import journal
from accounts.journal import Actor, Change
from accounts.users import User


@transaction.atomic
def change_person(*, user: User, name: str, language: str, actor: Actor, now: dt.datetime) -> None:
    """Store the person's name and language, journalling what differs."""
    current = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    wanted = {"name": name, "language": language}
    changes = [
        Change("user", user.pk, field, str(getattr(current, field))[:120], value[:120])
        for field, value in wanted.items()
        if getattr(current, field) != value
    ]
    if not changes:
        return
    User.objects.filter(pk=user.pk).update(**wanted)
    user.name, user.language = name, language
    journal.record_many(at=now, actor=actor, changes=changes)
