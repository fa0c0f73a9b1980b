"""Whatever waits for staff: one row with a due time, claimed by one person, decided once, with a reason."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.references import ReferenceField
from accounts.users import User
from certification.naming import in_language


class ReviewKind(models.TextChoices):
    """Kinds of staff work (domain section 6)."""

    APPLICATION = "application", _("Application")
    NUMBER_CHANGE = "number_change", _("Number change")
    MATERIAL = "material", _("Material resubmission")
    APPEAL = "appeal", _("Appeal")
    COMPLEX_APPEAL = "complex_appeal", _("Complex appeal")
    COMPLAINT_LOCK = "complaint_lock", _("Complaint lock")
    EXPEDITE = "expedite", _("Expedite request")
    COMPANY = "company", _("Company verification")


class Decision(models.TextChoices):
    """What a review can come to."""

    APPROVED = "approved", _("Approved")
    RETURNED = "returned", _("Returned for correction")
    REJECTED = "rejected", _("Rejected")
    #: For subjects that can be right in a part: an appeal about several numbers or platforms.
    PARTLY = "partly", _("Partly approved")


class ReviewState(models.TextChoices):
    """A review is open until it is decided, or its subject was withdrawn."""

    OPEN = "open", _("Open")
    DECIDED = "decided", _("Decided")
    CANCELLED = "cancelled", _("Withdrawn")


class Reason(models.Model):
    """A reason for returning or rejecting: a stable code with texts in both languages, so that lists, mails and figures agree."""

    code = models.SlugField(max_length=60, unique=True)
    #: The kinds of review it is offered for.
    kinds = models.JSONField(default=list)
    text_zh = models.TextField()
    text_en = models.TextField()
    fix_zh = models.TextField(blank=True)
    fix_en = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return in_language(self.text_zh, self.text_en)

    @property
    def fix(self) -> str:
        """How to mend it, in the active language."""
        return in_language(self.fix_zh, self.fix_en)


class Review(models.Model):
    """One piece of staff work. Its only writer is `certification.reviews.desk`."""

    ref = ReferenceField()
    kind = models.CharField(max_length=16, choices=ReviewKind)
    company = models.ForeignKey(Company, models.PROTECT, related_name="reviews", db_index=False)
    #: What is reviewed: the name that its app registered, and the primary key.
    subject = models.CharField(max_length=24)
    subject_id = models.BigIntegerField()
    #: Who handed it in, and so can never decide it.
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    #: The promise: not before / at the latest. `due_at` moves by extensions and pauses only, never earlier.
    due_from = models.DateTimeField()
    due_at = models.DateTimeField()
    is_urgent = models.BooleanField(default=False)
    is_expedited = models.BooleanField(default=False)
    overdue_since = models.DateTimeField(null=True)
    times_returned = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    claimed_at = models.DateTimeField(null=True)
    #: A claim without activity for 30 minutes is released.
    claim_active_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=ReviewState, default=ReviewState.OPEN)
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True)
    #: What the company reads; staff's own note stays inside.
    decision_text = models.TextField(blank=True)
    #: When an appeal against the decision was upheld: who made it does not decide the thing again.
    overturned_at = models.DateTimeField(null=True)
    internal_note = models.TextField(blank=True)
    #: Its place in the queue before the due time: urgent, then expedited, then overdue (domain section 6). The database keeps it.
    queue_rank = models.GeneratedField(
        expression=models.Case(models.When(is_urgent=True, then=0), default=4)
        + models.Case(models.When(is_expedited=True, then=0), default=2)
        + models.Case(models.When(overdue_since__isnull=False, then=0), default=1),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )

    class Meta:
        constraints: ClassVar = [
            # One open review per thing.
            models.UniqueConstraint(
                fields=["subject", "subject_id"], condition=models.Q(state="open"), name="review_open_once"
            ),
            # I12: a decision has a person, a moment and a reason, and the person is not the one who handed it in.
            models.CheckConstraint(
                condition=~models.Q(state="decided")
                | (
                    models.Q(decided_by__isnull=False, decided_at__isnull=False)
                    & ~models.Q(decision="")
                    & ~models.Q(decision_text="")
                ),
                name="review_decision_complete",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True)
                | models.Q(submitted_by__isnull=True)
                | ~models.Q(decided_by=models.F("submitted_by")),
                name="review_not_decided_by_submitter",
            ),
        ]
        indexes: ClassVar = [
            # The queue: urgent, expedited, overdue, then by due time; whole, and one kind of it.
            models.Index(fields=["queue_rank", "due_at", "id"], condition=models.Q(state="open"), name="review_queue"),
            models.Index(
                fields=["kind", "queue_rank", "due_at", "id"],
                condition=models.Q(state="open"),
                name="review_queue_of_kind",
            ),
            # The desk lists what is due first, and counts what will be soon.
            models.Index(fields=["due_at", "id"], condition=models.Q(state="open"), name="review_open_by_due"),
            # How many cases came into the queue since somebody looked.
            models.Index(fields=["opened_at"], condition=models.Q(state="open"), name="review_newly_open"),
            # The engine marks what has become overdue.
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="open", overdue_since__isnull=True),
                name="review_to_overdue",
            ),
            # A reviewer's own cases, and stale claims.
            models.Index(
                fields=["claimed_by", "due_at"],
                condition=models.Q(state="open", claimed_by__isnull=False),
                name="review_claimed",
            ),
            # A company's cases, newest first.
            models.Index(fields=["company", "-opened_at"], name="review_of_company"),
            # Every review of a thing.
            models.Index(fields=["subject", "subject_id", "-opened_at"], name="review_of_subject"),
            # The statistics and the calendar's paces read what was decided in some weeks, without touching the rows themselves.
            models.Index(
                fields=["decided_at"],
                include=["kind", "opened_at", "due_at", "decided_by", "id"],
                condition=models.Q(state="decided"),
                name="review_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.ref}"


class ReviewItem(models.Model):
    """What a reviewer found wrong with one item of a returned or rejected case, and how to mend it."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="items")
    #: What the item is: "material", "number" or "field", and which one.
    item = models.CharField(max_length=24)
    item_id = models.BigIntegerField(null=True)
    item_name = models.CharField(max_length=120)
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, related_name="+")
    text = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.item_name


