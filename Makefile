# Two commands are enough: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The newest Python that can make an environment. The tests take 1.7 times as long in a 3.11 that was built without optimisation.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11; do \
	if $$python -c 'import ensurepip, venv' 2>/dev/null; then echo $$python; exit; fi; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
export RTI_HOME ?= $(CURDIR)/data
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PYTHONUNBUFFERED := 1
# What Python compiles is kept, whatever the machine says: pytest would write every test anew at each run.
export PYTHONDONTWRITEBYTECODE :=
# Nothing reports home: by configuration in each tool's own file, and here once more.
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export STREAMLIT_BROWSER_GATHER_USAGE_STATS := false
export DO_NOT_TRACK := 1

STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools
say = @printf '\033[1m%s\033[0m\n' "$(1)"

.PHONY: help install develop run refresh serve unit test test-all test-lake lake test-spark spark test-storage storage test-workers workers lint types format bench screenshots docs lock samples build clean browser postgres nginx rabbitmq java

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2}'

install: $(STAMP) ## create the environment in .venv from requirements.lock: what running needs

develop: $(TOOLS) ## add to it what tests and development need, from requirements-dev.lock

# uv installs in seconds what takes pip minutes. It is not kept, and neither are the tests of large packages and the source
# maps of their pages: together a tenth of it. Python compiles what it imports when it imports it. If those who run it
# may not write here, compile all of it: `make install COMPILE=yes`.
define fetch_uv
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is needed: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m ensurepip --default-pip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(VENV)/uv --upgrade uv==$(UV_VERSION)
endef
define install_locked
	$(fetch_uv)
	@$(VENV)/uv/bin/uv pip sync --quiet --require-hashes $(1) $(2)
	@$(VENV)/uv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -rf $(VENV)/uv $(VENV)/lib/python3*/site-packages/pip $(VENV)/lib/python3*/site-packages/pip-*
	@find $(VENV)/lib/python3*/site-packages/{numpy,pandas,pyarrow,scipy} -type d -name tests -prune -exec rm -rf {} +
	@find $(VENV) -name '*.js.map' -delete
endef
define add_locked
	$(fetch_uv)
	@$(VENV)/uv/bin/uv pip install --quiet --require-hashes -r $(1)
	@rm -rf $(VENV)/uv
endef
# An installation that is interrupted leaves no folder that make would take for a complete one.
define install_apart
	$(fetch_uv)
	@rm -rf $@ $@.new
	@$(VENV)/uv/bin/uv pip install --quiet --require-hashes --target $@.new -r $(1)
	@rm -rf $(VENV)/uv
	@mv $@.new $@
	@touch $@
endef

$(STAMP): requirements.lock pyproject.toml
	$(call say,Installing the locked environment into $(VENV))
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, this is {v.major}.{v.minor}; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	$(call install_locked,$(if $(wildcard $(TOOLS)),requirements-dev.lock,requirements.lock),$(if $(COMPILE),--compile-bytecode,--no-compile-bytecode))
	@touch $@

$(TOOLS): requirements-dev.lock $(STAMP)
	$(call say,Adding what tests and development need to $(VENV))
	$(call install_locked,requirements-dev.lock,--compile-bytecode)
	@touch $@

lake: $(STAMP) ## add to .venv what the lake needs (docs/scaling.md), from requirements-lake.lock
	$(call say,Adding the extensions of DuckDB for the lake to $(VENV))
	$(call add_locked,requirements-lake.lock)

spark: $(STAMP) ## add to .venv what builds on Spark need (docs/scaling.md), from requirements-spark.lock
	$(call say,Adding Spark to $(VENV))
	$(call add_locked,requirements-spark.lock)

storage: $(STAMP) ## add to .venv what files in S3-compatible storage need (docs/scaling.md), from requirements-storage.lock
	$(call say,Adding the client of S3-compatible storage to $(VENV))
	$(call add_locked,requirements-storage.lock)

