"""What a displayed name may be: the rules as data, and the check as a pure function."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Receivers' phones show about so many characters (D).
MOST_CHARACTERS = 20


@dataclass(frozen=True)
class LabelRule:
    """One rule: a stable code, and what a name that breaks it looks like."""

    code: str
    pattern: re.Pattern[str]
    #: Whether a name that breaks it is refused, or only pointed out.
    blocks: bool


RULES: tuple[LabelRule, ...] = (
    LabelRule("label_too_long", re.compile(rf"^.{{{MOST_CHARACTERS + 1},}}$", re.DOTALL), blocks=True),
    LabelRule("label_contact", re.compile(r"(https?://|www\.|@|\d{7,}|微信|QQ)", re.IGNORECASE), blocks=True),
    LabelRule("label_characters", re.compile(r"[^\w\s·•・\-—&'’().,（）《》【】]|[\x00-\x1f]|_"), blocks=True),
    # Names are names: advertising is returned by reviewers ("label_not_allowed").
    LabelRule(
        "label_advertising",
        re.compile(r"(第一|最佳|最好|免费|特价|优惠|低价|贷款|中奖|best|free|cheap|no\.?\s?1)", re.IGNORECASE),
        blocks=False,
    ),
)


def broken_rules(label: str) -> list[LabelRule]:
    """The rules that the name breaks, in their order; none for a good name. An empty name is not judged here."""
    return [rule for rule in RULES if label and rule.pattern.search(label)]
