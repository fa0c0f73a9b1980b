"""The staff's pages of a spreadsheet of complaints: choose a file, columns, look at every row, confirm, follow, result."""

from __future__ import annotations

import tempfile
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_view
from accounts.keyset import keyset_page
from appeals.complaints.forms import ColumnsForm, UploadForm
from appeals.complaints.imports import taking
from appeals.complaints.imports.models import ComplaintImport, ComplaintImportRow, ComplaintRowOutcome
from appeals.complaints.imports.report import judged_at, reason_of, write_report
from appeals.complaints.staff_pages import Tab, crumbs, may_take, tabs
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
    ComplaintRowOutcome.ACCEPTED: "green",
    ComplaintRowOutcome.UNKNOWN_NUMBER: "blue",
    ComplaintRowOutcome.DUPLICATE: "grey",
    ComplaintRowOutcome.INVALID: "red",
}


@staff_view(write=WRITE)
def upload(request: SignedInRequest) -> HttpResponse:
    """Choose a file; earlier ones below."""
    posted = request.method == "POST"
    form = UploadForm(*((request.POST, request.FILES) if posted else ()))
    if posted and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            complaint_import = taking.take_in(
                source=form.cleaned_data["source"], file=file, name=file.name, user=request.user, now=timezone.now()
            )
        except UnreadableFile as error:
            form.add_error("file", str(error.problem.label))
        except OSError:
            form.add_error("file", _("The file could not be stored at the moment. Try again in a few minutes."))
        else:
            complaint_import.refresh_from_db(fields=["ref"])
            return redirect("complaints:import_columns", complaint_import.ref)
    imports = ComplaintImport.objects.exclude(state=ImportState.DISCARDED).select_related("created_by", "source")
    context = {
        "tabs": tabs("complaints:imports"),
        "form": form,
        "has_sources": form.fields["source"].queryset.exists(),  # type: ignore[attr-defined]
        "imports": imports.order_by("-created_at", "-pk")[:LATEST],
        "steps": steps(0),
        "may_take": may_take(request),
        "breadcrumb": crumbs((_("Spreadsheets"), "")),
    }
    return render(request, "complaints/import/upload.html", context, status=422 if form.errors else 200)


def import_or_404(ref: str) -> ComplaintImport:
    """The import of that reference."""
    return get_object_or_404(ComplaintImport.objects.select_related("source"), ref=ref)


def import_crumbs(complaint_import: ComplaintImport) -> list[dict[str, str]]:
    """The way to an import."""
    return crumbs((_("Spreadsheets"), reverse("complaints:imports")), (complaint_import.file_name, ""))


@staff_view(read=WRITE, write=WRITE)
def columns(request: SignedInRequest, ref: str) -> HttpResponse:
    """Correct which column holds what, and for a csv how it is read; then every row is checked."""
    complaint_import = import_or_404(ref)
    if complaint_import.state not in OPEN_STATES:
        return redirect("complaints:import_detail", ref)
    is_text = bool(complaint_import.encoding)
    text_form = (
        TextForm(initial={"encoding": complaint_import.encoding, "delimiter": complaint_import.delimiter})
        if is_text
        else None
    )
    form = ColumnsForm(complaint_import)
    if request.method == "POST" and "read_again" in request.POST and is_text:
        text_form = TextForm(request.POST)
        if text_form.is_valid():
            try:
                taking.read_again(complaint_import=complaint_import, **text_form.cleaned_data)
            except UnreadableFile as error:
                text_form.add_error("encoding", str(error.problem.label))
            else:
                return redirect("complaints:import_columns", ref)
    elif request.method == "POST":
        form = ColumnsForm(complaint_import, request.POST)
        if form.is_valid():
            try:
                taking.write_preview(complaint_import=complaint_import, columns=form.columns, now=timezone.now())
            except UnreadableFile as error:
                form.add_error("number", str(error.problem.label))
            else:
                return redirect("complaints:import_detail", ref)
    failed = bool(form.errors or (text_form and text_form.errors))
    context = {
        "form": form,
        "text_form": text_form,
        "error_forms": [form, text_form] if text_form else [form],
        "complaint_import": complaint_import,
        "letters": [letter(index) for index in range(len(complaint_import.header))],
        "steps": steps(1),
        "breadcrumb": import_crumbs(complaint_import),
    }
    return render(request, "complaints/import/columns.html", context, status=422 if failed else 200)


