# The commands of the README, of pre-commit and of CI. `make demo` needs nothing but Python 3.11+.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CORES ?= all
ARGS ?=
REPORT := results/demo/report.html

.PHONY: demo install resume test check fix schema digest clean

demo: install ## the whole flow on the tiny model; ends with the path of the report
	$(BIN)/snakemake --cores $(CORES)
	$(BIN)/snakemake --report results/demo/workflow.html
	@echo "The report: $(CURDIR)/$(REPORT)"

install: $(VENV)/installed ## the pinned requirements, into .venv
$(VENV)/installed: requirements/workflow.txt requirements/torch.txt requirements/report.txt requirements/all.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -r requirements/all.txt
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements/dev.txt
	$(BIN)/pip install --quiet -r requirements/dev.txt
	touch $@

resume: install ## after a kill: takes up where the last run stopped
	$(BIN)/snakemake --unlock $(ARGS)
	$(BIN)/snakemake --cores $(CORES) $(ARGS)

test: $(VENV)/installed-dev ## every test that needs no accelerator, key or hub
	$(BIN)/pytest -m "not gpu"

check: $(VENV)/installed-dev ## format, lint, types; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

fix: $(VENV)/installed-dev ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile rules

schema: install ## resources/config.schema.yaml, from the configuration's types
	PYTHONPATH=workflow_scripts $(BIN)/python -m mirrortest.config > resources/config.schema.yaml

digest: install ## the hash that pins a local FOLDER or file
	@PYTHONPATH=workflow_scripts $(BIN)/python -m mirrortest.sources $(FOLDER)

clean: ## forgets everything that was computed
	rm -rf results logs state .snakemake
