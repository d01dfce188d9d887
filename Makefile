# One command each. They need Python 3.11, 3.12 or 3.13 and make; the rest is installed into .venv.
#   PYTHON=  the interpreter        VENV=  the environment       PORT=  where `make dev` serves

VENV ?= .venv
PYTHON ?=
LOCKS := requirements
BIN := $(VENV)/bin
# 2 workers share one set of stores; 0 runs the tests in one process.
ISTHMUS_TEST_WORKERS ?= 2

export PYTHONUTF8 := 1
.DEFAULT_GOAL := help
.PHONY: help dev test check format schema coverage bench explorer demo lock environment clean

help: ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 18

dev: environment ## Start the stores and the server; Ctrl-C stops them.
	@$(BIN)/isthmus dev

test: environment ## Run every test against stores of its own.
	@$(BIN)/pytest -n $(ISTHMUS_TEST_WORKERS) $(TESTS)

check: environment ## Lint, types, import contracts, migrations, schema.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/isthmus migrate check
	$(BIN)/isthmus schema check

format: environment ## Format the code, and fix what can be fixed.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: environment ## Write schema.graphql.
	$(BIN)/isthmus schema print --to schema.graphql

coverage: environment ## Write docs/coverage.md from the tests' markers.
	$(BIN)/python -m tests.coverage.lines

bench: environment ## Measure the server on seeded data.
	$(BIN)/python -m bench $(BENCH)

explorer: ## Build the explorer's files; needs Node.js and npm.
	cd explorer && npm ci && npm run build

demo: ## Build the demo's files; needs Node.js and npm.
	cd demo && npm ci && npm run build

# Without an index address, so that everyone's own index is asked.
lock: environment ## Lock the newest allowed versions of every package.
	$(BIN)/python $(LOCKS)/lock.py

environment:
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
	  if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then exec $$python $(LOCKS)/environment.py $(VENV); fi; \
	done; \
	echo "No Python 3.11, 3.12 or 3.13 found$(if $(PYTHON), as $(PYTHON)): set PYTHON= to one." >&2; exit 1

clean: ## Remove the environment and every cache; the data in .isthmus stay.
	rm -rf $(VENV) $(VENV).lock .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +
