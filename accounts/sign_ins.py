"""The journal's rows about signing in and about a person's own security: who, from where, with what outcome."""

from __future__ import annotations

import datetime as dt
from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as factor_signals
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts import journal
from accounts.journal import Actor
from accounts.users import User


def masked_address(address: str) -> str:
    """An address as the journal keeps one that belongs to nobody: its first letter and its host."""
    local, _, host = address.partition("@")
    return f"{local[:1]}***@{host}"[:120] if host else ""


def record_refusal(*, address: str, actor: Actor, now: dt.datetime, why: str) -> None:
    """Journal a refused sign-in; `why` is password, code, too_many or reauthentication. Unknown addresses stay masked."""
    user = User.objects.filter(email__iexact=address).first() if address else None
    journal.record(
        at=now,
        actor=actor,
        subject="user",
        subject_id=user.pk if user else 0,
        aspect="sign_in",
        after="refused",
        detail={"why": why} if user else {"why": why, "address": masked_address(address)},
    )


def record_own(request: HttpRequest, user: User, aspect: str, *, before: str = "", after: str = "") -> None:
    """Journal something that a person did with their own account."""
    journal.record(
        at=timezone.now(),
        actor=Actor.of(request) if request.user.is_authenticated else by_person(request, user),
        subject="user",
        subject_id=user.pk,
        aspect=aspect,
        before=before,
        after=after,
    )


def by_person(request: HttpRequest, user: User) -> Actor:
    """The person, before the request knows them: at sign-out, or while a link from a mail vouches for them."""
    visitor = Actor.of(request)
    return Actor(journal.ActorKind.PERSON, user.pk, visitor.origin, visitor.request_id)


@receiver(account_signals.user_logged_in)
def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record_own(request, user, "sign_in", after="accepted")


@receiver(user_logged_out)
def signed_out(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if request is not None and user is not None:
        record_own(request, user, "sign_out", after="ended")


@receiver(account_signals.user_signed_up)
def signed_up(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record_own(request, user, "account", after="created")


@receiver(account_signals.password_changed)
@receiver(account_signals.password_set)
def password_changed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record_own(request, user, "password", after="changed")


@receiver(account_signals.password_reset)
def password_was_reset(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record_own(request, user, "password", after="reset")


@receiver(account_signals.email_confirmed)
def address_confirmed(request: HttpRequest, email_address: Any, **kwargs: Any) -> None:
    record_own(request, email_address.user, "email", after=f"confirmed: {email_address.email}"[:120])


@receiver(account_signals.email_changed)
def address_changed(
    request: HttpRequest, user: User, from_email_address: Any, to_email_address: Any, **kwargs: Any
) -> None:
    before = from_email_address.email if from_email_address else ""
    record_own(request, user, "email", before=before[:120], after=to_email_address.email[:120])


@receiver(factor_signals.authenticator_added)
def factor_added(request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
    record_own(request, user, "second_factor", after=f"{authenticator.type}")


@receiver(factor_signals.authenticator_removed)
def factor_removed(request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
    record_own(request, user, "second_factor", before=f"{authenticator.type}")


@receiver(factor_signals.authenticator_reset)
def codes_renewed(request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
    record_own(request, user, "second_factor", before=f"{authenticator.type}", after=f"{authenticator.type}")


@receiver(factor_signals.authentication_failed)
def code_refused(request: HttpRequest, user: User, **kwargs: Any) -> None:
    journal.record(
        at=timezone.now(),
        actor=Actor.of(request),
        subject="user",
        subject_id=user.pk,
        aspect="sign_in",
        after="refused",
        detail={"why": "code"},
    )
