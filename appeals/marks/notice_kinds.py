"""The kinds of notice about marks, and the keys that each one's context has.

| kind | keys |
| --- | --- |
| mark_returned | numbers (how many), number (the reference of one), platforms_zh, platforms_en, cleared_on (when it was cleared before) |
| mark_settled | mark, platform_zh, platform_en, outcome (confirmed or refused), reason |
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.notices import NoticeKind, declare, page

declare(
    NoticeKind(
        "mark_returned",
        _("A mark that was cleared has come back"),
        target=page("marks:list"),
        button=_("See the marks"),
    ),
    NoticeKind(
        "mark_settled",
        _("A mark that you reported was looked at"),
        target=page("marks:detail", ref="mark"),
        button=_("See the mark"),
        mandatory=False,
    ),
)
