"""What a call is complained of for, and what a platform says of a number: the same four words (domain section 7)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Category(models.TextChoices):
    """Fraud, advertising, harassment, or something else."""

    FRAUD = "fraud", _("Fraud")
    ADVERTISING = "advertising", _("Advertising")
    HARASSMENT = "harassment", _("Harassment")
    OTHER = "other", pgettext_lazy("label of a mark", "Other")


#: What files and forms call them, beside their codes.
CATEGORY_WORDS = {
    "fraud": Category.FRAUD, "scam": Category.FRAUD, "诈骗": Category.FRAUD, "欺诈": Category.FRAUD, "疑似诈骗": Category.FRAUD,
    "advertising": Category.ADVERTISING, "广告": Category.ADVERTISING, "广告推销": Category.ADVERTISING, "推销": Category.ADVERTISING,
    "harassment": Category.HARASSMENT, "骚扰": Category.HARASSMENT, "骚扰电话": Category.HARASSMENT,
    "other": Category.OTHER, "其他": Category.OTHER,
}  # fmt: skip
