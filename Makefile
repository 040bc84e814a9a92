# The one entry to this project's work. `make` lists what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PIP    := $(BIN)/python -m pip --disable-pip-version-check
MANAGE := $(BIN)/python manage.py
# More for pytest: make test ARGS="-k origins"
ARGS   ?=
# Machines of CI are noisy: what fails there is tried once more, and the log names it.
RERUNS = $(if $(CI),--reruns 1)
# One of the two runs of pytest may have none of the tests that were asked for.
NONE_IS_FINE = $(if $(ARGS),|| test $$? = 5)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup fmt lint types layers migrations check chromium engines servers test bench cov lowest docs release-check wheel demo messages screenshots clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## the environment in .venv, with all that requirements.txt names

$(STAMP): requirements.txt
	@echo "== setup: $(VENV) from requirements.txt (some minutes the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12 setup")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "No environment made: on Debian and Ubuntu, install python3-venv first."; exit 1; }
	@$(PIP) install -qq -r requirements.txt
	@touch $@

fmt: $(STAMP) ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lint: $(STAMP) ## ruff: rules and format
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP) ## mypy, strict, tests included
	@echo "== mypy"
	@$(BIN)/mypy

layers: $(STAMP) ## import-linter: who may import whom
	@echo "== layers"
	@$(BIN)/lint-imports --no-logo

migrations: $(STAMP) ## migrations in step with the models, system checks
	@echo "== migrations and system checks"
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) check

check: lint types layers migrations ## everything but the tests

chromium: ## Debian's chromium for the browser tests, where it can be installed
	@if command -v chromium >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "== chromium for the browser tests"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; } \
	    >/dev/null || echo "chromium could not be installed: browser tests are skipped (with CI=true they fail)"; \
	else echo "no chromium: browser tests are skipped (with CI=true they fail)"; fi

engines: ## Debian's WebKitGTK and Firefox for the lab's tests, where they can be installed
	@if command -v WebKitWebDriver >/dev/null && command -v firefox-esr >/dev/null && command -v Xvfb >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "== WebKitGTK and Firefox for the lab's tests"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	    webkit2gtk-driver firefox-esr xvfb; } >/dev/null 2>&1 \
	    || echo "engines could not be installed: their tests are skipped (with CI=true they fail)"; \
	else echo "not all engines are here: some tests of the lab are skipped (with CI=true they fail)"; fi

servers: ## Debian's PostgreSQL, MariaDB, Redis and nginx for the tests of services, where they can be installed
	@if command -v redis-server mariadbd >/dev/null && command -v openssl >/dev/null && test -x /usr/sbin/nginx && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "== PostgreSQL, MariaDB, Redis and nginx for the tests of services"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq -y --no-install-recommends \
	    postgresql mariadb-server redis-server nginx-light openssl; } >/dev/null 2>&1 \
	    || echo "servers could not be installed: tests of services are skipped (with CI=true they fail)"; \
	else echo "not all servers are here: some tests of services are skipped (with CI=true they fail)"; fi

test: check chromium engines servers ## all checks, all tests, coverage: enough on a fresh machine
	@echo "== pytest: all but what needs a browser or a server, on every processor"
	@$(BIN)/python -m pytest -n auto -m "not (services or browser)" --cov --cov-report= $(RERUNS) $(ARGS) $(NONE_IS_FINE)
	@echo "== pytest: browsers and servers, one after another"
	@$(BIN)/python -m pytest -m "services or browser" --cov --cov-append --cov-config=tests/greenlets.toml \
	  --cov-report= $(RERUNS) $(ARGS) $(NONE_IS_FINE)
	@$(BIN)/coverage report
	@printf '== coverage of cors_policies alone, in per cent: '
	@$(BIN)/coverage report --include='cors_policies/*' --fail-under=95 --format=total

bench: $(STAMP) ## what a request costs, against the figures to reach; writes docs/performance.md
	@$(BIN)/python -m benchmarks.middleware --write

cov: $(STAMP) ## the tests, and where they do not reach: htmlcov/index.html
	@$(BIN)/python -m pytest --cov --cov-report=html $(ARGS)

lowest: ## the tests with the oldest releases that pyproject.toml admits
	@test -x .venv-lowest/bin/python || $(PYTHON) -m venv .venv-lowest
	@.venv-lowest/bin/python -m pip --disable-pip-version-check install -qq -r requirements.txt -c tests/lowest.txt
	@.venv-lowest/bin/python -m pytest $(ARGS)

docs: $(STAMP) ## the documentation as a site, warnings being errors: build/docs/index.html
	@$(BIN)/python -m sphinx -W --keep-going -n -q -c docs/site . build/docs
	@echo "== build/docs/index.html"

release-check: $(STAMP) ## both distributions, tried in a new project on each Django (from the package index)
	@$(BIN)/python -m project.release_check

wheel: $(STAMP) ## the distribution, in dist/
	@$(BIN)/python -m build --no-isolation

demo: $(STAMP) ## the demo: API site on 127.0.0.1:8000, front end on localhost:9000
	@$(BIN)/python -m project.demo

messages: $(STAMP) ## renew and compile the translations, and list what has none
	@$(BIN)/python -m project.messages

screenshots: $(STAMP) chromium ## the documentation's pictures, from the real admin
	@$(BIN)/python -m project.screenshots

clean: ## remove what was built and cached, but not the environment
	@rm -rf build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
