# `make demo` and `make test` work on a fresh clone with nothing installed but Python 3.11 or later and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DEMO   := data/demo
# Those that must still open a release, beside the one of the environment and the shell.
OLD_DUCKDBS := $(VENV)/duckdb-1.2.2 $(VENV)/duckdb-1.4.5
# More than there are cores: many tests wait for a server, a clock or a process.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) * 3 / 2)))
FUZZ   := -max_total_time=60

.PHONY: help demo test lint types unit fuzz bench bench-full docs constraints clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

$(OLD_DUCKDBS): | $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --target $@ \
	  duckdb==$(@:$(VENV)/duckdb-%=%) || echo 'There is no such DuckDB for this Python: its tests are left out' >&2
	mkdir -p $@

demo: $(READY)  ## Make a synthetic bucket of 20,000 bins, load it, and print the quantity histogram
	rm -rf $(DEMO)
	$(BIN)/abid-etl synthesize $(DEMO)/bucket --bins 20000 --seed 1
	$(BIN)/abid-etl run $(DEMO)/bucket --data-dir $(DEMO)
	$(BIN)/abid-report quantity-histogram --data-dir $(DEMO)

test: lint types unit  ## Lint, check the types, run all tests

lint: $(READY)  ## Lint and check the format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## Check the types
	$(BIN)/mypy

unit: $(READY) $(OLD_DUCKDBS)  ## Run all tests
	sh tests/install_peers.sh
	$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal

fuzz: $(READY)  ## Look for documents that are opened wrongly, for a minute (FUZZ=-max_total_time=3600 is an hour)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	mkdir -p data/fuzz
	PYTHONPATH=tests $(BIN)/python tests/fuzz.py data/fuzz/corpus -artifact_prefix=data/fuzz/ $(FUZZ)

bench: $(READY)  ## Measure speed and memory, and write docs/benchmarks.md (minutes; BENCH='--only s3' is a part)
	PYTHONPATH=tests $(BIN)/python -m bench.run $(BENCH)

bench-full: $(READY)  ## The same at the size of the real bucket and ten times that (hours; needs 20 GB of disk)
	PYTHONPATH=tests $(BIN)/python -m bench.run --full $(BENCH)

docs: $(READY)  ## Write the tables and transcripts of README.md anew
	$(BIN)/python docs/generate.py

constraints:  ## Pin the newest versions that pyproject.toml allows
	rm -rf $(VENV)-constraints
	$(PYTHON) -m venv $(VENV)-constraints
	$(VENV)-constraints/bin/pip install --quiet --disable-pip-version-check -e '.[dev,fuzz]' hatchling
	$(VENV)-constraints/bin/pip freeze --exclude-editable > constraints.txt
	rm -rf $(VENV)-constraints

clean:  ## Remove the environment and the demo
	rm -rf $(VENV) $(DEMO)
