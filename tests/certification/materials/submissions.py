"""Handing in and deciding materials through the domain, as the tests of this slice do it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from accounts.companies import Company
from accounts.journal import Actor
from accounts.users import User
from certification.materials.documents import Document
from certification.materials.models import Material, MaterialKind, StagedFile
from certification.materials.store import stage
from certification.materials.versions import submit_version
from certification.reviews import desk
from certification.reviews.models import Decision, Reason, Review, ReviewItem
from tests.cast import NOW
from tests.certification.materials import papers


def kind(code: str) -> MaterialKind:
    return MaterialKind.objects.get(code=code)


def staged(company: Company, by: User, *, now: dt.datetime = NOW, content: bytes = b"") -> StagedFile:
    document = Document(content or papers.pdf(), "licence.pdf", "application/pdf", 1)
    return stage(company=company, document=document, uploaded_by=by, now=now)


def submit(company: Company, code: str, by: User, *, now: dt.datetime = NOW, **fields: Any) -> Material:
    """A version of one file, long-term unless it expires."""
    fields.setdefault("is_long_term", fields.get("expires_on") is None)
    return submit_version(
        company=company,
        kind=kind(code),
        files=[staged(company, by, now=now)],
        actor=Actor.person(by),
        now=now,
        **fields,
    )


def review_of(material: Material) -> Review:
    return Review.objects.get(subject="material", subject_id=material.pk, state="open")


def decide(material: Material, decision: Decision, by: User, *, now: dt.datetime = NOW) -> Review:
    """Claim the version's review and decide it."""
    review = review_of(material)
    actor = Actor.person(by)
    desk.claim(review=review, reviewer=by, actor=actor, now=now)
    items = []
    if decision != Decision.APPROVED:
        reason = Reason.objects.get(code="illegible")
        items = [ReviewItem(item="material", item_id=material.pk, item_name=str(material.kind), reason=reason)]
    desk.decide(review=review, reviewer=by, decision=decision, text="看过了", items=items, actor=actor, now=now)
    material.refresh_from_db()
    return review
