#!/usr/bin/env bash
# What is generated is up to date. tests/lint/check_golden.sh BUILD [--fix]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?the build folder}

failed=0
golden() { # FILE COMMAND...
  local file=$1
  shift
  if [ "${fix:-}" = 1 ]; then
    "$@" >"$file"
  elif ! "$@" | diff -u "$file" - >/dev/null; then
    echo "$file is not what the server says of itself now: \`make golden\` writes it anew (tests/lint/check_golden.sh $build --fix)"
    failed=1
  fi
}
if [ "${2:-}" = --fix ]; then fix=1; fi
golden etc/alees.conf "$build/alees" help-config --file
golden docs/configuration.md "$build/alees" help-config --markdown
# shellcheck disable=SC2317 # called by golden
documents() { "$build/alees" -c tests/lint/golden.conf --module-dir "$build/plugins" "$@"; }
golden docs/openapi.json documents openapi
golden docs/api.md documents apidoc --examples docs/examples.json
golden docs/postman/alees.postman_collection.json documents postman
golden docs/postman/alees.postman_environment.json documents postman --environment
exit "$failed"
