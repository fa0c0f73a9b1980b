"""The addresses of people, companies, members, the inbox and the journal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from accounts import notice_urls
from accounts.views import companies, journal, members, own_account, staff_companies

settings_urls: list[URLPattern | URLResolver] = [
    path("", companies.company_settings, name="company"),
    path("identity/", companies.company_identity, name="identity"),
    path("members/", members.members, name="members"),
    path("members/invite/", members.invite, name="invite"),
    path("members/<slug:ref>/", members.member, name="member"),
    path("members/<slug:ref>/remove/", members.member_remove, name="member_remove"),
    path("invitations/<slug:ref>/revoke/", members.invitation_revoke, name="invitation_revoke"),
    path("journal/", journal.company_journal, name="journal"),
    path("account/", own_account.own_account, name="account"),
    path("account/sessions/end/", own_account.end_session, name="session_end"),
    *notice_urls.settings_urls,
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("i18n/setlang/", own_account.set_language, name="set_language"),
    path("settings/", include((settings_urls, "settings"))),
    path("companies/new/", companies.company_create, name="company_create"),
    path("companies/switch/", companies.company_switch, name="company_switch"),
    path("companies/<slug:ref>/", companies.company_registered, name="company_registered"),
    path("companies/<slug:ref>/correct/", companies.company_correct, name="company_correct"),
    path("invitations/<slug:token>/", members.invitation, name="invitation"),
    path("invitations/<slug:ref>/accept/", members.invitation_accept, name="invitation_accept"),
    path("staff/companies/", staff_companies.staff_companies, name="staff_companies"),
    path("staff/companies/<slug:ref>/", staff_companies.staff_company, name="staff_company"),
    path(
        "staff/companies/<slug:ref>/identity/",
        staff_companies.staff_company_identity,
        name="staff_company_identity",
    ),
    path("staff/journal/", journal.staff_journal, name="staff_journal"),
    *notice_urls.urlpatterns,
]
