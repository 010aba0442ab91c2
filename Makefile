# Commands for a user: `make demo`, `make demo-study` and `make test`. The rest is for those who change the code.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo demo-study test power check lint types slow bench docs build clean

demo: $(VENV)/.demo
	$(BIN)/checkstar demo --out checkstar-demo

demo-study: $(VENV)/.demo $(VENV)/.light-curves $(VENV)/.torch
	$(BIN)/checkstar study src/checkstar/studies/demo.toml --jobs 2 --store checkstar-study/store --out checkstar-study

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 -m "not slow" --durations=10

slow: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 -m slow --durations=20

# False alarms and power of every check, as the package ships them: about twenty minutes on two cores.
power: $(VENV)/.test
	$(BIN)/checkstar power --out src/checkstar/power/power.json

check: lint types test

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

bench: $(VENV)/.test $(VENV)/.bench
	$(BIN)/python benchmarks/cannon.py
	$(BIN)/python benchmarks/calibration.py
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/stellar_labels.py
	$(BIN)/python benchmarks/redshifts.py
	$(BIN)/python benchmarks/audit.py
	$(BIN)/python benchmarks/demo.py
	$(BIN)/python benchmarks/light_curve_files.py
	$(BIN)/python benchmarks/periods.py
	$(BIN)/python benchmarks/partitions.py
	$(BIN)/python benchmarks/curve_networks.py --splits 1 --stars 1000 --epochs 2

docs: $(VENV)/.docs
	rm -rf docs/api
	$(BIN)/python -m sphinx -W -b html docs docs/_build/html

build: $(VENV)/.dev
	$(BIN)/python -m build --outdir dist

# A stamp per set of packages: a second run installs nothing unless the requirements changed.
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "checkstar needs Python >= 3.11; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable .
	touch $@

$(VENV)/.%: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) .venv-* dist build docs/_build docs/api docs/gallery checkstar-demo checkstar-study
