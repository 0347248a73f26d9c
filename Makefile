# Everything a contributor runs. Needs Python 3.11 or newer (with venv), Git and make.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Under coverage with COVERAGE=1, so that no test needs to run twice.
PYTEST = $(if $(COVERAGE),$(BIN)/coverage erase && $(BIN)/coverage run -m pytest,$(BIN)/python -m pytest)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests wait for browsers, servers and disks: three at a time for two processors.
export PYTEST_XDIST_AUTO_NUM_WORKERS ?= $(shell expr \( $$(getconf _NPROCESSORS_ONLN) \* 3 + 1 \) / 2)

.PHONY: serve build test test-long coverage reference report lint ruff types contracts install clean

serve: install  ## Shows this repository's own site while you write; SERVE_ARGS="-p 9000"
	@$(BIN)/sitegen serve $(SERVE_ARGS)

build: install  ## Builds this repository's own site into output/
	@$(BIN)/sitegen build

test: install  ## Passes the tests; PYTEST_ARGS="-k feed" picks some
	@$(PYTEST) -n auto $(PYTEST_ARGS)

test-long: export SITEGEN_PROFILE := long
test-long: test  ## The same with ten times the examples and rounds

coverage: COVERAGE := 1
coverage: test report  ## The tests, and which lines they reach

report: install  ## What the last tests with COVERAGE=1 reached
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --skip-covered --show-missing

reference: install  ## What content/docs/reference/ takes from the code
	@$(BIN)/python -m tools.reference

lint: ruff types contracts  ## All that is checked without running

ruff: install
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: install
	@$(BIN)/mypy --strict

contracts: install
	@$(BIN)/lint-imports --no-logo

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@python=; for each in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14; do \
	  if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "sitegen needs Python 3.11 or newer, and none was found on PATH." >&2; \
	  echo "Install it, or say where it is: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	echo "Installing into $(VENV) with $$($$python --version) ..." >&2; \
	$$python -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --no-input -c constraints.txt -e '.[dev]'
	@touch $@

clean:  ## Removes the environment and caches; never content or output
	rm -rf $(VENV) *.egg-info .coverage .coverage.* .hypothesis .mypy_cache \
	  .pytest_cache .ruff_cache .import_linter_cache .sitegen
	find sitegen tests benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
