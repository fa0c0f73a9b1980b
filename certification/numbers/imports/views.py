"""The pages of an import: choose a file, settle the columns, look at every row, confirm, follow, see the result."""

from __future__ import annotations

import tempfile
from typing import Any, NamedTuple

from django.contrib import messages
from django.db.models import Count
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, company_view, enter_company_of
from certification.numbers.imports import intake
from certification.numbers.imports.forms import ColumnsForm, TextForm, UploadForm
from certification.numbers.imports.models import OPEN_STATES
from certification.numbers.imports.report import letter, write_report
from certification.numbers.imports.sheets import UnreadableFile
from certification.numbers.models import (
    ExportFormat,
    ImportState,
    NumberImport,
    NumberImportRow,
    RowOutcome,
)
from certification.numbers.pages import Crumb, crumbs
from certification.numbers.problems import Problem, reason

PAGE = 50


class Step(NamedTuple):
    """One step of the import, for the line above the page."""

    label: str
    state: str
    at: object = None
    hint: str = ""


def steps(current: int) -> list[Step]:
    """Where the person is: file, columns, check, import."""
    labels = (_("Choose a file"), _("Columns"), _("Check"), _("Import"))
    return [
        Step(label, "done" if place < current else "current" if place == current else "todo")
        for place, label in enumerate(labels)
    ]


@company_view()
def upload(request: SignedInRequest) -> HttpResponse:
    """Choose a file; earlier imports below."""
    form = UploadForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        company=request.company,
    )
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            number_import = intake.take_in(
                company=request.company,
                file=file,
                name=file.name,
                provider=form.cleaned_data["provider"],
                group=form.cleaned_data["group"],
                user=request.user,
                now=timezone.now(),
            )
        except UnreadableFile as error:
            form.add_error("file", str(error.problem.label))
        except OSError:
            form.add_error("file", _("The file could not be stored at the moment. Try again in a few minutes."))
        else:
            return redirect("numbers:import_columns", number_import.ref)
    context = {
        "form": form,
        "imports": NumberImport.objects.filter(company=request.company)
        .exclude(state=ImportState.DISCARDED)
        .select_related("created_by")
        .order_by("-created_at")[:10],
        "steps": steps(0),
        "breadcrumb": crumbs(Crumb(_("Import"))),
    }
    return render(request, "numbers/import/upload.html", context, status=422 if form.errors else 200)


def import_or_404(request: SignedInRequest, ref: str) -> NumberImport:
    """An import of a company that the person is a member of."""
    found = NumberImport.objects.for_user(request.user).select_related("company", "provider", "group")
    number_import = get_object_or_404(found, ref=ref)
    enter_company_of(request, number_import.company_id)
    return number_import


def import_crumbs(number_import: NumberImport) -> list[Crumb]:
    """The way to an import."""
    return crumbs(Crumb(_("Import"), reverse("numbers:import")), Crumb(number_import.file_name))


@company_view()
def columns(request: SignedInRequest, ref: str) -> HttpResponse:
    """Correct which column holds what, and for a csv how it is read; then every row is checked."""
    number_import = import_or_404(request, ref)
    if number_import.state not in OPEN_STATES:
        return redirect("numbers:import_detail", ref)
    is_text = bool(number_import.encoding)
    text_initial = {"encoding": number_import.encoding, "delimiter": number_import.delimiter}
    text_form = TextForm(initial=text_initial) if is_text else None
    form = ColumnsForm(number_import)
    if request.method == "POST" and "read_again" in request.POST and is_text:
        text_form = TextForm(request.POST)
        if text_form.is_valid():
            try:
                intake.read_again(number_import=number_import, **text_form.cleaned_data)
            except UnreadableFile as error:
                text_form.add_error("encoding", str(error.problem.label))
            else:
                return redirect("numbers:import_columns", ref)
    elif request.method == "POST":
        form = ColumnsForm(number_import, request.POST)
        if form.is_valid():
            try:
                intake.write_preview(number_import=number_import, columns=form.columns)
            except UnreadableFile as error:
                form.add_error("number", str(error.problem.label))
            else:
                return redirect("numbers:import_detail", ref)
    failed = bool(form.errors or (text_form and text_form.errors))
    context = {
        "form": form,
        "text_form": text_form,
        "error_forms": [form, text_form] if text_form else [form],
        "number_import": number_import,
        "letters": [letter(index) for index in range(len(number_import.header))],
        "steps": steps(1),
        "breadcrumb": import_crumbs(number_import),
    }
    return render(request, "numbers/import/columns.html", context, status=422 if failed else 200)


@company_view()
@require_GET
def detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """The preview, the progress or the result, by how far the import is."""
    number_import = import_or_404(request, ref)
    if number_import.state == ImportState.UPLOADED:
        return redirect("numbers:import_columns", ref)
    if number_import.state in (ImportState.DISCARDED, ImportState.FAILED):
        return render(request, "numbers/import/discarded.html", {"breadcrumb": import_crumbs(number_import)})
    context: dict[str, Any] = {"number_import": number_import, "breadcrumb": import_crumbs(number_import)}
    if number_import.state in (ImportState.QUEUED, ImportState.RUNNING):
        return render(
            request, "numbers/import/progress.html", context | {"steps": steps(3)} | progress_of(number_import)
        )
    context |= rows_page(request, number_import)
    if number_import.state == ImportState.PREVIEWED:
        return render(request, "numbers/import/preview.html", context | {"steps": steps(2)})
    return render(request, "numbers/import/result.html", context | {"steps": steps(4)})


