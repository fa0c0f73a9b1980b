# One image for the web server, the background queue and every command; see docs/operations.md.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PORTAL_MODE=production \
    PORTAL_VAR=/var/lib/portal \
    HOST=0.0.0.0 \
    PORT=8000

WORKDIR /srv/portal

COPY requirements/runtime.txt requirements/build-constraints.txt requirements/
RUN PIP_CONSTRAINT=requirements/build-constraints.txt PIP_BUILD_CONSTRAINT=requirements/build-constraints.txt \
    pip install --require-hashes --requirement requirements/runtime.txt

COPY . .
RUN PORTAL_MODE=demo PORTAL_VAR=/tmp/build python manage.py compile_catalogues && rm -rf /tmp/build \
    && useradd --system --uid 10001 --home-dir /var/lib/portal --create-home portal

USER portal
VOLUME /var/lib/portal
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]

CMD ["gunicorn", "--config", "portal/gunicorn_configuration.py"]
