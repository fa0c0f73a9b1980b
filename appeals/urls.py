"""The addresses of complaints, marks, appeals and expedite requests; each slice keeps its own."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from appeals.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("appeals.marks.urls")),
    path("", include("appeals.cases.urls")),
    path("api/v1/", api.urls),
    path("expedite/", include("appeals.expedite.urls")),
]
