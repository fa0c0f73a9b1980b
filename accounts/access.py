"""Who may do what: one table of roles and permissions, and the decorators by which every view names its entry.

Deny by default: `AccessMiddleware` refuses a view of ours that declares no access. A company's thing that is not
the person's own does not exist for them (404); an action that their role does not include is a 403 that says whom
to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.journal import Actor

if TYPE_CHECKING:
    from accounts.companies import Company
    from accounts.memberships import Membership
    from accounts.users import User


class CompanyRole(models.TextChoices):
    """A member's role in a company."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    OPERATOR = "operator", _("Operator")
    VIEWER = "viewer", _("Viewer")


class StaffRole(models.TextChoices):
    """A role of somebody who works for the portal."""

    REVIEWER = "reviewer", _("Reviewer")
    LEAD_REVIEWER = "lead_reviewer", _("Lead reviewer")
    OPERATIONS = "operations", _("Operations")
    POLICY = "policy", _("Policy")
    AUDITOR = "auditor", _("Auditor")


class Permission(models.TextChoices):
    """What a person may do; the rows of the access table (domain section 9)."""

    MANAGE_MEMBERS = "manage_members", _("manage members and roles")
    EDIT_COMPANY = "edit_company", _("change company data, materials, applications and appeals")
    READ_COMPANY = "read_company", _("read the company's data")
    DECIDE_REVIEWS = "decide_reviews", _("claim and decide reviews")
    LEAD_REVIEWS = "lead_reviews", _("reassign, decide expedites, revoke")
    PLAN_TECHNICAL = "plan_technical", _("plan and end technical maintenance")
    EDIT_RULES = "edit_rules", _("edit requirements, policy maintenance and the catalogue")
    TAKE_COMPLAINTS = "take_complaints", _("manage sources of complaints and take complaints in")
    EDIT_REASONS = "edit_reasons", _("keep the reasons for returning and rejecting")
    READ_EVERYTHING = "read_everything", _("read everything")
    READ_DOCUMENTS = "read_documents", _("open the documents of companies")
    READ_PEOPLES_FIGURES = "read_peoples_figures", _("read the figures of single reviewers")


ALL_STAFF = frozenset(StaffRole)
COMPANY_TABLE: dict[Permission, frozenset[CompanyRole]] = {
    Permission.MANAGE_MEMBERS: frozenset({CompanyRole.OWNER, CompanyRole.ADMIN}),
    Permission.EDIT_COMPANY: frozenset({CompanyRole.OWNER, CompanyRole.ADMIN, CompanyRole.OPERATOR}),
    Permission.READ_COMPANY: frozenset(CompanyRole),
}
STAFF_TABLE: dict[Permission, frozenset[StaffRole]] = {
    Permission.DECIDE_REVIEWS: frozenset({StaffRole.REVIEWER, StaffRole.LEAD_REVIEWER}),
    Permission.LEAD_REVIEWS: frozenset({StaffRole.LEAD_REVIEWER}),
    Permission.PLAN_TECHNICAL: frozenset({StaffRole.OPERATIONS}),
    Permission.EDIT_RULES: frozenset({StaffRole.POLICY}),
    # Connecting those who report complaints is operations' work, as is what comes from them by file or by telephone.
    Permission.TAKE_COMPLAINTS: frozenset({StaffRole.OPERATIONS}),
    # Who writes the rules, and who answers for how decisions are worded.
    Permission.EDIT_REASONS: frozenset({StaffRole.POLICY, StaffRole.LEAD_REVIEWER}),
    # Each kind of staff reads what it works with; the auditor reads it all and changes nothing.
    Permission.READ_EVERYTHING: ALL_STAFF,
    # Documents are for those who judge them, and for those who check the judges.
    Permission.READ_DOCUMENTS: ALL_STAFF - {StaffRole.OPERATIONS},
    # How single people work is for who leads them, and for who checks.
    Permission.READ_PEOPLES_FIGURES: frozenset({StaffRole.LEAD_REVIEWER, StaffRole.AUDITOR}),
}


def company_role_may(role: str, permission: Permission) -> bool:
    """Whether a member with `role` has the company permission."""
    return role in COMPANY_TABLE.get(permission, frozenset())


def staff_may(user: Any, permission: Permission) -> bool:
    """Whether one of the user's staff roles has the staff permission; False for anonymous visitors."""
    return bool(user.is_authenticated and user.staff_roles & STAFF_TABLE.get(permission, frozenset()))


@dataclass(frozen=True)
class Access:
    """What a view asks of its visitor, per group of methods."""

    kind: str  # "public" | "signed_in" | "company" | "staff" | "key" (every call carries the key of a source)
    read: frozenset[Permission] = frozenset()
    write: frozenset[Permission] = frozenset()


View = TypeVar("View", bound=Callable[..., HttpResponseBase])
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def public(view: View) -> View:
    """A view that anyone may open."""
    view.access = Access("public")  # type: ignore[attr-defined]
    return login_not_required(view)


def signed_in(view: View) -> View:
    """A view for every signed-in person, member or staff."""
    view.access = Access("signed_in")  # type: ignore[attr-defined]
    return view


def company_view(
    read: Permission = Permission.READ_COMPANY, write: Permission = Permission.EDIT_COMPANY
) -> Callable[[View], View]:
    """A view of the current company: `read` for GET, `write` for everything else; needs `request.company`."""

    def mark(view: View) -> View:
        view.access = Access("company", frozenset({read}), frozenset({write}))  # type: ignore[attr-defined]
        return view

    return mark


