# Every target sets up what it needs in .venv; a machine needs only Python and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: check test lint types bytecode demo bench soak screenshots clean
.DEFAULT_GOAL := test

$(READY): pyproject.toml nimsg/__init__.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(BIN)/python -m compileall -q nimsg
	@touch $@

# Half of the tests wait for processes, so there are more workers than cores.
PYTEST := $(BIN)/python -m pytest -q -n 4 --dist worksteal

check: lint
	$(PYTEST) -m "not slow and not soak"

# Tests that are slow or start processes run with the others, but uncounted (tests/conftest.py).
test: lint
	$(PYTEST) -m "not soak" --cov --cov-report=
	$(BIN)/coverage report --fail-under=90
	$(BIN)/coverage report --fail-under=100 --include='nimsg/protocol/*,nimsg/core/*,nimsg/store/*'

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(MAKE) --jobs=2 types bytecode

types: $(READY)
	$(BIN)/mypy

# Otherwise each worker would compile all tests for itself. What is wrong is told by the run.
bytecode: $(READY)
	@$(BIN)/python -m pytest -qq --collect-only >/dev/null || true

demo: $(READY)
	$(BIN)/nimsg demo

bench: $(READY)
	$(BIN)/python -m tests.bench

soak: $(READY)
	SOAK_SECONDS=$(or $(SECONDS),1800) $(BIN)/python -m pytest -q -n 2 --dist worksteal \
		-o faulthandler_timeout=0 -m soak

screenshots: $(READY)
	$(BIN)/python -m tests.pictures --screens
	$(BIN)/python -m tests.pictures

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* nimsg.egg-info build
