"""The addresses of complaints, marks, appeals and expedite requests; each slice keeps its own."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from appeals.api import api, keyed

#: Made once: each time they are asked for they are other views.
API_URLS = api.urls
for pattern in API_URLS[0]:
    if pattern.callback is not None:
        keyed(pattern.callback)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("appeals.complaints.urls")),
    path("", include("appeals.marks.urls")),
    path("", include("appeals.cases.urls")),
    path("api/v1/", API_URLS),
    path("expedite/", include("appeals.expedite.urls")),
]
