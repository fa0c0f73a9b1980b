"""Applications: batches of numbers submitted for certification."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.references import ReferenceField
from accounts.users import User
from certification.materials.models import Material
from certification.numbers.models import PhoneNumber


class ApplicationKind(models.TextChoices):
    """What is asked for."""

    NEW = "new", _("New certification")
    RENEWAL = "renewal", _("Renewal")
    CHANGE = "change", _("Number change")


class ApplicationState(models.TextChoices):
    """The lifecycle of an application; its transition table is `certification.applications.lifecycle.TRANSITIONS`."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    IN_REVIEW = "in_review", _("In review")
    PENDING_MAINTENANCE = "pending_maintenance", _("Pending maintenance")
    RETURNED = "returned", _("Returned for correction")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    LAPSED = "lapsed", _("Lapsed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


#: Applications in these states hold their numbers: a number can be in one of them at a time.
ACTIVE_STATES = (
    ApplicationState.SUBMITTED,
    ApplicationState.IN_REVIEW,
    ApplicationState.PENDING_MAINTENANCE,
    ApplicationState.RETURNED,
)


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Reads; every one that serves a person starts at `for_user` or a company."""

    def for_user(self, user: User) -> ApplicationQuerySet:
        """The applications of every company that `user` is a member of."""
        return self.filter(company__memberships__user=user)


class Application(models.Model):
    """A batch of numbers submitted for certification. The only writer of its state is `certification.applications.lifecycle`."""

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.PROTECT, related_name="applications", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=ApplicationKind)
    state = models.CharField(max_length=20, choices=ApplicationState, default=ApplicationState.DRAFT, editable=False)
    state_since = models.DateTimeField(editable=False)
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    #: Who calls, from which numbers, to whom, about what: with a sample script.
    purpose = models.TextField(_("purpose of the calls"), blank=True, max_length=2000)
    sample_script = models.TextField(_("sample script"), blank=True, max_length=4000)
    #: True when another person than the legal representative applies (a letter of authority is then needed).
    #: Null: not answered yet.
    applicant_is_agent = models.BooleanField(
        _("somebody other than the legal representative applies"), null=True, blank=True
    )
    #: The requirement that an application in `pending_maintenance` waits for, and until when it can.
    waits_for = models.ForeignKey(
        "certification.Requirement", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    waits_until = models.DateTimeField(null=True, blank=True, editable=False)
    #: When the company is next warned that its application will lapse (`deadlines.WARNING_DAYS`); null: not again.
    next_warning_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: Counts up with every save of the draft, so that two tabs do not overwrite each other.
    revision = models.PositiveIntegerField(default=0)
    #: Made by the form that created the draft, so that a double click makes one.
    creation_key = models.UUIDField(null=True, unique=True, editable=False)
    #: The answers as they were handed in last: what a returned application is compared with.
    submitted_answers = models.JSONField(default=dict, editable=False)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(state="pending_maintenance") | models.Q(waits_until__isnull=False),
                name="application_waits_until_a_day",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "-created_at"], name="application_list"),
            # The engine looks at the companies that have applied, not at all that ever did.
            models.Index(
                fields=["company"],
                condition=models.Q(state__in=["submitted", "in_review", "pending_maintenance"]),
                name="application_waiting",
            ),
            # The engine lapses what waited too long.
            models.Index(
                fields=["waits_until"], condition=models.Q(state="pending_maintenance"), name="application_to_lapse"
            ),
            # ... and warns before.
            models.Index(
                fields=["next_warning_at"],
                condition=models.Q(state="pending_maintenance", next_warning_at__isnull=False),
                name="application_to_warn",
            ),
        ]

    def __str__(self) -> str:
        return self.ref


class ApplicationNumber(models.Model):
    """One number of an application."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="items", db_index=False)
    number = models.ForeignKey(PhoneNumber, models.PROTECT, related_name="applications")
    #: What a change application asks for; empty otherwise.
    requested_label = models.CharField(_("new displayed name"), max_length=60, blank=True)
    #: What was asked for when the application was handed in last.
    submitted_label = models.CharField(max_length=60, blank=True, editable=False)
    #: Whether its application holds the number (in one of ACTIVE_STATES); written with the application's state.
    is_active = models.BooleanField(default=False, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "number"], name="application_number_once"),
            models.UniqueConstraint(
                fields=["number"],
                condition=models.Q(is_active=True),
                name="number_in_one_active_application",
                violation_error_message=_("This number is in another application that is still open."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.number_id}"


class ApplicationMaterial(models.Model):
    """A material as it was when the application was submitted: what the reviewer saw."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="snapshot")
    material = models.ForeignKey(Material, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["application", "material", "submitted_at"], name="application_material_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.material_id}"
