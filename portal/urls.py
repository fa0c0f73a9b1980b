"""Every address of the portal; each slice keeps its own."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("portal.home.urls")),
    path("account/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("certification.urls")),
    path("", include("appeals.urls")),
]

handler400 = "portal.error_pages.bad_request"
handler403 = "portal.error_pages.permission_denied"
handler404 = "portal.error_pages.page_not_found"
handler500 = "portal.error_pages.server_error"
