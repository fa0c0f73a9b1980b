"""What a notice says, in one language: the same words in the mail and in the inbox.

Each kind has one template, `templates/emails/<kind>.txt`, of blocks: `subject`, `what` (what happened), `deadline`,
`consequence`, `quote` (what a person wrote, word for word), and `entry` (the title in a calendar). Empty blocks are left out. The template sees the notice's
context with

- ISO dates and moments (`*_on`, `*_at`, `*_from`, `*_until`, `*_start`, `*_end`) as dates and datetimes, in the company's
  time zone,
- `X_name` in the reader's language for every pair `X_zh`, `X_en`,
- `company_name`, and 0 for counts that the writer left out,
- whatever the kind's `words` add.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.template import Context
from django.template.loader import get_template
from django.template.loader_tags import BlockNode
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts.notices import KINDS, Audience, Day, Notice, NoticeKind
from accounts.working_days import CHINA

#: Subjects are cut here; mail clients show less.
SUBJECT_LENGTH = 150
MOMENT_SUFFIXES = ("_on", "_at", "_from", "_until", "_start", "_end")
#: Counts that templates choose a plural by.
COUNTS = ("numbers", "items", "days_left", "still_open")
#: Values that name a thing and are never shown as running text: they are not searched for phone numbers.
IDENTIFIERS = frozenset({"appeal", "application", "maintenance", "review", "material", "material_ref", "token", "role"})
#: A telephone number within a text that somebody wrote: mobile, service, landline with area code, foreign with a plus.
PHONE_NUMBER = re.compile(
    r"(?<![\w+])(?:(?:\+|00)86[-\s]?)?(?:1[3-9]\d[-\s]?\d{4}[-\s]?\d{4}|[48]00[-\s]?\d{3}[-\s]?\d{4}|106\d{8,17}|0\d{2,3}[-\s]?\d{7,8})(?!\w)"
    r"|(?<![\w+])\+\d(?:[-\s]?\d){7,13}(?!\d)",
    re.ASCII,
)


@dataclass(frozen=True)
class NoticeText:
    """A notice in words."""

    subject: str
    what: str
    deadline: str
    consequence: str
    quote: str
    #: The one button: its words, and the path (not the address) that it leads to.
    button: str
    path: str
    #: Why one gets it, and whether it can be switched off.
    why: str
    company_name: str
    #: The date that it announces, and what the entry for it in a calendar is called.
    day: Day | None
    entry: str


def text_of(notice: Notice, *, language: str) -> NoticeText:
    """The notice in `language`. Raises KeyError for a kind that nobody declared."""
    kind = KINDS[notice.kind]
    zone = notice.company.zone if notice.company else CHINA
    with translation.override(language), timezone.override(zone):
        values = template_values(notice, kind, zone)
        blocks = render_blocks(f"emails/{kind.code}.txt", values)
        return NoticeText(
            subject=one_line(blocks.get("subject", "") or str(kind.label))[:SUBJECT_LENGTH],
            what=one_line(blocks.get("what", "")),
            deadline=one_line(blocks.get("deadline", "")),
            consequence=one_line(blocks.get("consequence", "")),
            quote=blocks.get("quote", "").strip(),
            button=str(kind.button),
            path=path_of(notice, kind),
            why=why(kind, values["company_name"]),
            company_name=values["company_name"],
            day=kind.day({**notice.context, "company_ref": company_ref(notice)}) if kind.day else None,
            entry=one_line(blocks.get("entry", "")),
        )


def company_ref(notice: Notice) -> str:
    """The reference of the company that the notice is about; empty without one."""
    return notice.company.ref if notice.company else ""


def template_values(notice: Notice, kind: NoticeKind, zone: ZoneInfo) -> dict[str, Any]:
    """The context as the template sees it, in the active language."""
    values: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    chinese = (translation.get_language() or "zh").startswith("zh")
    for key, value in notice.context.items():
        values[key] = readable(key, value, zone)
    for key in notice.context:
        if key.endswith(("_zh", "_en")):
            name = key[:-3]
            pair = (values.get(f"{name}_zh"), values.get(f"{name}_en"))
            values[f"{name}_name"] = (pair[0] or pair[1]) if chinese else (pair[1] or pair[0])
    values["company_name"] = masked(notice.company.name if notice.company else str(values.get("company", "")))
    for count in COUNTS:
        if not isinstance(values[count], int):
            values[count] = 0
    if kind.words:
        values |= kind.words(notice.context)
    return values


def readable(key: str, value: Any, zone: ZoneInfo) -> Any:
    """One value of the context: moments parsed, telephone numbers in running text masked."""
    if not isinstance(value, str):
        return value
    if key.endswith(MOMENT_SUFFIXES):
        return moment_or_day(value, zone)
    return value if key in IDENTIFIERS else masked(value)


def moment_or_day(value: str, zone: ZoneInfo) -> dt.date | str:
    """A date or, with a clock time, a moment in the zone; what cannot be read stays as it is."""
    try:
        if len(value) == len("2025-06-03"):
            return dt.date.fromisoformat(value)
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(zone)


def masked(text: str) -> str:
    """The text with the middle of every telephone number in it hidden: people write them into reasons and names."""
    return PHONE_NUMBER.sub(lambda found: hide_middle(found.group()), text)


def hide_middle(number: str) -> str:
    """`138****1234`: the last four digits and what leads up to the four before them."""
    digits = [place for place, character in enumerate(number) if character.isdigit()]
    return number[: max(digits[-8], digits[2] + 1)].rstrip("- ") + "****" + number[digits[-4] :].replace(" ", "")


def render_blocks(template_name: str, values: dict[str, Any]) -> dict[str, str]:
    """Each block of the template as plain text, by name."""
    template = get_template(template_name).template  # type: ignore[attr-defined]
    context = Context(values, autoescape=False)
    with context.bind_template(template):
        return {
            node.name: str(node.nodelist.render(context)).strip()
            for node in template.nodelist.get_nodes_by_type(BlockNode)
        }


def one_line(text: str) -> str:
    """The text without line breaks and control characters: fit for a header, and for a paragraph."""
    return " ".join("".join(" " if is_control(character) else character for character in text).split())


def is_control(character: str) -> bool:
    """Whether a character steers instead of showing: line breaks, escapes, changes of direction."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def path_of(notice: Notice, kind: NoticeKind) -> str:
    """Where the button leads; the inbox where the thing has no page (any more), so that the mail still leaves.

    Pages without a reference of their own say which company they are opened for.
    """
    try:
        path = kind.target(notice.context)
    except (KeyError, NoReverseMatch):
        return reverse("inbox")
    if (
        kind.audience == Audience.COMPANY
        and notice.company
        and not any(isinstance(value, str) and f"/{value}/" in path for value in notice.context.values())
    ):
        return f"{path}{'&' if '?' in path else '?'}company={notice.company.ref}"
    return path


def why(kind: NoticeKind, company_name: str) -> str:
    """Why one gets this message."""
    if kind.audience == Audience.INVITED:
        return gettext(
            "You get this message because somebody invited this address. If you do not know them, ignore it."
        )
    if kind.audience == Audience.STAFF:
        reason = gettext("You get this message because it concerns your work for the portal.")
    else:
        reason = gettext("You get this message because you look after the certification of %(company)s.") % {
            "company": company_name
        }
    if kind.mandatory:
        return reason + gettext(" It tells of a stop, a deadline or a decision and cannot be switched off.")
    return reason + gettext(" You can switch such e-mails off in the settings, under notifications.")
