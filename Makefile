# Two commands matter: `make run` and `make test`. Each sets up all that it needs.
SHELL := /bin/sh
.SUFFIXES:

PYTHON := .venv/bin/python

.PHONY: help run test setup setup-tests setup-bench format check fuzz soak bench bench-quick clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile

run: setup ## set up and serve on localhost:50051 with the policies in policies/
	@exec $(PYTHON) -m comity serve

test: setup-tests ## set up and run every check and test
	@sh scripts/check.sh

setup: ## virtual environment, the package, generated protobuf code
	@sh scripts/setup.sh run

setup-tests: ## the same, and what the tests need
	@sh scripts/setup.sh tests

setup-bench: ## the same, and what the benchmarks compare with, as far as it can be had
	@sh scripts/setup.sh bench

format: setup-tests ## format the code
	$(PYTHON) -m ruff check --fix-only --quiet . && $(PYTHON) -m ruff format .

check: test

fuzz: setup-tests ## property tests and request fuzzing at full size (about an hour)
	@sh scripts/long.sh fuzz

soak: setup-tests ## reloads and faults at full size
	@sh scripts/long.sh soak

bench: setup-bench ## benchmarks: one printed table a program
	@sh scripts/long.sh bench

bench-quick: setup-bench ## the comparing benchmark, one short turn of everything
	@PYTHONPATH=service:tests $(PYTHON) -m bench.throughput --quick

clean: ## remove what setup and tests made
	rm -rf .venv .cache build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache service/comity/v1 service/comity.egg-info
