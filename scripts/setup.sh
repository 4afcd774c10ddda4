#!/bin/sh
# Make the virtual environment and install the package: `setup.sh run`, or `setup.sh tests`
# for what the tests need besides. Missing system packages are installed with apt.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        say "needs root for: $*"; exit 1
    fi
}

apt_install() {
    say "installing system packages: $*"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            printf '%s' "$name"; return
        fi
    done
    say "needs Python 3.11 or later"; exit 1
}

make_environment() {
    python=$(find_python)
    if [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1; then return; fi
    rm -rf .venv
    if ! "$python" -m venv .venv 2>/dev/null; then
        rm -rf .venv
        apt_install python3-venv
        "$python" -m venv .venv
    fi
    # `pip install --group` needs pip 25.1 or later.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
}

install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
}

case "${1:-run}" in
run)
    make_environment
    say "installing Comity into .venv"
    install --group build --editable .
    touch .venv/.installed
    ;;
tests)
    say "installing what the tests need"
    install --group build --group dev
    touch .venv/.installed-for-tests
    ;;
*)
    say "usage: setup.sh run|tests"; exit 2
    ;;
esac