def staff_view(
    read: Permission | tuple[Permission, ...] = Permission.READ_EVERYTHING,
    write: Permission | tuple[Permission, ...] = (),
) -> Callable[[View], View]:
    """A staff view: one of `read` for GET, one of `write` for everything else (none: the view never writes)."""

    def as_set(value: Permission | tuple[Permission, ...]) -> frozenset[Permission]:
        return frozenset({value}) if isinstance(value, Permission) else frozenset(value)

    def mark(view: View) -> View:
        view.access = Access("staff", as_set(read), as_set(write))  # type: ignore[attr-defined]
        return view

    return mark


class SignedInRequest(HttpRequest):
    """A request that passed `AccessMiddleware`: its user is a person; company views also have a membership."""

    user: User
    company: Company
    membership: Membership
    actor: Any
    #: The base template that suits the person, for pages that are not a company's.
    frame: str


class AccessMiddleware:
    """Applies each view's `access` entry before it runs, and tells the request who acts, for which company."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = Actor.of(request)  # type: ignore[attr-defined]
        request.company = request.membership = None  # type: ignore[attr-defined]
        request.frame = "base_public.html"  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        if request.user.is_authenticated and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store, private"
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Refuse, redirect, or set `request.company` and `request.membership` and let the view run."""
        access: Access | None = getattr(view, "access", None)
        if access is None:
            if view.__module__.split(".")[0] in {"portal", "accounts", "certification", "appeals"}:
                raise ImproperlyConfigured(f"{view.__module__}.{view.__qualname__} declares no access.")
            self.frame_own_pages(request)
            return None
        if access.kind in {"public", "key"} or not request.user.is_authenticated:
            return None  # anonymous visitors of everything else: LoginRequiredMiddleware; keys: the view itself
        if settings.STAFF_SECOND_FACTOR_REQUIRED and request.user.is_staff and not has_second_factor(request.user):
            return redirect("mfa_activate_totp")
        if access.kind == "company":
            return self.enter_company(request, access)
        self.frame_own_pages(request)
        if access.kind == "staff":
            if not request.user.is_staff:
                raise Http404
            wanted = access.read if request.method in SAFE_METHODS else access.write
            if not any(staff_may(request.user, permission) for permission in wanted):
                raise PermissionDenied
        return None

    def enter_company(self, request: HttpRequest, access: Access) -> HttpResponseBase | None:
        """Set the person's current company, or send those without one to where they can get one."""
        membership = current_membership(request.user)
        named = request.GET.get("company")  # links in mails name the company that they are about
        if named and membership is not None and membership.company.ref != named:
            membership = request.user.memberships.select_related("company__industry").filter(company__ref=named).first()  # type: ignore[union-attr]
            if membership is None:
                raise Http404
        if membership is None:
            return redirect("staff_home" if request.user.is_staff else "company_create")
        show_company(request, membership)
        require_company_permission(request, access)
        return None

    def frame_own_pages(self, request: HttpRequest) -> None:
        """Give pages that belong to the person, not to a company, the frame that the person is used to."""
        if not request.user.is_authenticated:
            return
        if request.user.is_staff:
            request.frame = "base_staff.html"  # type: ignore[attr-defined]
            return
        request.frame = "base_company.html"  # type: ignore[attr-defined]
        membership = current_membership(request.user)
        if membership is not None:
            show_company(request, membership)


def show_company(request: Any, membership: Membership) -> None:
    """Make the membership's company the request's, its frame and its time zone the page's."""
    request.membership, request.company = membership, membership.company
    request.frame = "base_company.html"
    timezone.activate(membership.company.zone)


def require_company_permission(request: Any, access: Access) -> None:
    """Raise PermissionDenied unless the request's membership has what `access` asks for this method."""
    wanted = access.read if request.method in SAFE_METHODS else access.write
    if not any(company_role_may(request.membership.role, permission) for permission in wanted):
        raise PermissionDenied


def current_membership(user: Any) -> Membership | None:
    """The membership in the company that the person looked at last, else their first; None without any."""
    memberships: list[Membership] = user.company_memberships
    for membership in memberships:
        if membership.company_id == user.current_company_id:
            return membership
    return memberships[0] if memberships else None


def has_second_factor(user: Any) -> bool:
    """Whether the person has an active authenticator app."""
    return bool(user.authenticator_set.filter(type="totp").exists())


def enter_company_of(request: Any, company_id: int) -> None:
    """Make the company of a thing that the person opened the request's company, so that links in mails just work.

    The person must be a member (404 otherwise), with the permission that the running view asks for (403 otherwise).
    """
    if request.company is not None and request.company.pk == company_id:
        return
    membership = request.user.memberships.select_related("company__industry").filter(company_id=company_id).first()
    if membership is None:
        raise Http404
    show_company(request, membership)
    require_company_permission(request, request.resolver_match.func.access)
    if request.method in SAFE_METHODS:
        return
    switch_company(user=request.user, company_id=company_id)


def switch_company(*, user: User, company_id: int) -> None:
    """Remember the company as the one that the person looks at."""
    user.__class__.objects.filter(pk=user.pk).update(current_company_id=company_id)  # a request's user is lazy
    user.current_company_id = company_id
