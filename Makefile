# Every target works on a fresh clone with nothing but Python 3.11+ and make.
#
#   make run [PORT=8000]       the server with demo people and a demo project
#   make unit [ARGS="-k hub"]  the inner loop: what needs no service, and the board's own tests
#   make test [ARGS="-k log"]  every test, against real services that the tests start themselves
#   make newest                unit and contract tests on the newest Python that is installed here
#   make coverage [ARGS=tests/unit]  what the tests reach: a summary, and htmlcov/index.html line by line
#   make torture [SECONDS=600] [SEED=…]  whether the promise holds while everything breaks (docs/torture.md)
#   make conformance           the SDKs' own test suites, and Autobahn's (docs/conformance.md)
#   make lint | format         style, types and import rules of Python, TypeScript and shell | apply the style
#   make bench [ARGS="create board"]  the benchmark suite, or parts of it
#   make lock                  the lock files anew from pyproject.toml
#   make clean                 remove what these have made
#
# Another interpreter: make PYTHON=python3.12 …

# The one that was asked for, or the first that is new enough.
INTERPRETERS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)
PORT ?= 8000
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# What is installed is in a lock file with its hash, the tools that install the project itself included.
INSTALL := $(PIP) install --quiet --require-hashes
INSTALL_SELF := $(PIP) install --quiet --no-deps --no-build-isolation --editable .
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url

WEB := client_demo/web
# What it is built into, as a part of the package.
BOARD := server/roomful/board
# The types of the events, made from the server's classes of them; where it is not installed they stay as they are in Git.
EVENT_TYPES := $(WEB)/src/api/events.ts
# Compiled by the installation, where there is a compiler.
NATIVE := server/roomful/transport/websocket/native.c
SCRIPTS := .ci/run $(shell git ls-files '*.sh' 2>/dev/null)

PYTEST = $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# The board's own tools need Node.js. Where there is none that is said; CI does not pass for it.
NODE := $(shell command -v npm 2>/dev/null)
WEB_TOOLS := $(if $(NODE),$(WEB)/node_modules/.package-lock.json)
in_web = $(if $(NODE),cd $(WEB) && npm run --silent $1,echo "Left out: TypeScript, for there is no Node.js here." >&2; [ "$$CI" != true ])

.PHONY: run web unit test newest coverage conformance chromium proxies portability torture lint format bench lock clean

run: $(VENV)/.run web
	@$(BIN)/roomful serve --demo --port $(PORT)

# The browser client. Without Node the server runs too, and says on its first page how to get it.
web:
	@if ! command -v npm >/dev/null; then \
		echo "The board for browsers is not built: there is no Node.js here (20 or newer builds it)." >&2; \
	elif ! $(MAKE) --silent --no-print-directory $(BOARD)/index.html; then \
		echo "The board for browsers could not be built, for the reason above; the server runs without it." >&2; \
	fi

$(EVENT_TYPES): tools/event_types.py server/roomful/gateway/asyncapi.py server/roomful/features.py $(wildcard server/roomful/*/events.py server/roomful/*/schemas.py)
	@if [ -e $(VENV)/.run ]; then $(BIN)/python -m tools.event_types; fi
	@touch $@

$(BOARD)/index.html: $(EVENT_TYPES) $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src $(WEB)/public -type f) $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/tsconfig.json
	cd $(WEB) && npm run --silent build -- --logLevel warn

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --loglevel error --no-audit --no-fund --ignore-scripts
	touch $@

# They start processes by the hundred, which must not compile the code anew each time.
unit test newest coverage: export PYTHONDONTWRITEBYTECODE =

unit: $(VENV)/.test $(WEB_TOOLS)
	@$(PYTEST) tests/unit $(ARGS)
	@$(call in_web,test)

test: $(VENV)/.test chromium proxies
	@$(PYTEST) $(ARGS)

# On the path or in pyenv. Nothing installs one: Debian has a single version in each release, and neither PyPI nor npm has any.
newest: $(VENV)/.test
	@for version in 3.14 3.13 3.12; do \
		for python in python$$version "$$(pyenv prefix $$version 2>/dev/null)/bin/python"; do \
			$$python -m venv --help >/dev/null 2>&1 || continue; \
			! $(BIN)/python$$version --version >/dev/null 2>&1 || break 2; \
			exec $(MAKE) --no-print-directory VENV=.venv-$$version PYTHON=$$python portability; \
		done; \
	done; \
	echo "$$($(BIN)/python --version) is the newest Python here: make test runs on it"