class StagedDecision(models.Model):
    """A decision that its reviewer can still take back; written by `certification.reviews.staging`.

    Until `stands_at` nothing has happened for the company. Without `stands_at` it is no decision: only the words are kept
    for whoever wrote them, because they took it back or it could not be applied.
    """

    review = models.OneToOneField(Review, models.CASCADE, related_name="staged")
    decision = models.CharField(max_length=10, choices=Decision)
    text = models.TextField(blank=True)
    #: What is wrong with which item: the fields of `ReviewItem`, the reason by its code.
    items = models.JSONField(default=list)
    internal_note = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    decided_at = models.DateTimeField()
    #: From where it was made, for the journal.
    origin = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=36, blank=True)
    #: When it takes effect.
    stands_at = models.DateTimeField(null=True)
    #: Why it could not be applied, in the reviewer's language.
    refusal = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            # What has become due is applied.
            models.Index(fields=["stands_at"], condition=models.Q(stands_at__isnull=False), name="staged_due"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.decision}"


class ReviewTick(models.Model):
    """One line of the checklist that a reviewer ticked while holding the case; written by `certification.reviews.ticks`.

    Whoever decides leaves their ticks behind as part of the internal record.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="ticks", db_index=False)
    code = models.SlugField(max_length=40)
    reviewer = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["review", "reviewer", "code"], name="review_tick_once"),
        ]

    def __str__(self) -> str:
        return self.code


class DueTimeExtension(models.Model):
    """One extension of a due time: its cause, from when to when; shown to the company."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="extensions")
    maintenance = models.ForeignKey("certification.Maintenance", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    due_before = models.DateTimeField()
    due_after = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    #: The stretch of time that the review stood still and that this makes up for; null where it did not.
    paused_from = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            # Each maintenance makes a review longer once.
            models.UniqueConstraint(
                fields=["review", "maintenance"],
                condition=models.Q(reason="review_time_factor"),
                name="extension_once_per_factor",
            ),
            # I11: no due time moves earlier by an extension.
            models.CheckConstraint(
                condition=models.Q(due_after__gte=models.F("due_before")), name="extension_never_earlier"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.due_before} -> {self.due_after}"


class ReviewPause(models.Model):
    """One stretch of time in which a review's clock stood still, with its cause."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="pauses")
    maintenance = models.ForeignKey("certification.Maintenance", models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    #: Whether its time is in the due time of the review, or never needs to be because the review is over.
    is_counted = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["review", "maintenance"],
                condition=models.Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="pause_open_once",
            )
        ]
        indexes: ClassVar = [
            # The engine counts what has ended.
            models.Index(fields=["review"], condition=models.Q(is_counted=False), name="pause_to_count"),
        ]

    def __str__(self) -> str:
        return f"{self.started_at} - {self.ended_at}"


class DecisionFigures(models.Model):
    """How much was decided in some weeks that are over, and how long it took; written by `certification.reviews.statistics`.

    Over everything where `kind` is empty and `reviewer` null. Decisions are final, so that a row never changes.
    """

    #: The Monday of the first week, in China, and how many weeks it is about.
    first_week = models.DateField()
    weeks = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16, choices=ReviewKind, blank=True)
    reviewer = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", db_index=False)
    decided = models.PositiveIntegerField()
    in_time = models.PositiveIntegerField()
    #: Seconds; null where nothing was decided.
    median_seconds = models.FloatField(null=True)
    ninetieth_seconds = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            # One row per group; the statistics page reads the weeks of a range, or a range.
            models.UniqueConstraint(
                fields=["weeks", "first_week", "kind", "reviewer"], nulls_distinct=False, name="decision_figures_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_week} + {self.weeks}"
