"""The words of appeals in the journal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.journal_words import WHY, AspectWords, SubjectWords, names_from, register_words
from appeals.cases.models import Appeal, AppealState, PlatformState, Urgency

WHY.update(
    {
        "answered": _("the question was answered"),
        "the question was taken back": _("the question was taken back"),
        "not answered in time": _("the question was not answered in time"),
        "an appeal was upheld": _("an appeal was upheld"),
    }
)

register_words(
    "appeal",
    SubjectWords(
        _("Appeal"),
        {
            "state": AspectWords(_("State"), {state.value: state.label for state in AppealState}),
            "urgency": AspectWords(_("Urgent"), {urgency.value: urgency.label for urgency in Urgency}),
            "platform": AspectWords(_("Platform"), {state.value: state.label for state in PlatformState}),
        },
        names_from(Appeal, lambda appeal: str(appeal.ref)),
    ),
)
