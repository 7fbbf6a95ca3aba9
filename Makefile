# Everything happens in one virtual environment, .venv, made on first use. Needs Python 3.11 or newer, and make.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-latest constraints compat lint types tests exhaustive site format docs messages shuffled benchmark search fuzz splices kills interchange clean page vscode

help:            ## Say what there is.
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

demo: $(VENV)/.installed    ## Check and train the digits network.
	$(BIN)/netspec check specs/digits.yaml
	$(BIN)/netspec train specs/digits.yaml

test: lint types site tests    ## Run every check: lint, types, the site's links, tests.

test-latest:     ## The same with the newest packages, in an environment of their own.
	rm -rf .venv-latest
	$(MAKE) test VENV=.venv-latest CONSTRAINTS=

constraints:     ## Raise constraints.txt to the newest versions that the oldest Python takes.
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "what Python 3.11 takes, all others take: make constraints PYTHON=python3.11" >&2; exit 1; }
	rm -rf .venv-latest
	$(MAKE) .venv-latest/.installed VENV=.venv-latest CONSTRAINTS=
	.venv-latest/bin/python -m tests.constraints > constraints.new
	mv constraints.new constraints.txt

compat: .venv-nox/.installed    ## Run the tests with other versions of Python, torch and the rest; CELLS=light, say, for some.
	.venv-nox/bin/nox $(if $(CELLS),--session $(CELLS))

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

OMP_NUM_THREADS ?= 1
tests: $(VENV)/.installed
	OMP_NUM_THREADS=$(OMP_NUM_THREADS) $(BIN)/pytest -n auto --dist worksteal $(PYTEST)

exhaustive: $(VENV)/.installed    ## The tests that `make tests` leaves out: the rest of long sweeps, further cases of slow kinds.
	OMP_NUM_THREADS=$(OMP_NUM_THREADS) $(BIN)/pytest -n auto --dist worksteal -m exhaustive $(PYTEST)

shuffled: $(VENV)/.installed    ## The tests in another order each time.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pytest-randomly
	$(MAKE) tests PYTEST=-prandomly; code=$$?; $(BIN)/python -m pip uninstall --quiet --yes pytest-randomly; exit $$code

format: $(VENV)/.installed    ## Put the code into shape.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

vscode:          ## Build the extension for VS Code, editors/vscode/netspec.vsix; needs Node and npm.
	npm --prefix editors/vscode ci --no-audit --no-fund
	npm --prefix editors/vscode run package

page:            ## Build the page of `netspec edit` from editors/browser; needs Node and npm.
	npm --prefix editors/browser ci --no-audit --no-fund
	npm --prefix editors/browser run build

docs: $(VENV)/.installed    ## Write what is generated: the JSON Schema, the reference pages, the pictures.
	$(BIN)/python -m netspec.runtime.torch_tables netspec/language/sections/torch_classes.json
	$(BIN)/netspec schema > netspec/netspec.schema.json
	$(BIN)/python -m netspec.render.reference docs
	$(BIN)/python -m tests.docs.pictures

messages: $(VENV)/.installed    ## Put the messages of the sources into the catalogues of netspec/locale.
	$(BIN)/python -m tests.translation.catalogue

site: $(VENV)/.installed    ## Build the site of docs/ in site/; a dead link is an error. To see it: .venv/bin/mkdocs serve
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

benchmark: $(VENV)/.installed    ## Time the compiled networks and the check against others.
	$(BIN)/python benchmarks/forward.py
	$(BIN)/python benchmarks/check.py

SECONDS ?= 300
fuzz: $(VENV)/.installed    ## Check mutated specs for SECONDS seconds (300).
	NETSPEC_FUZZ=$(SECONDS) $(BIN)/pytest tests/check/test_fuzz.py -k mutated

COUNT ?= 200000
splices: $(VENV)/.installed    ## Check and compile COUNT specs (200000) with exchanged subtrees; half an hour on two cores.
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.check.splices $(COUNT)

CASES ?= 5000
search: $(VENV)/.installed    ## Hold CASES random networks (5000) and so many cases of each layer against torch.
	NETSPEC_GRAPHS=$(CASES) NETSPEC_CASES=$(CASES) $(BIN)/pytest tests/compiler/test_random_graphs.py tests/layers/test_properties.py

N ?= 50
kills: $(VENV)/.installed    ## Kill N runs (50) at random moments, resume them and compare their ends.
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.runner.kills $(N)

interchange: $(VENV)/.installed    ## Import torchvision's networks (and timm's, where it is installed), compare, and write docs/networks.md; 20 minutes.
	OMP_NUM_THREADS=2 $(BIN)/python -m tests.importer.interchange

clean:           ## Remove the environments.
	rm -rf .venv .venv-latest .venv-nox .nox

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	@test -n "$(PYTHON)" || { echo "netspec needs Python 3.11 or newer; say which with: make $(MAKECMDGOALS) PYTHON=/path/to/python" >&2; exit 1; }
	@echo "making $(VENV) (torch and what else netspec needs; some minutes the first time)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(addprefix --constraint ,$(CONSTRAINTS)) --editable '.[dev]'
	@touch $@

.venv-nox/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-nox
	.venv-nox/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt nox
	@touch $@
