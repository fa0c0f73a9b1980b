"""Who belongs to a company: members, their roles, invitations."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import invitations
from accounts.access import (
    CompanyRole,
    Permission,
    SignedInRequest,
    company_role_may,
    company_view,
    public,
    signed_in,
    switch_company,
)
from accounts.forms import InvitationForm, RoleForm
from accounts.invitations import Invitation, InvitationInvalid
from accounts.memberships import LastOwner, Membership, OwnersOnly, change_member
from accounts.views.reauthentication import recently_authenticated
from accounts.views.settings_menu import settings_tabs

members_view = company_view(read=Permission.READ_COMPANY, write=Permission.MANAGE_MEMBERS)
managing_view = company_view(read=Permission.MANAGE_MEMBERS, write=Permission.MANAGE_MEMBERS)


@members_view
def members(request: SignedInRequest) -> HttpResponse:
    """Everybody in the company, and whom it has invited."""
    now = timezone.now()
    people = Membership.objects.filter(company=request.company).select_related("user").order_by("pk")
    waiting = (
        Invitation.objects.filter(company=request.company, accepted_at__isnull=True, revoked_at__isnull=True)
        .select_related("created_by")
        .order_by("-pk")
    )
    context = {
        "people": people,
        "waiting": waiting,
        "now": now,
        "may_manage": company_role_may(request.membership.role, Permission.MANAGE_MEMBERS),
        "tabs": settings_tabs(request, "settings:members"),
    }
    return render(request, "settings/members.html", context)


@managing_view
@recently_authenticated
def member(request: SignedInRequest, ref: str) -> HttpResponse:
    """Change a member's role."""
    person = fellow_member(request, ref)
    initial = {"role": person.role, **request.kept}  # type: ignore[attr-defined]
    form = RoleForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST":
        if form.is_valid() and try_to_change(request, form, person, CompanyRole(form.cleaned_data["role"])):
            messages.success(request, _("Saved."))
            return redirect("settings:members")
        status = 422
    context = {"form": form, "person": person, "tabs": settings_tabs(request, "settings:members")}
    return render(request, "settings/member.html", context, status=status)


@managing_view
@recently_authenticated
def member_remove(request: SignedInRequest, ref: str) -> HttpResponse:
    """Take a membership away, after a look at what that means."""
    person = fellow_member(request, ref)
    form = RoleForm({"role": person.role})
    status = 200
    if request.method == "POST":
        form.is_valid()
        if try_to_change(request, form, person, None):
            messages.success(request, _("The membership has ended."))
            return redirect("overview" if person.user_id == request.user.pk else "settings:members")
        status = 422
    context = {"form": form, "person": person, "tabs": settings_tabs(request, "settings:members")}
    return render(request, "settings/member_remove.html", context, status=status)


def fellow_member(request: SignedInRequest, ref: str) -> Membership:
    """A member of the current company; 404 for everybody else."""
    person = Membership.objects.filter(company=request.company, ref=ref).select_related("user", "company").first()
    if person is None:
        raise Http404
    return person


def try_to_change(request: SignedInRequest, form: RoleForm, person: Membership, role: CompanyRole | None) -> bool:
    """Change the role; False, with the reason in the form, when the rules forbid it."""
    try:
        change_member(by=request.membership, member=person, role=role, actor=request.actor, now=timezone.now())
    except LastOwner:
        form.add_error("role", _("A company keeps at least one owner. Make somebody else owner first."))
    except OwnersOnly:
        form.add_error("role", _("Only an owner can make somebody owner, or change or remove an owner."))
    else:
        return True
    return False


@managing_view
@recently_authenticated
def invite(request: SignedInRequest) -> HttpResponse:
    """Invite a colleague, who may have no account yet."""
    form = InvitationForm(request.POST if request.method == "POST" else None, initial=request.kept)  # type: ignore[attr-defined]
    status = 200
    if request.method == "POST":
        if form.is_valid() and may_invite(request, form):
            invitations.invite(
                company=request.company,
                email=form.cleaned_data["email"],
                role=CompanyRole(form.cleaned_data["role"]),
                by=request.user,
                actor=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("The invitation is on its way. It can be accepted for seven days."))
            return redirect("settings:members")
        status = 422
    context = {"form": form, "tabs": settings_tabs(request, "settings:members")}
    return render(request, "settings/invite.html", context, status=status)


def may_invite(request: SignedInRequest, form: InvitationForm) -> bool:
    """Whether the invitation makes sense: owners invite owners, and nobody is invited who is a member."""
    if form.cleaned_data["role"] == CompanyRole.OWNER and request.membership.role != CompanyRole.OWNER:
        form.add_error("role", _("Only an owner can make somebody owner, or change or remove an owner."))
    if Membership.objects.filter(company=request.company, user__email__iexact=form.cleaned_data["email"]).exists():
        form.add_error("email", _("This person is a member already."))
    return not form.errors


@managing_view
@require_POST
def invitation_revoke(request: SignedInRequest, ref: str) -> HttpResponse:
    """Withdraw an open invitation."""
    invitation = Invitation.objects.filter(company=request.company, ref=ref).first()
    if invitation is None:
        raise Http404
    invitations.revoke(invitation=invitation, actor=request.actor, now=timezone.now())
    messages.success(request, _("The invitation was withdrawn."))
    return redirect("settings:members")


@public
def invitation(request: SignedInRequest, token: str) -> HttpResponse:
    """What an invitation says to whoever holds its link; a signed-in person with its address accepts it by POST."""
    now = timezone.now()
    try:
        found = invitations.find(token, now=now)
    except InvitationInvalid:
        return render(request, "invitations/invalid.html", status=404)
    if request.method == "POST" and request.user.is_authenticated:
        try:
            invitations.accept(invitation=found, user=request.user, actor=request.actor, now=now)
        except InvitationInvalid:
            return render(request, "invitations/invitation.html", {"invitation": found, "failed": True}, status=422)
        return welcome(request, found)
    right_address = request.user.is_authenticated and request.user.email.lower() == found.email.lower()
    return render(request, "invitations/invitation.html", {"invitation": found, "right_address": right_address})


@signed_in
@require_POST
def invitation_accept(request: SignedInRequest, ref: str) -> HttpResponse:
    """Accept an invitation to one's own verified address, without its link."""
    now = timezone.now()
    found = invitations.open_invitations_of(request.user, now=now).filter(ref=ref).first()
    if found is None:
        raise Http404
    invitations.accept(invitation=found, user=request.user, actor=request.actor, now=now)
    return welcome(request, found)


def welcome(request: SignedInRequest, accepted: Invitation) -> HttpResponse:
    """On to the company that the person has just joined."""
    switch_company(user=request.user, company_id=accepted.company_id)
    messages.success(request, _("You are a member of %(company)s now.") % {"company": accepted.company.name})
    return redirect("overview")
