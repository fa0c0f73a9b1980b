"""Appeals: a company's case that a mark, a lock or a decision is wrong (domain section 7)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.references import ReferenceField
from accounts.users import User
from appeals.platforms import Platform
from certification.materials.models import StoredDocument
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Review


class AppealKind(models.TextChoices):
    """What is said to be wrong."""

    MARK = "mark", _("False mark")
    LOCK = "lock", _("Complaint lock")
    DECISION = "decision", _("Decision")


class AppealState(models.TextChoices):
    """The lifecycle of an appeal; its transition table is `appeals.cases.lifecycle.TRANSITIONS`."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    IN_REVIEW = "in_review", _("In review")
    MORE_INFORMATION = "more_information", _("More information needed")
    UPHELD = "upheld", _("Upheld")
    PARTLY_UPHELD = "partly_upheld", _("Partly upheld")
    DISMISSED = "dismissed", _("Dismissed")
    SETTLED = "settled", _("Settled")
    ABANDONED = "abandoned", _("Closed without an answer")
    WITHDRAWN = "withdrawn", _("Withdrawn")


#: Appeals in these states are open: there is one at a time per number and subject.
OPEN_STATES = (AppealState.SUBMITTED, AppealState.IN_REVIEW, AppealState.MORE_INFORMATION)


class Urgency(models.TextChoices):
    """Why an appeal goes first, or does not."""

    NONE = "none", _("Not urgent")
    BY_KIND = "by_kind", _("Urgent: public service")
    ASKED = "asked", _("Marked urgent, not confirmed yet")
    CONFIRMED = "confirmed", _("Urgent, confirmed")
    REFUSED = "refused", _("Not urgent: the mark was withdrawn")


class EvidenceKind(models.TextChoices):
    """What a file is to show."""

    OWNERSHIP = "ownership", _("Proof that the numbers are yours")
    PURPOSE = "purpose", _("Purpose of the calls")
    SCRIPT = "script", _("Sample script")
    CALL_LOG = "call_log", _("Call log")
    SCREENSHOT = "screenshot", _("Screenshot of the mark")
    OTHER = "other", _("Other evidence")


class PlatformState(models.TextChoices):
    """How far the clearance on one platform has come; the table is `appeals.cases.clearance.TRANSITIONS`."""

    PENDING = "pending", _("Not asked yet")
    ASKED = "asked", _("The platform was asked")
    CLEARED = "cleared", _("Mark cleared")
    REFUSED = "refused", _("The platform refused")


class MessageKind(models.TextChoices):
    """What a message in the thread of an appeal is."""

    MESSAGE = "message", _("Message")
    QUESTION = "question", _("More information needed")
    ANSWER = "answer", _("Answer")


class AppealQuerySet(models.QuerySet["Appeal"]):
    """Reads; every one that serves a person starts at `for_user` or a company."""

    def for_user(self, user: User) -> AppealQuerySet:
        """The appeals of every company that `user` is a member of."""
        return self.filter(company__memberships__user=user)

    def open(self) -> AppealQuerySet:
        """Handed in and not over."""
        return self.filter(state__in=OPEN_STATES)


