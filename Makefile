# Every target does its own set-up; all that it needs is Python 3.11 or later and Debian's usual tools.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests at once: many of them wait for processes of their own.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || echo 1) + 2)
# A portal as it is deployed, for what checks deployment.
PRODUCTION := ENV_FILE=/dev/null DEBUG=false SECURE_SSL_REDIRECT=true PUBLIC_URL=https://portal.example.com ALLOWED_HOSTS=portal.example.com \
  SECRET_KEY=check-0123456789-abcdefghijklmnopqrstuvwxyz-9876543210 API_KEY_PEPPER=check-0123456789-abcdefghijklmnop-pepper \
  CREDENTIALS_KEY=check-0123456789-abcdefghijklmnop-credentials FREESWITCH_HTTP_PASSWORD=check-0123456789-switch

.DEFAULT_GOAL := help
.PHONY: help run test test-postgres test-auth0 test-browser test-switch test-schema test-client check format vendor schema clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: $(VENV)/run.stamp ## run the portal on this machine: set up, start, print how to sign in
	@exec $(BIN)/python -m demo.run

test: $(VENV)/dev.stamp ## run the tests but the browser's (on PostgreSQL: DATABASE_URL=postgres://… make test)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup --max-worker-restart=0 -m "not browser" --cov --cov-report=term $(ARGS)

test-postgres: $(VENV)/dev.stamp ## run the same tests on a PostgreSQL of their own
	scripts/with-postgres $(MAKE) test

test-auth0: $(VENV)/dev.stamp ## sign in against a simulator of Auth0 that others wrote (from npm; no part of the other tests)
	scripts/with-auth0-simulator $(BIN)/python -m pytest -q accounts/tests/auth0_simulator.py $(ARGS)

test-browser: $(VENV)/dev.stamp ## walk the console in headless Chromium
	DJANGO_ALLOW_ASYNC_UNSAFE=true $(BIN)/python -m pytest -q -n 2 --max-worker-restart=0 -m browser $(ARGS)

test-switch: $(VENV)/dev.stamp ## tell the stories on a real FreeSWITCH (FREESWITCH=/path/to/freeswitch, or where it was installed to)
ifeq ($(strip $(FREESWITCH)),)
	@echo "Skipped: no FreeSWITCH is given. make test-switch FREESWITCH=/path/to/freeswitch"
else
	FREESWITCH=$(FREESWITCH) $(BIN)/python -m pytest -q -m switch telephony/tests/real_switch $(ARGS)
endif

test-schema: $(VENV)/dev.stamp ## send the API what its schema allows and forbids (EXAMPLES=5 is short)
	$(BIN)/python scripts/fuzz_api.py --examples $(or $(EXAMPLES),100) $(ARGS)

test-client: $(VENV)/dev.stamp ## generate a TypeScript client from the schema, and call a portal by it (needs npm)
	$(BIN)/python scripts/try_client.py

check: $(VENV)/dev.stamp ## lint, types, import contracts, migrations, templates, vendored files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy manage.py portal web accounts documentation telephony webhooks demo bench
	$(BIN)/lint-imports
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(PRODUCTION) $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/djlint --lint --quiet templates
	$(PRODUCTION) $(BIN)/python manage.py apischema --check
	$(BIN)/python scripts/vendor_assets.py --check

format: $(VENV)/dev.stamp ## put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/dev.stamp ## write docs/openapi.json anew from the code
	$(PRODUCTION) $(BIN)/python manage.py apischema

vendor: ## fetch the console's third-party files anew (needs npm)
	$(PYTHON) scripts/vendor_assets.py

clean: ## remove what was made, but not .env and the data in var
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov var/static

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.11 …"; exit 1; }
	@echo "Making the virtual environment …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "venv is missing: apt-get install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/python
	@echo "Installing the packages …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing the packages for development …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp
