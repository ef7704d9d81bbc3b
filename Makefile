# Two commands are enough: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
export RTI_HOME ?= $(CURDIR)/data
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export UV_COMPILE_BYTECODE := 1
export PYTHONUNBUFFERED := 1
# What Python compiles is kept, whatever the machine says: pytest would write every test anew at each run.
export PYTHONDONTWRITEBYTECODE :=
# Nothing reports home: by configuration in each tool's own file, and here once more.
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export STREAMLIT_BROWSER_GATHER_USAGE_STATS := false
export DO_NOT_TRACK := 1

STAMP := $(VENV)/.installed
say = @printf '\033[1m%s\033[0m\n' "$(1)"

.PHONY: help install run refresh serve unit test test-all lint types format bench screenshots docs lock samples clean browser postgres

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2}'

install: $(STAMP) ## create the environment in .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	$(call say,Installing the locked environment into $(VENV) (about a minute the first time))
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, this is {v.major}.{v.minor}; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is needed: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

run: refresh serve ## install, take in raw_samples/, model, publish, and serve the dashboard and the Dagster UI

refresh: $(STAMP) ## take in raw_samples/, model and publish, without serving
	$(call say,Refreshing the demonstration home in $(RTI_HOME))
	@$(BIN)/rti refresh --init demonstration --publish

serve: $(STAMP) ## serve the existing home
	@$(BIN)/rti serve

browser: $(STAMP)
	@$(BIN)/python -m tests.support.chromium

postgres: $(STAMP)
	@$(BIN)/python -m tests.support.postgres

# Whole files go to the workers, in the order of tests/support/schedule.py; the ten slowest parts are printed at the end.
WORKERS ?= 2
# Each worker has one processor: threads of its own would only wait for those of the other worker.
PYTEST := POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=10

unit: $(STAMP) ## the unit tests alone, in half a minute: no home, no browser, no PostgreSQL, no files from beside the project
	@$(PYTEST) tests/unit -m "not slow and not shared and not postgres"

test: $(STAMP) browser postgres ## all tests except slow ones
	$(call say,Running the tests that are not slow)
	@$(PYTEST) -m "not slow"

test-all: $(STAMP) browser postgres ## all tests, on a demonstration home that is built for them
	$(call say,Running all tests)
	@$(PYTEST) --fresh-home

lint: $(STAMP) ## ruff (lint and format), the strict type checker (once for Windows), import contracts and house style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.support.portable_check
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.support.style_check

format: $(STAMP) ## apply the fixes of ruff, and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## measure speed: one JSON object and a table
	@$(BIN)/python -m benchmarks

screenshots: $(STAMP) browser ## every public page of the home in $(RTI_HOME), in four widths and three languages
	@$(BIN)/python -m tests.support.screenshots

docs: $(STAMP) ## dbt's documentation with its lineage, into dbt_project/target
	@$(BIN)/python -m pipelines.warehouse.dbt docs

samples: $(STAMP) ## regenerate raw_samples/ and tests/golden/
	@$(BIN)/python -m tests.samples

lock: ## resolve dependencies and rewrite requirements.lock (hashes, no addresses)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --group dev --no-emit-index-url --no-annotate \
		--custom-compile-command 'make lock' pyproject.toml -o requirements.lock

clean: ## remove the built caches and the stamp of the environment; data/ and raw_samples/ stay
	rm -rf $(STAMP) dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache
