"""A person who signs in: with an e-mail address, never a user name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.access import StaffRole

if TYPE_CHECKING:
    from accounts.memberships import Membership


class UserManager(BaseUserManager["User"]):
    """Makes users; addresses are compared without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Save and return a user; without a password nobody can sign in as them until a reset."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person. What they may do follows from their memberships and staff roles, never from flags here."""

    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    language = models.CharField(_("language of e-mails"), max_length=10, default="zh-hans")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(db_default=models.functions.Now())
    #: The company shown when the person signs in: the one they looked at last.
    current_company = models.ForeignKey("accounts.Company", models.SET_NULL, null=True, blank=True, related_name="+")

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The name that others read, the address where the person gave none."""
        return self.name or self.email

    @cached_property
    def staff_roles(self) -> frozenset[StaffRole]:
        """The staff roles this person holds; empty for everyone else. One query per request."""
        return frozenset(StaffRole(assignment.role) for assignment in self.staff_assignments.all())

    @cached_property
    def company_memberships(self) -> list[Membership]:
        """The person's memberships with their companies, the oldest first. One query per request."""
        return list(self.memberships.select_related("company__industry").order_by("pk"))

    @property
    def is_staff(self) -> bool:
        """Whether the person works for the portal."""
        return bool(self.staff_roles)
