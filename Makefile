# Everything that a newcomer, a contributor or a CI machine runs. Each target sets up what it needs by itself.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test bench lint lock wheel clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/runtime: requirements.lock pyproject.toml tests/setup.sh
	@sh tests/setup.sh venv "$(PYTHON)" $(VENV) requirements.lock
	@touch $@

$(VENV)/test: requirements-test.lock pyproject.toml tests/setup.sh
	@sh tests/setup.sh venv "$(PYTHON)" $(VENV) requirements-test.lock
	@touch $(VENV)/runtime $@

setup: $(VENV)/runtime ## install what Tagboat needs into .venv
setup-test: $(VENV)/test ## install what the tests need
	@sh tests/setup.sh servers

demo: setup ## show the main job, with no server installed (ONCE=1: unattended)
	@$(BIN)/tagboat demo $(if $(ONCE),--once)

# Lint takes one processor for a minute: it runs beside the tests and is told of after them. Bytecode is kept,
# whatever the machine's habit: the processes that the tests start would compile the project each time.
test: setup-test ## run every test, and lint beside them
	@$(MAKE) --no-print-directory lint >$(VENV)/lint.log 2>&1 & lint=$$!; \
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS); tests=$$?; \
	wait $$lint; lint=$$?; cat $(VENV)/lint.log; exit $$((tests || lint))

bench: setup-test ## measure speeds against floors of the same run (ARGS=registry: one of them)
	@sh tests/setup.sh bench
	@$(BIN)/python -m tests.bench $(ARGS)

lint: setup-test ## formatting, types and import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lock: ## resolve the dependencies anew and write the lock files
	@sh tests/setup.sh lock "$(PYTHON)"

wheel: setup-test ## build the wheel into dist/
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove what the other targets made
	@rm -rf $(VENV) dist build *.egg-info demo-data .mypy_cache .ruff_cache .hypothesis
