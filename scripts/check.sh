#!/bin/sh
# Every check and every test. Checks run beside the tests, which wait a lot, and are told first, in
# the order in which a failure is cheapest to find.
# Ends with the test runner's summary; fails if anything failed.
set -u
cd "$(dirname "$0")/.."
python=.venv/bin/python
# Tests start servers by the dozen, each of which would compile all that it imports.
unset PYTHONDONTWRITEBYTECODE
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT
colour=auto
if [ -t 1 ]; then colour=yes; fi

step() {
    name=$1; shift
    printf '== %s\n' "$name"
    "$@" || printf ' [%s]' "$name" >>"$failures"
}

run_tests() {
    $python -m pytest -n "${COMITY_TEST_PROCESSES:-2}" --dist worksteal -q --color="$colour" 2>&1 ||
        printf ' [tests]' >>"$failures"
}

run_checks() {
    step "format" $python -m ruff format --check --quiet .
    step "lint" $python -m ruff check --quiet .
    step "types" $python -m mypy
    step "import contracts" env PYTHONPATH=service $python -c 'import sys; from importlinter.cli import lint_imports_command as run; sys.argv[0] = "lint-imports"; run()'
    step "proto lint and breaking check" $python scripts/check_contract.py
    step "policy lint" $python -m comity policy lint policies
    step "policy findings" $python -m comity policy findings policies
    step "policy scenarios, and what they notice" $python -m comity policy test policies --mutate --most-alive 3
}

# What the tests tell meanwhile waits in the pipe; should it be full, they wait too.
run_tests | {
    run_checks
    printf '== tests\n'
    cat
}

if [ -s "$failures" ]; then
    printf 'failed:%s\n' "$(cat "$failures")" >&2
    exit 1
fi
