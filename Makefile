# The portal's errands. A machine needs Python 3.11 or newer with its venv module, and make; the rest is installed into
# .venv from the hashed locks in requirements/, and again only when one of them changes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
STAMPS := $(VENV)/.installed-$(VERSION)

# xstatic-bootstrap is built with an older setuptools; older and newer pip each read one of the two names.
INSTALL = PIP_CONSTRAINT=requirements/build-constraints.txt PIP_BUILD_CONSTRAINT=requirements/build-constraints.txt \
	$(RUN) -m pip install --quiet --quiet --disable-pip-version-check --no-input --require-hashes --requirement
LOCK = $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --build-constraint requirements/build-constraints.txt --custom-compile-command 'make lock'

.PHONY: help
help:
	@echo 'make demo      run the portal with demonstration data (PORT=8000, HOST=127.0.0.1)'
	@echo 'make test      run every test (ARGS="tests/portal -x" for a part)'
	@echo 'make check     lint, types, architecture, migrations, templates'
	@echo 'make bench     measure against the bars (ONLY=P1,P5 for a part)'
	@echo 'make reset     throw this installation'"'"'s data away, after asking'
	@echo 'make install   install what the portal runs on, and nothing else'
	@echo 'make setup     install what tests and checks need too'
	@echo 'make format    lay out the code as `make check` wants it'
	@echo 'make messages  collect the texts to translate'
	@echo 'make audit     look the locked packages up among known vulnerabilities'
	@echo 'make lock      renew the locks (UPGRADE="--upgrade" for newer versions)'

.PHONY: demo
demo: $(STAMPS)/runtime
	@$(RUN) manage.py serve

.PHONY: test
test: $(STAMPS)/test
	@$(RUN) -m pytest --numprocesses=auto --dist=worksteal $(ARGS)

NOBODYS = $$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(64))')

.PHONY: check lint layout architecture types templates django
check: lint layout architecture types templates django

lint: $(STAMPS)/check
	$(RUN) -m ruff check .

layout: $(STAMPS)/check
	$(RUN) -m ruff format --check .

architecture: $(STAMPS)/check
	$(RUN) -c 'import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())' --no-cache

types: $(STAMPS)/check
	$(RUN) -m mypy

templates: $(STAMPS)/check
	$(RUN) -m djlint templates --lint --quiet

django: $(STAMPS)/check
	$(RUN) manage.py check --fail-level WARNING
	@# As in production, with values that are nobody's.
	PORTAL_MODE=production SECRET_KEY=$(NOBODYS) ENCRYPTION_KEY=$(NOBODYS) ALLOWED_HOSTS=portal.example.com \
		EMAIL_URL=smtp+tls://portal:secret@mail.example.com:587 DATABASE_URL=postgres://portal:secret@127.0.0.1:5432/portal \
		$(RUN) manage.py check --deploy --fail-level WARNING
	$(RUN) manage.py makemigrations --check --dry-run

.PHONY: bench
bench: $(STAMPS)/test
	@$(RUN) manage.py bench $(if $(ONLY),--only $(ONLY))

.PHONY: reset
reset:
	@if [ ! -d var ] && [ -z "$$PORTAL_VAR" ]; then echo 'There is nothing to throw away.'; else \
		$(MAKE) --no-print-directory $(STAMPS)/runtime && $(RUN) manage.py reset $(if $(YES),--yes); fi

.PHONY: install
install: $(STAMPS)/runtime

.PHONY: setup
setup: $(STAMPS)/check

.PHONY: format
format: $(STAMPS)/check
	$(RUN) -m ruff check --fix-only .
	$(RUN) -m ruff format .

.PHONY: messages
messages: $(STAMPS)/runtime
	$(RUN) manage.py makemessages --all --no-location --no-obsolete --ignore 'var/*' --ignore '$(VENV)/*'
	$(RUN) manage.py compile_catalogues

.PHONY: audit
audit: $(STAMPS)/check
	$(RUN) -m pip_audit --require-hashes --disable-pip --requirement requirements/check.txt

.PHONY: lock
lock: $(STAMPS)/check
	for set in runtime test check; do \
		$(LOCK) $(UPGRADE) requirements/$$set.in --output-file requirements/$$set.txt || exit 1; done

# --- Installation ----------------------------------------------------------------------------------------------------

$(STAMPS)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'The portal needs Python 3.11 or newer; "$(PYTHON)" is' \
		"$$($(PYTHON) --version 2>/dev/null || echo missing)." \
		'Install it (on Debian: apt-get install python3 python3-venv), or name another: make PYTHON=python3.12 ...' >&2; \
		exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo 'This Python has no venv module. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@echo 'Making the Python environment in $(VENV) (the first time only).' >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements/runtime.txt requirements/build-constraints.txt | $(STAMPS)/created
	@echo 'Installing what the portal runs on (about a minute, the first time only).' >&2
	@$(INSTALL) requirements/runtime.txt
	@touch $@

$(STAMPS)/test: requirements/test.txt $(STAMPS)/runtime
	@echo 'Installing what the tests need.' >&2
	@$(INSTALL) requirements/test.txt
	@touch $@

$(STAMPS)/check: requirements/check.txt $(STAMPS)/test
	@echo 'Installing what the checks need.' >&2
	@$(INSTALL) requirements/check.txt
	@touch $@
