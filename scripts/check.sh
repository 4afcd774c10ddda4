#!/bin/sh
# Every check and every test, in the order in which a failure is cheapest to find.
# Ends with the test runner's summary; fails if anything failed.
set -u
cd "$(dirname "$0")/.."
python=.venv/bin/python
failed=""

step() {
    name=$1; shift
    printf '== %s\n' "$name"
    "$@" || failed="$failed [$name]"
}

# It takes about as long as all other steps before the tests, which take the other core meanwhile.
told=$(mktemp)
$python -m comity policy test policies --mutate --most-alive 3 >"$told" 2>&1 &
scenarios=$!
tell_scenarios() {
    wait "$scenarios"
    code=$?
    cat "$told"
    rm -f "$told"
    return "$code"
}

step "format" $python -m ruff format --check --quiet .
step "lint" $python -m ruff check --quiet .
step "types" $python -m mypy
step "import contracts" env PYTHONPATH=service $python -c 'import sys; from importlinter.cli import lint_imports_command as run; sys.argv[0] = "lint-imports"; run()'
step "proto lint and breaking check" $python scripts/check_contract.py
step "policy lint" $python -m comity policy lint policies
step "policy findings" $python -m comity policy findings policies
step "policy scenarios, and what they notice" tell_scenarios
step "tests" $python -m pytest -n "${COMITY_TEST_PROCESSES:-2}" --dist worksteal -q

if [ -n "$failed" ]; then
    printf 'failed:%s\n' "$failed" >&2
    exit 1
fi
