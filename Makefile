# Every target sets itself up; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OWN := libs/servicekit services/intake services/routing services/media services/feedback services/metrics deploy/onebox
EDITABLE := $(foreach folder,$(OWN),-e $(folder))

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run.done: requirements/run.lock $(foreach folder,$(OWN),$(folder)/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit("Ombud needs Python 3.11 or newer; this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(EDITABLE)
	@touch $@

$(VENV)/dev.done: requirements/dev.lock $(VENV)/run.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

.PHONY: format
format: $(VENV)/dev.done ## rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

.PHONY: check
check: $(VENV)/dev.done ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: test
test: $(VENV)/dev.done ## unit, service, contract and journey tests on the one-box servers
	TEST_PARTS=onebox $(BIN)/pytest tests --ignore tests/bench

.PHONY: test-real
test-real: $(VENV)/dev.done ## service and journey tests on Apache Kafka, MinIO and PostgreSQL
	TEST_PARTS=$${TEST_PARTS:-real} $(BIN)/pytest tests/service tests/journey

.PHONY: bench
bench: $(VENV)/dev.done ## measure reading, writing and events beside their floors
	$(BIN)/python tests/bench/bench.py

.PHONY: lock
lock: $(VENV)/dev.done ## resolve the dependencies anew
	requirements/lock.sh

.PHONY: city
city: $(VENV)/run.done ## check city packs: CITY=santander.es, or all of them
	@$(BIN)/python -m servicekit.packs check $(if $(CITY),$(if $(wildcard $(CITY)/.),$(CITY),deploy/cities/$(CITY)),$(wildcard deploy/cities/*))
