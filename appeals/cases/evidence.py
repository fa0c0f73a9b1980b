"""Evidence: what an appeal of each kind should show, what is there of it, and the files themselves.

The checklist is data. What is missing does not stop an appeal: the company may send it without, knowing that it takes
longer, and the reviewer sees what was missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.users import User
from appeals.cases.drafts import NotEditable, count_revision, require_draft
from appeals.cases.matters import takes_numbers
from appeals.cases.models import Appeal, AppealFile, AppealKind, AppealMessage, EvidenceKind
from appeals.platforms import Platform
from certification.applications.models import Application, ApplicationState
from certification.materials.models import Material, MaterialNumber, StagedFile
from certification.materials.store import take_files
from certification.numbers.models import PhoneNumber

#: What is asked for by kind of appeal, in this order (domain section 7, issue 5: D). Screenshots: one per platform.
CHECKLIST: dict[AppealKind, tuple[EvidenceKind, ...]] = {
    AppealKind.MARK: (
        EvidenceKind.SCREENSHOT,
        EvidenceKind.OWNERSHIP,
        EvidenceKind.PURPOSE,
        EvidenceKind.SCRIPT,
        EvidenceKind.CALL_LOG,
    ),
    AppealKind.LOCK: (
        EvidenceKind.CALL_LOG,
        EvidenceKind.OWNERSHIP,
        EvidenceKind.PURPOSE,
        EvidenceKind.SCRIPT,
    ),
    AppealKind.DECISION: (),
}
HINTS: dict[EvidenceKind, str | Promise] = {
    EvidenceKind.OWNERSHIP: _("The operator's contract or a bill that names your company and the numbers."),
    EvidenceKind.PURPOSE: _(
        "Whom you call from these numbers, when, and why: a signed statement, or a contract with those called."
    ),
    EvidenceKind.SCRIPT: _("What your staff say, from the greeting to the end of the call."),
    EvidenceKind.CALL_LOG: _(
        "The calls of the days in question, from your telephone system or your operator: a spreadsheet or a PDF."
    ),
    EvidenceKind.SCREENSHOT: _("The screen of a phone on which the mark can be seen, with the date."),
    EvidenceKind.OTHER: _("Whatever else supports what you say."),
}
#: Materials of a company that show the same, once approved: code of the kind of material.
STANDS_FOR: dict[EvidenceKind, str] = {
    EvidenceKind.OWNERSHIP: "number_ownership",
    EvidenceKind.PURPOSE: "statement_of_use",
    EvidenceKind.SCRIPT: "statement_of_use",
}
#: Files of one appeal, without those of messages (D).
MOST_FILES = 40


class TooManyFiles(Exception):
    """An appeal has at most MOST_FILES of evidence."""


@dataclass
class Item:
    """One line of the checklist."""

    kind: EvidenceKind
    platform: Platform | None = None
    files: list[AppealFile] = field(default_factory=list)
    #: The approved material that shows the same.
    material: Material | None = None
    #: What the company wrote in an application that was approved shows it, too.
    is_known: bool = False
    is_required: bool = True

    @property
    def key(self) -> str:
        """What the form calls it."""
        return f"{self.kind}-{self.platform.code}" if self.platform is not None else str(self.kind)

    @property
    def is_there(self) -> bool:
        """Whether there is something of it."""
        return bool(self.files or self.material or self.is_known)

    @property
    def label(self) -> str:
        """What it is called."""
        name = str(self.kind.label)
        return f"{name} · {self.platform}" if self.platform is not None else name

    @property
    def hint(self) -> str:
        """What it should show."""
        return str(HINTS[self.kind])


def proven(appeal: Appeal, now: dt.datetime) -> Material | None:
    """An approved proof that names the appeal's numbers; None unless every number is named by one that is valid today."""
    valid = Material.objects.valid_on(appeal.company.today(now)).filter(
        company=appeal.company_id, kind__code=STANDS_FOR[EvidenceKind.OWNERSHIP]
    )
    numbers = PhoneNumber.objects.filter(appeals__appeal=appeal)
    named = MaterialNumber.objects.filter(number=OuterRef("pk"), material__in=valid)
    if not numbers.exists() or numbers.filter(~Exists(named)).exists():
        return None
    return valid.filter(named_numbers__number__in=numbers).select_related("kind").order_by("-version").first()


