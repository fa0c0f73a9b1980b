"""The words of this app's subjects in the journal."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.access import CompanyRole, StaffRole
from accounts.companies import Company, CompanyKind, CompanyState, Industry
from accounts.invitations import Invitation
from accounts.journal_words import WHY, AspectWords, SubjectWords, names_from, register_words
from accounts.users import User


def masked_phones(values: set[str]) -> dict[str, str]:
    """Telephone numbers without their middle: a journal is a list, too."""
    return {value: f"{value[:4]}****{value[-3:]}" if len(value) > 9 else "****" for value in values}


WHY.update(
    {
        "password": _("wrong address or password"),
        "code": _("wrong code"),
        "too_many": _("too many attempts"),
        "reauthentication": _("wrong password while confirming"),
    }
)
ROLES = {role.value: role.label for role in CompanyRole}
FACTORS = {"totp": _("authenticator app"), "recovery_codes": _("recovery codes")}

register_words(
    "user",
    SubjectWords(
        _("Person"),
        {
            "sign_in": AspectWords(_("Sign-in"), {"accepted": _("accepted"), "refused": _("refused")}),
            "sign_out": AspectWords(_("Sign-out"), {"ended": _("session ended")}),
            "session": AspectWords(_("Session"), {"ended": _("ended")}),
            "account": AspectWords(_("Account"), {"created": _("created")}),
            "password": AspectWords(_("Password"), {"changed": _("changed"), "reset": _("set anew by e-mail")}),
            "email": AspectWords(_("E-mail address")),
            "second_factor": AspectWords(_("Second factor"), FACTORS),
            "name": AspectWords(_("Name")),
            "language": AspectWords(_("Language"), dict(settings.LANGUAGES)),
            "reviewer_figures": AspectWords(_("Took the figures of reviewers (weeks)")),
            "staff_role": AspectWords(_("Staff role"), {role.value: role.label for role in StaffRole}),
        },
        names_from(User, User.get_full_name),
    ),
)
register_words(
    "company",
    SubjectWords(
        _("Company"),
        {
            "state": AspectWords(_("Verification"), {state.value: state.label for state in CompanyState}),
            "name": AspectWords(_("Registered name")),
            "kind": AspectWords(_("Kind"), {kind.value: kind.label for kind in CompanyKind}),
            "credit_code": AspectWords(_("Unified social credit code")),
            "identity_number": AspectWords(_("Identity number"), {"set": _("stored")}),
            "industry": AspectWords(_("Industry"), names=names_from(Industry, str)),
            "time_zone": AspectWords(_("Time zone")),
            "contact_name": AspectWords(_("Contact person")),
            "contact_phone": AspectWords(_("Contact phone"), names=masked_phones),
            "contact_email": AspectWords(_("Contact e-mail")),
            "reveal": AspectWords(_("Shown in full"), {"identity_number": _("identity number")}),
        },
        names_from(Company, str),
    ),
)
register_words(
    "membership",
    SubjectWords(_("Member"), {"role": AspectWords(_("Role"), ROLES)}, names_from(User, User.get_full_name)),
)
register_words(
    "invitation",
    SubjectWords(
        _("Invitation"),
        {"state": AspectWords(_("State"), {"sent": _("sent"), "accepted": _("accepted"), "revoked": _("withdrawn")})},
        names_from(Invitation, lambda invitation: str(invitation.email)),
    ),
)
