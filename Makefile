# Every target works on a bare machine (python3, make, git) and is a line or two that can be typed without make:
# `make -n TARGET` prints them. Package indexes and proxies come from the machine's own pip and uv settings.

PYTHON ?= python3
ARGS ?=
# How many processes run tests: more than a small machine has cores, as tests wait for processes and disks.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := core $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
EDITABLES := $(addprefix -e ,$(PACKAGES)) -e .
MANIFESTS := constraints.txt pyproject.toml $(addsuffix /pyproject.toml,$(PACKAGES))
SOURCES := $(addsuffix /src,$(PACKAGES))
EXPERIMENTS := kill_steps kill_everything schedulers random_dags
DEMO_HOME := $(CURDIR)/.demo

empty :=
space := $(empty) $(empty)
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := true
export MYPYPATH := $(subst $(space),:,$(SOURCES))

# uv installs everything in seconds; where it cannot be had or cannot reach an index, pip does the same more slowly.
define install
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt $(1) || { \
		$(BIN)/python -m pip install --quiet --upgrade pip && \
		$(BIN)/python -m pip install --quiet -c constraints.txt $(1); }
endef

.DEFAULT_GOAL := help
.PHONY: help demo test soak check format bench docs constraints clean

help: ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
		"runrack needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	-$(BIN)/python -m pip install --quiet -c constraints.txt uv
	@touch $@

# The stamps are older than a manifest that has changed: then, and only then, there is something to install.
$(VENV)/.installed: $(MANIFESTS) | $(VENV)/.created
	$(call install,$(EDITABLES))
	@touch $@

$(VENV)/.installed-dev: $(MANIFESTS) | $(VENV)/.created
	$(call install,$(EDITABLES) --group dev)
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(MANIFESTS) | $(VENV)/.created
	$(call install,$(EDITABLES) --group docs)
	@touch $@

demo: $(VENV)/.installed ## Install runrack and run a real job on real data
	RUNRACK_HOME=$(DEMO_HOME) $(BIN)/runrack run examples/flight_delays/job.py -c examples/flight_delays/run.yaml
	@printf '\nLook at what it did (the home of this demo is .demo):\n  export RUNRACK_HOME=$$PWD/.demo\n'
	@printf '  $(BIN)/runrack %s\n' 'runs list' 'runs show last' 'events last' 'logs last' 'plugins list'

test: $(VENV)/.installed-dev ## Run every test (make test ARGS="-k name"); installs database servers that are missing
	@tests/services.sh
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

soak: $(VENV)/.installed-dev ## Run the long tests, which `make test` leaves out, and the experiments that kill for minutes
	@tests/services.sh npm
	$(BIN)/python -m pytest -m soak --timeout 1200 -o faulthandler_timeout=1100 $(ARGS)
	@for experiment in $(EXPERIMENTS); do \
		echo "== $$experiment"; $(BIN)/python benchmarks/$$experiment.py || exit 1; done

check: $(VENV)/.installed-dev ## Run every gate: style, types, floors, dependencies, architecture, links of the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	@for example in $(sort $(dir $(wildcard examples/*/*.py examples/plugins/*/src/*))); do MYPYPATH=$(MYPYPATH):$$example $(BIN)/mypy $$example || exit 1; done
	$(BIN)/lint-imports
	@for package in $(PACKAGES); do \
		echo "deptry $$package"; \
		(cd $$package && $(CURDIR)/$(BIN)/deptry --no-ansi src \
			--package-module-name-map runrack-core=runrack --per-rule-ignores "DEP002=ruamel.yaml.clib|tzdata") || exit 1; \
	done
	$(BIN)/python -m pytest tests/architecture tests/docs/test_docs_links.py

format: $(VENV)/.installed-dev ## Format the code and apply the safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev ## Run every benchmark, the last ones beside the peer, and print the figures
	@for benchmark in benchmarks/*.py benchmarks/compare; do \
		echo "== $$benchmark"; $(BIN)/python $$benchmark || exit 1; done

docs: $(VENV)/.installed-docs ## Build the documentation into site/
	$(BIN)/zensical build --clean --strict

constraints: $(VENV)/.created ## Pin the newest versions that the packages allow
	$(BIN)/uv venv --quiet --clear build/constraints
	$(BIN)/uv pip install --quiet --python build/constraints/bin/python $(EDITABLES) --group dev --group docs uv
	$(BIN)/uv pip freeze --quiet --python build/constraints/bin/python --exclude-editable > constraints.txt

clean: ## Remove what the other targets made
	rm -rf $(VENV) .cache .demo build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
