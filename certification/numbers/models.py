"""Phone numbers, the companies' own groups, the providers that display a certification, and spreadsheet imports."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.references import ReferenceField
from accounts.users import User
from certification.naming import in_language
from certification.numbers.imports.models import ImportState, SheetImport

__all__ = [
    "ExportFormat",
    "GroupKind",
    "ImportState",
    "NumberExport",
    "NumberGroup",
    "NumberImport",
    "NumberImportRow",
    "NumberKind",
    "PhoneNumber",
    "Provider",
    "RowOutcome",
]


class Provider(models.Model):
    """Who displays the certification to receivers: the official platform or a third-party provider."""

    code = models.SlugField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    is_official = models.BooleanField(default=False)
    #: How long a certification lasts (one year (D)).
    term_months = models.PositiveSmallIntegerField(default=12)

    class Meta:
        ordering: ClassVar = ["-is_official", "id"]

    def __str__(self) -> str:
        return in_language(self.name_zh, self.name_en)


class GroupKind(models.TextChoices):
    """The levels of a company's own tree."""

    BRAND = "brand", _("Brand")
    REGION = "region", _("Region")
    STORE = "store", _("Store")


class NumberGroup(models.Model):
    """A node of a company's own tree: brand, region, store."""

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.CASCADE, related_name="number_groups")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    kind = models.CharField(_("kind"), max_length=8, choices=GroupKind, default=GroupKind.BRAND)
    name = models.CharField(_("group name"), max_length=60)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "parent", "name"], nulls_distinct=False, name="group_name_once_per_parent"
            )
        ]
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class NumberKind(models.TextChoices):
    """The shapes of numbers that can be certified."""

    MOBILE = "mobile", _("Mobile")
    LANDLINE = "landline", _("Landline")
    SERVICE = "service", _("400/800 service number")
    SHORT_CODE = "short_code", _("95/96 short code")
    SMS = "sms", _("1069 SMS number")
    FOREIGN = "foreign", _("Foreign number")


