"""The addresses of one sort of import; complaints and marks put them beneath their own."""

from __future__ import annotations

from django.urls import URLPattern, path

from appeals.event_imports import views
from appeals.event_imports.pages import ImportPages


def import_addresses(beneath: str, pages: ImportPages) -> list[URLPattern]:
    """The addresses beneath this one, for these pages."""
    known = {"pages": pages}
    return [
        path(beneath, views.upload, known, name="imports"),
        path(f"{beneath}<slug:ref>/", views.detail, known, name="import_detail"),
        path(f"{beneath}<slug:ref>/columns/", views.columns, known, name="import_columns"),
        path(f"{beneath}<slug:ref>/progress/", views.progress, known, name="import_progress"),
        path(f"{beneath}<slug:ref>/confirm/", views.confirm, known, name="import_confirm"),
        path(f"{beneath}<slug:ref>/discard/", views.discard, known, name="import_discard"),
        path(f"{beneath}<slug:ref>/rejected.<slug:file_format>", views.report, known, name="import_report"),
    ]
