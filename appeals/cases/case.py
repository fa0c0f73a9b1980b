"""An appeal as a reviewer reads it: statement, evidence, platforms, thread, and what can be done now."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from appeals.cases.clearance import TRANSITIONS as PLATFORM_MOVES
from appeals.cases.evidence import CHECKLIST, Item
from appeals.cases.matters import takes_numbers
from appeals.cases.models import (
    OPEN_STATES,
    Appeal,
    AppealFile,
    AppealKind,
    AppealMessage,
    AppealPlatform,
    AppealState,
    EvidenceKind,
    PlatformState,
    Urgency,
)
from appeals.cases.urgency_table import TRANSITIONS as URGENCY_MOVES
from appeals.health.card import cards_of
from appeals.platforms import Platform
from certification.reviews.documents import CaseDocument
from certification.reviews.models import Review

#: So many numbers are listed, and so many have their health card on the case.
LISTED, CARDS = 50, 5


def file_title(file: AppealFile) -> str:
    """What a file is: the kind of evidence, the platform, or that it came with a message."""
    if file.message_id is not None:
        return _("Attached to a message")
    return f"{file.get_kind_display()} · {file.platform}" if file.platform is not None else file.get_kind_display()


def files_of(appeal: Appeal) -> list[AppealFile]:
    """Every file of the appeal, evidence first."""
    return list(appeal.files.select_related("platform").order_by("message_id", "kind", "pk"))


def documents_of(appeal: Appeal) -> list[CaseDocument]:
    """The files that the viewer can show: those with pages."""
    return [
        CaseDocument(
            ref=file.ref,
            title=file_title(file),
            note=file.original_name,
            file_name=file.original_name,
            pages=file.pages,
            open_url=reverse("appeals:file", args=[file.ref]),
            page_view="appeals:page",
        )
        for file in files_of(appeal)
        if file.pages
    ]


def missing_words(appeal: Appeal) -> list[str]:
    """What was not there when the appeal was sent, in words."""
    platforms = {platform.code: platform for platform in Platform.objects.all()}
    words = []
    for key in appeal.missing_evidence:
        kind, _dash, code = str(key).partition("-")
        if kind in EvidenceKind.values:
            words.append(Item(EvidenceKind(kind), platforms.get(code)).label)
    return words


def platform_rows(appeal: Appeal) -> list[tuple[AppealPlatform, list[tuple[str, str]]]]:
    """Each platform with the states that it can move to."""
    rows = appeal.platforms.select_related("platform").order_by("platform_id")
    return [
        (row, [(str(state), str(state.label)) for state in PLATFORM_MOVES[PlatformState(row.state)]]) for row in rows
    ]


def thread_of(appeal: Appeal) -> list[AppealMessage]:
    """The messages in their order, with their files."""
    return list(appeal.messages.select_related("author").prefetch_related("files").order_by("at", "pk"))


def case_of(appeal: Appeal, review: Review) -> dict[str, Any]:
    """The context of the case template."""
    items = list(appeal.items.select_related("number__group", "number__provider").order_by("number_id")[:LISTED])
    numbers = [item.number for item in items]
    messages = thread_of(appeal)
    return {
        "appeal": appeal,
        "listed": items,
        "count": appeal.items.count() if takes_numbers(appeal) else 0,
        "cards": list(cards_of(numbers[:CARDS], now=review.opened_at).values()),
        "platforms": platform_rows(appeal) if appeal.kind == AppealKind.MARK else [],
        "files": [(file, file_title(file)) for file in files_of(appeal) if file.message_id is None],
        "lacking": missing_words(appeal),
        "is_listed": bool(CHECKLIST[AppealKind(appeal.kind)]),
        "thread": messages,
        "draft_key": f"staff-message-{review.ref}-{len(messages)}",
        "unread": sum(1 for message in messages if not message.is_by_staff and message.read_at is None),
        "asks": appeal.state == AppealState.MORE_INFORMATION,
        "in_review": appeal.state == AppealState.IN_REVIEW,
        "is_open_appeal": appeal.state in OPEN_STATES,
        "urgency_moves": [str(state) for state in URGENCY_MOVES[Urgency(appeal.urgency)]],
        "submission": uuid.uuid4(),
    }
