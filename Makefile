# The two main commands are `make run` and `make test`. Both set up what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# PYTHON: the Python for the set-up (scripts/make-venv finds one by default); recipes do not use it.
PYTHON ?=
unexport PYTHON
# Each process of the tests would compile them all anew.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
REQ := backend/requirements
UI := backend/src/job_processor/ui
HOST ?= 127.0.0.1
PORT ?= 3000
DATA_DIR ?= data
# Terraform and other programs in Go: a fifth less processor time for some memory.
export GOGC := 400
# A worker needs a third of a core, because tests wait more than they work: for two cores.
TEST_WORKERS ?= 4
PYTEST = ../$(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder
WITH_NODE = cd frontend && export PATH="$(CURDIR)/$(BIN):$$PATH"
# Parts of the tests of which each takes a second or two, or less, and nothing but Python and SQLite.
QUICK_TESTS = core acts settings workers docs/test_architecture.py docs/test_links.py
# Two targets at a time; the first that fails ends the others.
BESIDE = $(BIN)/python scripts/beside.py
UVLOCK = $(BIN)/uv pip compile -q --no-config --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

## ---- set-up ----

# .venv is recreated if PYTHON is another version.
ifneq ($(PYTHON),)
$(if $(shell PYTHON='$(PYTHON)' scripts/make-venv --differs $(VENV)),$(shell rm -f $(VENV)/.python))
endif

$(VENV)/.python: $(REQ)/dev.txt backend/pyproject.toml
	@PYTHON='$(PYTHON)' scripts/make-venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(REQ)/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e backend
	@touch $@

# Node 24 comes from PyPI, and needs nothing else on the machine.
$(VENV)/.node: $(VENV)/.python
	@scripts/install-node $(VENV)
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json frontend/package.json $(VENV)/.node
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(UI)/index.html: frontend/node_modules/.installed $(shell find frontend/src frontend/public frontend/*.html frontend/*.ts -type f 2>/dev/null)
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build
	@rm -rf $(UI) && cp -r frontend/dist $(UI) && touch $@

.PHONY: setup
setup: $(VENV)/.python ## Install the backend: leaves .venv/bin/job-processor

.PHONY: build
build: $(UI)/index.html ## Build the page into the Python package

# Python packages for tests only: for infrastructure/, a stand-in for MongoDB, Schemathesis.
$(VENV)/.test-tools: $(VENV)/.python $(REQ)/mongo-test.txt $(REQ)/infra.txt $(REQ)/fuzz.txt $(REQ)/chart.txt
	@scripts/install-test-tools $(VENV)
	@touch $@

# Programs for tests only; checked each time, so that missing ones are listed before the first test runs.
.PHONY: test-programs
test-programs: $(VENV)/.test-tools
	@scripts/install-test-programs $(VENV)

.PHONY: setup-test test-tools
setup-test: $(VENV)/.python
	@$(BESIDE) test-tools build
test-tools: $(VENV)/.test-tools test-programs

## ---- use ----

.PHONY: run
run: build ## Set up, build the page, start on http://127.0.0.1:3000
	@exec $(BIN)/job-processor serve --host $(HOST) --port $(PORT) --data-dir $(DATA_DIR)

.PHONY: dev
dev: frontend/node_modules/.installed ## Backend with reload on 3000, page with Vite on 5173
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/dev

## ---- check ----

.PHONY: test
test: setup-test ## Every check: format, lint, types, imports, unit, store suite, API, faults, page, end to end
	@$(BESIDE) test-backend lint-backend lint-page test-page test-machines

.PHONY: quick
quick: setup frontend/node_modules/.installed ## For the inner loop: lint, types and the fast tests, in less than 90 seconds
	@$(BESIDE) quick-backend lint-page lint-backend quick-page

.PHONY: quick-backend quick-page test-backend test-page test-machines lint-backend lint-page
# These tests wait half of their time: everything else runs beside them.
test-backend:
	@cd backend && FAILOVER=short $(PYTEST) -m "not n8n"
quick-backend:
	@cd backend && $(PYTEST) -m "not mongo and not slow" $(addprefix tests/,$(QUICK_TESTS))
quick-page:
	@$(WITH_NODE) && npm test --silent -- --project pure
test-page:
	@$(WITH_NODE) && npm test --silent
test-machines:
	@scripts/infra/test-infra
	@scripts/infra/check-containers
	@scripts/infra/check-ci

.PHONY: fresh-machine-test
fresh-machine-test: ## The README's commands on bare Debian and Ubuntu machines: MODE=run|test|both WHO="root person" SYSTEMS=debian:13
	@$(or $(PYTHON),python3) scripts/fresh_machine

.PHONY: lint
lint: setup frontend/node_modules/.installed ## Format, lint, types, import rules; changes nothing
	@$(BESIDE) lint-backend lint-page
lint-backend:
	@cd backend && ../$(BIN)/ruff format --check -q . && ../$(BIN)/ruff check -q .
	@cd backend && ../$(BIN)/ruff format --config pyproject.toml --check -q ../infrastructure ../scripts
	@cd backend && ../$(BIN)/ruff check --config pyproject.toml -q ../infrastructure ../scripts
	@cd backend && ../$(BIN)/mypy && ../$(BIN)/lint-imports --no-cache | tail -n 3
lint-page:
	@$(WITH_NODE) && npm run --silent lint && npm run --silent typecheck && npm run --silent check:api

.PHONY: fix
fix: setup frontend/node_modules/.installed ## Format, and fix what can be fixed automatically
	@cd backend && ../$(BIN)/ruff format . && ../$(BIN)/ruff check --fix .
	@cd backend && ../$(BIN)/ruff format --config pyproject.toml ../infrastructure ../scripts
	@cd backend && ../$(BIN)/ruff check --config pyproject.toml --fix ../infrastructure ../scripts
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run fix

.PHONY: kill-test
kill-test: setup ## Kill the server again and again under load of all kinds, and look for what is lost or doubled: CYCLES=1000
	@cd backend && ../$(BIN)/python -m tests.faults.kill_campaign --cycles $(or $(CYCLES),1000)

.PHONY: bulk-kill-test
bulk-kill-test: setup ## Kill one big bulk retry, then one big bulk replay, again and again on their way: JOBS=100000 KILLS=50
	@cd backend && ../$(BIN)/python -m tests.faults.bulk_campaign --jobs $(or $(JOBS),100000) --kills $(or $(KILLS),50)

.PHONY: soak
soak: setup ## All that is done with single jobs, for an hour against one server; checks memory, latency and invariants: SECONDS=3600
	@cd backend && ../$(BIN)/python -m tests.faults.soak --seconds $(or $(SECONDS),3600)

.PHONY: failover-test
failover-test: $(VENV)/.test-tools ## Kill the database and workers under load
	@cd backend && ../$(BIN)/python -m pytest -q -m slow tests/failover -s

.PHONY: test-mongo
test-mongo: $(VENV)/.test-tools ## The MongoDB driver's tests: TZ=America/New_York make test-mongo
	@cd backend && ../$(BIN)/python -m pytest -q -m "mongo and not slow" tests/store tests/store_suite tests/faults tests/machine

.PHONY: test-time-zones
test-time-zones: $(VENV)/.test-tools ## The MongoDB driver's tests in three time zones: New York, Kolkata, UTC
	@for zone in UTC America/New_York Asia/Kolkata; do echo "TZ=$$zone" && TZ=$$zone $(MAKE) --no-print-directory test-mongo || exit 1; done

.PHONY: fuzz
fuzz: $(VENV)/.test-tools ## Test the running server against its OpenAPI document, both stores, a key of each right: FUZZ_EXAMPLES=1000 FUZZ_SEED=11
	@cd backend && FUZZ=long ../$(BIN)/python -m pytest -q -n 2 -rP tests/fuzz

.PHONY: still-list
still-list: $(VENV)/.test-tools build ## The list while jobs arrive, at all rates and lengths: 20 of 20 clicks, the reader's pixel, requests and bytes
	@cd backend && STILL=long ../$(BIN)/python -m pytest -q -s tests/e2e/test_list_holds_still.py

.PHONY: page-weight
page-weight: $(VENV)/.test-tools build ## A cold load of the page on slow 3G: bytes and seconds
	@cd backend && ../$(BIN)/python -m pytest -q -s tests/e2e/test_weight.py

.PHONY: stories
stories: build ## Every screen of the page in every state, on made-up data: http://127.0.0.1:3911
	@cd frontend && exec ../$(BIN)/node stories/serve.ts ../$(UI) 3911

.PHONY: screenshots
screenshots: $(VENV)/.test-tools build ## Pictures of all stories in screenshots/, at 1440 and 390, light and dark: STORIES="list flows"
	@cd backend && ../$(BIN)/python -m tests.e2e.screenshots $(STORIES)

.PHONY: references
references: $(VENV)/.test-tools build ## Renew the pictures that the tests compare with, and those in README and docs
	@cd backend && ../$(BIN)/python -m tests.e2e.screenshots --references

.PHONY: storm-test
storm-test: setup ## Lanes under 20 s of 429 with every form of header: requests, attempts, time to recover
	@cd backend && STORM=full ../$(BIN)/python -m pytest -q tests/lanes -s

.PHONY: repair-rates
repair-rates: setup ## How often repairs of broken JSON are right: CASES=10000 SEED=0
	@cd backend && REPAIR_CASES=$(or $(CASES),10000) SEED=$(or $(SEED),0) ../$(BIN)/python -m pytest -q -s --timeout 0 tests/results/test_rates.py

.PHONY: test-n8n
test-n8n: setup ## Against a real n8n (installs it: about 7 minutes and 3 GB)
	@scripts/n8n/n8n install
	@cd backend && ../$(BIN)/python -m pytest -q tests/n8n -m n8n -s

.PHONY: test-n8n-queue
test-n8n-queue: setup ## Against a real n8n in queue mode, with PostgreSQL and Redis (installs all three)
	@scripts/n8n/n8n install
	@scripts/n8n/install-queue-tools
	@cd backend && ../$(BIN)/python -m pytest -q tests/n8n_queue -m n8n -s

.PHONY: test-infra
test-infra: setup-test ## Terraform, offline
	@scripts/infra/test-infra

.PHONY: compose-test
compose-test: setup-test ## Build the images and run the stack with podman
	@scripts/infra/compose-test

.PHONY: bench
bench: setup ## Measure performance against its floors, in one run
	@cd backend && ../$(BIN)/python -m benchmarks

.PHONY: bench-mongo
bench-mongo: $(VENV)/.test-tools ## The benchmarks on MongoDB
	@cd backend && ../$(BIN)/python -m benchmarks.mongo

# FastAPI, PgQueuer and arq in an environment of their own, and BullMQ: for the comparison only.
PEERS := backend/benchmarks/peers/bullmq
$(VENV)/.peers: $(VENV)/.node $(REQ)/peers.txt $(PEERS)/package-lock.json scripts/install-peers
	@scripts/install-peers $(VENV)
	@touch $@

.PHONY: bench-peers
bench-peers: $(VENV)/.peers ## In turns with PgQueuer, arq and BullMQ where PostgreSQL and Redis are installed: QUICK=1
	@cd backend && exec ../$(BIN)/python -m benchmarks.peers $(if $(QUICK),--quick)

## ---- keep ----

.PHONY: lock
lock: setup ## Resolve the requirements again (no index URL is recorded)
	@cd $(REQ) && for f in runtime dev mongo-test tools infra chart azure fuzz audit peers; do $(CURDIR)/$(UVLOCK) $$f.in -o $$f.txt; done

.PHONY: generate
generate: frontend/node_modules/.installed ## Generate the OpenAPI document and the page's client from the API's types
	@$(BIN)/job-processor openapi > frontend/openapi.json
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent generate

.PHONY: wheel
wheel: build ## Build the wheel, with the page inside
	@cd backend && ../$(BIN)/python -m uv build --wheel --no-build-isolation -o ../dist
