"""The operations guide names every variable of the environment that the settings read."""

import re

from django.conf import settings

READ = re.compile(r"(?:env\.\w+|os\.environ\.get|installation_secret)\((?:\"[a-z-]+\", )?\"([A-Z_]+)\"")


def test_every_variable_is_explained():
    guide = (settings.BASE_DIR / "docs" / "operations.md").read_text()
    for source in ("portal/settings.py", "portal/gunicorn_configuration.py"):
        found = set(READ.findall((settings.BASE_DIR / source).read_text()))
        assert found
        missing = sorted(name for name in found if f"`{name}`" not in guide)
        assert missing == [], f"{source} reads what docs/operations.md does not explain"
