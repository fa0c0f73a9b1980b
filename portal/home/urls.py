"""The addresses of what a person sees first."""

from __future__ import annotations

from django.urls import path

from portal.home import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("search/", views.search_results, name="search"),
    path("staff/", views.staff_home, name="staff_home"),
]
