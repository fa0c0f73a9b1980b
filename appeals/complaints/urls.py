"""The addresses of complaints."""

from __future__ import annotations

from django.urls import path

from appeals.complaints import source_views, staff_views, views
from appeals.complaints.imports.pages import COMPLAINT_PAGES
from appeals.event_imports.urls import import_addresses

app_name = "complaints"
urlpatterns = [
    path("complaints/", views.complaint_list, name="list"),
    path("staff/complaints/", staff_views.overview, name="staff_overview"),
    path("staff/complaints/new/", staff_views.record, name="staff_record"),
    path("staff/complaints/unknown/", staff_views.unknown, name="staff_unknown"),
    path("staff/complaints/locks/", staff_views.locks, name="staff_locks"),
    path("staff/complaints/locks/<slug:ref>/review/", staff_views.review_lock_again, name="staff_review_again"),
    path("staff/complaints/sources/", source_views.sources, name="sources"),
    path("staff/complaints/sources/<slug:ref>/", source_views.source_detail, name="source"),
    path("staff/complaints/sources/<slug:ref>/key/", source_views.key_new, name="key_new"),
    path("staff/complaints/keys/<slug:ref>/revoke/", source_views.key_revoke, name="key_revoke"),
    *import_addresses("staff/complaints/import/", COMPLAINT_PAGES),
]