def progress_of(number_import: NumberImport) -> dict[str, Any]:
    """How far the import is; the rows that turn out to be taken count as done too."""
    waiting = NumberImportRow.objects.filter(
        number_import=number_import, outcome=RowOutcome.ACCEPTED, row__gt=number_import.last_row
    ).count()
    total = number_import.rows_done + waiting
    return {
        "done": number_import.rows_done,
        "total": total,
        "percent": number_import.rows_done * 100 // total if total else 0,
    }


class RowLine(NamedTuple):
    """One row of the sheet as the preview shows it."""

    row: NumberImportRow
    reason: str


def rows_page(request: SignedInRequest, number_import: NumberImport) -> dict[str, Any]:
    """One page of the rows, narrowed by outcome or by problem; keyset by the row in the sheet."""
    rows = NumberImportRow.objects.filter(number_import=number_import)
    by_problem = list(
        rows.exclude(problem="").values("problem", "outcome").annotate(total=Count("pk")).order_by("outcome", "-total")
    )
    show = request.GET.get("show", "")
    if show in RowOutcome.values:
        rows = rows.filter(outcome=show)
    elif show in Problem.values:
        rows = rows.filter(problem=show)
    else:
        show = ""
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    address = reverse("numbers:import_detail", args=[number_import.ref])
    if before.isascii() and before.isdigit():
        found = list(rows.filter(row__lt=min(int(before), 2**31 - 1)).order_by("-row")[: PAGE + 1])
        has_previous, has_next = len(found) > PAGE, True
        found = found[:PAGE][::-1]
    else:
        start = min(int(after), 2**31 - 1) if after.isascii() and after.isdigit() else 0
        found = list(rows.filter(row__gt=start).order_by("row")[: PAGE + 1])
        has_previous, has_next = start > 0, len(found) > PAGE
        found = found[:PAGE]
    prefix = f"{address}?show={show}" if show else f"{address}?"
    return {
        "rows": [RowLine(row, reason(row.problem, row.problem_detail) if row.problem else "") for row in found],
        "show": show,
        "filters": [
            {
                "url": f"{address}?show={item['problem']}",
                "label": Problem(item["problem"]).label,
                "count": item["total"],
                "current": show == item["problem"],
                "outcome": item["outcome"],
            }
            for item in by_problem
            if item["problem"] in Problem.values
        ],
        "tabs": [
            {"url": address, "label": _("All rows"), "count": number_import.rows_total, "current": not show},
            *[
                {
                    "url": f"{address}?show={outcome}",
                    "label": outcome.label,
                    "count": getattr(number_import, f"rows_{outcome}"),
                    "current": show == outcome,
                }
                for outcome in RowOutcome
            ],
        ],
        "page": {
            "first_url": prefix.rstrip("?&") if has_previous else "",
            "previous_url": f"{prefix}&before={found[0].row}" if has_previous and found else "",
            "next_url": f"{prefix}&after={found[-1].row}" if has_next and found else "",
            "total_label": _("Rows %(first)s to %(last)s") % {"first": found[0].row, "last": found[-1].row}
            if found
            else "",
        },
    }


@company_view()
@require_GET
def progress(request: SignedInRequest, ref: str) -> HttpResponse:
    """The progress by itself; when the import has ended, htmx is sent to the result."""
    number_import = import_or_404(request, ref)
    if number_import.state not in (ImportState.QUEUED, ImportState.RUNNING):
        response = HttpResponse(status=200)
        response.headers["HX-Redirect"] = reverse("numbers:import_detail", args=[ref])
        return response
    context = {"number_import": number_import, **progress_of(number_import)}
    return render(request, "numbers/import/_progress.html", context)


@company_view()
@require_POST
def confirm(request: SignedInRequest, ref: str) -> HttpResponse:
    """Start the import; a second click finds it started."""
    number_import = import_or_404(request, ref)
    intake.confirm(number_import=number_import, actor=request.actor, now=timezone.now())
    return redirect("numbers:import_detail", ref)


@company_view()
@require_POST
def discard(request: SignedInRequest, ref: str) -> HttpResponse:
    """Give the import up before it was confirmed."""
    number_import = import_or_404(request, ref)
    if intake.discard(number_import=number_import):
        messages.success(request, _("Nothing has been imported; the file has been removed."))
        return redirect("numbers:import")
    return redirect("numbers:import_detail", ref)


@company_view()
@require_GET
def report(request: SignedInRequest, ref: str, file_format: str) -> HttpResponseBase:
    """The rejected rows with their original columns and the reasons."""
    number_import = import_or_404(request, ref)
    if file_format not in ExportFormat.values or number_import.state in (ImportState.UPLOADED, ImportState.DISCARDED):
        raise Http404
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
    write_report(file, number_import, file_format=file_format)
    file.seek(0)
    stem = number_import.file_name.rpartition(".")[0] or number_import.file_name
    name = _("%(file)s - rejected rows") % {"file": stem}
    return FileResponse(file, as_attachment=True, filename=f"{name}.{file_format}")
