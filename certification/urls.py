"""The addresses of the certification app, by slice."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("numbers/", include("certification.numbers.urls")),
    path("", include("certification.materials.urls")),
    path("applications/", include("certification.applications.urls")),
    path("", include("certification.maintenance.urls")),
    path("", include("certification.calendar.urls")),
    path("", include("certification.timeline.urls")),
    path("staff/numbers/", include("certification.numbers.staff.urls")),
    path("staff/", include("certification.reviews.urls")),
]
