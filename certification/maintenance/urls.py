"""The addresses of maintenance: the company's status page; staff's plans."""

from __future__ import annotations

from django.urls import path

from certification.maintenance import plan_views, views

app_name = "maintenance"
urlpatterns = [
    path("maintenance/<slug:ref>/", views.detail, name="detail"),
    path("staff/plans/", views.plans, name="plans"),
    path("staff/plans/new/", plan_views.plan_new, name="plan_new"),
    path("staff/plans/impact/", plan_views.plan_impact, name="plan_impact"),
    path("staff/plans/effects/", plan_views.plan_effects, name="plan_effects"),
    path("staff/plans/series/<slug:ref>/", plan_views.series_detail, name="series"),
    path("staff/plans/series/<slug:ref>/change/", plan_views.series_change, name="series_change"),
    path("staff/plans/series/<slug:ref>/end/", plan_views.series_end, name="series_end"),
    path("staff/plans/<slug:ref>/change/", plan_views.plan_change, name="plan_change"),
    path("staff/plans/<slug:ref>/end/", views.plan_end, name="plan_end"),
    path("staff/plans/<slug:ref>/move/", views.plan_move, name="plan_move"),
    path("staff/plans/<slug:ref>/cancel/", views.plan_cancel, name="plan_cancel"),
    path("staff/plans/<slug:ref>/update/", views.plan_update, name="plan_update"),
]
