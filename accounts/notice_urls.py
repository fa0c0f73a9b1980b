"""The addresses of the inbox, of notification settings, of deliveries, and of the demonstration's mailbox."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from accounts.views import deliveries, demo_mail, inbox

#: Within the namespace of the settings.
settings_urls: list[URLPattern | URLResolver] = [
    path("notifications/", inbox.notifications, name="notifications"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.inbox_read_all, name="inbox_read_all"),
    path("inbox/<slug:ref>/open/", inbox.inbox_open, name="inbox_open"),
    path("inbox/<slug:ref>/read/", inbox.inbox_read, name="inbox_read"),
    path("staff/deliveries/", deliveries.staff_deliveries, name="staff_deliveries"),
    path("staff/deliveries/resend/", deliveries.staff_deliveries_resend, name="staff_deliveries_resend"),
    path("demo/mail/", demo_mail.demo_mail, name="demo_mail"),
    path("demo/mail/<str:name>/", demo_mail.demo_mail_read, name="demo_mail_read"),
    path("demo/mail/<str:name>/html/", demo_mail.demo_mail_html, name="demo_mail_html"),
]
