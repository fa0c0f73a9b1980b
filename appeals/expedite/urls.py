"""The addresses of requests to expedite."""

from __future__ import annotations

from django.urls import path

from appeals.expedite import views

app_name = "expedite"
urlpatterns = [
    path("new/", views.expedite_new, name="new"),
    path("<str:ref>/", views.expedite_detail, name="detail"),
]
