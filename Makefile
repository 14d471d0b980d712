# Everything a newcomer needs is here: `make demo`, then `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
.DEFAULT_GOAL := help

.PHONY: help demo test check lint types layers bench bench-build bench-apiserver bench-engine bench-schedule soak clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	@echo "Installing into $(VENV) (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@$(BIN)/python -m compileall -q toolkit
	@touch $@

$(BIN)/.dev: $(BIN)/.run
	@echo "Installing the test tools (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(BIN)/.run ## install, run the whole pipeline once, show what happened
	@$(BIN)/gitops demo

test: $(BIN)/.dev check ## lint, types, layers and all tests (under 10 minutes)
	@$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

check: lint types layers ## lint, types and layers only

lint: $(BIN)/.dev
	@$(BIN)/ruff check toolkit tests benchmarks
	@$(BIN)/ruff format --check toolkit tests benchmarks

types: $(BIN)/.dev
	@$(BIN)/mypy

layers: $(BIN)/.dev
	@$(BIN)/lint-imports

bench: $(BIN)/.dev ## all benchmarks, printed as ratios against the real peers
	@for b in benchmarks/bench_*.py; do $(BIN)/python $$b || exit 1; done

bench-build: $(BIN)/.dev ## the builder against the real kustomize, up to 3,000 crons
	@$(BIN)/python benchmarks/bench_build.py --sizes 10,100,1000,3000 --variants staging,references --growth --save $(ARGS)

bench-apiserver: $(BIN)/.dev ## the API server: lists, watches, durable writes, beside etcd's
	@$(BIN)/python benchmarks/bench_apiserver.py --save $(ARGS)

bench-engine: $(BIN)/.dev ## the engine: a step's cost beside xargs; with PEERS=folder, beside others
	@$(BIN)/python benchmarks/bench_engine.py --save $(if $(PEERS),--peers $(PEERS)) $(ARGS)

bench-schedule: $(BIN)/.dev ## forecasts, rehearsals, 10,000 crons that fire for an hour
	@$(BIN)/python benchmarks/bench_schedule.py --hour 60 --folder build --save $(ARGS)

soak: $(BIN)/.dev ## the long tests at full count, and new examples for the property tests
	@$(BIN)/python -m pytest -m "soak or hypothesis" --hypothesis-profile search -n auto --timeout 0 $(ARGS)

clean: ## remove what was built; .gitops (your state) stays
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
