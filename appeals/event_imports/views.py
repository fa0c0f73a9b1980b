"""The staff's pages of a spreadsheet of events: choose a file, columns, look at every row, confirm, follow, result."""

from __future__ import annotations

import tempfile
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_view
from accounts.keyset import keyset_page
from appeals.complaints.staff_pages import Tab, may_take
from appeals.event_imports import taking
from appeals.event_imports.forms import ColumnsForm, UploadForm
from appeals.event_imports.kinds import Reader
from appeals.event_imports.models import EventImport, EventImportRow, RowOutcome
from appeals.event_imports.pages import ImportPages
from appeals.event_imports.report import judged_at, reason_of, write_report
from appeals.events import plain
from certification.numbers.imports.forms import TextForm
from certification.numbers.imports.models import OPEN_STATES, ImportState
from certification.numbers.imports.report import letter
from certification.numbers.imports.sheets import UnreadableFile
from certification.numbers.imports.views import steps
from certification.numbers.models import ExportFormat
from certification.numbers.shapes import ReadNumber, read_number

WRITE = Permission.TAKE_COMPLAINTS
#: Imports on the page of spreadsheets.
LATEST = 20
TONES = {
    RowOutcome.ACCEPTED: "green",
    RowOutcome.UNKNOWN_NUMBER: "blue",
    RowOutcome.DUPLICATE: "grey",
    RowOutcome.INVALID: "red",
}


@staff_view(write=WRITE)
def upload(request: SignedInRequest, pages: ImportPages) -> HttpResponse:
    """Choose a file; earlier ones below."""
    posted = request.method == "POST"
    form = UploadForm(*((request.POST, request.FILES) if posted else ()))
    if posted and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            event_import = taking.take_in(
                kind=pages.kind,
                source=form.cleaned_data["source"],
                file=file,
                name=file.name,
                user=request.user,
                now=timezone.now(),
            )
        except UnreadableFile as error:
            form.add_error("file", str(error.problem.label))
        except OSError:
            form.add_error("file", _("The file could not be stored at the moment. Try again in a few minutes."))
        else:
            event_import.refresh_from_db(fields=["ref"])
            return redirect(pages.url("import_columns", event_import))
    imports = pages.kind.imports.objects.exclude(state=ImportState.DISCARDED).select_related("created_by", "source")
    context = {
        "tabs": pages.tabs(f"{pages.namespace}:imports"),
        "form": form,
        "has_sources": form.fields["source"].queryset.exists(),  # type: ignore[attr-defined]
        "imports": [(row, pages.url("import_detail", row)) for row in imports.order_by("-created_at", "-pk")[:LATEST]],
        "counts_locks": "locked" in pages.kind.counted,
        "steps": steps(0),
        "may_take": may_take(request),
        "breadcrumb": pages.crumbs((_("Spreadsheets"), "")),
    }
    return render(request, pages.template("upload"), context, status=422 if form.errors else 200)


def import_or_404(pages: ImportPages, ref: str) -> EventImport:
    """The import of that reference."""
    found: EventImport = get_object_or_404(pages.kind.imports.objects.select_related("source"), ref=ref)
    return found


@staff_view(read=WRITE, write=WRITE)
def columns(request: SignedInRequest, ref: str, pages: ImportPages) -> HttpResponse:
    """Correct which column holds what, and for a csv how it is read; then every row is checked."""
    event_import = import_or_404(pages, ref)
    detail_url = pages.url("import_detail", event_import)
    if event_import.state not in OPEN_STATES:
        return redirect(detail_url)
    is_text = bool(event_import.encoding)
    known = {"encoding": event_import.encoding, "delimiter": event_import.delimiter}
    text_form = TextForm(initial=known) if is_text else None
    form = ColumnsForm(pages.kind.sheet, event_import)
    if request.method == "POST" and "read_again" in request.POST and is_text:
        text_form = TextForm(request.POST)
        if text_form.is_valid():
            try:
                taking.read_again(kind=pages.kind, event_import=event_import, **text_form.cleaned_data)
            except UnreadableFile as error:
                text_form.add_error("encoding", str(error.problem.label))
            else:
                return redirect(pages.url("import_columns", event_import))
    elif request.method == "POST":
        form = ColumnsForm(pages.kind.sheet, event_import, request.POST)
        if form.is_valid():
            try:
                taking.write_preview(
                    kind=pages.kind, event_import=event_import, columns=form.columns, now=timezone.now()
                )
            except UnreadableFile as error:
                form.add_error("number", str(error.problem.label))
            else:
                return redirect(detail_url)
    failed = bool(form.errors or (text_form and text_form.errors))
    context = {
        **pages.addresses(event_import),
        "form": form,
        "text_form": text_form,
        "error_forms": [form, text_form] if text_form else [form],
        "letters": [letter(index) for index in range(len(event_import.header))],
        "steps": steps(1),
        "breadcrumb": pages.way_to(event_import),
    }
    return render(request, "event_imports/columns.html", context, status=422 if failed else 200)


