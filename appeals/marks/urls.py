"""The addresses of marks."""

from __future__ import annotations

from django.urls import path

from appeals.marks import staff_views, views

app_name = "marks"
urlpatterns = [
    path("marks/", views.mark_list, name="list"),
    path("marks/report/", views.mark_report, name="report"),
    path("marks/screenshots/<str:ref>/", views.mark_screenshot, name="screenshot"),
    path("marks/<str:ref>/", views.mark_detail, name="detail"),
    path("staff/marks/", staff_views.staff_marks, name="staff_list"),
    path("staff/marks/new/", staff_views.staff_record, name="staff_record"),
    path("staff/marks/<str:ref>/", staff_views.staff_mark, name="staff_detail"),
    path("staff/marks/<str:ref>/confirm/", staff_views.staff_confirm, name="staff_confirm"),
    path("staff/marks/<str:ref>/refuse/", staff_views.staff_refuse, name="staff_refuse"),
]
