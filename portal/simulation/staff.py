"""What staff do at the review desk: claim, leave lying, hand on, decide, late and early; and what follows for the company."""

from __future__ import annotations

from functools import partial

from accounts.company_changes import change_company_data
from accounts.journal import Actor
from accounts.users import User
from appeals.cases.models import AppealKind
from certification.applications.models import Application
from certification.applications.revocation import revoke
from certification.materials.models import Material
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewItem, ReviewState
from certification.reviews.subjects import SUBJECTS, DecisionRefused
from portal.simulation import appeals, companies, complaints
from portal.simulation.opening import KINDS, ZONES
from portal.simulation.world import Tenant, World

#: After so many refused decisions a reviewer sends the case back.
PATIENCE = 4


def put_on_desk(world: World, subject: str, subject_id: int) -> None:
    """A case has come in: most are looked at in time, some late, a few very late."""
    late = world.rng.random()
    least, most = (0.2, 4.0) if late < 0.85 else (4.0, 9.0) if late < 0.96 else (9.0, 25.0)
    world.sometime(least, most, partial(look_at, world, subject, subject_id))


def look_at(world: World, subject: str, subject_id: int, refusals: int = 0) -> None:
    """A reviewer takes the case and decides it, unless it is gone, held by somebody, or stands still."""
    review = Review.objects.filter(subject=subject, subject_id=subject_id, state=ReviewState.OPEN).first()
    if review is None:
        return
    again = partial(look_at, world, subject, subject_id)
    reviewer = world.one_of(world.staff.reviewers)
    actor = Actor.person(reviewer)
    try:
        desk.claim(review=review, reviewer=reviewer, actor=actor, now=world.now)
    except desk.ClaimConflict as refusal:
        world.refused(refusal)
        world.sometime(0.05, 1, again)
        return
    except desk.OwnSubmission as refusal:  # an appeal against what this reviewer decided
        world.refused(refusal)
        world.sometime(0.05, 1, again)
        return
    world.count("reviews claimed")
    if review.subject == "appeal" and world.chance(0.2) and not appeals.has_question(review):
        try:
            appeals.ask(world, world.by_company[review.company_id], review, reviewer)
        except desk.Deferred as refusal:
            world.refused(refusal)
        world.sometime(1, 8, again)
        return
    if world.chance(0.05):  # lunch, and forgotten
        world.sometime(0.001, 1, again)
        return
    if world.chance(0.02):
        reviewer = hand_on(world, review)
        actor = Actor.person(reviewer)
    try:
        decide(world, review, reviewer, actor, send_back=refusals >= PATIENCE)
    except desk.Deferred as refusal:
        world.refused(refusal)
        desk.release(review=review, reviewer=reviewer, actor=actor, now=world.now)
        world.sometime(0.5, 3, again)
    except DecisionRefused as refusal:
        world.refused(refusal)
        desk.release(review=review, reviewer=reviewer, actor=actor, now=world.now)
        world.sometime(0.5, 2, partial(again, refusals + 1))


def hand_on(world: World, review: Review) -> User:
    """The lead gives the case to somebody else."""
    lead = world.staff.lead
    to = world.one_of(world.staff.reviewers)
    desk.reassign(review=review, to=to, actor=Actor.person(lead), now=world.now)
    world.count("reviews reassigned")
    return to


def decide(world: World, review: Review, reviewer: User, actor: Actor, *, send_back: bool) -> None:
    """Decide as a reviewer would find it, and let the company react."""
    tenant = world.by_company[review.company_id]
    dice = world.rng.random()
    decision = Decision.APPROVED
    if send_back or dice > tenant.care:
        can_return = Decision.RETURNED in SUBJECTS[review.subject].decisions
        decision = Decision.RETURNED if can_return and dice <= 0.97 else Decision.REJECTED
    desk.decide(
        review=review,
        reviewer=reviewer,
        decision=decision,
        text="核对无误。" if decision == Decision.APPROVED else "需要补充。",
        items=[] if decision == Decision.APPROVED else [what_is_wrong(world, review)],
        actor=actor,
        now=world.now,
    )
    world.count("reviews decided")
    world.count(f"{review.subject} {decision}")
    REACTIONS[review.subject](world, tenant, review.subject_id, decision)


