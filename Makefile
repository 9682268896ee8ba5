# Everything runs in .venv, which the first target makes from the locks and remakes when they change.
#
#   make demo    train four networks through the API and read their diagnoses
#   make test    lint, type-check and test; the domain's own tests cover all of it
#   make lint    lint and type-check the Python and the JavaScript
#   make chaos   break whole clinics for hours and write docs/reliability.md; all of it, or for
#                instance EXPERIMENTS="kills zombies" SEED=1
#   make mutants break a line of the domain at a time, see whether its tests notice and write
#                docs/mutation.md; goes on where it was interrupted. MODULES="runs specs/job" for
#                some of them, SURVIVORS=1 to try again what survived, PROCESSES=1 for one core
#   make bench-diagnosis
#                judge the labelled runs of bench/diagnosis and write its RESULTS.md; RERUN=1 trains
#                all of them anew first, for hours, and goes on where it was interrupted. RELEASE=name
#                names the line in the history
#   make docs    write docs/measurements.md, findings.md, references.md, cautions.md and the domain's
#                table of what probes read anew from the code
#   make serve   run the service (CLINIC_HOME, CLINIC_PORT … as in the README)

PYTHON ?= python3
# flags of pip for torch alone, e.g. --index-url with the CPU builds, which are a tenth of the size
TORCH_FLAGS ?=
# how many processes test side by side, each with a PostgreSQL and a Valkey of its own; one more
# than two cores, since the tests of faults mostly wait; a fourth saves no time
TEST_PROCESSES ?= 3

# how many mutants are tried side by side
PROCESSES ?= 2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make locks"

MUTANTS := build/mutants/venv
CLIENTS := build/clients/venv

# packages of npm lint, check and test the scripts of the pages; node comes with .venv
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
NODE_PACKAGES := node_modules/.ready
API_TYPES := build/javascript/api

.PHONY: demo test test-domain test-scripts serve lint docs install locks chaos mutants bench-diagnosis

demo: $(READY)
	@$(BIN)/python -m app.demo

serve: $(READY)
	@exec $(BIN)/clinic serve --end-with-parent

# the tests start programs a hundred times: what those import is compiled once, whatever the shell says
test: export PYTHONDONTWRITEBYTECODE :=
test: $(READY) $(NODE_PACKAGES)
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint test-domain test-scripts $(CLIENTS)/.ready
	$(BIN)/python -m pytest --ignore tests/domain --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test-domain: $(READY)
	$(BIN)/coverage run -m pytest tests/domain
	$(BIN)/coverage report

test-scripts: $(NODE_PACKAGES)
	$(WITH_NODE) node --test --test-reporter=dot "tests/dashboard/static/*.test.js"

chaos: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults.chaos $(EXPERIMENTS) $(if $(SEED),--seed $(SEED))

mutants: $(READY) $(MUTANTS)/.ready
	nice -n 15 $(MUTANTS)/bin/python -m tests.mutation $(MODULES) --processes $(PROCESSES) \
		$(if $(SURVIVORS),--survivors)

# two processes share the runs; what a run, a label or an experiment gave is kept in build/
bench-diagnosis: export OMP_NUM_THREADS := 1
bench-diagnosis: $(READY)
ifdef RERUN
	nice -n 10 $(BIN)/python -m bench.diagnosis.train --part 1/2 & \
		nice -n 10 $(BIN)/python -m bench.diagnosis.train --part 2/2 && wait
	$(BIN)/python -m bench.diagnosis.pack
	nice -n 10 $(BIN)/python -m bench.diagnosis.labels
	nice -n 10 $(BIN)/python -m bench.diagnosis.remedies
endif
	$(BIN)/python -m bench.diagnosis.report $(if $(RELEASE),--release $(RELEASE))

lint: $(READY) $(NODE_PACKAGES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(WITH_NODE) node_modules/.bin/oxlint --deny-warnings --report-unused-disable-directives app tests
	@$(BIN)/python -m docs.openapi $(API_TYPES).json
	@$(WITH_NODE) node_modules/.bin/openapi-typescript $(API_TYPES).json --output $(API_TYPES).d.ts
	$(WITH_NODE) node_modules/.bin/tsc --project .
	$(WITH_NODE) node_modules/.bin/tsc --project tests/dashboard/static

docs: $(READY)
	$(BIN)/python -m docs.probed
	$(BIN)/python -m docs.generate

install: $(READY)

# torch comes in a call of its own: its CPU and CUDA builds are different files under one version, so
# hashes would tie the lock to one of them
$(READY): requirements/all.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.11 …" >&2; exit 1; }
	@echo "Installing into $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --requirement requirements/all.lock
	@$(PIP) install $(TORCH_FLAGS) torch==2.13.0
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# cosmic-ray brings 27 packages that nothing else needs, and reads no code of ours but sources
$(MUTANTS)/.ready: requirements/mutants.lock
	@test -x $(MUTANTS)/bin/python || $(PYTHON) -m venv $(MUTANTS)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(MUTANTS)/bin/python -m pip --quiet install --require-hashes --requirement $<
	@touch $@

# what generates clients needs packages of its own, and of other versions than the service's
$(CLIENTS)/.ready: requirements/clients.lock
	@test -x $(CLIENTS)/bin/python || $(PYTHON) -m venv $(CLIENTS)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(CLIENTS)/bin/python -m pip --quiet install --require-hashes --requirement $<
	@touch $@

$(NODE_PACKAGES): $(READY) .npmrc package.json package-lock.json
	@$(WITH_NODE) npm ci --silent
	@touch $@

locks:
	$(LOCK) pyproject.toml --output-file requirements/api.lock
	$(LOCK) pyproject.toml requirements/trainer.in --constraint requirements/api.lock \
		--output-file requirements/worker.lock
	$(LOCK) pyproject.toml requirements/trainer.in --extra embedded --extra demo --extra dev \
		--constraint requirements/worker.lock --output-file requirements/all.lock
	$(LOCK) requirements/mutants.in --output-file requirements/mutants.lock
	$(LOCK) requirements/clients.in --output-file requirements/clients.lock
	$(WITH_NODE) npm install --package-lock-only
