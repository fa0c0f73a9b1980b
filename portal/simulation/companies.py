"""What companies do: hand in documents early and late, apply, renew, correct, change, withdraw, give numbers up."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial

from accounts.journal import Actor
from accounts.registration import hand_in_again, register_company
from certification.applications.drafts import create_draft, remove_numbers, request_label_for_all, save_answer
from certification.applications.eligible import eligible
from certification.applications.lifecycle import TransitionRefused
from certification.applications.models import ACTIVE_STATES, Application, ApplicationKind, ApplicationState
from certification.applications.needs import in_force
from certification.applications.submission import Blocked, not_eligible, submit, withdraw
from certification.materials import versions
from certification.materials.models import Material, MaterialKind, MaterialState, RequirementMoment, StagedFile
from certification.materials.versions import DatesRefused, NumbersMissing, submit_version
from certification.numbers.models import Lifecycle, NumberKind, PhoneNumber
from certification.numbers.registry import (
    InOpenApplication,
    LockedByComplaints,
    NotCertified,
    NumberUnavailable,
    add_number,
    change_number,
    release_number,
    withdraw_certification,
)
from certification.numbers.shapes import ReadNumber
from portal.simulation.opening import person, tenant_of, unsaved_company
from portal.simulation.world import Tenant, World

PURPOSES = (
    "向客户确认预约、通知到达与回访服务质量，不用于营销推广。",
    "通知客户订单与配送进度，处理售后问题，不用于营销推广。",
    "提醒客户办理到期事项并答复咨询，不用于营销推广。",
)
SCRIPT = "您好，来电与您确认今天的安排，请问现在方便吗？"
#: Days between two looks of a company at its own overview, beside what its documents make it do.
LOOKS = (150, 230)


def of(tenant: Tenant) -> Actor:
    """The company's owner, who does everything for it."""
    return Actor.person(tenant.owner)


# --- Documents -------------------------------------------------------------------------------------------------------


def staged(world: World, tenant: Tenant) -> StagedFile:
    """An upload; no file lies behind it, because nobody opens it."""
    world.serial += 1
    return StagedFile.objects.create(
        company=tenant.company,
        uploaded_by=tenant.owner,
        uploaded_at=world.now,
        storage_name=f"simulation/{world.serial}.png",
        original_name="document.png",
        content_type="image/png",
        size=1000,
        sha256="0" * 64,
    )


def supply(world: World, tenant: Tenant, kind: MaterialKind) -> None:
    """Hand in a version of a document; sometimes one that goes on where the present one ends, sometimes a slip."""
    company, rng = tenant.company, world.rng
    today = company.today(world.now)
    issued_on = today - dt.timedelta(days=rng.randint(0, 40))
    if world.chance(0.25):
        present = Material.objects.filter(
            company=company, kind=kind, state=MaterialState.APPROVED, expires_on__gte=today
        ).order_by("-version")
        if (latest := present.first()) is not None and latest.expires_on is not None:
            issued_on = latest.expires_on + dt.timedelta(days=1)
    long_term = kind.may_be_long_term and world.chance(0.4)
    last_day = issued_on + dt.timedelta(days=world.one_of((120, 365, 730, 730, 1095, 1825)))
    if world.chance(0.02):
        last_day = issued_on - dt.timedelta(days=1)
    try:
        material = submit_version(
            company=company,
            kind=kind,
            files=[staged(world, tenant)],
            actor=of(tenant),
            now=world.now,
            issued_on=issued_on,
            expires_on=None if long_term else last_day,
            is_long_term=long_term,
            numbers=PhoneNumber.objects.of_company(company) if kind.names_numbers else None,
            holder_name=company.name,
        )
    except (DatesRefused, NumbersMissing) as refusal:
        world.refused(refusal)
        world.sometime(0.1, 2, partial(supply, world, tenant, kind))
        return
    world.count("materials submitted")
    world.on_desk("material", material.pk)
    if world.chance(0.02):
        world.sometime(0.1, 3, partial(take_back, world, tenant, material))


def take_back(world: World, tenant: Tenant, material: Material) -> None:
    """Withdraw a document that waits for review, to hand in another."""
    try:
        if versions.withdraw(material=material, actor=of(tenant), now=world.now, reason="wrong document"):
            world.count("materials withdrawn")
            world.sometime(0.1, 5, partial(supply, world, tenant, material.kind))
    except versions.TransitionRefused as refusal:
        world.refused(refusal)


def plan_renewal(world: World, tenant: Tenant, material: Material) -> None:
    """Intend to renew an approved document, as early or late as the company does."""
    if material.expires_on is None or world.chance(0.03):  # some forget
        return
    end = dt.datetime.combine(material.expires_on, dt.time(10), tzinfo=tenant.company.zone)
    early = tenant.lead + world.rng.randint(-4, 4)
    world.at(end - dt.timedelta(days=early), partial(renew, world, tenant, material))


def ending_materials(world: World) -> list[tuple[Tenant, Material]]:
    """The approved documents that end one day, with their companies, in the order of the companies."""
    rows = Material.objects.filter(state=MaterialState.APPROVED, expires_on__isnull=False)
    return [(world.by_company[row.company_id], row) for row in rows.order_by("company", "kind__code", "version")]