@require_safe
@staff_view()
def detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """The preview, the progress or the result, by how far the import is."""
    complaint_import = import_or_404(ref)
    context: dict[str, Any] = {
        "complaint_import": complaint_import,
        "may_take": may_take(request),
        "breadcrumb": import_crumbs(complaint_import),
    }
    if complaint_import.state == ImportState.UPLOADED and context["may_take"]:
        return redirect("complaints:import_columns", ref)
    if complaint_import.state in (ImportState.UPLOADED, ImportState.DISCARDED):
        return render(request, "complaints/import/nothing.html", context)
    if complaint_import.state in (ImportState.QUEUED, ImportState.RUNNING):
        context |= {"steps": steps(3), **progress_of(complaint_import)}
        return render(request, "complaints/import/progress.html", context)
    previewed = complaint_import.state == ImportState.PREVIEWED
    context |= {**rows_page(request, complaint_import), "steps": steps(2 if previewed else 4)}
    name = "preview" if previewed else "result"
    return render(request, f"complaints/import/{name}.html", context)


def progress_of(complaint_import: ComplaintImport) -> dict[str, int]:
    """How far the import is."""
    done, total = complaint_import.rows_done, complaint_import.rows_total
    return {"done": done, "total": total, "percent": done * 100 // total if total else 0}


class RowLine(NamedTuple):
    """One row of the sheet: its number where it can be read, else what the file says."""

    row: ComplaintImportRow
    number: str
    text: str
    at: str
    category: str
    reason: str
    tone: str


def line_of(row: ComplaintImportRow, complaint_import: ComplaintImport) -> RowLine:
    """The row in words."""
    value = row.event.get("number")
    read = read_number(value)
    invalid = row.outcome == ComplaintRowOutcome.INVALID
    return RowLine(
        row,
        read.number if isinstance(read, ReadNumber) else "",
        plain(value)[:80],
        plain(row.event.get("at"))[:40],
        plain(row.event.get("category"))[:40],
        reason_of(row, at=judged_at(complaint_import)) if invalid else "",
        TONES[ComplaintRowOutcome(row.outcome)],
    )


def rows_page(request: SignedInRequest, complaint_import: ComplaintImport) -> dict[str, Any]:
    """One page of the rows, narrowed by outcome."""
    rows = ComplaintImportRow.objects.filter(complaint_import=complaint_import)
    show = request.GET.get("show", "")
    show = show if show in ComplaintRowOutcome.values else ""
    if show:
        rows = rows.filter(outcome=show)
    page = keyset_page(rows, request, order=("row",), kinds=(int,))
    page.total_label = ngettext("%(count)d row on this page", "%(count)d rows on this page", len(page.rows)) % {
        "count": len(page.rows)
    }
    address = reverse("complaints:import_detail", args=[complaint_import.ref])
    return {
        "page": page,
        "rows": [line_of(row, complaint_import) for row in page.rows],
        "tabs": [
            Tab(address, _("All rows"), complaint_import.rows_total, not show),
            *[
                Tab(
                    f"{address}?show={outcome}",
                    outcome.label,
                    getattr(complaint_import, f"rows_{outcome}"),
                    show == outcome,
                )
                for outcome in ComplaintRowOutcome
            ],
        ],
    }


@require_safe
@staff_view()
def progress(request: SignedInRequest, ref: str) -> HttpResponse:
    """The progress by itself; when the import has ended, htmx is sent to the result."""
    complaint_import = import_or_404(ref)
    if complaint_import.state not in (ImportState.QUEUED, ImportState.RUNNING):
        response = HttpResponse(status=200)
        response.headers["HX-Redirect"] = reverse("complaints:import_detail", args=[ref])
        return response
    context = {"complaint_import": complaint_import, **progress_of(complaint_import)}
    return render(request, "complaints/import/_progress.html", context)


@require_POST
@staff_view(write=WRITE)
def confirm(request: SignedInRequest, ref: str) -> HttpResponse:
    """Start the import; a second click finds it started."""
    taking.confirm(complaint_import=import_or_404(ref), actor=request.actor, now=timezone.now())
    return redirect("complaints:import_detail", ref)


@require_POST
@staff_view(write=WRITE)
def discard(request: SignedInRequest, ref: str) -> HttpResponse:
    """Give the import up before it was confirmed."""
    if taking.discard(complaint_import=import_or_404(ref)):
        messages.success(request, _("Nothing has been counted; the file has been removed."))
        return redirect("complaints:imports")
    return redirect("complaints:import_detail", ref)


@require_safe
@staff_view()
def report(request: SignedInRequest, ref: str, file_format: str) -> HttpResponseBase:
    """The rows that cannot be read, with their original columns and the reasons."""
    complaint_import = import_or_404(ref)
    unseen = (ImportState.UPLOADED, ImportState.DISCARDED)
    if file_format not in ExportFormat.values or complaint_import.state in unseen:
        raise Http404
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
    write_report(file, complaint_import, file_format=file_format)
    file.seek(0)
    stem = complaint_import.file_name.rpartition(".")[0] or complaint_import.file_name
    name = _("%(file)s - rejected rows") % {"file": stem}
    return FileResponse(file, as_attachment=True, filename=f"{name}.{file_format}")
