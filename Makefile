# Two commands matter: `make demo` and `make test`. Both set .venv up first, once; a second run does no set-up again.
#
#   demo    fit Old Faithful; the posterior, tables and pictures go to results/
#   test    everything that CI checks: lint, types, unit, examples, docs
#   docs    the documentation, for which every example runs: docs/_build/html/index.html
#   fuzz    the slow suites by hand: a thousand random inputs, and intervals that must cover the truth
#   bench   the figures of docs/benchmarks.md, beside the peers; wants a quiet machine and half an hour.
#           SUITES="kernel em chains growth wait" and PEERS="numpy jax pymc numpyro stan" choose
#   methods the figures of docs/accuracy.md: every method beside long runs of NUTS; ten minutes.
#           CHOICE="--data iris --methods truth nuts" takes some of it
#   images  draw the pictures of README and docs anew
#   format  put every file into its standard form
#   clean   remove all that git ignores

SHELL := /usr/bin/env bash
.DELETE_ON_ERROR:
.PHONY: demo test lint types unit examples fuzz bench methods images format docs clean

PYTHON := .venv/bin/python
SET_UP := .venv/.set-up
export MPLBACKEND := Agg

demo: $(SET_UP)
	$(PYTHON) -m bayesgmm demo

test: lint types unit examples docs

lint: $(SET_UP)
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check

types: $(SET_UP)
	$(PYTHON) -m mypy

unit: $(SET_UP)
	$(PYTHON) -m pytest -n 2 --dist loadfile -m "not benchmark and not slow"

examples: $(SET_UP)
	@set -e; for script in $(wildcard examples/*.py); do echo "$$script"; $(PYTHON) -W error "$$script"; done

docs: $(SET_UP) docs/gallery/.begun
	$(PYTHON) -m sphinx --builder html --fail-on-warning --keep-going --quiet docs docs/_build/html

# Sphinx-Gallery runs an example again when the example changes; when the package does, they are all due.
docs/gallery/.begun: $(shell find bayesgmm -name '*.py') constraints.txt
	rm -rf docs/gallery
	@mkdir $(@D)
	@touch $@

fuzz: $(SET_UP)
	$(PYTHON) -m pytest -rP -m slow

bench: .venv-bench/.set-up
	PYTHONPATH=tests .venv-bench/bin/python -m benchmarks $(SUITES) $(if $(PEERS),--peers $(PEERS))

methods: $(SET_UP)
	PYTHONPATH=tests $(PYTHON) -m recovery.methods $(CHOICE)

images: $(SET_UP)
	$(PYTHON) docs/images/draw.py

format: $(SET_UP)
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

clean:
	rm -rf .venv .venv-bench results build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -rf docs/_build docs/api docs/gallery examples/results
	find bayesgmm tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

# The benchmarks' peers have an environment of their own, so that tests run in what users install.
ENVIRONMENTS := .venv .venv-bench
EXTRA := dev
.venv-bench/.set-up: EXTRA := bench
$(ENVIRONMENTS:%=%/.set-up): %/.set-up: pyproject.toml constraints.txt | %/bin/python
	@echo "Installing into $*; this takes a minute or two and happens once."
	$*/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRA)]'
	@touch $@

# The first Python on the path that runs (a version manager's stub for another version does not) and is new enough;
# else uv, which fetches one.
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 15))
$(ENVIRONMENTS:%=%/bin/python): %/bin/python:
	@IFS=$$'\n'; for candidate in $$(type -aP python3 python3.14 python3.13 python3.12); do \
	  if "$$candidate" -c '$(USABLE)' > /dev/null 2>&1; then exec "$$candidate" -m venv --clear $*; fi; \
	done; \
	if command -v uv > /dev/null; then rm -rf $*; exec uv venv --quiet --seed --python 3.13 $*; fi; \
	echo "bayesgmm needs Python 3.12, 3.13 or 3.14, and none was found: install one (or uv) and run make again." >&2; \
	exit 1
