# Everything needed is set up by the target that needs it, once; `make help` lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON := .hessia/bin/python
# Jupyter wants to be told that root means it, as in a container.
AS_ROOT := $(shell [ "$$(id -u)" != 0 ] || echo --allow-root)
# The settings under which tests and notebook cells share all compiled crates (kernel/env.sh).
SHARED := ROOT="$(CURDIR)" && . kernel/env.sh && shared_build &&

EVERY := $(if $(ALL),--all)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

notebooks: system ## run the changed notebooks (ALL=1: all); HTML, tables and figures go to out/
	@if python3 kernel/inputs.py $(EVERY) > /dev/null; then $(MAKE) --no-print-directory kernel; else kernel/python.sh; fi
	@$(PYTHON) kernel/notebooks.py run $(EVERY)

test: setup ## run all tests, the notebooks among them
	$(SHARED) cargo test --workspace --features hessia-cli/onnx
	$(PYTHON) kernel/test_scripts.py
	$(PYTHON) kernel/test_runner.py
	$(PYTHON) kernel/test_kernel.py
	$(PYTHON) kernel/notebooks.py test

examples: system ## second derivatives of candle and burn, verified (a workspace of its own)
	cargo run --manifest-path examples/frameworks/Cargo.toml

fuzz: system ## a million damaged files for every reader (make test: a thousand)
	HESSIA_FUZZ=1000000 cargo test -p hessia --no-default-features --features model-io --test hostile_files --test hostile_networks

# CHECKED= runs all of the core's tests.
CHECKED := --lib --test closed_forms --test hostile_files --test hostile_networks
checked-test: system ## the core and damaged files with overflow checks and debug assertions
	cargo test -p hessia --profile checked --no-default-features --features model-io $(CHECKED)

lab: setup ## open JupyterLab on the notebooks
	JUPYTER_PATH="$(CURDIR)/.hessia/jupyter" .hessia/bin/jupyter lab --notebook-dir notebooks $(AS_ROOT) $(LAB)

build: system ## build the optimised program
	cargo build --release
	@echo "$${CARGO_TARGET_DIR:-target}/release/hessia"

bench: system ## measure speed
	cargo bench -p hessia --no-default-features --features model-io

peers: system ## the same work by PyTorch and JAX, side by side
	benches/peers/run.sh

notebook-times: setup ## how long kernels start and cells take
	@$(PYTHON) kernel/notebooks.py times

first-run-times: system ## how long the first run takes, from empty caches in clones of this commit
	@python3 benches/first_run.py

cells: setup ## the same cells in the Rust kernel and in Python's, timed
	benches/notebook/run.sh

stock-test: setup ## the cells of docs/notebooks.md in the evcxr kernel as published
	@kernel/stock.sh

browser-test: setup ## JupyterLab, Notebook 7 and the HTML page in a headless browser: run, look, take pictures
	@$(PYTHON) kernel/notebooks.py run notebooks/00_start_here.ipynb
	@$(PYTHON) kernel/browser_test.py

rebase-kernel: system ## the kernel's patches on another evcxr, built and tested: VERSION=0.22.0
	@kernel/python.sh
	@kernel/rebase.sh $(VERSION)

fmt: ## format the sources
	cargo fmt

lint: system ## formatting and clippy
	cargo fmt --check
	$(SHARED) cargo clippy --workspace --all-targets --features hessia-cli/onnx -- -D warnings

doc: system ## the library's documentation
	$(SHARED) RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

clean-cache: ## remove what is built for all clones on this machine; downloaded data and features stay
	ROOT="$(CURDIR)" && . kernel/env.sh && rm -rf "$$CACHE" "$${CACHE%/*}"/build-* "$${CACHE%/*}"/evcxr-* "$${CACHE%/*}"/python-*

# Set-up: each step does nothing where there is nothing to do.
setup: system kernel

kernel: system ## the notebook kernel, its library and its Python environment
	@ROOT="$(CURDIR)" && . kernel/env.sh && mkdir -p "$$BUILD" .hessia && python3 kernel/build.py "$$BUILD" .hessia/build.log

system:
	@kernel/system.sh

.PHONY: help notebooks test examples fuzz checked-test lab build bench peers notebook-times first-run-times cells stock-test browser-test rebase-kernel fmt lint doc clean-cache setup kernel system
