"""The addresses of complaints, marks, appeals and expedite requests; each slice keeps its own."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("appeals.marks.urls")),
    path("", include("appeals.cases.urls")),
]
