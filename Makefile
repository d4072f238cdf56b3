# Every target sets up what it needs in .venv; a machine needs only Python and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: check test demo bench soak screenshots clean
.DEFAULT_GOAL := test

$(READY): pyproject.toml nimsg/__init__.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(BIN)/python -m compileall -q nimsg
	@touch $@

# Half of the tests wait for processes, so there are more workers than cores.
PYTEST := $(BIN)/python -m pytest -q -n 4 --dist worksteal

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -m "not slow and not soak"

# Counting what is covered takes as long as the tests themselves: slow ones go without,
# and those of processes, in which nothing is counted.
test: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -m "not (slow or e2e or soak)" --cov --cov-report=
	$(BIN)/coverage report --fail-under=90
	$(BIN)/coverage report --fail-under=100 --include='nimsg/protocol/*,nimsg/core/*,nimsg/store/*'
	$(PYTEST) -m "(slow or e2e) and not soak"

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