workers: $(STAMP) ## add to .venv what workers on several machines need (docs/scaling.md), from requirements-workers.lock
	$(call say,Adding Dagster's PostgreSQL storage and its workers to $(VENV))
	$(call add_locked,requirements-workers.lock)

# With a published release, the servers start while the refresh looks for what is new; people do not wait for it.
run: $(STAMP) ## install, take in raw_samples/, model, publish, and serve the dashboard and the Dagster UI
	$(call say,Refreshing the demonstration home in $(RTI_HOME))
	@if [ -e "$(RTI_HOME)/public/current" ]; then \
		nice $(BIN)/rti refresh --init demonstration --publish & $(BIN)/rti serve; \
	else \
		$(BIN)/rti refresh --init demonstration --publish && $(BIN)/rti serve; \
	fi

refresh: $(STAMP) ## take in raw_samples/, model and publish, without serving
	$(call say,Refreshing the demonstration home in $(RTI_HOME))
	@$(BIN)/rti refresh --init demonstration --publish

serve: $(STAMP) ## serve the existing home
	@$(BIN)/rti serve

browser: $(TOOLS)
	@$(BIN)/python -m tests.support.chromium

postgres: $(TOOLS)
	@$(BIN)/python -m tests.support.postgres

nginx: $(TOOLS)
	@$(BIN)/python -m tests.support.nginx

rabbitmq: $(TOOLS)
	@$(BIN)/python -m tests.support.rabbitmq

java: $(TOOLS)
	@$(BIN)/python -m tests.support.java

# Whole files go to the workers, in the order of tests/support/schedule.py; the ten slowest parts are printed at the end.
# Two processors have three workers, since tests wait for browsers and other processes.
WORKERS ?= 3
# Threads of a worker would only wait for those of the others. Polars keeps memory
# that it has freed for a minute, not for half a second, after which it would ask the system for it once more. DuckDB takes
# its number of threads from SLURM_CPUS_ON_NODE if it is set: with one, a build of dbt takes a tenth less processor time.
# What needs packages of its own has a target of its own.
HERE := not lake and not spark and not storage and not workers
PYTEST := POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 SLURM_CPUS_ON_NODE=1 _RJEM_MALLOC_CONF=dirty_decay_ms:60000,muzzy_decay_ms:-1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=10

unit: $(TOOLS) ## the unit tests alone, in half a minute: no home, no browser, no PostgreSQL, no files from beside the project
	@$(PYTEST) tests/unit -m "not slow and not shared and not postgres"

test: $(TOOLS) browser postgres nginx ## all tests except slow ones
	$(call say,Running the tests that are not slow)
	@$(PYTEST) -m "not slow and $(HERE)"

test-all: $(TOOLS) browser postgres nginx ## all tests but those of the lake, Spark, the storage and the workers, on a demonstration home that is built for them
	$(call say,Running all tests)
	@$(PYTEST) -m "$(HERE)" --fresh-home

# What only these tests need is in a folder of its own, so that all others run without it.
LAKE_PACKAGES := $(VENV)/lake-test
$(LAKE_PACKAGES): requirements-lake-test.lock $(TOOLS)
	$(call say,Installing what only the tests of the lake and of the storage need into $@)
	$(call install_apart,requirements-lake-test.lock)

test-lake: $(TOOLS) $(LAKE_PACKAGES) postgres ## all marts and dbt tests on DuckLake, PostgreSQL and S3 storage, compared with DuckDB's
	$(call say,Running the tests of the lake)
	@PYTHONPATH=$(CURDIR)/$(LAKE_PACKAGES) POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m lake tests/integration/warehouse/lake

SPARK_PACKAGES := $(VENV)/spark-test
$(SPARK_PACKAGES): requirements-spark.lock $(TOOLS)
	$(call say,Installing Spark for its tests into $@)
	$(call install_apart,requirements-spark.lock)

test-spark: $(TOOLS) $(SPARK_PACKAGES) java ## all marts and dbt tests on Spark with two workers, compared with DuckDB's
	$(call say,Running the tests of Spark)
	@PYTHONPATH=$(CURDIR)/$(SPARK_PACKAGES) POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m spark tests/integration/warehouse/spark

test-storage: $(TOOLS) $(LAKE_PACKAGES) postgres ## files in S3-compatible storage: writers, faults, backups, several services, copies of releases
	$(call say,Running the tests of the storage)
	@PYTHONPATH=$(CURDIR)/$(LAKE_PACKAGES) POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m storage tests/integration/core tests/integration/submissions tests/integration/operations tests/integration/publication/releases

WORKER_PACKAGES := $(VENV)/workers-test
$(WORKER_PACKAGES): requirements-workers-test.lock $(TOOLS)
	$(call say,Installing what only the tests of workers need into $@)
	$(call install_apart,requirements-workers-test.lock)

test-workers: $(TOOLS) $(WORKER_PACKAGES) postgres rabbitmq ## refreshes by two workers with RabbitMQ and PostgreSQL, a killed one, manifests of Kubernetes
	$(call say,Running the tests of workers)
	@PYTHONPATH=$(CURDIR)/$(WORKER_PACKAGES) POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m workers tests/integration/runs tests/integration/operations

lint: $(TOOLS) ## ruff (lint and format), the strict type checker (once for Windows), import contracts, house style and catalogues
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.support.portable_check
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.support.style_check
	@$(BIN)/python -m pipelines.translation check

format: $(TOOLS) ## apply the fixes of ruff, and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(TOOLS) ## measure speed: one JSON object and a table
	@$(BIN)/python -m benchmarks

PART ?= all
screenshots: $(TOOLS) browser ## every page of the home in $(RTI_HOME), in several widths and languages: PART=public or office for one part
	@$(BIN)/python -m tests.support.screenshots --part $(PART)

docs: $(TOOLS) ## dbt's documentation with its lineage, into dbt_project/target
	@$(BIN)/python -m pipelines.warehouse.dbt docs

samples: $(TOOLS) ## regenerate raw_samples/ and tests/golden/
	@$(BIN)/python -m tests.samples

LOCK := $(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command 'make lock'
lock: ## resolve dependencies and rewrite the lock files (hashes, no addresses)
	$(fetch_uv)
	@$(LOCK) pyproject.toml --extra service --group build -o requirements.lock
	@$(LOCK) pyproject.toml --extra service --group build --group dev --constraints requirements.lock -o requirements-dev.lock
	@$(LOCK) --group bill -o requirements-bill.lock
	@$(LOCK) --group lake --constraints requirements.lock -o requirements-lake.lock
	@$(LOCK) --group storage --constraints requirements.lock -o requirements-storage.lock
	@$(LOCK) --group workers --constraints requirements.lock -o requirements-workers.lock
	@$(LOCK) --group workers --group workers-test --constraints requirements-dev.lock -o requirements-workers-test.lock
	@$(LOCK) --group spark --constraints requirements.lock -o requirements-spark.lock
	@$(LOCK) --group lake --group storage --group lake-test --constraints requirements-dev.lock -o requirements-lake-test.lock
	@rm -rf $(VENV)/uv

build: $(TOOLS) ## the wheel, and a list of the packages it needs with versions and licences (CycloneDX), into dist/
	@$(BIN)/python -m hatchling build --target wheel --directory dist
	$(fetch_uv)
	@$(VENV)/uv/bin/uv run --quiet --isolated --no-project --with-requirements requirements-bill.lock \
		cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file - $(BIN)/python \
		| $(BIN)/python -m tests.support.bill_of_materials dist/rti.cdx.json
	@rm -rf $(VENV)/uv

clean: ## remove the built caches and the stamp of the environment; data/ and raw_samples/ stay
	rm -rf $(STAMP) $(TOOLS) dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache
