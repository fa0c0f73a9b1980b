#!/usr/bin/env python
"""The portal's command line."""

import os
import sys


def main() -> None:
    """Run the command that the arguments name; a wrong configuration is told in a sentence, not in a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018  (reads the settings)
    except ImproperlyConfigured as problem:
        sys.exit(f"The portal is not configured properly. {problem}")
    except ValueError as problem:
        sys.exit(
            f"The portal is not configured properly. A variable of the environment has a value of the wrong kind ({problem}); "
            "docs/operations.md lists them."
        )
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
