"""Who belongs to which company, and which staff role a person holds."""

from __future__ import annotations

import datetime as dt

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts import journal
from accounts.access import CompanyRole, StaffRole
from accounts.companies import Company
from accounts.journal import Actor
from accounts.references import ReferenceField
from accounts.sessions import end_sessions
from accounts.users import User


class Membership(models.Model):
    """One user's role in one company."""

    ref = ReferenceField()
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    company = models.ForeignKey(Company, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=CompanyRole)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "company"], name="membership_once_per_company")]
        # The engine writes notices to a company's owner and administrators.
        indexes = [models.Index(fields=["company", "role"], name="membership_by_role")]

    def __str__(self) -> str:
        return f"{self.user} in {self.company} as {self.role}"


class StaffAssignment(models.Model):
    """One staff role of one person."""

    user = models.ForeignKey(User, models.CASCADE, related_name="staff_assignments")
    role = models.CharField(max_length=16, choices=StaffRole)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="staff_role_once")]

    def __str__(self) -> str:
        return f"{self.user} as {self.role}"


class LastOwner(Exception):
    """A company keeps at least one owner."""


class OwnersOnly(Exception):
    """Who is owner is for owners to say: an administrator cannot make one, or unmake one."""


def change_member(
    *, by: Membership, member: Membership, role: CompanyRole | None, actor: Actor, now: dt.datetime
) -> None:
    """Give a fellow member another role, or take their membership away with None.

    Who loses their membership loses their sessions too. Raises OwnersOnly or LastOwner.
    """
    if CompanyRole.OWNER in {member.role, role} and by.role != CompanyRole.OWNER:
        raise OwnersOnly
    set_role(company=member.company, user=member.user, role=role, actor=actor, now=now)
    if role is None and member.user_id != by.user_id:
        end_sessions(user=member.user, actor=actor, now=now)


@transaction.atomic
def set_role(*, company: Company, user: User, role: CompanyRole | None, actor: Actor, now: dt.datetime) -> None:
    """Give `user` the role in the company, or take their membership away with None; the only writer of memberships.

    Journals the change once; repeating it does nothing. Raises LastOwner when the company would be left without an owner.
    """
    Company.objects.select_for_update(of=("self",)).get(pk=company.pk)  # two owners who demote each other take turns
    membership = Membership.objects.filter(company=company, user=user).first()
    before = membership.role if membership else ""
    after = role or ""
    if before == after:
        return
    if before == CompanyRole.OWNER:
        owners = Membership.objects.filter(company=company, role=CompanyRole.OWNER)
        if not owners.exclude(user=user).exists():
            raise LastOwner
    if role is None:
        assert membership is not None
        membership.delete()
        User.objects.filter(pk=user.pk, current_company=company).update(current_company=None)
    elif membership is None:
        Membership.objects.create(company=company, user=user, role=role)
    else:
        membership.role = role
        membership.save(update_fields=["role"])
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject="membership",
        subject_id=user.pk,
        aspect=f"role:{company.pk}",
        before=before,
        after=after,
    )
