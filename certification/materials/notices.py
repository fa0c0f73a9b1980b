"""What people are told about a version: in the transaction of its change, to whoever handed it in and to those responsible."""

from __future__ import annotations

import datetime as dt

from accounts.memberships import Membership
from accounts.notices import RESPONSIBLE_ROLES, Message, send
from certification.materials.models import Material


def tell_about(
    *, material: Material, kind: str, key: str, now: dt.datetime, needs_action: bool = False, **further: str | int
) -> None:
    """Write a notice of `kind` to the company's owners and administrators and to who handed the version in.

    Its context holds material, material_zh, material_en, material_ref, expires_on (where there is an end) and `further`.
    """
    context: dict[str, str | int] = {
        "material": material.kind.code,
        "material_zh": material.kind.name_zh,
        "material_en": material.kind.name_en,
        "material_ref": material.ref,
        **({"expires_on": material.expires_on.isoformat()} if material.expires_on else {}),
        **further,
    }
    message = Message(key=key, kind=kind, company_id=material.company_id, context=context, needs_action=needs_action)
    members = dict(Membership.objects.filter(company=material.company_id).values_list("user_id", "role"))
    readers = {user for user, role in members.items() if role in RESPONSIBLE_ROLES or user == material.submitted_by_id}
    send(messages=[(message, reader) for reader in sorted(readers)], now=now)
