"""Complaints from a spreadsheet: what its columns hold and are called. Two equal rows are two complaints."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from appeals.event_sheets import EventSheet


class Target(models.TextChoices):
    """What a column of a spreadsheet of complaints can hold."""

    NUMBER = "number", _("Number complained of")
    AT = "at", _("Time of the call")
    CATEGORY = "category", _("Category")
    PLATFORM = "platform", _("Platform")
    ID = "id", _("Number of the complaint")
    EVIDENCE = "evidence", _("Evidence")


COMPLAINTS = EventSheet(
    targets=Target,
    words={
        "id": ("id", "eventid", "complaintid", "事件编号", "投诉编号", "编号", "流水号"),
        "number": ("number", "phone", "phonenumber", "号码", "电话号码", "手机号", "被投诉号码", "主叫号码"),
        "platform": ("platform", "source", "平台", "来源", "投诉平台", "投诉来源", "来源平台"),
        "at": ("at", "time", "date", "datetime", "时间", "投诉时间", "日期", "来电时间"),
        "category": ("category", "type", "label", "类别", "类型", "投诉类型", "投诉类别"),
        "evidence": ("evidence", "note", "description", "证据", "说明", "备注", "投诉内容"),
    },
    needed=("number", "at", "category"),
    counts_repeats=True,
)
