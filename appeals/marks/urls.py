"""The addresses of marks."""

from __future__ import annotations

from django.urls import path

from appeals.event_imports.urls import import_addresses
from appeals.marks.imports.pages import MARK_PAGES
from appeals.marks.views import company, staff

app_name = "marks"
urlpatterns = [
    path("marks/", company.mark_list, name="list"),
    path("marks/report/", company.mark_report, name="report"),
    path("marks/screenshots/<str:ref>/", company.mark_screenshot, name="screenshot"),
    path("marks/<str:ref>/", company.mark_detail, name="detail"),
    path("staff/marks/", staff.staff_marks, name="staff_list"),
    path("staff/marks/new/", staff.staff_record, name="staff_record"),
    path("staff/marks/unknown/", staff.staff_unknown, name="staff_unknown"),
    *import_addresses("staff/marks/import/", MARK_PAGES),
    path("staff/marks/<str:ref>/", staff.staff_mark, name="staff_detail"),
    path("staff/marks/<str:ref>/confirm/", staff.staff_confirm, name="staff_confirm"),
    path("staff/marks/<str:ref>/refuse/", staff.staff_refuse, name="staff_refuse"),
]
