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
# How many examples each property gets, thirty: `make test PROFILE=default` tries a hundred.
PROFILE ?= some
# One of the runs of pytest may have none of the tests that were asked for.
NONE_IS_FINE = $(if $(ARGS),|| test $$? = 5)

# What apt-get installs for the tests of browsers and services, and a program of each of these packages.
PACKAGES := chromium firefox-esr webkit2gtk-driver xvfb postgresql mariadb-server redis-server nginx-light openssl
PROGRAMS := chromium firefox-esr WebKitWebDriver Xvfb mariadbd redis-server nginx openssl
RETRIES  := -o Acquire::Retries=3
POSTGRES := /usr/lib/postgresql/*/bin/postgres

.DEFAULT_GOAL := help
.PHONY: help setup lock fmt lint types layers migrations check programs test everything fast real timed \
  matrix others audit bench cov docs release-check wheel demo messages screenshots clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## the environment in .venv, with all that requirements.lock names

$(STAMP): requirements.lock
	@echo "== setup: $(VENV) from requirements.lock"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12 setup")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "No environment made: on Debian and Ubuntu, install python3-venv first."; exit 1; }
	@$(PIP) install -qq "$$(grep '^uv==' $<)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r $< || $(PIP) install -qq -r $<
	@touch $@

lock: ## write requirements.lock anew from requirements.txt, with the newest releases that it admits
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.10 --no-annotate --no-header \
	  requirements.txt -o requirements.lock

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

programs: ## the browsers and servers that the tests drive, where they can be installed
	@PATH="$$PATH:/usr/sbin"; for name in $(PROGRAMS); do command -v $$name >/dev/null || missing=1; done; \
	ls $(POSTGRES) >/dev/null 2>&1 || missing=1; \
	if test -z "$$missing"; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "== apt-get: $(PACKAGES)"; \
	  { apt-get -qq $(RETRIES) update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	    apt-get install -qq -y $(RETRIES) --no-install-recommends $(PACKAGES); } >/dev/null 2>&1 \
	    || echo "could not install them: tests of what is missing are skipped (with CI=true they fail)"; \
	else echo "not all of $(PACKAGES) are here: tests of what is missing are skipped (with CI=true they fail)"; fi

test: $(STAMP) ## all checks, all tests: enough on a fresh machine
	@$(MAKE) --no-print-directory -j 3 everything

everything: timed

fast: check
	@echo "== pytest: all but what needs a browser or a server, on every processor"
	@$(BIN)/python -m pytest -n auto -m "not (services or browser)" --hypothesis-profile=$(PROFILE) $(RERUNS) $(ARGS) $(NONE_IS_FINE)

real: fast programs
	@echo "== pytest: browsers and servers, on every processor"
	@$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder -m "(services or browser) and not timing" $(RERUNS) $(ARGS) $(NONE_IS_FINE)

timed: real
	@echo "== pytest: what holds times, two at a time"
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m timing $(RERUNS) $(ARGS) $(NONE_IS_FINE)

matrix: $(STAMP) ## the tests on every Python here, every Django and REST framework, PostgreSQL, MariaDB; pip-audit
	@$(BIN)/nox $(ARGS)

others: $(STAMP) ## tests of every layer once on every other Python that this machine has
	@$(BIN)/nox --session others $(ARGS)

audit: $(STAMP) ## known weaknesses of what requirements.lock names (asks the advisory service of PyPI)
	@$(BIN)/nox --session audit

bench: $(STAMP) ## what a request costs, against the figures to reach; writes docs/performance.md
	@$(BIN)/python -m benchmarks.middleware --write

cov: $(STAMP) ## where the tests do not reach, in htmlcov/index.html; fails below 95 per cent of cors_policies
	@$(BIN)/python -m pytest -n auto -m "not (services or browser)" --hypothesis-profile=$(PROFILE) --cov --cov-report=html $(ARGS)
	@printf '== coverage of cors_policies alone, in per cent: '
	@$(BIN)/coverage report --include='cors_policies/*' --fail-under=95 --format=total

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

screenshots: $(STAMP) programs ## the documentation's pictures, from the real admin
	@$(BIN)/python -m project.screenshots

clean: ## remove what was built and cached, but not the environment
	@rm -rf .nox build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