def what_is_wrong(world: World, review: Review) -> ReviewItem:
    """One item that the reviewer points at."""
    if review.subject == "material":
        return ReviewItem(
            item="material",
            item_id=review.subject_id,
            item_name="材料",
            reason=world.reasons["illegible"],
            text="请重新拍摄。",
        )
    if review.subject == "application":
        return ReviewItem(
            item="field",
            item_name="purpose",
            reason=world.reasons["purpose_unclear"],
            text="请写明致电对象。",
        )
    return ReviewItem(item="field", item_name="contact", reason=world.reasons["contact_unreachable"], text="")


def about_material(world: World, tenant: Tenant, material_id: int, decision: Decision) -> None:
    """An approved document will be renewed one day; another one is handed in for what came back."""
    if decision == Decision.APPROVED:
        companies.plan_renewal(world, tenant, Material.objects.get(pk=material_id))
    elif world.chance(0.9):
        kind_id = Material.objects.values_list("kind", flat=True).get(pk=material_id)
        world.sometime(0.2, 8, partial(companies.supply, world, tenant, world.kinds[kind_id]))


def about_application(world: World, tenant: Tenant, application_id: int, decision: Decision) -> None:
    """What came back is corrected, or given up."""
    if decision != Decision.RETURNED:
        return
    application = Application.objects.select_related("company").get(pk=application_id)
    if world.chance(0.88):
        world.sometime(0.3, 10, partial(companies.hand_in, world, tenant, application, tries=3))
    else:
        world.sometime(0.3, 10, partial(companies.give_up, world, tenant, application))


def about_company(world: World, tenant: Tenant, _company_id: int, decision: Decision) -> None:
    """A verified company settles in; a refused one tries again."""
    tenant.company.refresh_from_db()
    follow = companies.settle_in if decision == Decision.APPROVED else companies.try_again
    world.sometime(0.1, 5, partial(follow, world, tenant))


REACTIONS = {
    "material": about_material,
    "application": about_application,
    "company": about_company,
    "complaint_lock": complaints.about_lock,
    "appeal": appeals.about_appeal,
}


# --- What staff change by themselves ---------------------------------------------------------------------------------


def revoke_some(world: World, tenant: Tenant) -> None:
    """The lead takes a few certifications away."""
    certified = PhoneNumber.objects.of_company(tenant.company).filter(lifecycle=Lifecycle.CERTIFIED).order_by("pk")
    chosen = list(certified.values_list("pk", flat=True)[: world.rng.randint(1, 3)])
    world.count(
        "certifications revoked",
        revoke(
            company=tenant.company,
            numbers=PhoneNumber.objects.filter(pk__in=chosen),
            actor=Actor.person(world.staff.lead),
            now=world.now,
            reason="号码用途与申请不符。",
        ),
    )
    if chosen and world.chance(0.4):
        world.sometime(0.2, 20, partial(appeals.appeal, world, tenant, AppealKind.DECISION, chosen))


def change_company(world: World, tenant: Tenant) -> None:
    """Staff correct what was verified: a company moves to another industry, kind, or time zone."""
    field = world.one_of(("industry", "industry", "kind", "time_zone"))
    choices = {"industry": world.industries, "kind": KINDS, "time_zone": ZONES}[field]
    changed = change_company_data(
        company=tenant.company,
        values={field: world.rng.choice(choices)},
        actor=Actor.person(world.staff.lead),
        now=world.now,
        by_staff=True,
        reason="更正登记信息",
    )
    if changed:
        world.count(f"companies' {field} changed")
        world.sometime(0.5, 12, partial(companies.look_again, world, tenant))
