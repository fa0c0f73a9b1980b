"""The Chinese catalogue: complete, without leftovers, with the same placeholders as the source."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation import gettext, override

from tests.portal.source_strings import source_strings

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w+)\}")


def entries() -> dict[str, polib.POEntry]:
    folder = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES"
    return {entry.msgid: entry for path in folder.rglob("*.po") for entry in polib.pofile(str(path))}


def translated_by_django(text: str) -> bool:
    """Django and django-allauth bring their own words."""
    with override("zh-hans"):
        return gettext(text) != text


def test_catalogue_translates_every_source_string():
    known = entries()
    missing = {
        text: path
        for text, path in source_strings().items()
        if (text not in known or not (known[text].msgstr or known[text].msgstr_plural))
        and not translated_by_django(text)
    }
    assert missing == {}


def test_catalogue_has_no_entry_that_the_source_lacks():
    assert sorted(set(entries()) - set(source_strings())) == []


def test_catalogue_has_no_fuzzy_entry():
    assert [entry.msgid for entry in entries().values() if entry.fuzzy] == []


@pytest.mark.parametrize("text", ["%(count)d number", "{x}"])
def test_placeholder_pattern_finds_placeholders(text):
    assert PLACEHOLDER.search(text)


def test_catalogue_keeps_every_placeholder():
    broken = {}
    for entry in entries().values():
        wanted = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            if text and set(PLACEHOLDER.findall(text)) - wanted:
                broken[entry.msgid] = text
            if text and not entry.msgid_plural and set(PLACEHOLDER.findall(text)) != wanted:
                broken[entry.msgid] = text
    assert broken == {}
