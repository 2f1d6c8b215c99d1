# make demo | make test set everything up first. Needs git, make and python3-venv (Python 3.11 or newer), nothing else.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.set-up
BIN := $(VENV)/bin

# torch and what trains with it: 5.5 GB, an environment of its own, made once for each lock and kept outside the tree.
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/street-patrol
TRAIN_VENV = $(CACHE)/train-$(firstword $(shell sha256sum requirements/train.lock | cut -c1-16))

.PHONY: help setup demo test check soak train-setup train-test lock clean
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make setup   .venv with the patrol command and the development tools in it
setup: $(STAMP)
$(STAMP): requirements/dev.lock requirements/redact.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/redact.lock
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

## make train-setup  the environment that trains models (5.5 GB, outside the tree)
train-setup: $(TRAIN_VENV)/.set-up
$(TRAIN_VENV)/.set-up:
	$(PYTHON) -m venv $(TRAIN_VENV)
	$(TRAIN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/train.lock
	touch $@

## make train-test   one tiny epoch, export, and our measure beside ultralytics'
train-test: train-setup
	PYTHONPATH=. $(TRAIN_VENV)/bin/python -m pytest -p no:cacheprovider tests/models/test_training.py tests/models/test_same_as_ultralytics.py

## make lock    new versions into requirements/*.lock (hashes, no registry addresses)
lock: setup
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements/runtime.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --override requirements/overrides.txt --extra train --extra dev pyproject.toml -o requirements/train.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
