#!/bin/sh
# Every check, the quick ones first.
#
#   sh scripts/test.sh 'not long'     what a pytest -m expression selects; '' is everything
#
# BROWSER=none leaves the browser tests out; the others find Chromium's path in CHROMIUM.
set -eu
cd "$(dirname "$0")/.."

selected=$1
if [ "${BROWSER:-}" = none ]; then
    selected="${selected:+$selected and }not browser"
else
    CHROMIUM=$(sh scripts/chromium.sh)
    export CHROMIUM
fi
sh scripts/setup.sh requirements-test.txt

check() {
    echo "== $*"
    .venv/bin/python -m "$@"
}

check ruff check .
check ruff format --check .
check mypy
check pytest -m "$selected"
