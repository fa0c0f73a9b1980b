"""The pages of an export: choose a format, follow it where it takes long, fetch the file."""

from __future__ import annotations

import tempfile

from django import forms
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import Permission, SignedInRequest, company_view, enter_company_of
from certification.numbers.exports import job
from certification.numbers.exports.writing import rows, write
from certification.numbers.listing import Filters, filtered
from certification.numbers.models import ExportFormat, NumberExport
from certification.numbers.pages import Crumb, crumbs


class ExportForm(forms.Form):
    """Which kind of file."""

    file_format = forms.ChoiceField(
        label=gettext_lazy("File format"),
        choices=ExportFormat.choices,
        initial=ExportFormat.XLSX,
        widget=forms.RadioSelect,
    )


def file_name(company: str, file_format: str, day: str) -> str:
    """What the file is called: the browser shows it to the person."""
    return f"{_('Numbers')} {company} {day}.{file_format}"


@company_view(write=Permission.READ_COMPANY)
def export(request: SignedInRequest) -> HttpResponseBase:
    """Choose the format; a short list comes at once, a long one is written by the queue. The list's filters apply."""
    filters = Filters.from_query(request.GET)
    form = ExportForm(request.POST if request.method == "POST" else None)
    total = filtered(request.company, filters).count()
    if request.method == "POST" and form.is_valid():
        file_format, now = form.cleaned_data["file_format"], timezone.now()
        if total > job.AT_ONCE:
            asked = job.ask(
                company=request.company,
                user=request.user,
                filters=filters,
                file_format=file_format,
                language=get_language() or "zh-hans",
                actor=request.actor,
                now=now,
            )
            return redirect("numbers:export_detail", asked.ref)
        job.journal_export(
            company=request.company, filters=filters, total=total, file_format=file_format, actor=request.actor, now=now
        )
        file = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
        for _done in write(file, rows(request.company, filters, now=now), file_format=file_format):
            pass
        file.seek(0)
        name = file_name(request.company.name, file_format, f"{request.company.today(now)}")
        return FileResponse(file, as_attachment=True, filename=name)
    context = {
        "form": form,
        "filters": filters,
        "total": total,
        "at_once": total <= job.AT_ONCE,
        "list_url": f"{reverse('numbers:list')}{filters.query()}",
        "breadcrumb": crumbs(Crumb(_("Export"))),
    }
    return render(request, "numbers/export/choose.html", context, status=422 if form.errors else 200)


def export_or_404(request: SignedInRequest, ref: str) -> NumberExport:
    """An export that this person asked for."""
    found = get_object_or_404(NumberExport.objects.for_user(request.user).select_related("company"), ref=ref)
    enter_company_of(request, found.company_id)
    return found


def state_of(found: NumberExport) -> dict[str, object]:
    """How far the export is."""
    total = found.rows_total
    return {
        "export": found,
        "percent": found.rows_done * 100 // total if total else 0,
        "removed_after": found.created_at + job.KEPT,
        "list_url": f"{reverse('numbers:list')}{Filters(**found.filters).query()}",
        "again_url": f"{reverse('numbers:export')}{Filters(**found.filters).query()}",
        "breadcrumb": crumbs(Crumb(_("Export"))),
    }


@company_view()
@require_GET
def detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """The progress of an export, or its file."""
    return render(request, "numbers/export/detail.html", state_of(export_or_404(request, ref)))


@company_view()
@require_GET
def progress(request: SignedInRequest, ref: str) -> HttpResponse:
    """The progress by itself; when it has ended, htmx is sent to the page."""
    found = export_or_404(request, ref)
    if found.finished_at or found.failed_at:
        response = HttpResponse(status=200)
        response.headers["HX-Redirect"] = reverse("numbers:export_detail", args=[ref])
        return response
    return render(request, "numbers/export/_progress.html", state_of(found))


@company_view()
@require_GET
def fetch(request: SignedInRequest, ref: str) -> HttpResponseBase:
    """The file, for the person who asked for it. It is removed a quarter of an hour after it was fetched first."""
    found = export_or_404(request, ref)
    if not found.storage_name or not default_storage.exists(found.storage_name):
        return redirect("numbers:export_detail", ref)
    job.note_fetch(export=found, actor=request.actor, now=timezone.now())
    name = file_name(found.company.name, found.file_format, f"{found.company.today(found.created_at)}")
    return FileResponse(default_storage.open(found.storage_name), as_attachment=True, filename=name)
