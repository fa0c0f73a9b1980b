"""Appeals in the demonstration: one that waits, one that is late, one with a question open, and decided ones of every outcome."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Sequence

from accounts.companies import Company
from accounts.journal import Actor
from appeals.cases.clearance import set_platform
from appeals.cases.conversation import say_as_company, say_as_staff
from appeals.cases.drafts import choose_platforms, create_draft, save_statement
from appeals.cases.evidence import attach
from appeals.cases.models import Appeal, AppealKind, EvidenceKind, PlatformState
from appeals.cases.submission import open_review_of, submit
from appeals.categories import Category
from appeals.expedite.requests import ask
from appeals.platforms import Platform
from certification.materials.documents import check_document
from certification.materials.models import StagedFile
from certification.materials.store import stage
from certification.numbers.models import PhoneNumber
from certification.reviews import desk
from certification.reviews.models import Decision, Reason, Review, ReviewItem, ReviewState
from portal.demo.complaints import report
from portal.demo.documents import sample_document
from portal.demo.marks import numbers_of, seen
from portal.demo.story import Story, owner_of

#: How many complaints about the couriers' number came on one morning.
IN_BULK = 9


def evidence_file(company: Company, title: str, lines: list[tuple[str, str]], now: dt.datetime) -> StagedFile:
    """A drawn document, uploaded by the owner and checked like any other."""
    content = sample_document(title, lines)
    document = check_document(name="evidence.png", file=io.BytesIO(content), size=len(content))
    return stage(company=company, document=document, uploaded_by=owner_of(company), now=now)


def appealed(
    company: Company,
    place: int,
    now: dt.datetime,
    *,
    statement: str,
    platforms: Sequence[str] = (),
    kind: AppealKind = AppealKind.MARK,
) -> Appeal:
    """The owner appeals for the number at this place, with a picture as evidence, and hands it in."""
    owner = owner_of(company)
    actor = Actor.person(owner)
    number = numbers_of(company)[place]
    appeal = create_draft(
        company=company,
        kind=kind,
        numbers=PhoneNumber.objects.filter(pk=number.pk),
        appealed_review=None,
        creation_key=uuid.uuid4(),
        by=owner,
        actor=actor,
        now=now,
    )
    chosen = list(Platform.objects.filter(code__in=platforms))
    if chosen:
        choose_platforms(appeal=appeal, platforms=chosen)
        shown = [("Shown by", platform.name_en) for platform in chosen]
        file = evidence_file(company, "Incoming call", [*shown, ("Screen of", f"{now:%Y-%m-%d}")], now)
        attach(appeal=appeal, files=[file], kind=EvidenceKind.SCREENSHOT, platform=chosen[0], by=owner, now=now)
    else:
        file = evidence_file(company, "Call log", [("Day", f"{now:%Y-%m-%d}"), ("Calls", "214 deliveries")], now)
        attach(appeal=appeal, files=[file], kind=EvidenceKind.CALL_LOG, platform=None, by=owner, now=now)
    appeal.refresh_from_db()
    save_statement(appeal=appeal, statement=statement, urgency_reason="", revision=appeal.revision)
    appeal.refresh_from_db()
    submit(appeal=appeal, confirmed=True, by=owner, actor=actor, now=now)
    return appeal


def appeal_for(company: Company, place: int) -> Appeal:
    """The appeal for the company's number at this place."""
    return Appeal.objects.get(items__number=numbers_of(company)[place])


def held_review(story: Story, appeal: Appeal, now: dt.datetime) -> Review:
    """The appeal's review, which the reviewer takes up."""
    review = open_review_of(appeal)
    assert review is not None
    reviewer = story.people["reviewer"]
    desk.claim(review=review, reviewer=reviewer, actor=Actor.person(reviewer), now=now)
    return review


def answers(story: Story, appeal: Appeal, code: str, to: PlatformState, note: str, now: dt.datetime) -> None:
    """The reviewer asks the platform and notes its answer."""
    reviewer = story.people["reviewer"]
    review = held_review(story, appeal, now)
    row = appeal.platforms.get(platform__code=code)
    for state, words in ((PlatformState.ASKED, ""), (to, note)):
        set_platform(
            row=row, to=state, note=words, review=review, reviewer=reviewer, actor=Actor.person(reviewer), now=now
        )