class Appeal(models.Model):
    """A company's case. The only writer of its state is `appeals.cases.lifecycle`."""

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.PROTECT, related_name="appeals", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=AppealKind)
    state = models.CharField(max_length=20, choices=AppealState, default=AppealState.DRAFT, editable=False)
    state_since = models.DateTimeField(editable=False)
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    statement = models.TextField(_("statement"), blank=True, max_length=4000)
    urgency_reason = models.TextField(_("reason for the urgency"), blank=True, max_length=1000)
    urgency = models.CharField(max_length=10, choices=Urgency, default=Urgency.NONE, editable=False)
    #: Marks on two platforms or more (domain section 6); fixed when it is handed in, because the promise hangs on it.
    is_complex = models.BooleanField(default=False, editable=False)
    #: The decision that is said to be wrong; null for marks, locks, and revoked certifications.
    appealed_review = models.ForeignKey(Review, models.PROTECT, null=True, related_name="appeals", editable=False)
    #: What is said not to be there on the checklist when it was handed in: codes of evidence, for the reviewer.
    missing_evidence = models.JSONField(default=list, editable=False)
    #: While more information is asked for: until when it can be answered, and when the engine looks at it next.
    answer_until = models.DateTimeField(null=True, editable=False)
    next_step_at = models.DateTimeField(null=True, editable=False)
    #: Counts up with every save of the draft, so that two tabs do not overwrite each other.
    revision = models.PositiveIntegerField(default=0)
    #: Made by the form that created the draft, so that a double click makes one.
    creation_key = models.UUIDField(null=True, unique=True, editable=False)

    objects = AppealQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["appealed_review"],
                condition=models.Q(state__in=["submitted", "in_review", "more_information"]),
                name="appeal_open_once_per_decision",
            ),
            models.CheckConstraint(
                condition=models.Q(state="more_information", answer_until__isnull=False, next_step_at__isnull=False)
                | (
                    ~models.Q(state="more_information") & models.Q(answer_until__isnull=True, next_step_at__isnull=True)
                ),
                name="appeal_waits_until_a_moment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "-created_at", "-id"], name="appeal_list"),
            # The engine warns about and closes what is not answered.
            models.Index(
                fields=["next_step_at"], condition=models.Q(next_step_at__isnull=False), name="appeal_next_step"
            ),
        ]

    def __str__(self) -> str:
        return self.ref


class AppealNumber(models.Model):
    """One number of an appeal, with what is said to be wrong about it.

    Marks have one subject per number, whatever the platforms: two appeals about one platform each would be ordinary,
    where one about both is complex.
    """

    appeal = models.ForeignKey(Appeal, models.CASCADE, related_name="items", db_index=False)
    number = models.ForeignKey(PhoneNumber, models.PROTECT, related_name="appeals")
    #: "mark", "lock:<primary key of the lock>", "revocation".
    subject = models.CharField(max_length=40)
    #: Whether its appeal is open; written with the appeal's state.
    is_open = models.BooleanField(default=False, editable=False)
    #: Null until it is decided: whether the appeal was upheld for this number.
    is_upheld = models.BooleanField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["appeal", "number"], name="appeal_number_once"),
            models.UniqueConstraint(
                fields=["number", "subject"],
                condition=models.Q(is_open=True),
                name="appeal_open_once_per_subject",
                violation_error_message=_("There is an open appeal about this number already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id}: {self.number_id}"


class AppealPlatform(models.Model):
    """One platform of an appeal against marks, cleared by itself. Its only writer is `appeals.cases.clearance`."""

    appeal = models.ForeignKey(Appeal, models.CASCADE, related_name="platforms", db_index=False)
    platform = models.ForeignKey(Platform, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=PlatformState, default=PlatformState.PENDING, editable=False)
    note = models.CharField(max_length=500, blank=True, editable=False)
    asked_at = models.DateTimeField(null=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering: ClassVar = ["platform_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["appeal", "platform"], name="appeal_platform_once"),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id}: {self.platform_id}"


class AppealMessage(models.Model):
    """One message between company and reviewer; what was sent stays."""

    appeal = models.ForeignKey(Appeal, models.CASCADE, related_name="messages", db_index=False)
    kind = models.CharField(max_length=10, choices=MessageKind, default=MessageKind.MESSAGE)
    at = models.DateTimeField()
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    is_by_staff = models.BooleanField()
    text = models.TextField(max_length=4000)
    #: When somebody of the other side saw it first.
    read_at = models.DateTimeField(null=True)
    #: Made with the form: the same form sent twice is one message.
    submission = models.UUIDField(null=True, unique=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["appeal", "at"], name="appeal_thread"),
            # Counts of what was not read.
            models.Index(
                fields=["appeal", "is_by_staff"], condition=models.Q(read_at__isnull=True), name="appeal_unread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id}: {self.at}"


class AppealFile(StoredDocument):
    """A file of an appeal: evidence of one kind, of one platform where it shows a mark, or attached to a message."""

    appeal = models.ForeignKey(Appeal, models.CASCADE, related_name="files")
    kind = models.CharField(max_length=12, choices=EvidenceKind, default=EvidenceKind.OTHER)
    platform = models.ForeignKey(Platform, models.PROTECT, null=True, related_name="+")
    message = models.ForeignKey(AppealMessage, models.PROTECT, null=True, related_name="files")
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    is_by_staff = models.BooleanField(default=False)
