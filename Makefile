# make app         the app on http://127.0.0.1:7860
# make test        lint, types and every test
# make fuzz        ten minutes of bad inputs, to find one that ends in a traceback
# make gpu         the CUDA tests and the benchmarks on a GPU, as gpu-report.md; says so where there is no GPU
# make lock        requirements.lock anew: every dependency, indirect ones too, with its hashes
# make reference   laion-clap itself, in an environment of its own, against this project's CLAP encoder
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REFERENCE := .venv-reference
LAION_CLAP := laion-clap==1.1.7
UV := 0.13.9
PORT ?= 7860

.PHONY: setup app test fuzz gpu lock browser reference lint types format clean

setup: $(VENV)/.ready

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

app: setup
	$(BIN)/python -m qamro serve --port $(PORT)

# What starts servers, browsers and processes is run by itself: it waits for them, and they want the cores.
test: setup lint types browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile -m "not browser and not server"
	$(BIN)/python -m pytest -m "browser or server"

fuzz: setup
	$(BIN)/python benchmarks/fuzz.py $(or $(MINUTES),10)

gpu: setup
	$(BIN)/python -m benchmarks.gpu

lock: $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	$(BIN)/uv pip compile requirements.txt --quiet --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command "make lock" --output-file requirements.lock

# The tests take chromium from the path, else playwright's own.
browser: setup
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	$(BIN)/python tests/browser.py || \
	echo "No browser: the tests that drive one will be skipped. This installs one: $(BIN)/python -m playwright install --with-deps chromium"

reference: setup $(REFERENCE)/.ready
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(REFERENCE)/bin/python -W ignore benchmarks/reference/original.py "$$folder" && \
	$(BIN)/python benchmarks/reference/compare.py "$$folder"

# laion-clap goes in without its dependencies: it pins what it does not need for this, and leaves out what it needs.
$(REFERENCE)/.ready: requirements-reference.txt
	$(PYTHON) -m venv $(REFERENCE)
	$(REFERENCE)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-reference.txt
	$(REFERENCE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(LAION_CLAP)
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(REFERENCE) .pytest_cache .mypy_cache .ruff_cache
