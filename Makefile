# One command a chore. Nothing is needed but make and Python 3.11 or newer.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
REQUESTS ?= 200000

.DEFAULT_GOAL := help
.PHONY: help demo test check bench notebooks gallery language readme theory-table format clean

help: ## Show what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## Run the quickstart scenario and print where its report is
	@rm -rf results/demo
	@$(BIN)/sim run scenarios/quickstart.yaml --out results/demo || test $$? -eq 1

test: $(VENV)/.dev ## Run the whole test suite
	$(BIN)/python -m pytest -n auto --dist worksteal -rs

check: $(VENV)/.dev ## Lint, formatting, types and the order of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Mend what lint and formatting can mend by themselves
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.runtime ## Measure requests per CPU second against a plain SimPy model
	$(BIN)/sim bench --requests $(REQUESTS) $(if $(AT_LEAST),--at-least $(AT_LEAST))

notebooks: $(VENV)/.notebooks ## Execute the lectures in notebooks/ and keep their outputs
	$(BIN)/python notebooks/make.py

gallery: $(VENV)/.runtime ## Run every scenario and write docs/gallery/
	$(BIN)/python docs/make_gallery.py

language: $(VENV)/.runtime ## Write docs/language.md, the guide to the scenario language
	$(BIN)/python docs/make_language.py

readme: $(VENV)/.runtime ## Write the measured figures into README.md, after theory-table or bench
	$(BIN)/python docs/make_readme.py

theory-table: $(VENV)/.dev ## Compare the simulator with theory and write docs/theory.md
	$(BIN)/python tests/theory/table.py

clean: ## Remove the environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "tailsim needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.runtime

$(VENV)/.notebooks: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[notebooks]'
	@touch $@ $(VENV)/.runtime
