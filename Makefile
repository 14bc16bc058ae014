# Every target sets itself up; `make help` lists them.
# The first Python that is new enough; `make PYTHON=… run` names another.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))) python3)
VENV := .venv
BIN := $(VENV)/bin
OWN := libs/servicekit services/intake services/routing services/media services/feedback services/metrics deploy/onebox
EDITABLE := $(foreach folder,$(OWN),-e $(folder))

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run.done: requirements/run.lock $(foreach folder,$(OWN),$(folder)/pyproject.toml)
	@command -v "$(PYTHON)" > /dev/null || { echo "Ombud needs Python 3.11 or newer; $(PYTHON) is not here" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Ombud needs Python 3.11 or newer; this is " + sys.version) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install python3-venv (Debian, Ubuntu: sudo apt install python3-venv)" >&2; exit 1; }
	@echo "Setting up $(VENV): locked dependencies and the servers, about 200 MB, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(EDITABLE)
	@touch $@

$(VENV)/dev.done: requirements/dev.lock $(VENV)/run.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

.PHONY: run
run: $(VENV)/run.done ## start everything on this machine (PORT=8311 ADMIN_PORT=9311 OMBUD_DATA=.ombud)
	@exec $(BIN)/python -m onebox

.PHONY: demo
demo: $(VENV)/run.done ## fill a running box with half a year of made-up reports (COUNT=200 a city, SEED=1)
	@exec $(BIN)/python -m onebox.demo $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: replay
replay: $(VENV)/run.done ## send FILE=reports.csv[.gz] to a running box as a client would (ROWS= CITY= MAP=)
	@test -n "$(FILE)" || { echo "say which file: make replay FILE=reports.csv.gz (its format: docs/replay-format.md)" >&2; exit 2; }
	@exec $(BIN)/python -m onebox.replay "$(FILE)" $(if $(ROWS),--rows $(ROWS)) $(if $(CITY),--city $(CITY)) $(if $(MAP),--map "$(MAP)") $(ARGS)

.PHONY: city
city: $(VENV)/run.done ## check city packs: CITY=santander.es, or all of them
	@$(BIN)/python -m servicekit.packs check $(if $(CITY),$(if $(wildcard $(CITY)/.),$(CITY),deploy/cities/$(CITY)),$(wildcard deploy/cities/*))

.PHONY: format
format: $(VENV)/dev.done ## rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

.PHONY: check
check: lint types ## format, lint and types, changing nothing

.PHONY: lint
lint: $(VENV)/dev.done ## format and lint, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: $(VENV)/dev.done ## types
	$(BIN)/mypy

.PHONY: test
test: $(VENV)/dev.done ## unit, service, contract and journey tests on the one-box servers
	TEST_PARTS=onebox $(BIN)/pytest tests --ignore tests/bench --ignore tests/real

.PHONY: test-real
test-real: $(VENV)/dev.done ## service and journey tests on Apache Kafka, MinIO and PostgreSQL
	TEST_PARTS=$${TEST_PARTS:-real} $(BIN)/pytest tests/service tests/journey tests/real --ignore tests/service/onebox --ignore tests/journey/test_one_box.py

.PHONY: fuzz
fuzz: $(VENV)/dev.done ## send intake tens of thousands of made-up requests (EXAMPLES=500 for each operation)
	TEST_PARTS=onebox FUZZ_EXAMPLES=$(or $(EXAMPLES),500) $(BIN)/pytest tests/service/intake/test_fuzz.py tests/service/intake/test_fuzz_contract.py

.PHONY: bench
bench: $(VENV)/dev.done ## measure reading, writing and events beside their floors
	$(BIN)/python tests/bench/bench.py

.PHONY: bench-desk
bench-desk: $(VENV)/dev.done ## measure the desk with 10,000 and with 1,000,000 cases stored
	$(BIN)/python tests/bench/desk.py

.PHONY: bench-growth
bench-growth: $(VENV)/dev.done ## measure intake with 10,000 and with 1,000,000 requests stored
	$(BIN)/python tests/bench/growth.py

.PHONY: lock
lock: $(VENV)/dev.done ## resolve the dependencies anew
	requirements/lock.sh

.PHONY: clean
clean: ## forget what was built and the environment; the data in .ombud stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name '*.egg-info' -type d -prune -exec rm -rf {} +

.PHONY: forget
forget: ## delete the data of one box (OMBUD_DATA=.ombud); asks first
	@folder="$${OMBUD_DATA:-.ombud}"; test -f "$$folder/secrets.json" || { echo "$$folder is no data folder of Ombud" >&2; exit 1; }; \
	  printf 'Delete all reports, photos and keys in %s? [y/N] ' "$$folder"; read answer; \
	  if [ "$$answer" = y ]; then rm -rf "$$folder" && echo deleted; else echo kept; fi
