"""The addresses of companies' timelines."""

from __future__ import annotations

from django.urls import path

from certification.timeline import views

urlpatterns = [
    path("timeline/", views.company_timeline, name="timeline"),
    path("staff/companies/<slug:ref>/timeline/", views.staff_company_timeline, name="staff_company_timeline"),
]