def restaurants_appeal(story: Story, company: Company) -> None:
    """One appeal is late and asked to go first, one waits, one has a question open, one is partly upheld."""
    statement = "号码仅用于通知顾客取餐和确认订位，从未用于推销。"

    def late(now: dt.datetime) -> None:
        appealed(company, 3, now, statement=statement, platforms=("360", "tencent"))

    def hurried(now: dt.datetime) -> None:
        owner = owner_of(company)
        review = Review.objects.filter(company=company, subject="appeal", state=ReviewState.OPEN).earliest("due_at")
        reason = "门店周末有大型活动，顾客不接电话会错过订位。"
        ask(thing=review, company=company, reason=reason, asker=owner, actor=Actor.person(owner), now=now)

    story.at(12, late)
    story.at(0.12, hurried)

    story.at(6, lambda now: seen(company, 30, "baidu", now, Category.ADVERTISING, 6))
    story.at(1, lambda now: appealed(company, 30, now, statement=statement, platforms=("baidu",)))

    def asked(now: dt.datetime) -> None:
        appeal = appeal_for(company, 20)
        reviewer = story.people["reviewer"]
        say_as_staff(
            appeal=appeal,
            text="请提供最近七天的通话记录，以及向顾客致电时的完整话术。",
            submission=uuid.uuid4(),
            review=held_review(story, appeal, now),
            reviewer=reviewer,
            actor=Actor.person(reviewer),
            now=now,
            asks=True,
        )

    story.at(8, lambda now: seen(company, 20, "carrier", now, Category.HARASSMENT, 31))
    story.at(4, lambda now: appealed(company, 20, now, statement=statement, platforms=("carrier",)))
    story.at(2.5, asked)

    story.at(50, lambda now: seen(company, 40, "360", now, Category.ADVERTISING, 64))
    story.at(50, lambda now: seen(company, 40, "baidu", now, Category.ADVERTISING, 21))
    story.at(44, lambda now: appealed(company, 40, now, statement=statement, platforms=("360", "baidu")))
    cleared, refused = PlatformState.CLEARED, PlatformState.REFUSED
    noted = "平台认为样本不足，三个月后可再次申请。"
    story.at(42, lambda now: answers(story, appeal_for(company, 40), "360", cleared, "平台核实后已清除。", now))
    story.at(40, lambda now: answers(story, appeal_for(company, 40), "baidu", refused, noted, now))
    story.at(
        39.9,
        lambda now: story.decide(
            "appeal", appeal_for(company, 40).pk, now, Decision.PARTLY, "360 已清除标记；百度暂不清除，原因见平台答复。"
        ),
    )


def couriers_appeal(story: Story, company: Company) -> None:
    """Complaints in bulk locked a courier's number; its appeal with a call log released it (A)."""

    def locked(now: dt.datetime) -> None:
        number = numbers_of(company)[5].number
        report(f"bulk-{number}", [(number, moment) for moment in story.moments_of_today(now, IN_BULK)], now)

    def answered(now: dt.datetime) -> None:
        appeal = appeal_for(company, 5)
        reviewer, owner = story.people["reviewer"], owner_of(company)
        say_as_staff(
            appeal=appeal,
            text="请说明当日派件数量，并附通话记录。",
            submission=uuid.uuid4(),
            review=held_review(story, appeal, now),
            reviewer=reviewer,
            actor=Actor.person(reviewer),
            now=now,
            asks=True,
        )
        say_as_company(
            appeal=appeal,
            text="当日派件 214 单，通话记录见附件，均为派件联系。",
            files=[evidence_file(company, "Delivery list", [("Parcels", "214")], now)],
            submission=uuid.uuid4(),
            by=owner,
            actor=Actor.person(owner),
            now=now,
        )

    statement = "当日派件量大，同一小区多位客户误点投诉，均为正常派件联系。"
    story.at(26, locked)
    story.at(25.9, lambda now: appealed(company, 5, now, statement=statement, kind=AppealKind.LOCK))
    story.at(25.5, answered)
    story.at(
        25,
        lambda now: story.decide(
            "appeal",
            Appeal.objects.get(company=company).pk,
            now,
            text="通话记录与派件清单相符，投诉集中于同一小区，解除锁定。",
        ),
    )


def estate_appeals(story: Story, company: Company) -> None:
    """A public service: its appeal is urgent, and both platforms have cleared the mark."""
    story.at(20, lambda now: seen(company, 4, "360", now, Category.HARASSMENT, 11))
    story.at(19, lambda now: seen(company, 4, "sogou", now, Category.HARASSMENT, 7))
    statement = "号码用于通知停水停电和紧急维修。"
    story.at(16, lambda now: appealed(company, 4, now, statement=statement, platforms=("360", "sogou")))
    cleared = PlatformState.CLEARED
    story.at(14, lambda now: answers(story, appeal_for(company, 4), "360", cleared, "平台已清除。", now))
    story.at(13, lambda now: answers(story, appeal_for(company, 4), "sogou", cleared, "平台已清除。", now))
    text = "两个平台均已清除标记。"
    story.at(12.9, lambda now: story.decide("appeal", appeal_for(company, 4).pk, now, text=text))


def telemarketers_appeal(story: Story, company: Company) -> None:
    """A mark that fits the calls: the appeal is dismissed, with the reason that reviewers choose."""
    story.at(15, lambda now: seen(company, 3, "360", now, Category.ADVERTISING, 312))
    statement = "标记不属实。"
    story.at(9, lambda now: appealed(company, 3, now, statement=statement, platforms=("360",)))

    def dismissed(now: dt.datetime) -> None:
        appeal = appeal_for(company, 3)
        reason = Reason.objects.get(code="mark_confirmed")
        item = ReviewItem(item="appeal", item_id=appeal.pk, item_name="申诉", reason=reason, text="")
        story.decide("appeal", appeal.pk, now, Decision.REJECTED, "抽查的通话均为推销。", items=[item])

    story.at(6, dismissed)
