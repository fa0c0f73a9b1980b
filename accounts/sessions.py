"""A person's sessions on all their devices: which there are, and ending them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from allauth.usersessions.models import UserSession

from accounts import journal
from accounts.journal import Actor


def end_sessions(*, user: Any, actor: Actor, now: dt.datetime, only: int | None = None) -> int:
    """End every session of the person, or the one with the key `only`; return how many ended. Others' are untouched."""
    sessions = UserSession.objects.filter(user=user)
    if only is not None:
        sessions = sessions.filter(pk=only)
    ended = 0
    for session in sessions:
        session.end()
        ended += 1
    if ended:
        journal.record(
            at=now,
            actor=actor,
            subject="user",
            subject_id=user.pk,
            aspect="session",
            before=str(ended),
            after="ended",
        )
    return ended