@require_safe
@staff_view()
def detail(request: SignedInRequest, ref: str, pages: ImportPages) -> HttpResponse:
    """The preview, the progress or the result, by how far the import is."""
    event_import = import_or_404(pages, ref)
    context: dict[str, Any] = {
        **pages.addresses(event_import),
        "may_take": may_take(request),
        "breadcrumb": pages.way_to(event_import),
    }
    if event_import.state == ImportState.UPLOADED and context["may_take"]:
        return redirect(context["columns_url"])
    if event_import.state in (ImportState.UPLOADED, ImportState.DISCARDED):
        return render(request, "event_imports/nothing.html", context)
    if event_import.state in (ImportState.QUEUED, ImportState.RUNNING):
        context |= {"steps": steps(3), **progress_of(event_import)}
        return render(request, "event_imports/progress.html", context)
    previewed = event_import.state == ImportState.PREVIEWED
    context |= {**rows_page(request, pages, event_import), "steps": steps(2 if previewed else 4)}
    return render(request, pages.template("preview" if previewed else "result"), context)


def progress_of(event_import: EventImport) -> dict[str, int]:
    """How far the import is."""
    done, total = event_import.rows_done, event_import.rows_total
    return {"done": done, "total": total, "percent": done * 100 // total if total else 0}


class RowLine(NamedTuple):
    """One row of the sheet: its number where it can be read, else what the file says."""

    row: EventImportRow
    number: str
    text: str
    shown: list[tuple[str | Promise, str]]
    reason: str
    tone: str


def line_of(row: EventImportRow, pages: ImportPages, reader: Reader) -> RowLine:
    """The row in words."""
    value = row.event.get("number")
    read = read_number(value)
    return RowLine(
        row,
        read.number if isinstance(read, ReadNumber) else "",
        plain(value)[:80],
        [(heading, plain(row.event.get(key))[:40]) for key, heading in pages.shown],
        reason_of(row, reader) if row.outcome == RowOutcome.INVALID else "",
        TONES[RowOutcome(row.outcome)],
    )


def rows_page(request: SignedInRequest, pages: ImportPages, event_import: EventImport) -> dict[str, Any]:
    """One page of the rows, narrowed by outcome."""
    rows = pages.kind.rows.objects.filter(**{pages.kind.owner: event_import})
    show = request.GET.get("show", "")
    show = show if show in RowOutcome.values else ""
    if show:
        rows = rows.filter(outcome=show)
    page = keyset_page(rows, request, order=("row",), kinds=(int,))
    page.total_label = ngettext("%(count)d row on this page", "%(count)d rows on this page", len(page.rows)) % {
        "count": len(page.rows)
    }
    address = pages.url("import_detail", event_import)
    reader = pages.kind.reader(judged_at(event_import))
    return {
        "page": page,
        "rows": [line_of(row, pages, reader) for row in page.rows],
        "headings": [heading for _key, heading in pages.shown],
        "tabs": [
            Tab(address, _("All rows"), event_import.rows_total, not show),
            *[
                Tab(
                    f"{address}?show={outcome}",
                    outcome.label,
                    getattr(event_import, f"rows_{outcome}"),
                    show == outcome,
                )
                for outcome in RowOutcome
            ],
        ],
    }


@require_safe
@staff_view()
def progress(request: SignedInRequest, ref: str, pages: ImportPages) -> HttpResponse:
    """The progress by itself; when the import has ended, htmx is sent to the result."""
    event_import = import_or_404(pages, ref)
    if event_import.state not in (ImportState.QUEUED, ImportState.RUNNING):
        response = HttpResponse(status=200)
        response.headers["HX-Redirect"] = pages.url("import_detail", event_import)
        return response
    context = {**pages.addresses(event_import), **progress_of(event_import)}
    return render(request, "event_imports/_progress.html", context)


@require_POST
@staff_view(write=WRITE)
def confirm(request: SignedInRequest, ref: str, pages: ImportPages) -> HttpResponse:
    """Start the import; a second click finds it started."""
    event_import = import_or_404(pages, ref)
    taking.confirm(kind=pages.kind, event_import=event_import, actor=request.actor, now=timezone.now())
    return redirect(pages.url("import_detail", event_import))


@require_POST
@staff_view(write=WRITE)
def discard(request: SignedInRequest, ref: str, pages: ImportPages) -> HttpResponse:
    """Give the import up before it was confirmed."""
    event_import = import_or_404(pages, ref)
    if taking.discard(kind=pages.kind, event_import=event_import):
        messages.success(request, _("Nothing has been taken in; the file has been removed."))
        return redirect(pages.url("imports"))
    return redirect(pages.url("import_detail", event_import))


@require_safe
@staff_view()
def report(request: SignedInRequest, ref: str, file_format: str, pages: ImportPages) -> HttpResponseBase:
    """The rows that cannot be read, with their original columns and the reasons."""
    event_import = import_or_404(pages, ref)
    unseen = (ImportState.UPLOADED, ImportState.DISCARDED)
    if file_format not in ExportFormat.values or event_import.state in unseen:
        raise Http404
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
    write_report(pages.kind, file, event_import, file_format=file_format)
    file.seek(0)
    stem = event_import.file_name.rpartition(".")[0] or event_import.file_name
    name = _("%(file)s - rejected rows") % {"file": stem}
    return FileResponse(file, as_attachment=True, filename=f"{name}.{file_format}")
