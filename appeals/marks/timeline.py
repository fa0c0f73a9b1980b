"""What timelines say of marks: seen, cleared, back again, with the platform and the label; from the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.journal import JournalEntry
from appeals.marks.models import Mark, MarkSighting, Origin
from appeals.marks.story import label_words
from certification.timeline.of_maintenance import differing
from certification.timeline.of_numbers import actor_label
from certification.timeline.sources import About, Event, Source, people, register, register_kind

TONES = {"open": "red", "returned": "red", "cleared": "green"}
#: What the journal keeps as the reason of a clearance that an appeal has brought about.
BY_APPEAL = "appeal "


def mark_steps(about: About) -> QuerySet[JournalEntry]:
    """Each change of what platforms show about the number, or about the company's numbers."""
    rows = JournalEntry.objects.filter(subject="mark", aspect="state", after__in=list(TONES))
    if about.numbers is None:
        return rows.filter(company=about.company)
    return rows.filter(subject_id__in=Mark.objects.filter(number__in=about.number_keys).values("pk"))


def said_of(row: JournalEntry, sightings: Sequence[MarkSighting]) -> MarkSighting | None:
    """What was said, of all that is known of the mark, that made it so; None where a later clearance parted two sightings."""
    known = [said for said in sightings if said.recorded_at <= row.at]
    new = [said for said in known if said.recorded_at == row.at]
    seen = [said for said in new if not said.is_clearance]
    if row.after == "cleared":
        last = max((said.at for said in seen), default=None)
        cleared = [said for said in new if said.is_clearance and (last is None or said.at >= last)]
        return min(cleared, key=lambda said: said.at, default=None)
    over = max((said.at for said in known if said.is_clearance), default=None)
    episode = [said for said in seen if over is None or said.at > over]
    return min(episode, key=lambda said: (said.at, said.origin == Origin.COMPANY, -said.pk), default=None)


def words(row: JournalEntry, mark: Mark, said: MarkSighting | None) -> str:
    """The step in one sentence."""
    platform = str(mark.platform)
    if row.after == "cleared":
        return _("%(platform)s: mark cleared") % {"platform": platform}
    label = label_words(
        str(said.get_label_display() if said is not None else mark.get_label_display()),
        said.people if said is not None else None,
    )
    if row.after == "returned":
        text = _("%(platform)s: marked again, %(label)s")
    elif said is not None and said.origin == Origin.COMPANY:
        text = _("%(platform)s: mark reported by the company, %(label)s")
    else:
        text = _("%(platform)s: marked, %(label)s")
    return text % {"platform": platform, "label": label}


def say_marks(rows: Sequence[JournalEntry], about: About) -> list[Event]:
    """Seen, cleared, or back; when the portal learnt of it, and when it happened where that differs. Three queries."""
    keys = {row.subject_id for row in rows}
    marks = Mark.objects.select_related("platform", "number").in_bulk(keys)
    sightings: dict[int, list[MarkSighting]] = {}
    told = MarkSighting.objects.filter(
        Q(recorded_at__in={row.at for row in rows}) | Q(is_clearance=True), mark__in=keys
    )
    for said in told.order_by("at", "pk"):
        sightings.setdefault(said.mark_id, []).append(said)
    names = people((row.actor_id for row in rows), about)
    events = []
    for row in rows:
        mark = marks[row.subject_id]
        made = said_of(row, sightings.get(mark.pk, []))
        events.append(
            Event(
                row.at,
                about.of(mark.number, words(row, mark, made)),
                TONES[row.after],
                actor_label(row, names),
                reason(row),
                about.page_of(mark.number),
                held(made, row.at),
            )
        )
    return events


def reason(row: JournalEntry) -> str:
    """Why staff noted it."""
    if row.reason.startswith(BY_APPEAL):
        return _("Appeal %(ref)s") % {"ref": row.reason.removeprefix(BY_APPEAL)}
    return row.reason


def held(said: MarkSighting | None, shown: dt.datetime) -> dt.datetime | None:
    """When it was seen or cleared, where the portal learnt of it at another time."""
    return differing(said.at, shown) if said is not None else None


register_kind("mark", gettext_lazy("Marks"))
register(Source("marks", "mark", "at", mark_steps, say_marks))
