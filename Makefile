# Sales Desk: the commands to remember. `make` alone lists them.
# Only make and Python 3.11 or newer are needed; everything else goes into .venv.

PYTHON ?= python3
PORT ?=
ARGS ?=
BIN := .venv/bin
PY := $(BIN)/python

# Checks see neither the developer's .env nor the shell's variables, and leave the developer's database alone.
SEALED := env -i PATH="$(PATH)" HOME="$(HOME)" ENV_FILE=/dev/null VAR_DIR="$(CURDIR)/var/check"
NEW_SECRET_KEY := $(PY) -c 'import secrets; print(secrets.token_urlsafe(64))'
NEW_FIELD_KEY := $(PY) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'

.DEFAULT_GOAL := help
.PHONY: help run test check bench messages

help:
	@echo 'make run     start everything: web server, worker, and demo parts for what .env does not configure'
	@echo '             PORT=8010 make run   on another port'
	@echo 'make test    get what the tests need, then run them all on SQLite and on PostgreSQL'
	@echo '             make test ARGS="-k archive"   some of them'
	@echo 'make check   format, lint, imports, types, settings, migrations'
	@echo 'make bench   measure; the table is also written to var/bench.json'
	@echo 'make messages   collect the texts of the interface into locale/de and compile them (needs GNU gettext)'

run: .venv/.runtime
	@LOCAL_KEYS=1 $(if $(PORT),PORT=$(PORT)) exec $(PY) manage.py run

test: .venv/.development
	@$(PY) -m tests $(ARGS)

check: .venv/.development
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/lint-imports
	$(SEALED) LOCAL_KEYS=1 $(BIN)/mypy .
	@echo 'manage.py check --deploy'
	@$(SEALED) ALLOWED_HOSTS=desk.example \
	  SECRET_KEY="$$($(NEW_SECRET_KEY))" FIELD_KEYS="$$($(NEW_FIELD_KEY))" \
	  $(PY) manage.py check --deploy --fail-level WARNING
	$(SEALED) LOCAL_KEYS=1 $(PY) manage.py makemigrations --check --dry-run

bench: .venv/.development
	@$(PY) -m benchmarks $(ARGS)

messages: .venv/.development
	@$(SEALED) LOCAL_KEYS=1 $(PY) manage.py makemessages --locale de --no-obsolete --no-wrap --no-location \
	  --ignore .venv --ignore var --ignore tests --ignore benchmarks
	@$(SEALED) LOCAL_KEYS=1 $(PY) manage.py compilemessages --locale de --ignore .venv --ignore var

$(PY):
	@command -v $(PYTHON) >/dev/null 2>&1 \
	  && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Sales Desk needs Python 3.11 or newer. Name one: make run PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv \
	  || { rm -rf .venv; echo 'Python cannot make .venv. On Debian install python3-venv.' >&2; exit 1; }

.venv/.runtime: requirements.txt | $(PY)
	@echo 'Installing requirements.txt into .venv …'
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.development: requirements-dev.txt requirements.txt | $(PY)
	@echo 'Installing requirements-dev.txt into .venv …'
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/.runtime
