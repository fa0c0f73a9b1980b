"""A recurrence in words, in both languages: 每周一、周三 02:00–05:00（北京时间），至 2027-06-30."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from certification.maintenance.recurrence import Recurrence, Rule
from certification.naming import in_language

CHINESE_DAYS = "一二三四五六日"
ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
#: How each frequency counts: the unit in Chinese, one and many in English.
UNITS = {
    "DAILY": ("天", "day", "days"),
    "WEEKLY": ("周", "week", "weeks"),
    "MONTHLY": ("个月", "month", "months"),
    "YEARLY": ("年", "year", "years"),
}


def rule_words(recurrence: Recurrence) -> str:
    """When it takes place, in the active language. Raises RuleRefused for a rule that cannot be read."""
    return in_language(chinese(recurrence), english(recurrence))


def completed(recurrence: Recurrence) -> Rule:
    """The rule with what its first day says where it is silent, so that words can name the day."""
    rule, first = recurrence.parts, recurrence.starts_on
    days, month_days, months = rule.days, rule.month_days, rule.months
    if not days and not month_days:
        if rule.frequency == "WEEKLY":
            days = ((None, first.weekday()),)
        elif rule.frequency in ("MONTHLY", "YEARLY"):
            month_days = (first.day,)
            months = months or ((first.month,) if rule.frequency == "YEARLY" else ())
    return Rule(
        rule.frequency, rule.interval, rule.count, rule.until, days, month_days, months, rule.positions, rule.week_start
    )


def chinese(recurrence: Recurrence) -> str:
    """每周一 02:00–05:00（北京时间），至 2027-06-30."""
    rule = completed(recurrence)
    unit = UNITS[rule.frequency][0]
    every = f"每 {rule.interval} {unit}" if rule.interval > 1 else {"MONTHLY": "每月"}.get(rule.frequency, f"每{unit}")
    months = "、".join(f"{month}月" for month in rule.months)
    month_days = "、".join(chinese_month_day(day) for day in rule.month_days)
    days = "、".join(chinese_day(which, day) for which, day in rule.days)
    if rule.frequency == "WEEKLY" and days:
        every = f"每{days}" if rule.interval == 1 else f"{every}的{days}"
        days = ""
    parts = [every, f"（{months}）" if months and rule.frequency != "YEARLY" else months]
    parts += [f"的{month_days}" if rule.interval > 1 and month_days else month_days]
    if days:
        parts.append(f"（仅{days}）" if month_days or rule.frequency == "DAILY" else f"的{days}")
    if rule.positions:
        parts.append(
            "中" + "、".join(f"第 {place} 天" if place > 0 else f"倒数第 {-place} 天" for place in rule.positions)
        )
    zone = "北京时间" if recurrence.zone.key == "Asia/Shanghai" else recurrence.zone.key.replace("_", " ")
    end = f"，至 {rule.until:%Y-%m-%d}" if rule.until is not None else ""
    end = f"，共 {rule.count} 次" if rule.count is not None else end
    return f"{''.join(parts)} {window(recurrence, '次日 ', '天后 ')}（{zone}）{end}"


def english(recurrence: Recurrence) -> str:
    """Every week on Monday, 02:00–05:00 (Beijing time), until 30 June 2027."""
    rule = completed(recurrence)
    _unit, one, many = UNITS[rule.frequency]
    text = f"every {rule.interval} {many}" if rule.interval > 1 else f"every {one}"
    if rule.month_days:
        text += " on " + listed([english_month_day(day) for day in rule.month_days])
    if rule.days:
        text += (" if it is " if rule.month_days else " on ") + listed([english_day(*day) for day in rule.days])
    if rule.months:
        text += " in " + listed([ENGLISH_MONTHS[month - 1] for month in rule.months])
    if rule.positions:
        places = [f"day {place}" if place > 0 else f"day {-place} from the end" for place in rule.positions]
        text += f", of these {listed(places)}"
    zone = "Beijing time" if recurrence.zone.key == "Asia/Shanghai" else recurrence.zone.key.replace("_", " ")
    end = ""
    if rule.until is not None:
        end = f", until {rule.until.day} {ENGLISH_MONTHS[rule.until.month - 1]} {rule.until.year}"
    if rule.count is not None:
        end = f", {rule.count} times" if rule.count > 1 else ", once"
    return f"{text[0].upper()}{text[1:]}, {window(recurrence, 'the next day ', ' days later ')} ({zone}){end}"


def window(recurrence: Recurrence, next_day: str, days_later: str) -> str:
    """From which to which clock time; the day of the end where it is another one."""
    begin = dt.datetime.combine(recurrence.starts_on, recurrence.starts_at)
    end = begin + recurrence.length
    later = (end.date() - begin.date()).days
    day = next_day if later == 1 else f"{later}{days_later}" if later else ""
    return f"{begin:%H:%M}–{day}{end:%H:%M}"


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def chinese_month_day(day: int) -> str:
    """5日, 最后一天, 倒数第 2 天."""
    return f"{day}日" if day > 0 else "最后一天" if day == -1 else f"倒数第 {-day} 天"


def english_month_day(day: int) -> str:
    """Day 5, the last day, day 2 from the end."""
    return f"day {day}" if day > 0 else "the last day" if day == -1 else f"day {-day} from the end"


def chinese_day(which: int | None, day: int) -> str:
    """周一, 第 2 个周一, 最后一个周一."""
    name = f"周{CHINESE_DAYS[day]}"
    if which is None:
        return name
    return f"第 {which} 个{name}" if which > 0 else f"最后一个{name}" if which == -1 else f"倒数第 {-which} 个{name}"


def english_day(which: int | None, day: int) -> str:
    """Monday, Monday number 2, the last Monday."""
    name = ENGLISH_DAYS[day]
    if which is None:
        return name
    if which in (1, 2, 3, 4, 5):
        return f"the {('first', 'second', 'third', 'fourth', 'fifth')[which - 1]} {name}"
    return f"the last {name}" if which == -1 else f"{name} number {abs(which)}{' from the end' if which < 0 else ''}"
