"""What every form with uploads does: each file is checked and stored as it comes, so that no other mistake costs it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.users import User
from certification.materials.documents import ACCEPT, MOST_FILES, DocumentRefused, check_document, presentable_name
from certification.materials.models import StagedFile
from certification.materials.store import discard, stage, staged_for
from certification.upload_limits import DroppedFile

REFERENCE = re.compile(r"[0-9a-f]{12}")


class SeveralFiles(forms.FileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Every file under the name."""
        return files.getlist(name) if hasattr(files, "getlist") else []


class DocumentsField(forms.FileField):
    """Any number of uploads; each is checked and stored by the form, not here."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """The uploads as they are."""
        return [file for file in data or [] if file is not None]


class UploadsForm(forms.Form):
    """A form whose files wait in the store for the rest of it; the template shows them as `materials/_uploads.html`."""

    documents = DocumentsField(label=_("Document"), required=False, widget=SeveralFiles(attrs={"accept": ACCEPT}))

    company: Company
    user: User
    now: dt.datetime
    dropped: list[DroppedFile]
    staged: list[StagedFile]
    file_problems: list[str]

    #: What looks at each upload; forms that take other files as well have their own.
    check = staticmethod(check_document)

    def __init__(
        self,
        *args: Any,
        company: Company,
        user: User,
        now: dt.datetime,
        dropped: list[DroppedFile] | None = None,
        **kwargs: Any,
    ) -> None:
        self.company, self.user, self.now, self.dropped = company, user, now, dropped or []
        self.staged, self.file_problems = [], []
        super().__init__(*args, **kwargs)

    def posted(self, name: str) -> list[str]:
        """Every value that was sent under the name."""
        return self.data.getlist(name) if isinstance(self.data, MultiValueDict) else []

    def receive_files(self) -> None:
        """Stage what was uploaded with this form, beside what it has already; what is wrong with a file becomes an error.

        Called once per request, whatever else is right or wrong with the form.
        """
        refs = [ref for ref in self.posted("staged") if REFERENCE.fullmatch(ref)]
        unwanted = set(self.posted("remove"))
        self.staged = []
        for file in staged_for(user=self.user, company=self.company, refs=refs, now=self.now):
            if file.ref in unwanted:
                discard(staged=file)
            else:
                self.staged.append(file)
        problems = [DocumentRefused(file.code, presentable_name(file.name)).message for file in self.dropped]
        digests = {file.sha256 for file in self.staged}
        for upload in self.files.getlist("documents"):
            if len(self.staged) >= MOST_FILES:
                problems.append(gettext("At most 10 files belong to one document. The others were left out."))
                break
            try:
                document = self.check(name=upload.name or "", file=upload, size=upload.size or 0)
                if document.sha256 in digests:
                    continue  # the same file once more
                self.staged.append(stage(company=self.company, document=document, uploaded_by=self.user, now=self.now))
                digests.add(document.sha256)
            except DocumentRefused as refused:
                problems.append(refused.message)
        self.file_problems = problems
