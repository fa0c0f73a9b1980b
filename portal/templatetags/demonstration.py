"""What only the demonstration shows."""

from __future__ import annotations

from django import template
from django.urls import reverse

from accounts.views.demo_mail import has_demo_mailbox

register = template.Library()


@register.simple_tag
def demo_mailbox_url() -> str:
    """The address of the demonstration's mailbox; empty where there is none."""
    return reverse("demo_mail") if has_demo_mailbox() else ""
