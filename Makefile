# Every target sets up what it needs: a virtual environment in .venv, from pinned versions.
# `uv` is used where it is installed, plain venv and pip where it is not.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test feed e2e controlplane faults hostile check soak endurance bench peers screenshots format clean
.DEFAULT_GOAL := demo

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Topdeck needs Python 3.11 or newer; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'; \
	else \
	  { [ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV); } && \
	  $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'; \
	fi
	@touch $@

demo: $(STAMP) ## Operate a simulated fleet: no account, no cluster, no network
	@$(BIN)/topdeck demo

test: $(STAMP) ## Run the tests, on all cores
	@$(BIN)/pytest -n auto --dist loadfile

feed: $(STAMP) ## Count the calls for 10,000 tasks, polled and by an event queue
	@TOPDECK_FEED_SERVICES=500 $(BIN)/pytest -s tests/contract/test_event_feed.py -k factor

e2e: $(STAMP) ## Run the tests against a real Kubernetes control plane, and print a table
	@$(BIN)/pytest tests/e2e $(E2E)

controlplane: $(STAMP) ## Build the control plane of the end-to-end tests, where Go is
	@$(BIN)/python -m tests.e2e.plane.build

faults: $(STAMP) ## Try every fault on both backends, and print a table (FAULTS="403 --backend eks")
	@$(BIN)/python -m tests.faults $(FAULTS)

hostile: $(STAMP) ## Feed far more hostile text to everything than the tests do (half an hour)
	@HOSTILE_EXAMPLES=20 $(BIN)/pytest tests/hostile

check: $(STAMP) ## Format, lint, types, imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

soak: $(STAMP) ## Work for an hour of a large world's time, and print what is held (SOAK="--rounds 40")
	@$(BIN)/python -m tests.endurance.soak $(SOAK)

endurance: $(STAMP) ## Every ending in every mode, and many kills, on a real terminal
	@TOPDECK_ENDURANCE=full $(BIN)/pytest tests/endurance

bench: $(STAMP) ## Measure, and print a table
	@$(BIN)/python -m tests.bench

peers: $(STAMP) ## Measure beside kubectl, the AWS CLI, k9s, e1s and stern, what there is of them (PEERS="--write")
	@$(BIN)/python -m tests.bench.peers $(PEERS)

screenshots: $(STAMP) ## Draw the pictures of the README from the real app
	@$(BIN)/python screenshots/make.py

clean: ## Remove what was built
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
