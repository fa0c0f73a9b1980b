"""Invitations: how a colleague who may have no account yet joins a company."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import ClassVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts import journal, notices
from accounts.access import CompanyRole
from accounts.companies import Company
from accounts.journal import Actor
from accounts.memberships import Membership, set_role
from accounts.references import ReferenceField
from accounts.users import User

#: How long an invitation can be accepted (D).
VALID_FOR = dt.timedelta(days=7)


class Invitation(models.Model):
    """One invitation; its token is stored hashed and mailed once."""

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=CompanyRole)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "company",
                models.functions.Lower("email"),
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_once_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.company}"


class InvitationInvalid(Exception):
    """The invitation is unknown, used, revoked, expired, or meant for another address."""


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite(*, company: Company, email: str, role: CompanyRole, by: User, actor: Actor, now: dt.datetime) -> Invitation:
    """Invite `email`, replacing an open invitation to the same address; the mail goes through the outbox.

    Whether the address has an account makes no difference that the inviting person could see.
    """
    Invitation.objects.filter(
        company=company, email__iexact=email, accepted_at__isnull=True, revoked_at__isnull=True
    ).update(revoked_at=now)
    token = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        company=company,
        email=email.lower(),
        role=role,
        token_hash=token_hash(token),
        created_at=now,
        created_by=by,
        expires_at=now + VALID_FOR,
    )
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject="invitation",
        subject_id=invitation.pk,
        aspect="state",
        after="sent",
        detail={"role": role},
    )
    notices.send_to_address(
        message=notices.Message(
            key=f"invitation:{invitation.pk}",
            kind="invitation",
            company_id=company.pk,
            context={
                "company": company.name,
                "inviter": by.get_full_name(),
                "token": token,
                "role": role,
                "language": by.language,
            },
        ),
        address=invitation.email,
        now=now,
    )
    return invitation


def find(token: str, *, now: dt.datetime) -> Invitation:
    """The open invitation of a token. Raises InvitationInvalid, alike for unknown, used, revoked and expired ones."""
    invitation = (
        Invitation.objects.select_related("company", "created_by")
        .filter(token_hash=token_hash(token), accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)
        .first()
    )
    if invitation is None:
        raise InvitationInvalid
    return invitation


@transaction.atomic
def accept(*, invitation: Invitation, user: User, actor: Actor, now: dt.datetime) -> None:
    """Make `user` a member as invited. Raises InvitationInvalid for another address or when it was used meanwhile."""
    if invitation.email.lower() != user.email.lower():
        raise InvitationInvalid
    claimed = Invitation.objects.filter(
        pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
    ).update(accepted_at=now)
    if not claimed:
        raise InvitationInvalid
    journal.record(
        at=now,
        actor=actor,
        company_id=invitation.company_id,
        subject="invitation",
        subject_id=invitation.pk,
        aspect="state",
        before="sent",
        after="accepted",
    )
    if not Membership.objects.filter(company=invitation.company, user=user).exists():
        set_role(company=invitation.company, user=user, role=CompanyRole(invitation.role), actor=actor, now=now)


@transaction.atomic
def revoke(*, invitation: Invitation, actor: Actor, now: dt.datetime) -> None:
    """Withdraw an open invitation; doing it twice does nothing."""
    if Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True).update(
        revoked_at=now
    ):
        journal.record(
            at=now,
            actor=actor,
            company_id=invitation.company_id,
            subject="invitation",
            subject_id=invitation.pk,
            aspect="state",
            before="sent",
            after="revoked",
        )


def open_invitations_of(user: User, *, now: dt.datetime) -> models.QuerySet[Invitation]:
    """The invitations that wait for the person's own address, newest first."""
    return (
        Invitation.objects.select_related("company", "created_by")
        .filter(email__iexact=user.email, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)
        .order_by("-pk")
    )