portability: $(VENV)/.test
	@$(PYTEST) tests/unit tests/contract $(ARGS)

coverage: $(VENV)/.test chromium proxies
	@$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html $(ARGS)

conformance: $(VENV)/.test
	@$(BIN)/python -m tests.conformance.suites

torture: $(VENV)/.test
	@$(BIN)/python -m tests.torture --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED)) $(ARGS)

# For the browser tests, from Debian's packages where that is allowed; elsewhere those tests say what they miss.
# The build without a user interface starts windows in a quarter of the time.
chromium:
	@if ! { command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || \
			command -v google-chrome || ! command -v apt-get || [ "$$(id -u)" != 0 ]; } >/dev/null; then \
		echo "Installing Chromium for the browser tests"; \
		{ apt-get -qq update && { apt-get -qq install -y --no-install-recommends chromium-headless-shell || \
			apt-get -qq install -y --no-install-recommends chromium; } >/dev/null; } || \
			echo "Chromium could not be installed" >&2; \
	fi

# For the tests of docs/proxies.md and of a pooler, where that is allowed and no service of theirs would be started, now or at the next
# boot: in a container. Elsewhere install what you like of them; those tests say what they miss.
proxies:
	@if ! { { command -v nginx && command -v haproxy && command -v caddy && command -v apache2 && command -v pgbouncer; } || \
			! command -v apt-get || [ "$$(id -u)" != 0 ] || [ -d /run/systemd/system ]; } >/dev/null; then \
		echo "Installing nginx, HAProxy, Caddy, Apache and PgBouncer for the tests of what stands between"; \
		[ -e /usr/sbin/policy-rc.d ] || { mine=/usr/sbin/policy-rc.d; \
			printf '#!/bin/sh\nexit 101\n' >$$mine && chmod +x $$mine; }; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
			nginx-light haproxy caddy apache2-bin pgbouncer >/dev/null; } || echo "They could not be installed" >&2; \
		[ -z "$$mine" ] || rm -f $$mine; \
	fi

lint: $(VENV)/.test $(WEB_TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.event_types --check
	$(BIN)/shellcheck $(SCRIPTS)
	$(BIN)/shfmt --indent 2 --diff $(SCRIPTS)
	@$(call in_web,lint)

format: $(VENV)/.test $(WEB_TOOLS)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/shfmt --indent 2 --write $(SCRIPTS)
	@$(call in_web,format)

bench: $(VENV)/.test
	@$(BIN)/python -m bench $(ARGS)

lock: $(VENV)/.test
	$(PIP) install --quiet uv
	$(LOCK) --extra build --output-file requirements.lock $(ARGS)
	$(LOCK) --extra build --extra test --constraint requirements.lock --output-file requirements-test.lock $(ARGS)

clean:
	rm -rf $(WEB)/node_modules $(BOARD)
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov build $(NATIVE:.c=.*.so)

$(BIN)/python:
	@for python in $(INTERPRETERS); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making $(VENV) with $$($$python --version)"; \
			$$python -m venv $(VENV) && exit 0; \
			rm -rf $(VENV); \
			echo "$$python can't make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; \
			exit 1; \
		fi; \
	done; \
	echo "Roomful needs Python 3.11 or newer; not found as: $(INTERPRETERS). Name one: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 1

$(VENV)/.run: pyproject.toml requirements.lock $(NATIVE) | $(BIN)/python
	@echo "Installing what the server needs"
	@$(INSTALL) --requirement requirements.lock
	@$(INSTALL_SELF)
	@touch $@

# The test requirements hold the server's, at the same versions.
$(VENV)/.test: pyproject.toml requirements.lock requirements-test.lock $(NATIVE) | $(BIN)/python
	@echo "Installing what the tests need"
	@$(INSTALL) --requirement requirements-test.lock
	@$(INSTALL_SELF)
	@touch $(VENV)/.run $@
