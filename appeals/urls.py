"""The addresses of complaints, marks, appeals and expedite requests; each slice keeps its own."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from accounts.access import public
from appeals.api import api, description, keyed

#: Made once: each time they are asked for they are other views. The description is for everybody, the calls for keys.
PATTERNS, APP, NAMESPACE = api.urls
API_URLS = [pattern for pattern in PATTERNS if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
for pattern in API_URLS:
    if pattern.callback is not None:
        (public if pattern.name == "openapi-json" else keyed)(pattern.callback)
API_URLS.append(path("", description, name="api-root"))

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("appeals.complaints.urls")),
    path("", include("appeals.marks.urls")),
    path("", include("appeals.cases.urls")),
    path("api/v1/", (API_URLS, APP, NAMESPACE)),
    path("expedite/", include("appeals.expedite.urls")),
]
