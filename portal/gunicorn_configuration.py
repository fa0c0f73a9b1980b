"""How gunicorn serves the portal, in the demonstration and in production: `gunicorn -c portal/gunicorn_configuration.py`.

Read from the environment: HOST, PORT, WEB_WORKERS, WEB_THREADS.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

wsgi_app = "portal.wsgi:application"
host = os.environ.get("HOST", "127.0.0.1")
bind = f"{f'[{host}]' if ':' in host else host}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
preload_app = True
"""The code is loaded once, and its memory shared between the workers."""
timeout = 60
graceful_timeout = 25
"""Seconds in which requests may finish after SIGTERM; less than the supervisor and systemd wait."""
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (heartbeats, not data)
control_socket_disable = True
accesslog = os.environ.get("WEB_ACCESS_LOG") or None
errorlog = "-"
loglevel = "info"


def when_ready(server: Any) -> None:
    """Before the workers are forked: keep the garbage collector from touching, and so copying, what they share."""
    gc.collect()
    gc.freeze()
