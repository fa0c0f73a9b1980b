"""The addresses of maintenance: the company's status page; staff's plans."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "maintenance"
urlpatterns: list[URLPattern] = []