def renew(world: World, tenant: Tenant, material: Material) -> None:
    """Renew a document that is still the one in force."""
    material.refresh_from_db()
    if material.state == MaterialState.APPROVED:
        supply(world, tenant, world.kinds[material.kind_id])


def lacking(world: World, tenant: Tenant) -> list[MaterialKind]:
    """What the company must have at all times and has neither in force nor under review."""
    company, today = tenant.company, tenant.company.today(world.now)
    wanted = in_force(company=company, today=today + dt.timedelta(days=30), now=world.now)
    always = wanted.filter(moment=RequirementMoment.ALWAYS, only_for_agents=False).order_by("kind__ordering", "kind_id")
    versions = Material.objects.filter(company=company, state__in=[MaterialState.APPROVED, MaterialState.SUBMITTED])
    there = {
        kind
        for kind, state, ends in versions.values_list("kind", "state", "expires_on")
        if state == MaterialState.SUBMITTED or ends is None or ends >= today
    }
    return [world.kinds[pk] for pk in dict.fromkeys(always.values_list("kind", flat=True)) if pk not in there]


# --- Applications ----------------------------------------------------------------------------------------------------


def look_around(world: World, tenant: Tenant) -> None:
    """Do what the overview says, and look again some months later; what ends is renewed by its own plan."""
    world.sometime(*LOOKS, partial(look_around, world, tenant))
    look_again(world, tenant)


def look_again(world: World, tenant: Tenant) -> None:
    """Do what the overview says: documents, then numbers."""
    company = tenant.company
    if not company.is_verified:
        return
    for kind in lacking(world, tenant):
        world.sometime(0.05, 4, partial(supply, world, tenant, kind))
    busy = busy_with(tenant)
    for what in (ApplicationKind.NEW, ApplicationKind.RENEWAL):
        if what not in busy and eligible(company=company, kind=what, now=world.now).exists():
            tenant.intends.add(what)
            world.sometime(0.1, 6, partial(apply, world, tenant, what))


def busy_with(tenant: Tenant) -> set[str]:
    """The kinds of application that the company is about to make, or has made and that are not over."""
    open_ones = Application.objects.filter(company=tenant.company, state__in=[ApplicationState.DRAFT, *ACTIVE_STATES])
    return {*tenant.intends, *open_ones.values_list("kind", flat=True)}


def apply(world: World, tenant: Tenant, kind: ApplicationKind) -> None:
    """Draft an application for every number that can be in it, answer, and hand it in."""
    actor, company = of(tenant), tenant.company
    tenant.intends.discard(kind)
    numbers = PhoneNumber.objects.of_company(company)
    if kind == ApplicationKind.CHANGE:
        chosen = list(
            eligible(company=company, kind=kind, now=world.now).order_by("pk").values_list("pk", flat=True)[:5]
        )
        numbers = numbers.filter(pk__in=chosen)
    draft = create_draft(
        company=company,
        kind=kind,
        numbers=numbers,
        creation_key=uuid.UUID(int=world.rng.getrandbits(128)),
        by=tenant.owner,
        actor=actor,
        now=world.now,
    )
    answers: tuple[tuple[str, object], ...] = (
        ("applicant", False),
        ("purpose", world.one_of(PURPOSES)),
        ("script", SCRIPT),
    )
    draft.refresh_from_db()
    known = bool(draft.purpose and draft.sample_script)  # from the application before
    for part, value in answers:
        if part == "applicant" or not known or world.chance(0.1):
            draft = save_answer(application=draft, part=part, value=value, revision=draft.revision)
    if kind == ApplicationKind.CHANGE:
        world.serial += 1
        request_label_for_all(application=draft, label=f"模拟名称{world.serial}")
    world.count("applications drafted")
    hand_in(world, tenant, draft, tries=4)


def hand_in(world: World, tenant: Tenant, application: Application, *, tries: int) -> None:
    """Hand the application in; what the pre-check finds is mended and it is tried again, in the end given up."""
    application.refresh_from_db()
    if application.state not in (ApplicationState.DRAFT, ApplicationState.RETURNED):
        return
    if application.state == ApplicationState.RETURNED:
        correct(world, application)
    try:
        submit(application=application, by=tenant.owner, actor=of(tenant), now=world.now)
    except Blocked as blocked:
        world.refused(blocked)
        if not tries:
            give_up(world, tenant, application)
            return
        mend(world, tenant, application, blocked)
        world.sometime(4, 9, partial(hand_in, world, tenant, application, tries=tries - 1))
        return
    world.count("applications submitted")
    world.on_desk("application", application.pk)
    if world.chance(0.02):
        world.sometime(0.1, 4, partial(give_up, world, tenant, application))


def mend(world: World, tenant: Tenant, application: Application, blocked: Blocked) -> None:
    """Do what the pre-check asks: supply documents, take numbers out that cannot be in it."""
    for finding in blocked.findings:
        if finding.kind is not None:
            supply(world, tenant, world.kinds[finding.kind.pk])
        elif finding.code == "numbers_not_eligible":
            wrong = [row.pk for row in not_eligible(application=application, now=world.now)]
            remove_numbers(
                application=application,
                numbers=PhoneNumber.objects.filter(pk__in=wrong),
                actor=of(tenant),
                now=world.now,
            )


