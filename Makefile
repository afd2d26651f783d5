# Every target works on a fresh clone with nothing but Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000

WEB := client_demo/web

.PHONY: run web test lint format bench clean

run: .venv/.run web
	$(BIN)/roomful serve --demo --port $(PORT)

# The browser client. Without Node the server runs too, and says on its first page how to get it.
web:
	@if ! command -v npm >/dev/null; then \
		echo "The board for browsers is not built: there is no Node.js here (20 or newer builds it)." >&2; \
	elif ! $(MAKE) --silent --no-print-directory $(WEB)/dist/index.html; then \
		echo "The board for browsers could not be built, for the reason above; the server runs without it." >&2; \
	fi

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src $(WEB)/public -type f) $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/tsconfig.json
	cd $(WEB) && npm run --silent build -- --logLevel warn

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --loglevel error --no-audit --no-fund --ignore-scripts
	touch $@

test: .venv/.test
	$(BIN)/python -m pytest

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.test
	$(BIN)/python -m bench

clean:
	rm -rf $(WEB)/node_modules $(WEB)/dist
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Roomful needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run: pyproject.toml requirements.lock | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

.venv/.test: pyproject.toml requirements-test.lock | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@ .venv/.run
