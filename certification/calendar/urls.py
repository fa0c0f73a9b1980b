"""The addresses of the calendar."""

from __future__ import annotations

from django.urls import path

from certification.calendar import views

urlpatterns = [
    path("calendar/", views.company_calendar, name="calendar"),
    path("calendar/link/", views.link_make, name="calendar_link"),
    path("calendar/link/revoke/", views.link_revoke, name="calendar_link_revoke"),
    path("calendar/feed/<slug:token>.ics", views.feed, name="calendar_feed"),
    path("staff/calendar/", views.staff_calendar, name="staff_calendar"),
]
