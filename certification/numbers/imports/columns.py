"""Which column holds what: guessed from the header's words and from what stands below, corrected by the person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _

from certification.numbers.imports.sheets import shown
from certification.numbers.shapes import Cell, ReadNumber, read_number


class Target(models.TextChoices):
    """What a column can hold."""

    NUMBER = "number", _("Phone number")
    LABEL = "label", _("Displayed name")
    ALIAS = "alias", _("Alias")
    PROVIDER = "provider", _("Provider")
    BRAND = "brand", _("Brand")
    REGION = "region", _("Region")
    CITY = "city", _("City")
    STORE = "store", _("Store")
    GROUP = "group", _("Group")
    BACKUP_FOR = "backup_for", _("Stands in for the number")


#: Header words, whole or as a part, the more telling ones first; compared without spaces, signs and case.
WORDS: dict[Target, tuple[str, ...]] = {
    Target.BACKUP_FOR: ("备用于", "主号码", "对应主号", "主号", "backupof", "backupfor", "standsinfor", "primarynumber"),
    Target.NUMBER: (
        "手机号码", "电话号码", "联系电话", "号码", "手机号", "手机", "电话", "座机", "固话", "热线", "phonenumber", "phone",
        "mobile", "telephone", "tel", "number", "msisdn", "e164",
    ),
    Target.LABEL: ("显示名称", "展示名称", "认证名称", "来电名称", "来电显示", "名称", "displayedname", "displayname", "callername", "label", "name"),
    Target.ALIAS: ("别名", "备注", "用途", "说明", "alias", "remark", "note", "purpose", "comment", "description"),
    Target.PROVIDER: ("认证渠道", "渠道", "服务商", "平台", "provider", "channel"),
    Target.BRAND: ("品牌", "brand"),
    Target.REGION: ("大区", "区域", "地区", "省份", "region", "area", "province"),
    Target.CITY: ("城市", "city"),
    Target.STORE: ("门店", "店铺", "网点", "店名", "分店", "store", "shop", "branch"),
    Target.GROUP: ("分组", "组别", "部门", "group", "team", "department"),
}  # fmt: skip
#: Words that contain one of the above and mean something else.
NOT_NUMBERS = re.compile(r"序号|编号|店号|工号|账号|卡号|证件|身份|^no$|^id$|数量|count|类型|type|归属|主备")
#: How many of the first rows a guess looks at, and the share of them that must be numbers.
LOOK_AT = 200
ENOUGH = 0.3


def normal(word: str) -> str:
    """A header without spaces, signs and case."""
    return re.sub(r"[\W_]+", "", word).lower()


def meaning(word: str) -> tuple[Target, int] | None:
    """What a header's words mean and how surely (lower is surer); None where nothing is known."""
    plain = normal(word)
    if not plain or len(plain) > 30:
        return None
    found: list[tuple[int, Target]] = []
    for target, words in WORDS.items():
        for place, known in enumerate(words):
            ascii_word = known.isascii()
            if plain == known:
                found.append((place, target))
            elif (known in plain and not ascii_word) or (ascii_word and plain.startswith(known) and len(known) > 3):
                found.append((100 + place - len(known), target))
    if not found:
        return None
    rank, target = min(found, key=lambda item: item[0])
    if target == Target.NUMBER and NOT_NUMBERS.search(plain):
        return None
    return target, rank


def find_header(rows: Sequence[tuple[int, list[Cell]]]) -> int:
    """The index among `rows` of the row that names the columns; -1 where the first row holds a number already."""
    best, most = -1, 0
    for index, (_number, cells) in enumerate(rows[:10]):
        if any(isinstance(read_number(cell), ReadNumber) for cell in cells):
            break
        texts = [cell for cell in cells if isinstance(cell, str)]
        known = {found[0] for text in texts if (found := meaning(text))}
        if Target.NUMBER in known and len(known) > most:
            best, most = index, len(known)
    if most:
        return best
    if rows and any(isinstance(read_number(cell), ReadNumber) for cell in rows[0][1]):
        return -1
    return 0


def number_shares(rows: Sequence[tuple[int, list[Cell]]]) -> list[float]:
    """For each column, which share of its filled cells are phone numbers."""
    width = max((len(cells) for _number, cells in rows), default=0)
    shares = []
    for column in range(width):
        filled = [cells[column] for _n, cells in rows if column < len(cells) and shown(cells[column]).strip()]
        good = sum(isinstance(read_number(cell), ReadNumber) for cell in filled)
        shares.append(good / len(filled) if filled else 0.0)
    return shares


def guess_columns(header: Sequence[str], rows: Sequence[tuple[int, list[Cell]]]) -> dict[str, int]:
    """Which column holds what, by name and content; without `number` where no column holds phone numbers."""
    shares = number_shares(rows[:LOOK_AT])
    candidates = [
        (found[1], index, found[0]) for index, word in enumerate(header) if (found := meaning(word)) is not None
    ]
    columns: dict[str, int] = {}
    numbers = [index for _rank, index, target in sorted(candidates) if target == Target.NUMBER]
    named = [index for index in numbers if index < len(shares) and shares[index] >= ENOUGH]
    best = max(range(len(shares)), key=lambda index: shares[index], default=0)
    if named:
        columns[Target.NUMBER] = named[0]
    elif shares and shares[best] >= ENOUGH:
        columns[Target.NUMBER] = best
    elif numbers:
        columns[Target.NUMBER] = numbers[0]
    for _rank, index, target in sorted(candidates):
        if target not in columns and target != Target.NUMBER and index not in columns.values():
            columns[target] = index
    return columns
