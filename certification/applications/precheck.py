"""The pre-check: what a reviewer would return a draft for, as far as a machine can know it (domain section 6).

`look` reads what the rules need; the rules themselves are pure functions from that to findings. A blocker stops the
submission, a warning does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q, QuerySet

from accounts.companies import Company, CompanyKind, validate_credit_code
from accounts.working_days import stored_calendar
from certification.applications.corrections import Correction, corrections_of
from certification.applications.eligible import MOST_NUMBERS, eligible
from certification.applications.labels import broken_rules
from certification.applications.models import Application, ApplicationKind, ApplicationNumber, ApplicationState
from certification.applications.needs import Need, needs_of, requirements_for
from certification.maintenance.models import Maintenance
from certification.materials.comparison import is_credit_code, same_name
from certification.materials.models import Material, MaterialKind, MaterialState, Requirement
from certification.numbers.models import PhoneNumber
from certification.reviews.deferrals import deferring, stretching
from certification.reviews.due_times import extended, promised
from certification.reviews.models import ReviewKind

#: A document that ends so soon is pointed out (the first reminder, domain section 8): days.
EXPIRES_SOON = dt.timedelta(days=60)
#: E.164, or a short code as it is dialled.
NUMBER_SHAPE = r"^(\+[1-9][0-9]{6,14}|[0-9]{3,20})$"
#: How many numbers a finding names.
NAMED = 10


class Severity(StrEnum):
    """What a finding does to the submission."""

    BLOCKER = "blocker"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that a reviewer would stumble over: a stable code, what it is about, and where it is mended."""

    code: str
    severity: Severity
    #: "numbers", "labels", "applicant", "purpose", "script", "material" or "company".
    part: str
    params: dict[str, Any] = field(default_factory=dict)
    kind: MaterialKind | None = None
    numbers: tuple[PhoneNumber, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether the application cannot be handed in before this is mended."""
        return self.severity == Severity.BLOCKER


@dataclass(frozen=True)
class LabelProblem:
    """How many names break a rule, and some of their numbers."""

    code: str
    blocks: bool
    count: int
    numbers: tuple[PhoneNumber, ...]


@dataclass(frozen=True)
class Draft:
    """What the rules look at."""

    application: Application
    company: Company
    today: dt.date
    #: When the review would be over at the latest, a local date.
    review_ends: dt.date
    numbers: int
    not_eligible: int = 0
    not_eligible_some: tuple[PhoneNumber, ...] = ()
    taken: int = 0
    taken_some: tuple[PhoneNumber, ...] = ()
    in_other_drafts: int = 0
    misshapen: int = 0
    misshapen_some: tuple[PhoneNumber, ...] = ()
    unlabelled: int = 0
    unlabelled_some: tuple[PhoneNumber, ...] = ()
    unchanged: int = 0
    label_problems: tuple[LabelProblem, ...] = ()
    needs: tuple[Need, ...] = ()
    coming: tuple[MaterialKind, ...] = ()
    corrections: tuple[Correction, ...] = ()
    defers: Maintenance | None = None
    stretches: Maintenance | None = None


def review_kind(kind: str) -> ReviewKind:
    """The kind of review that an application of `kind` becomes."""
    return ReviewKind.NUMBER_CHANGE if kind == ApplicationKind.CHANGE else ReviewKind.APPLICATION


def stretches_of(application: Application) -> Maintenance | None:
    """The open maintenance that would make the application's review take longer; None when none would."""
    is_new = review_kind(application.kind) == ReviewKind.APPLICATION
    return stretching(company=application.company) if is_new else None


def promise(application: Application, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The earliest and the latest moment of a decision if the application were handed in at `now`."""
    return promise_under(stretches_of(application), application, now)


def promise_under(
    maintenance: Maintenance | None, application: Application, now: dt.datetime
) -> tuple[dt.datetime, dt.datetime]:
    """The same for who knows which maintenance makes it longer."""
    company, kind = application.company, review_kind(application.kind)
    earliest, latest = promised(kind, now, zone=company.zone, calendar=stored_calendar())
    if maintenance is not None:
        factor = maintenance.review_time_factor
        return extended(now, earliest, factor), extended(now, latest, factor)
    return earliest, latest


def look(*, application: Application, now: dt.datetime) -> Draft:
    """Read what the rules need, in a number of queries that does not grow with the draft."""
    company, kind = application.company, application.kind
    today = company.today(now)
    stretches = stretches_of(application)
    latest = promise_under(stretches, application, now)[1]
    review_ends = (latest.astimezone(company.zone) - dt.timedelta(seconds=1)).date()
    requirements = requirements_for(
        company=company, agent=application.applicant_is_agent, today=max(today, review_ends), now=now
    )
    mine = PhoneNumber.objects.filter(applications__application=application)
    elsewhere = ApplicationNumber.objects.exclude(application=application)
    taken = mine.filter(pk__in=elsewhere.filter(is_active=True).values("number"))
    is_draft = application.state == ApplicationState.DRAFT
    unfit = (
        mine.exclude(pk__in=eligible(company=company, kind=kind, now=now).values("pk")).exclude(
            pk__in=taken.values("pk")
        )
        if is_draft
        else mine.exclude(released_at__isnull=True)
    )
    drafts = elsewhere.filter(application__state=ApplicationState.DRAFT, application__company=company)
    misshapen = mine.exclude(number__regex=NUMBER_SHAPE)
    items = application.items.all()
    is_change = kind == ApplicationKind.CHANGE
    unlabelled = (
        mine.filter(pk__in=items.filter(requested_label="").values("number")) if is_change else mine.filter(label="")
    )
    unchanged = (
        application.items.exclude(requested_label="").filter(requested_label=F("number__label")) if is_change else None
    )
    wrong: dict[str, QuerySet[PhoneNumber]] = {
        "not_eligible": unfit,
        "taken": taken,
        "misshapen": misshapen,
        "unlabelled": unlabelled,
    }
    counts = mine.aggregate(
        numbers=Count("pk"),
        in_other_drafts=Count("pk", filter=Q(pk__in=drafts.values("number"))),
        **{name: Count("pk", filter=Q(pk__in=rows.values("pk"))) for name, rows in wrong.items()},
    )

    def named(name: str) -> tuple[PhoneNumber, ...]:
        return tuple(wrong[name].order_by("pk")[:NAMED]) if counts[name] else ()

    needs = needs_of(
        application=application, now=now, requirements=[row for row in requirements if row.effective_from <= today]
    )
    return Draft(
        application=application,
        company=company,
        today=today,
        review_ends=review_ends,
        numbers=counts["numbers"],
        not_eligible=counts["not_eligible"],
        not_eligible_some=named("not_eligible"),
        taken=counts["taken"],
        taken_some=named("taken"),
        misshapen=counts["misshapen"],
        misshapen_some=named("misshapen"),
        unlabelled=counts["unlabelled"],
        unlabelled_some=named("unlabelled"),
        in_other_drafts=counts["in_other_drafts"] if is_draft else 0,
        unchanged=unchanged.count() if unchanged is not None else 0,
        label_problems=tuple(label_problems(application)),
        needs=tuple(needs),
        coming=tuple(coming(company, needs=needs, requirements=requirements, until=review_ends)),
        corrections=tuple(corrections_of(application)) if application.state == ApplicationState.RETURNED else (),
        defers=deferring(kind=review_kind(kind), company=company, urgent=False),
        stretches=stretches,
    )


def label_problems(application: Application) -> Iterator[LabelProblem]:
    """The names in the draft that break a rule; equal names are judged once, however many numbers carry them."""
    is_change = application.kind == ApplicationKind.CHANGE
    field_name = "requested_label" if is_change else "number__label"
    labels = application.items.exclude(**{field_name: ""}).values_list(field_name, flat=True).order_by().distinct()
    breaking: dict[tuple[str, bool], list[str]] = {}
    for label in labels.iterator():
        for rule in broken_rules(label):
            breaking.setdefault((rule.code, rule.blocks), []).append(label)
    for (code, blocks), wrong in breaking.items():
        items = application.items.filter(**{f"{field_name}__in": wrong})
        numbers = PhoneNumber.objects.filter(pk__in=items.values("number")).order_by("pk")[:NAMED]
        yield LabelProblem(code, blocks, items.count(), tuple(numbers))


def coming(
    company: Company, *, needs: Sequence[Need], requirements: Sequence[Requirement], until: dt.date
) -> Iterator[MaterialKind]:
    """Kinds of material that an announced rule asks for before the review is over, and that are not there yet."""
    required_now = {need.kind.pk for need in needs}
    kinds = {row.kind_id: row.kind for row in requirements if row.kind_id not in required_now}
    if not kinds:
        return iter(())
    have = set(
        Material.objects.filter(
            company=company, kind__in=kinds, state__in=[MaterialState.APPROVED, MaterialState.SUBMITTED]
        )
        .filter(Q(expires_on__isnull=True) | Q(expires_on__gte=until))
        .values_list("kind_id", flat=True)
    )
    return (kind for pk, kind in kinds.items() if pk not in have)


# --- The rules -----------------------------------------------------------------------------------------------------


def company_rules(draft: Draft) -> Iterator[Finding]:
    """The company must be verified, and its credit code must be one."""
    company = draft.company
    if not company.is_verified:
        yield Finding("company_not_verified", Severity.BLOCKER, "company")
    if company.kind == CompanyKind.INDIVIDUAL and not company.credit_code:
        return
    try:
        validate_credit_code(company.credit_code)
    except ValidationError:
        yield Finding("credit_code_wrong", Severity.BLOCKER, "company")


def number_rules(draft: Draft) -> Iterator[Finding]:
    """There are numbers, not too many, each of a known shape, each free for this, none twice."""
    blocker = Severity.BLOCKER
    if not draft.numbers:
        yield Finding("no_numbers", blocker, "numbers")
    if draft.numbers > MOST_NUMBERS:
        yield Finding("too_many_numbers", blocker, "numbers", {"count": draft.numbers, "most": MOST_NUMBERS})
    if draft.not_eligible:
        yield Finding(
            "numbers_not_eligible", blocker, "numbers", {"count": draft.not_eligible}, numbers=draft.not_eligible_some
        )
    if draft.taken:
        yield Finding("numbers_taken", blocker, "numbers", {"count": draft.taken}, numbers=draft.taken_some)
    if draft.misshapen:
        yield Finding("numbers_misshapen", blocker, "numbers", {"count": draft.misshapen}, numbers=draft.misshapen_some)
    if draft.in_other_drafts:
        yield Finding("numbers_in_other_drafts", Severity.WARNING, "numbers", {"count": draft.in_other_drafts})


def label_rules(draft: Draft) -> Iterator[Finding]:
    """Each number has a displayed name, and each name follows the rules of `labels`."""
    part = "labels" if draft.application.kind == ApplicationKind.CHANGE else "numbers"
    if draft.unlabelled:
        yield Finding(
            "label_missing", Severity.BLOCKER, part, {"count": draft.unlabelled}, numbers=draft.unlabelled_some
        )
    if draft.unchanged:
        yield Finding("label_unchanged", Severity.WARNING, part, {"count": draft.unchanged})
    for problem in draft.label_problems:
        severity = Severity.BLOCKER if problem.blocks else Severity.WARNING
        yield Finding(problem.code, severity, part, {"count": problem.count}, numbers=problem.numbers)


def answer_rules(draft: Draft) -> Iterator[Finding]:
    """Who applies, what the calls are for, and what is said."""
    application = draft.application
    if application.applicant_is_agent is None:
        yield Finding("applicant_missing", Severity.BLOCKER, "applicant")
    if not application.purpose.strip():
        yield Finding("purpose_missing", Severity.BLOCKER, "purpose")
    elif len(application.purpose.strip()) < 10:
        yield Finding("purpose_short", Severity.WARNING, "purpose")
    if not application.sample_script.strip():
        yield Finding("script_missing", Severity.BLOCKER, "script")


def material_rules(draft: Draft) -> Iterator[Finding]:
    """Every needed material is there, valid through the review, in the company's name, and names the numbers it must."""
    for need in draft.needs:
        yield from rules_of_need(draft, need)
    for kind in draft.coming:
        yield Finding("material_required_soon", Severity.WARNING, "material", {"until": draft.review_ends}, kind=kind)


def rules_of_need(draft: Draft, need: Need) -> Iterator[Finding]:
    """The rules for one kind of material."""
    material = need.material
    if material is None:
        yield missing(need)
        return
    if need.unnamed and draft.numbers:
        yield Finding("numbers_not_named", Severity.BLOCKER, "material", {"count": need.unnamed}, kind=need.kind)
    if material.expires_on is not None:
        ends = {"expires_on": material.expires_on}
        if material.expires_on < draft.today:
            yield Finding("material_expired", Severity.BLOCKER, "material", ends, kind=need.kind)
        elif material.expires_on <= draft.review_ends:
            yield Finding("material_ends_in_review", Severity.WARNING, "material", ends, kind=need.kind)
        elif material.expires_on <= draft.today + EXPIRES_SOON:
            yield Finding("material_ends_soon", Severity.WARNING, "material", ends, kind=need.kind)
    if material.state == MaterialState.SUBMITTED:
        yield Finding("material_under_review", Severity.WARNING, "material", kind=need.kind)
    yield from holder_rules(draft, need, material)


def missing(need: Need) -> Finding:
    """What to say about a material that is not there; some applications wait for it instead of being stopped."""
    severity = Severity.WARNING if need.holds else Severity.BLOCKER
    if need.holds:
        return Finding("material_awaited", severity, "material", kind=need.kind)
    if need.refused is not None:
        return Finding("material_returned", severity, "material", kind=need.kind)
    if need.expired is not None:
        return Finding(
            "material_expired", severity, "material", {"expires_on": need.expired.expires_on}, kind=need.kind
        )
    return Finding("material_missing", severity, "material", kind=need.kind)


def holder_rules(draft: Draft, need: Need, material: Material) -> Iterator[Finding]:
    """The name on the document is the company's, and a credit code on it is the company's code.

    Approved versions were compared by a person, so a difference is only pointed out.
    """
    if need.kind.is_identity_document:
        return
    severity = Severity.WARNING if material.state == MaterialState.APPROVED else Severity.BLOCKER
    if material.holder_name and same_name(material.holder_name) != same_name(draft.company.name):
        params = {"on_document": material.holder_name, "registered": draft.company.name}
        yield Finding("holder_differs", severity, "material", params, kind=need.kind)
    code = material.document_number.strip().upper()
    if draft.company.credit_code and is_credit_code(code) and code != draft.company.credit_code:
        yield Finding("credit_code_differs", severity, "material", kind=need.kind)


def correction_rules(draft: Draft) -> Iterator[Finding]:
    """What was returned has been changed."""
    for row in draft.corrections:
        if row.is_corrected:
            continue
        severity = Severity.BLOCKER if row.is_required else Severity.WARNING
        kind = row.material.kind if row.part == "material" and row.material else None
        yield Finding("not_corrected", severity, row.part or "numbers", {"item": row.item.item_name}, kind=kind)


def maintenance_rules(draft: Draft) -> Iterator[Finding]:
    """Maintenance that makes the review wait or take longer."""
    if draft.defers is not None:
        yield Finding(
            "review_deferred", Severity.WARNING, "", {"cause": draft.defers, "until": draft.defers.expected_until}
        )
    if draft.stretches is not None:
        yield Finding("review_longer", Severity.WARNING, "", {"cause": draft.stretches})


RULES: tuple[Callable[[Draft], Iterator[Finding]], ...] = (
    company_rules,
    number_rules,
    label_rules,
    answer_rules,
    material_rules,
    correction_rules,
    maintenance_rules,
)


def findings(draft: Draft) -> list[Finding]:
    """What the rules find, blockers first, else in the order of the rules."""
    found = [finding for rule in RULES for finding in rule(draft)]
    return sorted(found, key=lambda finding: not finding.blocks)


def blockers(found: Sequence[Finding]) -> list[Finding]:
    """Those that stop the submission."""
    return [finding for finding in found if finding.blocks]


def precheck(*, application: Application, now: dt.datetime) -> list[Finding]:
    """Everything that a machine can say about the draft at the moment `now`."""
    return findings(look(application=application, now=now))
