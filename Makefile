# Small verbs for habits. Each creates the environment it needs, in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: train test quick core check ci readme pictures bench kills fuzz clean

train: $(VENV)/core.stamp ## install, and run the quickstart
	$(BIN)/gdrun train

test: $(VENV)/parity.stamp ## every test, the reference libraries included
	$(BIN)/python -m pytest -n auto --dist worksteal

quick: $(VENV)/dev.stamp ## the tests that take less than a tenth of a second each
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not longer" --ignore=tests/parity

core: $(VENV)-core/dev.stamp ## the quick tests without any extra, as a core install has it
	$(VENV)-core/bin/python -m pytest -n auto --dist worksteal -m "not slow" --ignore=tests/parity

check: $(VENV)/dev.stamp ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

ci: check test core ## what must hold on a clean clone

readme: $(VENV)/dev.stamp ## run the README's commands, and write their output and its tables
	$(BIN)/python tests/readme.py --write

pictures: $(VENV)/dev.stamp ## draw the pictures of the README again
	$(BIN)/python tests/pictures.py

bench: $(VENV)/bench.stamp ## measure gdrun against what users would pick instead
	$(BIN)/python tests/bench

kills: $(VENV)/dev.stamp ## kill 100 commands at random times, continue them, and compare the bits
	$(BIN)/python tests/kills.py

fuzz: $(VENV)/dev.stamp ## feed 100,000 damaged and hostile inputs to all readers, and keep what fails
	$(BIN)/python tests/fuzz

$(VENV)/core.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/core.stamp
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/parity.stamp: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet --editable '.[dev,parity]'
	@touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet --editable '.[dev,bench]'
	@touch $@

$(VENV)-core/dev.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)-core
	$(VENV)-core/bin/python -m pip install --quiet --editable '.[dev]'
	@touch $@

clean: ## remove environments, caches and what was built
	rm -rf $(VENV) $(VENV)-core build *.egg-info .mypy_cache .ruff_cache .hypothesis
