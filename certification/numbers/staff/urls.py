"""The addresses of numbers for staff."""

from __future__ import annotations

from django.urls import path

from certification.numbers.staff import views

app_name = "staff_numbers"
urlpatterns = [
    path("", views.number_list, name="list"),
    path("<slug:ref>/", views.number_detail, name="detail"),
    path("<slug:ref>/reveal/", views.number_reveal, name="reveal"),
]
