"""Marks from a spreadsheet: what its columns hold and are called. Two equal rows are one sighting."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from appeals.event_sheets import EventSheet


class Target(models.TextChoices):
    """What a column of a spreadsheet of marks can hold."""

    NUMBER = "number", _("Marked number")
    PLATFORM = "platform", _("Platform")
    AT = "at", _("Seen or cleared at")
    LABEL = "label", _("What it says")
    PEOPLE = "people", _("By how many people")
    CLEARED = "cleared", _("Cleared (yes or no)")
    ID = "id", _("Number of the entry")


MARKS = EventSheet(
    targets=Target,
    words={
        "id": ("id", "eventid", "事件编号", "编号", "流水号"),
        "number": ("number", "phone", "phonenumber", "号码", "电话号码", "手机号", "被标记号码"),
        "platform": ("platform", "平台", "标记平台", "来源平台"),
        "at": ("at", "time", "seenat", "date", "时间", "标记时间", "日期", "发现时间"),
        "label": ("label", "category", "标记类型", "类型", "标签", "类别"),
        "people": ("people", "count", "markedby", "标记人数", "人数", "次数", "标记次数"),
        "cleared": ("cleared", "已清除", "是否清除", "清除"),
    },
    needed=("number", "platform", "at"),
    counts_repeats=False,
)