def correct(world: World, application: Application) -> None:
    """Change the answer that came back."""
    world.serial += 1
    save_answer(
        application=application,
        part="purpose",
        value=f"{world.one_of(PURPOSES)}（{world.serial}）",
        revision=application.revision,
    )


def give_up(world: World, tenant: Tenant, application: Application) -> None:
    """Take the application back, unless it is over."""
    try:
        if withdraw(application=application, actor=of(tenant), now=world.now):
            world.count("applications withdrawn")
    except TransitionRefused as refusal:
        world.refused(refusal)


# --- Numbers ---------------------------------------------------------------------------------------------------------


def some_number(world: World, tenant: Tenant, lifecycle: Lifecycle) -> PhoneNumber | None:
    """One of the company's numbers in this state."""
    numbers = PhoneNumber.objects.of_company(tenant.company).filter(lifecycle=lifecycle).order_by("pk")
    count = numbers.count()
    return numbers[world.rng.randrange(count)] if count else None


def add_numbers(world: World, tenant: Tenant) -> None:
    """Register some further numbers."""
    for _number in range(world.rng.randint(1, 5)):
        world.last_number += 1
        register(world, tenant, f"+86199{world.last_number:08d}")


def register(world: World, tenant: Tenant, number: str) -> None:
    """Register one number; one that somebody holds is refused."""
    try:
        add_number(
            company=tenant.company,
            read=ReadNumber(number, NumberKind.MOBILE),
            provider=world.one_of(world.providers),
            label=tenant.company.name,
            actor=of(tenant),
            now=world.now,
        )
        world.count("numbers added")
    except NumberUnavailable as refusal:
        world.refused(refusal)


def end_certification(world: World, tenant: Tenant) -> None:
    """Withdraw one number's certification."""
    number = some_number(world, tenant, Lifecycle.CERTIFIED)
    if number is None:
        return
    try:
        withdraw_certification(number=number, actor=of(tenant), now=world.now, reason="not used any more")
        world.count("certifications withdrawn")
    except (InOpenApplication, NotCertified) as refusal:
        world.refused(refusal)


def release(world: World, tenant: Tenant) -> None:
    """Give a number up; often another company registers it soon."""
    number = some_number(world, tenant, Lifecycle.CERTIFIED)
    if number is None:
        return
    if world.chance(0.1):  # somebody tries before it is free
        register(world, world.tenant(), number.number)
    try:
        release_number(number=number, actor=of(tenant), now=world.now, reason="handed back")
    except (InOpenApplication, LockedByComplaints) as refusal:
        world.refused(refusal)
        return
    world.count("numbers released")
    if world.chance(0.5):
        world.sometime(0.1, 20, partial(register, world, world.tenant(), number.number))


def change_provider(world: World, tenant: Tenant) -> None:
    """Move a number that is not certified to another provider."""
    number = some_number(world, tenant, Lifecycle.WITHDRAWN) or some_number(world, tenant, Lifecycle.DRAFT)
    if number is None:
        return
    others = [provider for provider in world.providers if provider.pk != number.provider_id]
    change_number(
        number=number,
        label=number.label,
        alias=number.alias,
        provider=world.one_of(others),
        group=None,
        backup_of=None,
        actor=of(tenant),
        now=world.now,
    )
    world.count("providers changed")


def rename(world: World, tenant: Tenant) -> None:
    """Ask for another displayed name for a few certified numbers."""
    fit = eligible(company=tenant.company, kind=ApplicationKind.CHANGE, now=world.now)
    if ApplicationKind.CHANGE not in busy_with(tenant) and fit.exists():
        apply(world, tenant, ApplicationKind.CHANGE)


# --- Companies -------------------------------------------------------------------------------------------------------


def sign_up(world: World) -> None:
    """A company that was not there before registers, with an owner of its own."""
    owner = person(f"newcomer{world.serial}")
    owner.joined_at = world.now
    owner.save()
    company = register_company(
        company=unsaved_company(world), owner=owner, actor=Actor.person(owner), now=world.now, identity_number=""
    )
    world.join(tenant_of(world, company, owner))
    world.count("companies registered")
    world.on_desk("company", company.pk)


def settle_in(world: World, tenant: Tenant) -> None:
    """A company that has been verified enters its numbers and looks at what it has to do."""
    add_numbers(world, tenant)
    look_around(world, tenant)


def try_again(world: World, tenant: Tenant) -> None:
    """A company that was refused corrects its data and hands it in again."""
    tenant.company.refresh_from_db()
    if tenant.company.is_verified:
        return
    hand_in_again(
        company=tenant.company,
        values={"contact_name": f"模拟{world.serial}"},
        by=tenant.owner,
        actor=of(tenant),
        now=world.now,
    )
    tenant.company.refresh_from_db()
    world.on_desk("company", tenant.company.pk)
