"""Every text that the source marks for translation, found without gettext's programs."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

#: The functions that mark a text, and how many of their first arguments are texts.
MARKERS = {
    "_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2, "pgettext": 2, "pgettext_lazy": 2,
    "npgettext": 3, "npgettext_lazy": 3,
}  # fmt: skip
APPS = ("accounts", "appeals", "certification", "portal")


def python_strings(source: str) -> Iterator[str]:
    """The marked texts of a Python file; of plurals the singular, as the catalogue's msgid."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in MARKERS:
                text = node.args[1] if "pgettext" in name and len(node.args) > 1 else node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value


def template_strings(source: str) -> Iterator[str]:
    """The marked texts of a template, through Django's own rewriting of templates for xgettext."""
    rewritten = templatize(source)
    for name in ("ngettext(", "pgettext(", "gettext(", "_("):
        start = rewritten.find(name)
        while start != -1:
            before = rewritten[start - 1] if start else " "
            if not (before.isalnum() or before == "_"):
                literals = leading_literals(rewritten[start + len(name) :])
                if literals:
                    yield literals[1] if name == "pgettext(" and len(literals) > 1 else literals[0]
            start = rewritten.find(name, start + 1)


def leading_literals(text: str) -> list[str]:
    """The string literals at the beginning of an argument list."""
    found: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING:
                value = ast.literal_eval(token.string)
                if isinstance(value, str):
                    found.append(value)
            elif token.type not in (tokenize.NL, tokenize.NEWLINE) and token.string != ",":
                break
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass
    return found


def source_strings() -> dict[str, str]:
    """Every marked text, with the first file that marks it."""
    root = Path(settings.BASE_DIR)
    found: dict[str, str] = {}
    for app in APPS:
        for path in sorted((root / app).rglob("*.py")):
            if "migrations" not in path.parts:
                for text in python_strings(path.read_text()):
                    found.setdefault(text, str(path.relative_to(root)))
    for suffix in ("*.html", "*.txt"):
        for path in sorted((root / "templates").rglob(suffix)):
            for text in template_strings(path.read_text()):
                found.setdefault(text, str(path.relative_to(root)))
    found.pop("", None)
    return found
