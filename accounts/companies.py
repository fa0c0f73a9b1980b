"""Companies (the tenants) and the industries that decide which materials they need."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as NumberError

from accounts import journal
from accounts.journal import Actor
from accounts.references import ReferenceField

if TYPE_CHECKING:
    from accounts.users import User


class CompanyKind(models.TextChoices):
    """What sort of tenant it is; cases of public services are urgent by default."""

    ENTERPRISE = "enterprise", _("Enterprise")
    SOLE_TRADER = "sole_trader", _("Sole trader")
    INDIVIDUAL = "individual", _("Individual")
    PUBLIC_SERVICE = "public_service", _("Public service")


class Industry(models.Model):
    """A line of business; requirements are announced per industry."""

    code = models.SlugField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)

    class Meta:
        verbose_name_plural = "industries"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en


class CompanyState(models.TextChoices):
    """Whether staff have confirmed that the company is who it says it is."""

    PENDING = "pending", _("Waiting for verification")
    VERIFIED = "verified", _("Verified")
    REFUSED = "refused", _("Refused")


class CompanyQuerySet(models.QuerySet["Company"]):
    """Reads; every one that serves a person starts at `for_user`."""

    def for_user(self, user: User) -> CompanyQuerySet:
        """The companies that `user` is a member of."""
        return self.filter(memberships__user=user)


def validate_credit_code(value: str) -> None:
    """Refuse a unified social credit code (GB 32100-2015) of the wrong shape or with a wrong check digit."""
    try:
        uscc.validate(value)
    except InvalidChecksum as error:
        raise ValidationError(
            _(
                "The check digit of this credit code does not fit. Compare it with the business licence, character by character."
            ),
            code="credit_code_check_digit",
        ) from error
    except NumberError as error:
        raise ValidationError(
            _("A unified social credit code has 18 digits and capital letters (never I, O, S, V or Z)."),
            code="credit_code_shape",
        ) from error


def validate_identity_number(value: str) -> None:
    """Refuse a resident identity number (GB 11643-1999) of the wrong shape or with a wrong check digit."""
    try:
        ric.validate(value)
    except NumberError as error:
        raise ValidationError(
            _("This is not a valid identity number. It has 18 characters; the last one may be X."),
            code="identity_number",
        ) from error


def validate_time_zone(value: str) -> None:
    """Refuse names that the time zone database does not know."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Choose a time zone from the list, for example Asia/Shanghai."), code="time_zone")


class Company(models.Model):
    """A tenant: its people, numbers, materials and cases belong to it alone."""

    ref = ReferenceField()
    name = models.CharField(_("registered name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=CompanyKind)
    #: Empty for individuals only, who have an identity number instead.
    credit_code = models.CharField(
        _("unified social credit code"), max_length=18, blank=True, validators=[validate_credit_code]
    )
    #: Encrypted with `accounts.encryption`; shown masked, read only through a journalled action.
    identity_number_encrypted = models.TextField(blank=True, editable=False)
    industry = models.ForeignKey(Industry, models.PROTECT, verbose_name=_("industry"), related_name="companies")
    time_zone = models.CharField(
        _("time zone"), max_length=40, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    contact_name = models.CharField(_("contact person"), max_length=80)
    contact_phone = models.CharField(_("contact phone"), max_length=30)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    state = models.CharField(max_length=10, choices=CompanyState, default=CompanyState.PENDING, editable=False)
    state_reason = models.TextField(blank=True, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=models.functions.Now(), editable=False)
    created_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+", editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            # One company per credit code, whoever signed up first under it and was not refused.
            models.UniqueConstraint(
                fields=["credit_code"],
                condition=~models.Q(credit_code="") & ~models.Q(state="refused"),
                name="company_credit_code_once",
                violation_error_message=_("A company with this credit code exists. Ask its owner to invite you."),
            ),
            models.CheckConstraint(
                condition=models.Q(state="verified") ^ models.Q(verified_at__isnull=True),
                name="company_verified_at_iff_verified",
            ),
        ]
        indexes = [
            # The reconcile step reads verified companies by industry.
            models.Index(
                fields=["industry"], condition=models.Q(state="verified"), name="company_verified_by_industry"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The company's time zone, in which its days begin and end."""
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def is_verified(self) -> bool:
        """Whether staff have verified the company."""
        return self.state == CompanyState.VERIFIED

    def today(self, now: dt.datetime) -> dt.date:
        """The company's local date at the moment `now`."""
        return now.astimezone(self.zone).date()


class CompanyStateConflict(Exception):
    """Somebody else has decided about the company in the meantime."""

    def __init__(self, company: Company) -> None:
        super().__init__(company.state)
        self.company = company


def change_company_state(*, company: Company, to: CompanyState, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Move the company from `pending` (or `refused`) to `to`; the only writer of its state.

    Repeating a finished change does nothing. Raises CompanyStateConflict when the row has moved on.
    """
    before = company.state
    if before == to:
        return
    changes: dict[str, Any] = {
        "state": to,
        "state_reason": reason,
        "verified_at": now if to == CompanyState.VERIFIED else None,
    }
    if not Company.objects.filter(pk=company.pk, state=before).update(**changes):
        company.refresh_from_db()
        raise CompanyStateConflict(company)
    for field, value in changes.items():
        setattr(company, field, value)
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject="company",
        subject_id=company.pk,
        aspect="state",
        before=before,
        after=to,
        reason=reason,
    )
