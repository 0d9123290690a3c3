# `make` alone lists what there is. A repeated command only does what is not done yet.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
DONE := $(VENV)/.done
outer_path := $(PATH)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export YARN_ENABLE_TELEMETRY := 0
export YARN_ENABLE_PROGRESS_BARS := 0

pip := $(VENV)/bin/python -m pip install --quiet --constraint constraints.txt
labextension := jupyter_extension/nbtrail/labextension
front_end := package.json tsconfig.json $(shell find src schema style -type f 2>/dev/null)

.PHONY: help install demo clean-demo test test-python test-js test-ui lint format dist bench clean distclean

help:
	@echo "make demo      install, run and verify the example project, open it in JupyterLab (LAB=0: do not open)"
	@echo "make test      install what the tests need, then all tests: Python, TypeScript, browser"
	@echo "make install   create $(VENV) with nbtrail and its built front end"
	@echo "make lint      formatting, types, layers"
	@echo "make format    put the formatting right"
	@echo "make dist      source distribution and wheel in dist/"
	@echo "make bench     the tables of benchmarks/"
	@echo "make clean     remove what was built (distclean: the environments and the demo too)"

# ---- installing --------------------------------------------------------------------------------

# Python packages and those of the front end are fetched at the same time.
install:
	@$(MAKE) --no-print-directory -j2 installed

.PHONY: installed
installed: $(DONE)/package $(DONE)/front-end
	@:

$(VENV)/bin/python:
	@PATH="$(outer_path)" sh scripts/create_venv.sh $(VENV)

$(DONE)/build-tools: pyproject.toml constraints.txt | $(VENV)/bin/python
	@mkdir -p $(DONE)
	@echo "Installing build tools"
	@$(pip) build editables hatch-jupyter-builder hatch-nodejs-version hatchling jupyter-builder
	@touch $@

$(DONE)/node: | $(DONE)/build-tools
	@sh scripts/ensure_node.sh $(VENV)
	@touch $@

$(DONE)/node-modules: package.json ui-tests/package.json yarn.lock .yarnrc.yml | $(DONE)/node
	@echo "Installing packages for the front end (a minute or two the first time)"
	@jlpm install --immutable >$(DONE)/node-modules.log 2>&1 || { cat $(DONE)/node-modules.log >&2; exit 1; }
	@touch $@

$(DONE)/front-end: $(front_end) $(DONE)/node-modules
	@echo "Building the front end"
	@jlpm build:prod >$(DONE)/front-end.log 2>&1 || { cat $(DONE)/front-end.log >&2; exit 1; }
	@touch $@

$(DONE)/python-packages: pyproject.toml constraints.txt | $(DONE)/node
	@echo "Installing Python packages (a minute or two the first time)"
	@$(VENV)/bin/python scripts/requirements.py >$(DONE)/requirements.txt
	@$(pip) --requirement $(DONE)/requirements.txt
	@touch $@

# The front end is linked, not copied, so that a later build is seen without installing again.
$(DONE)/package: pyproject.toml package.json $(DONE)/python-packages jupyter-config/server-config/nbtrail.json | $(DONE)/front-end
	@rm -rf $(VENV)/share/jupyter/labextensions/nbtrail
	@SKIP_JUPYTER_BUILDER=1 $(pip) --no-deps --no-build-isolation --editable .
	@rm -rf $(VENV)/share/jupyter/labextensions/nbtrail
	@ln -s "$(CURDIR)/$(labextension)" $(VENV)/share/jupyter/labextensions/nbtrail
	@touch $@
	@echo "Installed: $(VENV)/bin/nbtrail, $(VENV)/bin/jupyter lab"

# ---- the example project -----------------------------------------------------------------------

LAB ?= 1

demo: install
	@LAB=$(LAB) sh scripts/demo.sh

clean-demo:
	rm -rf demo demo.new .demo

# ---- checking ----------------------------------------------------------------------------------

test: test-python test-js test-ui

# Environments that kernels and servers of the tests run in, apart from the one of JupyterLab.
$(DONE)/sources: scripts/source_environments.sh constraints.txt pyproject.toml | $(DONE)/package
	@echo "Installing environments for the tests (half a minute the first time)"
	@sh scripts/source_environments.sh $(VENV)
	@touch $@

test-python: install
	@sh scripts/ensure_postgres.sh >/dev/null
	@$(MAKE) --no-print-directory $(DONE)/sources
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --durations=15 --durations-min=3

test-js: install
	jlpm test

test-ui: install
	@browser=$$(sh scripts/ensure_browser.sh) && echo "Browser: $$browser" && \
	cd ui-tests && CHROMIUM_PATH="$$browser" jlpm playwright test

lint: install
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	jlpm lint:check

format: install
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format
	jlpm lint

REPEAT ?= 5

bench: install
	$(VENV)/bin/python benchmarks/run.py --repeat $(REPEAT) $(ONLY)

# ---- releasing ---------------------------------------------------------------------------------

# Built from nothing, so that no development bundle with source maps slips in.
dist: install
	rm -rf dist $(DONE)/front-end
	jlpm clean:all
	YARN_ENABLE_IMMUTABLE_INSTALLS=1 $(VENV)/bin/python -m build --no-isolation
	$(VENV)/bin/python scripts/wheel_contents.py dist/*.whl
	@touch $(DONE)/front-end

# ---- cleaning ----------------------------------------------------------------------------------

clean:
	rm -rf build dist lib coverage $(labextension) $(DONE)/front-end
	rm -rf tsconfig.tsbuildinfo .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf ui-tests/playwright-report ui-tests/test-results ui-tests/screenshots benchmarks/results
	find jupyter_extension tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean clean-demo
	rm -rf $(VENV) node_modules ui-tests/node_modules .yarn jupyter_extension/nbtrail/_version.py
