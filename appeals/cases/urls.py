"""The addresses of appeals."""

from __future__ import annotations

from django.urls import path

from appeals.cases.views import drafts, listing, numbers, staff

app_name = "appeals"
urlpatterns = [
    path("appeals/", listing.appeal_list, name="list"),
    path("appeals/new/", drafts.new, name="new"),
    path("appeals/files/<str:ref>/", listing.appeal_file, name="file"),
    path("appeals/files/<str:ref>/<int:number>/", listing.appeal_page, name="page"),
    path("appeals/<str:ref>/", listing.detail, name="detail"),
    path("appeals/<str:ref>/edit/", drafts.edit, name="edit"),
    path("appeals/<str:ref>/edit/numbers/", numbers.numbers, name="numbers"),
    path("appeals/<str:ref>/edit/platforms/", drafts.platforms, name="platforms"),
    path("appeals/<str:ref>/edit/statement/", drafts.statement, name="statement"),
    path("appeals/<str:ref>/edit/evidence/", drafts.evidence, name="evidence"),
    path("appeals/<str:ref>/edit/check/", drafts.check, name="check"),
    path("appeals/<str:ref>/result/", listing.result, name="result"),
    path("appeals/<str:ref>/message/", listing.message, name="message"),
    path("appeals/<str:ref>/read/", listing.read, name="read"),
    path("appeals/<str:ref>/withdraw/", listing.withdraw, name="withdraw"),
    path("staff/appeals/<str:ref>/message/", staff.message, name="staff_message"),
    path("staff/appeals/<str:ref>/read/", staff.read, name="staff_read"),
    path("staff/appeals/<str:ref>/take-back/", staff.take_back, name="staff_take_back"),
    path("staff/appeals/<str:ref>/urgency/<str:to>/", staff.urgency, name="staff_urgency"),
    path("staff/appeals/<str:ref>/platforms/<str:code>/", staff.platform, name="staff_platform"),
]
