"""The addresses of numbers."""

from __future__ import annotations

from django.urls import path

from certification.numbers import views
from certification.numbers.exports import views as exports
from certification.numbers.groups import views as groups
from certification.numbers.imports import views as imports

app_name = "numbers"
urlpatterns = [
    path("", views.number_list, name="list"),
    path("counts/", views.number_counts, name="counts"),
    path("add/", views.number_add, name="add"),
    path("groups/", groups.group_list, name="groups"),
    path("groups/<slug:ref>/", groups.group_edit, name="group_edit"),
    path("import/", imports.upload, name="import"),
    path("import/<slug:ref>/", imports.detail, name="import_detail"),
    path("import/<slug:ref>/columns/", imports.columns, name="import_columns"),
    path("import/<slug:ref>/progress/", imports.progress, name="import_progress"),
    path("import/<slug:ref>/confirm/", imports.confirm, name="import_confirm"),
    path("import/<slug:ref>/discard/", imports.discard, name="import_discard"),
    path("import/<slug:ref>/rejected.<slug:file_format>", imports.report, name="import_report"),
    path("export/", exports.export, name="export"),
    path("export/<slug:ref>/", exports.detail, name="export_detail"),
    path("export/<slug:ref>/progress/", exports.progress, name="export_progress"),
    path("export/<slug:ref>/file/", exports.fetch, name="export_file"),
    path("<slug:ref>/", views.number_detail, name="detail"),
    path("<slug:ref>/edit/", views.number_edit, name="edit"),
    path("<slug:ref>/reveal/", views.number_reveal, name="reveal"),
    path("<slug:ref>/release/", views.number_release, name="release"),
    path("<slug:ref>/withdraw/", views.number_withdraw, name="withdraw"),
]
