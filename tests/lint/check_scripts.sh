#!/usr/bin/env bash
# Runs shellcheck over every script.
set -euo pipefail
cd "$(dirname "$0")/../.."
find . -path ./build -prune -o -path ./var -prune -o -name node_modules -prune -o -name '*.sh' -print0 | xargs -0 shellcheck -x .ci/run
