# The commands of this project. `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test nightly soak check bench lock clean

# Makes the environment; what runs afterwards is .venv's own. The lock files are for this version.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv/bin

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

setup: ## environment, Asterisk, voices, speech model, prompts: all that the hotline needs, under this folder
	@$(call with_python,) && $(VENV)/ivr setup

setup-dev:
	@$(call with_python,--dev)

run: setup ## start the hotline; Ctrl-C stops everything
	@$(VENV)/ivr run

test: setup setup-dev ## all tests: pure, store (real Valkey), telephone (real Asterisk and SIP calls); JOBS=n at a time
	@$(VENV)/python -m pytest -n $(or $(JOBS),3)

nightly: setup-dev ## a million random steps of the queue, 100 000 of each kind of nonsense; IVR_QUEUE_STEPS, IVR_FUZZ=n for fewer
	@IVR_QUEUE_STEPS=$(or $(IVR_QUEUE_STEPS),1000000) $(VENV)/python -m pytest -q tests/store/queue/test_model.py
	@IVR_FUZZ=$(or $(IVR_FUZZ),100000) $(VENV)/python -m pytest -q tests/failures/test_nonsense_comes_in.py tests/web/test_nonsense.py
	@IVR_RANDOM_DOCUMENTS=$(or $(IVR_RANDOM_DOCUMENTS),10000) IVR_RANDOM_CALLS=$(or $(IVR_RANDOM_CALLS),2000) \
		$(VENV)/python -m pytest -q --timeout 0 tests/unit/dialplan/test_random_plans.py

soak: setup setup-dev ## an hour of ordinary business; nothing may pile up (MINUTES=n for less); figures in var/soak.json
	@IVR_SOAK_MINUTES=$(or $(MINUTES),60) $(VENV)/python -m pytest -q -s tests/soak/test_soak.py

check: setup-dev ## fast gate, under a minute: style, types, layers, pure tests
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check --quiet
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-logo
	@$(VENV)/python -m pytest -q -n $(or $(JOBS),2) tests/unit

bench: setup setup-dev ## measure; `make bench ONLY=name` runs one; table, and figures in var/bench.json
	@$(VENV)/python -m bench $(if $(ONLY),--only $(ONLY))

lock: setup-dev ## pin the dependencies in requirements*.in anew, with hashes
	@for name in requirements-build requirements requirements-dev requirements-node; do \
		echo "$$name.txt"; \
		$(VENV)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
			--no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
			$(if $(UPGRADE),--upgrade) --output-file $$name.txt $$name.in || exit 1; \
	done

clean: ## remove what was made here: environment, Asterisk, data of the embedded store
	rm -rf .venv var .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# A machine without Python gets one sentence instead of "make: : Permission denied".
define with_python
{ [ -n "$(PYTHON)" ] && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	|| { echo "Python 3.11 is needed: apt install python3.11 (or set PYTHON=/path/to/python3.11)" >&2; exit 1; }; } \
&& "$(PYTHON)" -m ivr.provision.bootstrap $(1)
endef