class Lifecycle(models.TextChoices):
    """A number's own certification lifecycle, as stored; what people see is derived from it (maintenance.status)."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    IN_REVIEW = "in_review", _("In review")
    RETURNED = "returned", _("Returned for correction")
    PENDING_MAINTENANCE = "pending_maintenance", _("Pending maintenance")
    CERTIFIED = "certified", _("Certified")
    REJECTED = "rejected", _("Rejected")
    LAPSED = "lapsed", _("Lapsed")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REVOKED = "revoked", _("Revoked")


class PhoneNumberQuerySet(models.QuerySet["PhoneNumber"]):
    """Reads; every one that serves a person starts at `for_user` or `of_company`."""

    def held(self) -> PhoneNumberQuerySet:
        """Numbers that their company still holds."""
        return self.filter(released_at__isnull=True)

    def held_at(self, at: dt.datetime | None) -> PhoneNumberQuerySet:
        """Numbers that their company held at the moment; None is now.

        Rows are kept when a number is released, so that its past stays readable.
        """
        if at is None:
            return self.held()
        return self.filter(models.Q(released_at__isnull=True) | models.Q(released_at__gt=at), created_at__lte=at)

    def for_user(self, user: User) -> PhoneNumberQuerySet:
        """The numbers of every company that `user` is a member of."""
        return self.filter(company__memberships__user=user)

    def of_company(self, company: Company) -> PhoneNumberQuerySet:
        """The numbers that the company holds."""
        return self.held().filter(company=company)


class PhoneNumber(models.Model):
    """One number of one company, certified through one provider.

    `lifecycle`, `lifecycle_since`, `certified_at` and `term_ends_at` have one writer: `certification.applications.lifecycle`.
    """

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.PROTECT, related_name="numbers", db_index=False)
    #: E.164, or a short code as it is dialled.
    number = models.CharField(_("number"), max_length=20)
    kind = models.CharField(_("kind"), max_length=10, choices=NumberKind)
    provider = models.ForeignKey(Provider, models.PROTECT, verbose_name=_("provider"), related_name="+", db_index=False)
    #: The name that receivers see; changing it on a certified number takes a change application.
    label = models.CharField(_("displayed name"), max_length=60, blank=True)
    #: What the company itself calls the number, so that equal masked numbers can be told apart.
    alias = models.CharField(_("alias"), max_length=60, blank=True)
    group = models.ForeignKey(
        NumberGroup, models.SET_NULL, null=True, blank=True, verbose_name=_("group"), related_name="numbers"
    )
    backup_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, verbose_name=_("backup of"), related_name="backups"
    )
    lifecycle = models.CharField(
        max_length=20, choices=Lifecycle, default=Lifecycle.DRAFT, db_default=Lifecycle.DRAFT, editable=False
    )
    lifecycle_since = models.DateTimeField(editable=False)
    certified_at = models.DateTimeField(null=True, editable=False)
    #: The local midnight at which the certification's last day is over.
    term_ends_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    #: When the company gave the number up; another company can then register it.
    released_at = models.DateTimeField(null=True, editable=False)

    objects = PhoneNumberQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            # A number belongs to one company at a time.
            models.UniqueConstraint(
                fields=["number"], condition=models.Q(released_at__isnull=True), name="number_held_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(lifecycle="certified") | models.Q(term_ends_at__isnull=False),
                name="number_certified_has_term",
            ),
            models.CheckConstraint(condition=~models.Q(backup_of=models.F("id")), name="number_not_its_own_backup"),
        ]
        indexes: ClassVar = [
            # The company's list, in order of entry, forwards and backwards (keyset).
            models.Index(fields=["company", "id"], condition=models.Q(released_at__isnull=True), name="number_list"),
            # The same as of a past moment, when it held numbers that it has given up since.
            models.Index(fields=["company", "id"], name="number_list_of_then"),
            # Who else held the same number: its row is found whether it was given up or not.
            models.Index(fields=["number"], condition=models.Q(released_at__isnull=False), name="number_given_up"),
            # Filters and counts by status read nothing but this.
            models.Index(
                fields=["company", "lifecycle", "provider", "id"],
                condition=models.Q(released_at__isnull=True),
                name="number_by_lifecycle",
            ),
            # Search by any part of the number or of the alias, within a company.
            GinIndex(
                OpClass(models.F("company_id"), "int8_ops"),
                OpClass(models.F("number"), "gin_trgm_ops"),
                OpClass(models.F("alias"), "gin_trgm_ops"),
                name="number_search",
            ),
            # The engine expires certifications whose term has passed.
            models.Index(fields=["term_ends_at"], condition=models.Q(lifecycle="certified"), name="number_term_end"),
        ]

    def __str__(self) -> str:
        return self.alias or self.label or self.ref


class NumberImportQuerySet(models.QuerySet["NumberImport"]):
    """Reads; every one that serves a person starts at `for_user` or a company."""

    def for_user(self, user: User) -> NumberImportQuerySet:
        """The imports of every company that `user` is a member of."""
        return self.filter(company__memberships__user=user)


class NumberImport(SheetImport):
    """One spreadsheet of numbers: nothing is imported until the company confirms the preview."""

    company = models.ForeignKey(Company, models.CASCADE, related_name="number_imports")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+")
    group = models.ForeignKey(NumberGroup, models.SET_NULL, null=True, blank=True, related_name="+")
    rows_accepted = models.PositiveIntegerField(default=0)
    rows_rejected = models.PositiveIntegerField(default=0)
    rows_skipped = models.PositiveIntegerField(default=0)
    #: A code of `certification.numbers.imports.sheets.FileProblem`, where the import failed.
    error = models.TextField(blank=True)

    objects = NumberImportQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["company", "-created_at"], name="number_import_list"),
            # The sweep: imports that stand still, previews that nobody confirmed.
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=["uploaded", "previewed", "queued", "running"]),
                name="number_import_open",
            ),
        ]


class RowOutcome(models.TextChoices):
    """What becomes of one row."""

    ACCEPTED = "accepted", _("Can be imported")
    REJECTED = "rejected", _("Cannot be imported")
    SKIPPED = "skipped", _("Left out")


class NumberImportRow(models.Model):
    """One row of the sheet: what it said, what became of it."""

    number_import = models.ForeignKey(NumberImport, models.CASCADE, related_name="rows", db_index=False)
    #: As the spreadsheet counts: the header is row 1.
    row = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    value = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=10, blank=True)
    label = models.CharField(max_length=60, blank=True)
    alias = models.CharField(max_length=60, blank=True)
    extension = models.CharField(max_length=8, blank=True)
    #: The groups from the top down, as `imports.group_paths` writes them.
    group_path = models.CharField(max_length=300, blank=True)
    #: The company's number that this one stands in for.
    backup_for = models.CharField(max_length=20, blank=True)
    provider = models.ForeignKey(
        Provider, models.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False
    )
    #: As the preview found it; the import turns an accepted row that was taken in the meantime into a rejected one.
    outcome = models.CharField(max_length=8, choices=RowOutcome)
    #: A stable code of `certification.numbers.problems`; empty where nothing is wrong.
    problem = models.CharField(max_length=40, blank=True)
    #: What the problem's text mentions, e.g. the row that this one repeats.
    problem_detail = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["number_import", "row"], name="number_import_row_once")
        ]
        indexes: ClassVar = [
            # The report lists the rejected rows.
            models.Index(fields=["number_import", "outcome", "row"], name="number_import_row_outcome")
        ]

    def __str__(self) -> str:
        return f"{self.number_import_id}:{self.row}"


class ExportFormat(models.TextChoices):
    """The kinds of file that a list can be written to."""

    XLSX = "xlsx", _("Excel (.xlsx)")
    CSV = "csv", _("CSV (.csv, UTF-8)")


class NumberExportQuerySet(models.QuerySet["NumberExport"]):
    """Reads."""

    def for_user(self, user: User) -> NumberExportQuerySet:
        """The exports that the person asked for, as long as they are a member of the company."""
        return self.filter(created_by=user, company__memberships__user=user)


class NumberExport(models.Model):
    """One list of numbers being written to a file by the queue; the file is fetched by who asked for it, and removed."""

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    file_format = models.CharField(_("file format"), max_length=4, choices=ExportFormat)
    language = models.CharField(max_length=10)
    #: The list's query string: the same filters apply.
    filters = models.JSONField(default=dict)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    progress_at = models.DateTimeField(null=True)
    storage_name = models.CharField(max_length=200, blank=True)
    finished_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    #: When the file was fetched first; it is removed a little later.
    fetched_at = models.DateTimeField(null=True)
    #: When the file was removed.
    removed_at = models.DateTimeField(null=True)

    objects = NumberExportQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # The sweep removes files that were fetched or are old, and restarts what stands still.
            models.Index(fields=["created_at"], condition=models.Q(removed_at__isnull=True), name="number_export_kept")
        ]

    def __str__(self) -> str:
        return self.ref
