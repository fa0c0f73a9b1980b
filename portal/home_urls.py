"""The addresses of what a person sees first."""

from __future__ import annotations

from django.urls import path

from portal import home

urlpatterns = [
    path("", home.overview, name="overview"),
    path("staff/", home.staff_home, name="staff_home"),
]