def checklist_of(appeal: Appeal, now: dt.datetime) -> list[Item]:
    """The checklist of the appeal with what is there; a constant number of queries."""
    by_key: dict[tuple[str, int | None], list[AppealFile]] = {}
    for file in appeal.files.filter(message__isnull=True).order_by("pk"):
        by_key.setdefault((file.kind, file.platform_id), []).append(file)
    wanted = CHECKLIST[AppealKind(appeal.kind)]
    if appeal.kind == AppealKind.DECISION and takes_numbers(appeal):
        wanted = (EvidenceKind.PURPOSE, EvidenceKind.SCRIPT)  # a revoked certification
    items: list[Item] = []
    for kind in wanted:
        if kind == EvidenceKind.SCREENSHOT:
            chosen = appeal.platforms.select_related("platform").order_by("platform_id")
            items += [Item(kind, row.platform, by_key.pop((kind, row.platform_id), [])) for row in chosen]
        else:
            items.append(Item(kind, None, by_key.pop((kind, None), [])))
    know(appeal, items, now)
    rest = [file for files in by_key.values() for file in files]
    return [*items, Item(EvidenceKind.OTHER, None, rest, is_required=False)]


def know(appeal: Appeal, items: Sequence[Item], now: dt.datetime) -> None:
    """Fill in what the company has shown already: approved materials, and what it said in an approved application."""
    valid = Material.objects.valid_on(appeal.company.today(now)).filter(company=appeal.company_id)
    statement = valid.filter(kind__code="statement_of_use").select_related("kind").order_by("-version").first()
    approved = Application.objects.filter(company=appeal.company_id, state=ApplicationState.APPROVED)
    said = approved.exclude(purpose="", sample_script="").order_by("-created_at").first()
    for item in items:
        if item.kind == EvidenceKind.OWNERSHIP:
            item.material = proven(appeal, now)
        elif item.kind == EvidenceKind.PURPOSE:
            item.material, item.is_known = statement, bool(said and said.purpose)
        elif item.kind == EvidenceKind.SCRIPT:
            item.material, item.is_known = statement, bool(said and said.sample_script)


def missing(items: Sequence[Item]) -> list[Item]:
    """What is asked for and not there."""
    return [item for item in items if item.is_required and not item.is_there]


@transaction.atomic
def attach(
    *,
    appeal: Appeal,
    files: Sequence[StagedFile],
    kind: EvidenceKind,
    platform: Platform | None,
    by: User,
    now: dt.datetime,
) -> None:
    """Make uploads evidence of a draft. Raises NotEditable, TooManyFiles, or FilesMissing when an upload is gone."""
    current = require_draft(appeal)
    if any(file.company_id != current.company_id for file in files):
        raise NotEditable
    if current.files.filter(message__isnull=True).count() + len(files) > MOST_FILES:
        raise TooManyFiles
    keep(appeal=current, files=files, by=by, now=now, kind=kind, platform=platform)
    count_revision(current)


def keep(
    *,
    appeal: Appeal,
    files: Sequence[StagedFile],
    by: User,
    now: dt.datetime,
    kind: EvidenceKind = EvidenceKind.OTHER,
    platform: Platform | None = None,
    message: AppealMessage | None = None,
) -> None:
    """Take uploads over as files of the appeal, in the caller's transaction. Raises FilesMissing."""
    AppealFile.objects.bulk_create(
        [
            AppealFile(
                appeal=appeal,
                kind=kind,
                platform=platform,
                message=message,
                uploaded_by=by,
                uploaded_at=now,
                is_by_staff=bool(message is not None and message.is_by_staff),
                **columns,
            )
            for columns in take_files(files=files)
        ]
    )


@transaction.atomic
def detach(*, appeal: Appeal, ref: str) -> bool:
    """Take a file out of a draft; what is stored is swept later. False when it was not there. Raises NotEditable."""
    current = require_draft(appeal)
    removed = current.files.filter(ref=ref, message__isnull=True).delete()[0]
    if removed:
        count_revision(current)
    return bool(removed)
