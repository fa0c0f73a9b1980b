"""Kinds of material, the requirements that ask for them, and the versions that companies upload."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company, CompanyKind, Industry
from accounts.references import ReferenceField
from accounts.users import User
from certification.naming import in_language
from certification.numbers.models import PhoneNumber


class MaterialKind(models.Model):
    """A kind of document."""

    code = models.SlugField(max_length=60, unique=True)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=80)
    description_zh = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    #: False: the document names the company (a licence). True: it names a set of numbers (a proof of ownership).
    names_numbers = models.BooleanField(default=False)
    #: Whether such a document can be valid for good (长期).
    may_be_long_term = models.BooleanField(default=True)
    #: Reading an identity document is itself journalled.
    is_identity_document = models.BooleanField(default=False)
    ordering = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering: ClassVar = ["ordering", "id"]

    def __str__(self) -> str:
        return in_language(self.name_zh, self.name_en)

    @property
    def description(self) -> str:
        """What the document must show, in the active language."""
        return in_language(self.description_zh, self.description_en)


class RequirementMoment(models.TextChoices):
    """When a requirement is asked for."""

    ALWAYS = "always", _("At all times: certification stops without it")
    APPLICATION = "application", _("With an application")


class Requirement(models.Model):
    """Companies of an industry need a material from a date on, with the policy notice that it comes from."""

    ref = ReferenceField()
    kind = models.ForeignKey(MaterialKind, models.PROTECT, related_name="requirements")
    #: Null: every industry.
    industry = models.ForeignKey(Industry, models.PROTECT, null=True, blank=True, related_name="requirements")
    #: Empty: every kind of company.
    company_kinds = ArrayField(models.CharField(max_length=20, choices=CompanyKind), default=list, blank=True)
    #: Asked for only when somebody other than the legal representative applies.
    only_for_agents = models.BooleanField(default=False)
    moment = models.CharField(max_length=12, choices=RequirementMoment, default=RequirementMoment.ALWAYS)
    #: The policy cause of the maintenance that opens where the material never existed.
    cause = models.ForeignKey("certification.MaintenanceCause", models.PROTECT, null=True, blank=True, related_name="+")
    #: Local to each company: it holds from the beginning of this day there.
    effective_from = models.DateField()
    announced_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    #: Whether applications that wait are held as 待维护 until the material is there.
    holds_applications = models.BooleanField(default=False)
    notice_zh = models.TextField(blank=True)
    notice_en = models.TextField(blank=True)
    notice_url = models.URLField(blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes: ClassVar = [
            # The reconcile step and the status derivation read what is not withdrawn.
            models.Index(
                fields=["industry", "effective_from"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="requirement_current",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} from {self.effective_from}"

    @property
    def notice(self) -> str:
        """What companies read about it, in the active language."""
        return in_language(self.notice_zh, self.notice_en)


class MaterialState(models.TextChoices):
    """A version's own state; whether an approved one is in force follows from its dates."""

    SUBMITTED = "submitted", _("Under review")
    APPROVED = "approved", _("Approved")
    RETURNED = "returned", _("Returned for correction")
    REJECTED = "rejected", _("Rejected")
    REPLACED = "replaced", _("Replaced")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class MaterialQuerySet(models.QuerySet["Material"]):
    """Reads; every one that serves a person starts at `for_user` or a company."""

    def for_user(self, user: User) -> MaterialQuerySet:
        """The materials of every company that `user` is a member of."""
        return self.filter(company__memberships__user=user)

    def valid_on(self, day: dt.date) -> MaterialQuerySet:
        """Approved versions that are valid on `day` (a date local to the company)."""
        return self.filter(
            models.Q(issued_on__isnull=True) | models.Q(issued_on__lte=day),
            models.Q(expires_on__isnull=True) | models.Q(expires_on__gte=day),
            state=MaterialState.APPROVED,
        )


class Material(models.Model):
    """One uploaded version of one kind of document of one company."""

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.PROTECT, related_name="materials", db_index=False)
    kind = models.ForeignKey(MaterialKind, models.PROTECT, related_name="materials", db_index=False)
    #: Counted per company and kind from 1.
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=MaterialState, default=MaterialState.SUBMITTED, editable=False)
    holder_name = models.CharField(_("name on the document"), max_length=120, blank=True)
    document_number = models.CharField(_("number on the document"), max_length=60, blank=True)
    issued_on = models.DateField(_("valid from"), null=True, blank=True)
    #: The last valid day, local to the company. Null with `is_long_term`: no end.
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    is_long_term = models.BooleanField(_("long-term (no end)"), default=False)
    note = models.TextField(_("note for the reviewer"), blank=True, max_length=1000)
    #: Made with the form: the same form sent twice is one version.
    submission = models.UUIDField(null=True, blank=True, editable=False)
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    #: Set on an approved version when a later one was approved and has taken its place.
    replaced_at = models.DateTimeField(null=True)

    objects = MaterialQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "kind", "version"], name="material_version_once"),
            models.UniqueConstraint(fields=["company", "submission"], name="material_submission_once"),
            models.CheckConstraint(
                condition=models.Q(is_long_term=True, expires_on__isnull=True)
                | models.Q(is_long_term=False, expires_on__isnull=False),
                name="material_ends_or_is_long_term",
                violation_error_message=_("Enter the last valid day, or choose long-term."),
            ),
            models.CheckConstraint(
                condition=models.Q(issued_on__isnull=True)
                | models.Q(expires_on__isnull=True)
                | models.Q(expires_on__gte=models.F("issued_on")),
                name="material_ends_after_it_begins",
                violation_error_message=_("The last valid day is before the first one."),
            ),
        ]
        indexes: ClassVar = [
            # The reconcile step and the matrix: is there an approved, valid version of this kind?
            models.Index(
                fields=["company", "kind", "expires_on"],
                include=["issued_on"],
                condition=models.Q(state="approved"),
                name="material_approved",
            ),
            # Whose turn it is: is a version of this kind under review?
            models.Index(fields=["company", "kind"], condition=models.Q(state="submitted"), name="material_submitted"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} v{self.version}"


class StoredDocument(models.Model):
    """What is known of a file in the store, whether it belongs to a version already or waits in a form."""

    ref = ReferenceField()
    storage_name = models.CharField(max_length=200, unique=True)
    original_name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveSmallIntegerField(default=1)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.original_name


class MaterialFile(StoredDocument):
    """One stored file of a version, checked by content and served only through a permission check."""

    material = models.ForeignKey(Material, models.CASCADE, related_name="files")

    class Meta:
        indexes: ClassVar = [
            # A reviewer is told where the same file was handed in before.
            models.Index(fields=["sha256"], name="material_file_digest"),
        ]


class StagedFile(StoredDocument):
    """A checked upload that waits for the rest of its form, so that a mistake elsewhere never costs a second upload.

    It is its uploader's own, and is swept when it was not used for a day.
    """

    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    uploaded_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(db_index=True)


class MaterialNumber(models.Model):
    """A number that a material names (a proof that it is the company's)."""

    material = models.ForeignKey(Material, models.CASCADE, related_name="named_numbers")
    number = models.ForeignKey(PhoneNumber, models.CASCADE, related_name="proofs")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["material", "number"], name="material_number_once")]

    def __str__(self) -> str:
        return f"{self.material_id}: {self.number_id}"
