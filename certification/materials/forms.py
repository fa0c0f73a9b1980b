"""The form for one document: one file (or several pages), one date, and, where the kind names numbers, which ones."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.users import User
from certification.materials.affected import in_groups, matching, named_by, unproven
from certification.materials.models import Material, MaterialKind
from certification.materials.uploads import REFERENCE, UploadsForm
from certification.materials.validity import date_problems
from certification.numbers.models import NumberGroup, PhoneNumber, PhoneNumberQuerySet
from certification.numbers.shapes import mask_number
from certification.upload_limits import DroppedFile

UNTIL, LONG_TERM = "until", "long_term"
ALL, GROUP, CHOSEN, SAME, UNPROVEN = "all", "group", "chosen", "same", "unproven"


class MaterialForm(UploadsForm):
    """What the company enters about a version. Files are staged as they come, so that no other mistake costs them."""

    holder_name = forms.CharField(label=_("Name on the document"), max_length=120)
    document_number = forms.CharField(label=_("Number on the document"), max_length=60, required=False)
    issued_on = forms.DateField(label=_("Valid from"), required=False, widget=forms.DateInput)
    validity = forms.ChoiceField(
        label=_("How long is it valid?"),
        choices=[(UNTIL, _("Until a date")), (LONG_TERM, _("Long-term: it has no end"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose until when the document is valid.")},
    )
    expires_on = forms.DateField(label=_("Last valid day"), required=False, widget=forms.DateInput)
    scope = forms.ChoiceField(
        label=_("Which numbers does it name?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose which numbers the document names.")},
    )
    group = forms.ModelChoiceField(label=_("Group"), queryset=NumberGroup.objects.none(), required=False)
    search = forms.CharField(label=_("Find numbers"), max_length=60, required=False)
    numbers = forms.MultipleChoiceField(label=_("Numbers"), required=False, widget=forms.CheckboxSelectMultiple)
    note = forms.CharField(
        label=_("Note for the reviewer"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        company: Company,
        kind: MaterialKind,
        user: User,
        now: dt.datetime,
        renewed: Material | None = None,
        dropped: list[DroppedFile] | None = None,
        **kwargs: Any,
    ) -> None:
        self.company, self.kind, self.renewed = company, kind, renewed
        kwargs["initial"] = {**self.known(), **kwargs.get("initial", {})}
        super().__init__(*args, company=company, user=user, now=now, dropped=dropped, **kwargs)
        if not kind.may_be_long_term:
            del self.fields["validity"]
            self.fields["expires_on"].required = True
            self.fields["expires_on"].error_messages["required"] = gettext("Enter the last valid day.")
        if not kind.names_numbers:
            for name in ("scope", "group", "search", "numbers"):
                del self.fields[name]
        else:
            self.offer_numbers()

    def known(self) -> dict[str, Any]:
        """What the portal knows already and nobody has to type again."""
        known: dict[str, Any] = {"holder_name": self.company.name, "submission": uuid.uuid4()}
        if self.kind.is_identity_document:
            known["holder_name"] = ""
        if self.renewed is not None:
            known["holder_name"] = self.renewed.holder_name or known["holder_name"]
            known["document_number"] = self.renewed.document_number
            known["validity"] = LONG_TERM if self.renewed.is_long_term else UNTIL
        return known

    def unjudged(self) -> MaterialForm:
        """The same form with everything in it, as if it had not been sent: for a step within it."""
        values = {name: self[name].value() for name in self.fields if name != "documents"}
        values["scope"] = CHOSEN  # whoever looks for numbers means to choose them
        shown = MaterialForm(
            company=self.company, kind=self.kind, user=self.user, now=self.now, renewed=self.renewed, initial=values
        )
        shown.staged, shown.file_problems, shown.matches = self.staged, self.file_problems, self.matches
        shown.searched = True
        if "numbers" in self.fields:
            offered, known = shown.fields["numbers"], self.fields["numbers"]
            assert isinstance(offered, forms.MultipleChoiceField)
            assert isinstance(known, forms.MultipleChoiceField)
            offered.choices = known.choices
        return shown

    #: Whether a search for numbers was made, so that its result is told.
    searched = False

    # --- Numbers -----------------------------------------------------------------------------------------------------

    def offer_numbers(self) -> None:
        """Offer the ways to choose numbers that make sense, and the numbers that were chosen or found."""
        choices: list[tuple[str, str]] = []
        if self.renewed is not None and (count := named_by(self.renewed).count()):
            choices.append((SAME, gettext("The same numbers as before (%(count)d)") % {"count": count}))
        held = PhoneNumber.objects.of_company(self.company).count()
        without = unproven(company=self.company, kind=self.kind).count()
        if 0 < without < held:
            text = gettext("Numbers that have no such document yet (%(count)d)")
            choices.append((UNPROVEN, text % {"count": without}))
        choices.append((ALL, gettext("All numbers of the company (%(count)d)") % {"count": held}))
        groups = NumberGroup.objects.filter(company=self.company)
        if groups.exists():
            choices.append((GROUP, gettext("The numbers of a group")))
        choices.append((CHOSEN, gettext("Single numbers")))
        scope, group, numbers = self.fields["scope"], self.fields["group"], self.fields["numbers"]
        assert isinstance(scope, forms.ChoiceField)
        assert isinstance(group, forms.ModelChoiceField)
        assert isinstance(numbers, forms.MultipleChoiceField)
        scope.choices = choices
        self.initial.setdefault("scope", choices[0][0])
        group.queryset = groups
        if not groups.exists():
            del self.fields["group"]
        chosen: list[str] = []
        found: list[PhoneNumber] = []
        if self.is_bound:
            chosen = [ref for ref in self.posted("numbers") if REFERENCE.fullmatch(ref)]
            found = matching(company=self.company, text=self.data.get("search", "").replace("\0", ""))
        rows = {row.ref: row for row in PhoneNumber.objects.of_company(self.company).filter(ref__in=chosen)}
        rows.update({row.ref: row for row in found})
        numbers.choices = [(ref, self.described(row)) for ref, row in rows.items()]
        self.matches = len(found)

    matches = 0

    @staticmethod
    def described(number: PhoneNumber) -> str:
        """A number as a choice: masked, with what the company calls it."""
        return f"{mask_number(number.number)} {number.alias or number.label}".strip()

    def chosen_numbers(self) -> PhoneNumberQuerySet | None:
        """The numbers that the version names; None where its kind names none."""
        if not self.kind.names_numbers:
            return None
        own = PhoneNumber.objects.of_company(self.company)
        scope = self.cleaned_data["scope"]
        if scope == SAME and self.renewed is not None:
            return named_by(self.renewed)
        if scope == UNPROVEN:
            return unproven(company=self.company, kind=self.kind)
        if scope == GROUP:
            return in_groups(company=self.company, group=self.cleaned_data["group"])
        if scope == CHOSEN:
            return own.filter(ref__in=self.cleaned_data["numbers"])
        return own

    # --- All together ------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Dates against each other and the company's day, files, numbers."""
        data = super().clean() or self.cleaned_data
        if "validity" in self.fields and data.get("validity") == LONG_TERM:
            # A date left in the other answer's field is not meant.
            data["expires_on"] = None
            self.errors.pop("expires_on", None)
        self.check_dates(data)
        for problem in self.file_problems:
            self.add_error("documents", problem)
        if not self.staged and not self.file_problems:
            self.add_error("documents", gettext("Choose the document: a PDF, or a photograph as JPEG or PNG."))
        if self.kind.names_numbers:
            self.check_numbers(data)
        return data

    def check_dates(self, data: dict[str, Any]) -> None:
        """Put what is wrong with the dates beside them; a date that could not be read has its own error already."""
        unanswered = "validity" in self.fields and not data.get("validity")
        problems = date_problems(
            issued_on=data.get("issued_on"),
            expires_on=data.get("expires_on"),
            is_long_term=self.is_long_term,
            may_be_long_term=self.kind.may_be_long_term,
            today=self.company.today(self.now),
        )
        for problem in problems:
            field = "validity" if problem.field == "is_long_term" else problem.field
            if field not in self.errors and not (unanswered and problem.code == "end_missing"):
                self.add_error(field, problem.message)

    def check_numbers(self, data: dict[str, Any]) -> None:
        """Ask for the group, or for at least one number, where that answer was given."""
        scope = data.get("scope")
        if scope == GROUP and not data.get("group") and "group" not in self.errors:
            self.add_error("group", gettext("Choose a group."))
        elif scope == CHOSEN and not data.get("numbers") and "numbers" not in self.errors:
            self.add_error("search", gettext("Find the numbers and tick those that the document names."))
        elif scope and not self.errors.get("group") and not self.chosen_numbers_exist():
            self.add_error("scope", gettext("There are no numbers in this choice. Choose others."))

    def chosen_numbers_exist(self) -> bool:
        """Whether the answer leads to at least one number."""
        if self.errors.get("numbers"):
            return True
        numbers = self.chosen_numbers()
        return numbers is not None and numbers.exists()

    @property
    def is_long_term(self) -> bool:
        """Whether the document was declared to have no end."""
        return bool(self.cleaned_data.get("validity") == LONG_TERM)
