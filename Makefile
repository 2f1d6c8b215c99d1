# make demo | make test set everything up first. Needs git, make and python3-venv (Python 3.11 or newer), nothing else.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.set-up
BIN := $(VENV)/bin

.PHONY: help setup demo test check soak lock clean
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make setup   .venv with the patrol command and the development tools in it
setup: $(STAMP)
$(STAMP): requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

## make demo    watch the sample clip become a sealed packet and a case on a page
demo: setup
	$(BIN)/patrol demo

## make test    every test that this machine can run
test: setup
	$(BIN)/python -m pytest -n 4 --dist loadfile

## make check   style, types, layers, locks
check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

## make soak    the long proofs, whole
soak: setup
	PATROL_SOAK=1 $(BIN)/python -m pytest -m soak --timeout 7200

## make lock    new versions into requirements/*.lock (hashes, no registry addresses)
lock: setup
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements/runtime.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements/dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
