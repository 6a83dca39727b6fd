# Every command a developer or an operator needs; `make` alone prints them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAY   ?= yes
WORKERS ?= 2

.PHONY: help setup check fmt generate test acceptance demo bench lock clean

help: ## print these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## make .venv with the `bus` command

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

check: setup ## format, lint, types, imports, contract: what CI asks before any test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m avro_schemas.gates
	$(BIN)/pytest -q tests/contract/test_event_types.py
	$(BIN)/python -m tools.dashboards --check
	$(BIN)/python -m tools.reference --check
	$(BIN)/pytest -q tests/contract/test_alerts.py tests/contract/test_sources.py tests/contract/test_channels.py \
	  tests/contract/test_derivations.py tests/contract/test_roles.py tests/contract/test_usecases.py \
	  tests/contract/test_doors.py tests/unit/test_streams_step.py

fmt: setup ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: setup ## write docs/reference and the dashboards from the code
	$(BIN)/python -m tools.dashboards
	$(BIN)/python -m tools.reference

test: setup ## every test, on a real broker, registry and database that it starts itself
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

acceptance: setup ## the same oracles and storms at full size (hours)
	BUS_TEST_SIZE=full $(BIN)/pytest tests/acceptance tests/integration/test_kafka_cluster.py

demo: setup ## the whole path on invented people; STAY=no stops everything and exits
	$(BIN)/bus demo $(if $(filter no,$(STAY)),--no-stay,)

bench: setup ## the measurements of the targets beside what one would pick instead: all, or NAMES="t4 t6"
	$(BIN)/python -m bench $(NAMES)

lock: ## pin the dependencies again, by hash, without index addresses
	$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet uv
	$(VENV)/lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal \
	  --python-version 3.11 pyproject.toml --group dev -o requirements/dev.txt
	$(VENV)/lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal \
	  --python-version 3.11 --group bench -o requirements/bench.txt

clean: ## remove what setup and runs have made
	rm -rf $(VENV) .bus .pytest_cache .mypy_cache .ruff_cache .hypothesis
