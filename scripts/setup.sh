#!/bin/sh
# Make the virtual environment and install the package: `setup.sh run`, or `setup.sh tests`
# for what the tests need besides, or `setup.sh bench` for what benchmarks compare with as well.
# Missing system packages are installed with apt.
# Does nothing if it was done before, in this place and with the same pyproject.toml.
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

# An environment that was copied or moved still points to where it came from, and one whose
# interpreter was removed or exchanged for another minor version has lost its packages.
works() {
    [ "$(cat .venv/.place 2>/dev/null)" = "$(pwd -P)" ] && .venv/bin/python -c 'import pip' 2>/dev/null
}

make_environment() {
    if works; then return; fi
    python=$(find_python)
    rm -rf .venv
    if ! "$python" -m venv .venv 2>/dev/null; then
        rm -rf .venv
        apt_install python3-venv
        "$python" -m venv .venv
    fi
    # `pip install --group` needs pip 25.1 or later.
    .venv/bin/python -m pip install -qq --disable-pip-version-check --upgrade 'pip>=25.1'
    pwd -P >.venv/.place
}

# What an installation depends on; a stamp holds it once the installation is complete.
wanted() { cat pyproject.toml scripts/setup.sh | cksum; }

# install STAMP WHAT PIP-ARGUMENTS...
# Twice quiet: errors are shown, warnings about places that have no packages are not.
install() {
    stamp=.venv/$1
    if [ "$(cat "$stamp" 2>/dev/null)" = "$(wanted)" ]; then return; fi
    say "installing $2"
    shift 2
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-warn-script-location "$@" ||
        return 1
    wanted >"$stamp"
}

install_package() { install .installed "Comity into .venv" --group build --editable .; }

# Benchmarks leave out what is not there, and say so.
install_rivals() {
    install .installed-for-benchmarks "what benchmarks compare with" --group bench ||
        say "no Cedar, no casbin"
    command -v h2load >/dev/null || (apt_install nghttp2-client) || say "no h2load"
    if [ -d .cache/bench/node_modules/@cerbos ]; then return; fi
    mkdir -p .cache/bench
    npm install --silent --no-fund --no-audit --prefix .cache/bench @cerbos/cerbos-linux-x64@0.55 ||
        say "no Cerbos: npm could not install it"
}

case "${1:-run}" in
run)
    make_environment
    install_package
    ;;
tests)
    make_environment
    install_package
    install .installed-for-tests "what the tests need" --group build --group dev
    ;;
bench)
    make_environment
    install_package
    install .installed-for-tests "what the tests need" --group build --group dev
    install_rivals
    ;;
*)
    say "usage: setup.sh run|tests|bench"; exit 2
    ;;
esac
.venv/bin/python scripts/generate_protobuf.py
