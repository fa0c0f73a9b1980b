"""Which e-mails a person switched off; mandatory kinds cannot be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import ClassVar

from django.db import models, transaction

from accounts import journal
from accounts.journal import Actor, Change
from accounts.notices import KINDS, Audience, NoticeKind
from accounts.users import User


class NoticePreference(models.Model):
    """One kind of notice that the person wants in the portal only."""

    user = models.ForeignKey(User, models.CASCADE, related_name="muted_notices")
    kind = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "kind"], name="notice_preference_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"


def kinds_for(*, is_staff: bool, is_member: bool) -> list[NoticeKind]:
    """The kinds that such a person can get, in the order of their declaration."""
    audiences = {Audience.STAFF} if is_staff else set()
    if is_member or not is_staff:
        audiences.add(Audience.COMPANY)
    return [kind for kind in KINDS.values() if kind.audience in audiences]


def muted_kinds(user: User) -> set[str]:
    """The kinds that the person switched off."""
    return set(user.muted_notices.values_list("kind", flat=True))


@transaction.atomic
def choose_mails(*, user: User, offered: Iterable[str], wanted: Iterable[str], actor: Actor, now: dt.datetime) -> None:
    """Of the `offered` kinds mail the `wanted` ones only; what is not offered, or mandatory, stays as it is.

    The only writer of preferences; each kind that changes is journalled, repeating a choice does nothing.
    """
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)  # two windows take turns
    optional = {code for code in offered if code in KINDS and not KINDS[code].mandatory}
    muted, off = muted_kinds(user) & optional, optional - set(wanted)
    NoticePreference.objects.filter(user=user, kind__in=muted - off).delete()
    NoticePreference.objects.bulk_create([NoticePreference(user=user, kind=kind) for kind in sorted(off - muted)])
    journal.record_many(
        at=now,
        actor=actor,
        changes=[
            Change("user", user.pk, f"mail:{kind}"[:32], *(("off", "on") if kind in muted else ("on", "off")))
            for kind in sorted(muted ^ off)
        ],
    )
