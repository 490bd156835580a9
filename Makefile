# The whole set-up is one of these targets; `make demo` and `make test` are where to begin.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2
ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install demo test lint check serve bench constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv and install the project with its tools

demo: $(STAMP) ## publish the reports of a real crisis and show what comes out
	@$(BIN)/tollbook demo $(ARGS)

test: $(STAMP) ## run the tests (ARGS="-k name" narrows them, WORKERS=n sets the processes)
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: $(STAMP) ## everything in check but the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tollbook_schemas.generate --check

check: lint test ## what CI runs

serve: $(STAMP) ## run engine, intake and projector until interrupted
	@$(BIN)/tollbook serve $(ARGS)

bench: $(STAMP) ## measure append, fold and visibility on this machine
	@set -e; for script in bench/bench_*.py; do $(BIN)/python "$$script" $(ARGS); done

constraints: $(STAMP) ## write constraints.txt from what is installed
	@{ echo "# Every third-party package of the environment, pinned. Made by: make constraints"; \
	   $(BIN)/python -m pip freeze --all --exclude-editable --exclude setuptools; } > constraints.txt

clean: ## remove the environment, caches and build output (never the ledger in .tollbook)
	rm -rf $(VENV) dist build .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find bench projections schemas services tests -name __pycache__ -type d -prune -exec rm -rf {} +

# `pip install --group` came with pip 25.1, so the environment's own pip is brought up first.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tollbook needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip --constraint constraints.txt
	$(BIN)/python -m pip install --quiet --editable . --group dev --constraint constraints.txt
	@touch $@
