# Needs only make and Python 3.11 or newer; everything else is installed into .venv.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV = .tools/bin/uv
BIN = .venv/bin
STAMP = .venv/.synced

.PHONY: demo test lint verify bench docs lock clean
.DEFAULT_GOAL := test

$(UV):
	@test -n "$(PYTHON)" || { echo "onearm needs Python 3.11 or newer on the PATH."; exit 1; }
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet uv

$(STAMP): requirements.lock pyproject.toml | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $(STAMP)

demo: $(STAMP)  ## reproduce ALTER-E-003 from synthetic records, print where the report is
	@$(BIN)/onearm demo demo

test: $(STAMP) lint  ## everything but the slow verification
	@$(BIN)/python -m pytest -n 2 -m "not slow"

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --verbose > .import-linter.log 2>&1 || { cat .import-linter.log; exit 1; }
	@$(BIN)/numpydoc lint $$(git ls-files 'src/*.py' | grep -v /cli/)
	@$(BIN)/codespell src tests docs README.md ARCHITECTURE.md CHANGELOG.md benchmarks verification examples

verify: $(STAMP)  ## coverage, type I error, bias, searches found again: slow tests and simulations
	@$(BIN)/python -m pytest -n 2 -m slow
	@$(BIN)/python -m verification

bench: $(STAMP)  ## times onearm beside R and the Python peers, prints ratios
	@$(UV) pip install --quiet --python $(BIN)/python --group bench
	@$(BIN)/python -m benchmarks

docs: $(STAMP)  ## write the pages that are made from the code
	@$(BIN)/python -c "from pathlib import Path; from onearm.protocol.reference import list_keys; Path('docs/protocol.md').write_text(list_keys(), encoding='utf-8')"

lock: $(UV)  ## renew requirements.lock; it names packages and hashes, never a registry, so it installs from any mirror
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 --group dev pyproject.toml --output-file requirements.lock --upgrade

clean:
	@rm -rf .venv .tools .import-linter.log demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
