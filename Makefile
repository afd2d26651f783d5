# Every target works on a fresh clone with only Python 3.11+ and make.
#
#   make run [PORT=8000]       the server with demo people and a demo project
#   make unit [ARGS="-k hub"]  the inner loop: tests without services, and the board's own
#   make test [ARGS="-k log"]  every test, against real services that the tests start
#   make newest                unit and contract tests on the newest installed Python
#   make coverage [ARGS=tests/unit]  which lines the tests run: a summary, and htmlcov/index.html
#   make torture [SECONDS=600] [SEED=…]  breaks everything and judges what readers got (docs/torture.md)
#   make conformance           the SDKs' own test suites, and Autobahn's (docs/conformance.md)
#   make lint | format         style, types and import rules of Python, TypeScript and shell | apply the style
#   make bench [ARGS="create board"]  the benchmark suite, or parts of it
#   make pictures              take the pictures of README.md anew, of the demo
#   make lock                  renew the lock files from pyproject.toml
#   make clean                 remove everything these have made
#
# Another interpreter: make PYTHON=python3.12 …

# The given one, or the first that is new enough.
INTERPRETERS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)
PORT ?= 8000
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Every installed package is in a lock file with its hash, build tools included.
INSTALL := $(PIP) install --quiet --require-hashes
# Its warnings are about settings of setuptools that we rely on, and about editable installations in general.
INSTALL_SELF := PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation --editable .
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url

WEB := client_demo/web
# The built board, a part of the package.
BOARD := server/roomful/board
# The types of events, generated from the server's classes. Without an installed server, Git's version is used.
EVENT_TYPES := $(WEB)/src/api/events.ts
# Compiled at installation if there is a compiler.
NATIVE := server/roomful/transport/websocket/native.c server/roomful/rooms/protocol/native.c
SCRIPTS := .ci/run $(shell git ls-files '*.sh' 2>/dev/null)

PYTEST = $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# The board's tools need Node.js. Without it they are left out with a message; in CI that fails.
NODE := $(shell command -v npm 2>/dev/null)
WEB_TOOLS := $(if $(NODE),$(WEB)/node_modules/.package-lock.json)
in_web = $(if $(NODE),cd $(WEB) && npm run --silent $1,echo "Left out: TypeScript, because Node.js is not installed." >&2; [ "$$CI" != true ])

.PHONY: run web unit test newest coverage conformance chromium proxies portability torture lint format bench pictures lock clean

run: $(VENV)/.run web
	@$(BIN)/roomful serve --demo --port $(PORT)

# The browser client. Without Node the server runs without it, and its first page says how to get it.
web:
	@if ! command -v npm >/dev/null; then \
		echo "The board was not built: that needs Node.js 20 or newer." >&2; \
	elif ! $(MAKE) --silent --no-print-directory $(BOARD)/index.html; then \
		echo "The board could not be built, see above; the server runs without it." >&2; \
	fi

$(EVENT_TYPES): tools/event_types.py server/roomful/gateway/asyncapi.py server/roomful/features.py $(wildcard server/roomful/*/events.py server/roomful/*/schemas.py)
	@if [ -e $(VENV)/.run ]; then $(BIN)/python -m tools.event_types; fi
	@touch $@

$(BOARD)/index.html: $(EVENT_TYPES) $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src $(WEB)/public -type f) $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/shell.ts $(WEB)/tsconfig.json
	cd $(WEB) && npm run --silent build -- --logLevel warn

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --loglevel error --no-audit --no-fund --ignore-scripts
	touch $@

# They start hundreds of processes, which must not compile the code each time.
unit test newest coverage: export PYTHONDONTWRITEBYTECODE =

unit: $(VENV)/.test $(WEB_TOOLS)
	@$(PYTEST) tests/unit $(ARGS)
	@$(call in_web,test)

test: $(VENV)/.test chromium proxies
	@$(PYTEST) $(ARGS)

# On the path or in pyenv. It is not installed here: Debian has one version per release, and PyPI has none.
newest: $(VENV)/.test
	@for version in 3.14 3.13 3.12; do \
		for python in python$$version "$$(pyenv prefix $$version 2>/dev/null)/bin/python"; do \
			$$python -m venv --help >/dev/null 2>&1 || continue; \
			! $(BIN)/python$$version --version >/dev/null 2>&1 || break 2; \
			exec $(MAKE) --no-print-directory VENV=.venv-$$version PYTHON=$$python portability; \
		done; \
	done; \
	echo "$$($(BIN)/python --version) is the newest Python here; make test uses it"

portability: $(VENV)/.test
	@$(PYTEST) tests/unit tests/contract $(ARGS)

coverage: $(VENV)/.test chromium proxies
	@$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html $(ARGS)

conformance: $(VENV)/.test
	@$(BIN)/python -m tests.conformance.suites

torture: $(VENV)/.test
	@$(BIN)/python -m tests.torture --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED)) $(ARGS)

# For the browser tests: from Debian's packages, as root; otherwise those tests are skipped with a reason.
# The headless build opens windows in a quarter of the time.
chromium:
	@if ! { command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || \
			command -v google-chrome || ! command -v apt-get || [ "$$(id -u)" != 0 ]; } >/dev/null; then \
		echo "Installing Chromium for the browser tests"; \
		{ apt-get -qq update && { apt-get -qq install -y --no-install-recommends chromium-headless-shell || \
			apt-get -qq install -y --no-install-recommends chromium; } >/dev/null; } || \
			echo "Chromium could not be installed" >&2; \
	fi

# For the tests of docs/proxies.md and of a pooler: as root and in a container only, so that installing them starts no
# service. Elsewhere install them yourself; tests without them are skipped with a reason.
proxies:
	@if ! { { command -v nginx && command -v haproxy && command -v caddy && command -v apache2 && command -v pgbouncer; } || \
			! command -v apt-get || [ "$$(id -u)" != 0 ] || [ -d /run/systemd/system ]; } >/dev/null; then \
		echo "Installing nginx, HAProxy, Caddy, Apache and PgBouncer for their tests"; \
		[ -e /usr/sbin/policy-rc.d ] || { mine=/usr/sbin/policy-rc.d; \
			printf '#!/bin/sh\nexit 101\n' >$$mine && chmod +x $$mine; }; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
			nginx-light haproxy caddy apache2-bin pgbouncer >/dev/null; } || echo "The proxies could not be installed" >&2; \
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

pictures: $(VENV)/.test chromium
	@$(BIN)/python -m tests.pictures $(ARGS)

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
	@echo "Installing the server's packages"
	@$(INSTALL) --requirement requirements.lock
	@$(INSTALL_SELF)
	@touch $@

# The test requirements include the server's, in the same versions.
$(VENV)/.test: pyproject.toml requirements.lock requirements-test.lock $(NATIVE) | $(BIN)/python
	@echo "Installing the tests' packages"
	@$(INSTALL) --requirement requirements-test.lock
	@$(INSTALL_SELF)
	@touch $(VENV)/.run $@
