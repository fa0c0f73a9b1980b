"""The addresses of applications."""

from __future__ import annotations

from django.urls import path

from certification.applications.views import drafts, listing, numbers

app_name = "applications"
urlpatterns = [
    path("", listing.application_list, name="list"),
    path("new/", drafts.new, name="new"),
    path("<str:ref>/", listing.detail, name="detail"),
    path("<str:ref>/edit/", drafts.edit, name="edit"),
    path("<str:ref>/edit/numbers/", numbers.choose, name="numbers"),
    path("<str:ref>/edit/labels/", numbers.labels, name="labels"),
    path("<str:ref>/edit/<str:step>/", drafts.step, name="step"),
    path("<str:ref>/result/", listing.result, name="result"),
    path("<str:ref>/withdraw/", listing.withdraw, name="withdraw"),
]
