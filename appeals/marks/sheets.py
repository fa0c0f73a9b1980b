"""Marks from a spreadsheet: what its columns are called. Two equal rows are one sighting."""

from __future__ import annotations

from appeals.event_sheets import EventSheet

MARKS = EventSheet(
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
