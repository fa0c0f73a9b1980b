"""Requests to put a case first that is later than promised."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.references import ReferenceField
from accounts.users import User
from certification.maintenance.models import Maintenance
from certification.reviews.models import Review


class ExpediteState(models.TextChoices):
    """Where a request stands."""

    REQUESTED = "requested", _("With the lead reviewer")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Not granted")
    NOT_NEEDED = "not_needed", _("No longer needed")


#: The lifecycle of a request as data: from -> the states it can move to.
TRANSITIONS: dict[ExpediteState, tuple[ExpediteState, ...]] = {
    ExpediteState.REQUESTED: (ExpediteState.GRANTED, ExpediteState.REFUSED, ExpediteState.NOT_NEEDED),
    ExpediteState.GRANTED: (),
    ExpediteState.REFUSED: (),
    ExpediteState.NOT_NEEDED: (),
}


class ExpediteQuerySet(models.QuerySet["ExpediteRequest"]):
    """Reads; every one that serves a person starts at `for_user` or a company."""

    def for_user(self, user: User) -> ExpediteQuerySet:
        """The requests of every company that `user` is a member of."""
        return self.filter(company__memberships__user=user)

    def open(self) -> ExpediteQuerySet:
        """Requests that nobody has decided."""
        return self.filter(state=ExpediteState.REQUESTED)


class ExpediteRequest(models.Model):
    """One company asks once for one review or maintenance of its. Its only writer is `appeals.expedite.requests`."""

    ref = ReferenceField()
    company = models.ForeignKey(Company, models.PROTECT, related_name="expedite_requests", db_index=False)
    #: What is late: one of the two.
    review = models.ForeignKey(Review, models.PROTECT, null=True, related_name="+", db_index=False)
    maintenance = models.ForeignKey(Maintenance, models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.TextField()
    state = models.CharField(max_length=10, choices=ExpediteState, default=ExpediteState.REQUESTED)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    settled_at = models.DateTimeField(null=True)
    #: The review in which the lead decides it; the requests of several companies about one maintenance share it.
    case = models.ForeignKey(Review, models.PROTECT, null=True, related_name="+", db_index=False)

    objects = ExpediteQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(review__isnull=False, maintenance__isnull=True)
                | models.Q(review__isnull=True, maintenance__isnull=False),
                name="expedite_names_what_is_late",
            ),
            # One open request per case; a maintenance is a case of each company that it covers.
            models.UniqueConstraint(
                fields=["review"],
                condition=models.Q(state="requested", review__isnull=False),
                name="expedite_open_once_per_review",
            ),
            models.UniqueConstraint(
                fields=["maintenance", "company"],
                condition=models.Q(state="requested", maintenance__isnull=False),
                name="expedite_open_once_per_maintenance",
            ),
        ]
        indexes: ClassVar = [
            # What was asked for a review, or for a maintenance; the latest first.
            models.Index(fields=["review", "-id"], condition=models.Q(review__isnull=False), name="expedite_of_review"),
            models.Index(
                fields=["maintenance", "company", "-id"],
                condition=models.Q(maintenance__isnull=False),
                name="expedite_of_maintenance",
            ),
            # The requests that one decision settles.
            models.Index(fields=["case"], name="expedite_by_case"),
            # What is open, for the sweep.
            models.Index(fields=["id"], condition=models.Q(state="requested"), name="expedite_open"),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def thing(self) -> Review | Maintenance:
        """What is late."""
        late = self.review or self.maintenance
        assert late is not None  # expedite_names_what_is_late
        return late
