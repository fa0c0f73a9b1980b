"""Companies that say a lock or a revocation is wrong: appeals, questions about them and answers, outcomes."""

from __future__ import annotations

import uuid
from functools import partial

from accounts.journal import Actor
from accounts.users import User
from appeals.cases import conversation
from appeals.cases.drafts import create_draft, save_statement
from appeals.cases.lifecycle import AppealOpen, TransitionRefused
from appeals.cases.models import Appeal, AppealKind, AppealState
from appeals.cases.submission import SUBJECT, Blocked, submit, withdraw
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Decision, Review
from portal.simulation.world import Tenant, World


def key(world: World) -> uuid.UUID:
    """A key of a form, from the world's dice."""
    return uuid.UUID(int=world.rng.getrandbits(128))


def appeal(world: World, tenant: Tenant, kind: AppealKind, numbers: list[int]) -> None:
    """Say that what happened to these numbers is wrong; what does not stand any more is refused."""
    actor = Actor.person(tenant.owner)
    draft = create_draft(
        company=tenant.company,
        kind=kind,
        numbers=PhoneNumber.objects.filter(pk__in=numbers),
        appealed_review=None,
        creation_key=key(world),
        by=tenant.owner,
        actor=actor,
        now=world.now,
    )
    draft.refresh_from_db()
    urgent = "涉及应急联络。" if world.chance(0.2) else ""
    save_statement(
        appeal=draft, statement="来电均为约定的回访，请核实。", urgency_reason=urgent, revision=draft.revision
    )
    draft.refresh_from_db()
    try:
        submit(appeal=draft, confirmed=True, by=tenant.owner, actor=actor, now=world.now)
    except (Blocked, AppealOpen) as refusal:
        world.refused(refusal)
        return
    world.count("appeals submitted")
    world.on_desk(SUBJECT, draft.pk)
    if world.chance(0.1):
        world.sometime(0.1, 6, partial(take_back, world, tenant, draft))


def take_back(world: World, tenant: Tenant, case: Appeal) -> None:
    """Withdraw an appeal, unless it is over."""
    try:
        if withdraw(appeal=case, actor=Actor.person(tenant.owner), now=world.now):
            world.count("appeals withdrawn")
    except TransitionRefused as refusal:
        world.refused(refusal)


def ask(world: World, tenant: Tenant, review: Review, reviewer: User) -> None:
    """The reviewer who holds the case asks the company; its clock stands still until there is an answer, or too long."""
    case = Appeal.objects.get(pk=review.subject_id)
    conversation.say_as_staff(
        appeal=case,
        text="请补充通话记录。",
        submission=key(world),
        review=review,
        reviewer=reviewer,
        actor=Actor.person(reviewer),
        now=world.now,
        asks=True,
    )
    world.count("questions about appeals")
    if world.chance(0.8):
        world.sometime(0.1, 12, partial(answer, world, tenant, case))


def answer(world: World, tenant: Tenant, case: Appeal) -> None:
    """Answer, unless the case is over; then the reviewers go on."""
    try:
        conversation.say_as_company(
            appeal=case,
            text="见通话记录。",
            files=[],
            submission=key(world),
            by=tenant.owner,
            actor=Actor.person(tenant.owner),
            now=world.now,
        )
    except conversation.ThreadClosed as refusal:
        world.refused(refusal)


def about_appeal(world: World, _tenant: Tenant, appeal_id: int, decision: Decision) -> None:
    """An upheld appeal against a lock has released its numbers: they count anew."""
    case = Appeal.objects.get(pk=appeal_id)
    if decision == Decision.APPROVED and case.kind == AppealKind.LOCK:
        for number in case.items.order_by("pk").values_list("number_id", flat=True):
            world.release(number)
            world.count("locks released by an appeal")


def has_question(review: Review) -> bool:
    """Whether the company is asked already."""
    return Appeal.objects.filter(pk=review.subject_id, state=AppealState.MORE_INFORMATION).exists()
