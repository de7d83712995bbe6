# `make demo` shows the whole loop; `make test` proves it. Both create .venv themselves.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
STAMP := .venv/.installed-dev
# The exact versions tested; `make CONSTRAINTS= ...` takes the newest that pyproject.toml allows.
CONSTRAINTS ?= constraints.txt
export OMP_WAIT_POLICY ?= passive

.PHONY: demo test fast lint types oldest image-test clean
# What users need, and what tests and benchmarks need on top.
$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) -e '.[all]'
	touch $@
	@echo "installed: $(BIN)/basalt-iq (or: . $(BIN)/activate, then basalt-iq --help)"

$(STAMP): $(READY)
	$(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) -e '.[dev]'
	touch $@

demo: $(READY)
	$(BIN)/basalt-iq demo $(ARGS)

test: lint types
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

fast: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow' $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	tools/javascript.sh

types: $(STAMP)
	$(BIN)/mypy -p basalt_iq
	$(BIN)/basedpyright basalt_iq/*.py basalt_iq/*/  # the shell follows the links to the rooms

# The lowest versions that pyproject.toml allows, in an environment of their own.
oldest:
	test -x build/oldest/bin/python || $(PYTHON) -m venv build/oldest
	build/oldest/bin/python -m pip install --quiet uv
	build/oldest/bin/uv pip install --quiet --python build/oldest/bin/python --resolution lowest-direct -e '.[all]' \
		'pytest>=8' 'hypothesis>=6.100' 'selenium>=4.20' 'coloredlogs>=15' 'crowdai-api>=0.1.22'
	build/oldest/bin/python -m pytest -m 'not slow' -x $(ARGS)

# Needs root on Debian 12; RUN=path is a run folder to evaluate (default: a small agent with fresh weights).
image-test: $(STAMP)
	tools/image-test.sh $(RUN)

clean:
	rm -rf .venv build runs
