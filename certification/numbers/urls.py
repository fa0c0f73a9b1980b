"""The addresses of numbers."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "numbers"
urlpatterns: list[URLPattern] = []
