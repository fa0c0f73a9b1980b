"""The words of requests to expedite in the journal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.journal_words import WHY, AspectWords, SubjectWords, names_from, register_words
from appeals.expedite.models import ExpediteRequest, ExpediteState

WHY.update({"not_needed": _("no longer needed")})
register_words(
    "expedite",
    SubjectWords(
        _("Request to expedite"),
        {"state": AspectWords(_("State"), {state.value: state.label for state in ExpediteState})},
        names_from(ExpediteRequest, lambda request: str(request.ref)),
    ),
)
