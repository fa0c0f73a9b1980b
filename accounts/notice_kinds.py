"""The kinds of notice about people and companies. Context keys, beside those that every kind understands
(`accounts.notice_texts`):

- `company_verified`, `company_refused`: `company` (name), `reason`;
- `invitation`: `company` (name), `inviter` (name), `token`, `role`, `language` (of who invites, optional).
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.access import CompanyRole
from accounts.notices import Audience, Context, NoticeKind, declare, page


def role_words(context: Context) -> dict[str, Any]:
    """The invited role in words."""
    role = str(context.get("role", ""))
    return {"role_label": CompanyRole(role).label if role in CompanyRole.values else ""}


declare(
    NoticeKind(
        "company_verified",
        _("Your company was verified"),
        target=page("settings:company"),
        button=_("See the company"),
    ),
    NoticeKind(
        "company_refused",
        _("Your company could not be verified"),
        target=page("settings:company"),
        button=_("Correct the company's data"),
    ),
    NoticeKind(
        "invitation",
        _("Invitation to a company"),
        target=page("invitation", token="token"),  # noqa: S106 - the name of an argument
        button=_("Accept the invitation"),
        audience=Audience.INVITED,
        words=role_words,
    ),
)
