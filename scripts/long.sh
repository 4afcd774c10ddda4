#!/bin/sh
# Run the programs in tests/fuzz, tests/soak or tests/bench at full size, one after the other:
# `long.sh fuzz|soak|bench`. Runs all of them whatever happens, then fails if one failed.
set -u
cd "$(dirname "$0")/.."
python=.venv/bin/python
export PYTHONDONTWRITEBYTECODE=1

case "${1:-}" in
fuzz | soak | bench) folder=tests/$1 ;;
*) printf 'usage: long.sh fuzz|soak|bench\n' >&2; exit 2 ;;
esac

failed=""
for program in "$folder"/*.py; do
    # Other files are modules of the programs.
    grep -q '^if __name__ == "__main__":' "$program" || continue
    printf '== %s\n' "$program"
    PYTHONPATH=service:tests $python "$program" || failed="$failed $program"
done

# Programs of several files are packages.
for program in "$folder"/*/__main__.py; do
    [ -f "$program" ] || continue
    package=$(dirname "$program")
    printf '== %s\n' "$package"
    module=$(printf '%s' "${package#tests/}" | tr / .)
    PYTHONPATH=service:tests $python -m "$module" || failed="$failed $package"
done

if [ -n "$failed" ]; then
    printf 'failed:%s\n' "$failed" >&2
    exit 1
fi
