"""Django's PostgreSQL backend over the embedded server, which runs from the first connection on.

Commands that need no database (`--help`, `collectstatic`, type checks) therefore never start one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from django.db import OperationalError
from django.db.backends.postgresql import base

from portal.embedded.server import EmbeddedServerError, embedded_server


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded server; its settings carry `EMBEDDED_HOME` and `EMBEDDED_FOR_TESTS`."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, after having the server running; once more if it was stopped from outside in between."""
        server = embedded_server(
            Path(self.settings_dict["EMBEDDED_HOME"]), for_tests=self.settings_dict["EMBEDDED_FOR_TESTS"]
        )
        try:
            server.use()
            try:
                return super().get_new_connection(conn_params)
            except psycopg.OperationalError:
                server.ensure_running()
                return super().get_new_connection(conn_params)
        except EmbeddedServerError as problem:
            raise OperationalError(str(problem)) from problem
