#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The isolation kit inside tests/with_db.sh: run.sh BUILD_FOLDER both|host|database|kinds|caught
#   both      with both locks on rows, as in production
#   host      the host's predicate alone: row-level security is off
#   database  row-level security alone: the host's predicate is off
#   kinds     all three, with rows of every scope and parts of rows: those of tests/plugins/kinds.c and parcel.c
#   caught    what must be caught is: a leaky plugin, a server without any lock, a database that is not empty
set -euo pipefail

build=$1 mode=$2
kit=("$build/libexec/alees/isolation" --admin-url "${ALEES_TEST_ADMIN_URL:?run this inside tests/with_db.sh}"
  --password alees --module-dir "$build/plugins")
out=$(mktemp)
trap 'rm -f "$out"' EXIT

fails_with() { # WHAT TEXT ARGUMENTS...: the kit ends with 1 and says TEXT
  local what=$1 text=$2 status=0
  shift 2
  "${kit[@]}" "$@" >"$out" 2>&1 || status=$?
  if [ "$status" != 1 ] || ! grep -q -- "$text" "$out"; then
    echo "not ok - $what: status $status, must be 1 and say $text"
    tail -n 30 "$out" | cut -c 1-300
    exit 1
  fi
  echo "ok $((++oks)) - $what"
}

caught() {
  oks=0
  local leaky=$build/tests/plugins/leaky.so
  fails_with "a route that shows everybody's text" '^T31 GET /api/v1/leaky/diary: .* shows text' "$leaky"
  fails_with "a route that knows everybody's ids" '^T13 GET /api/v1/leaky/known/{id}: ' "$leaky"
  if grep -q '^T[0-9]* leaky.note: ' "$out"; then
    echo "not ok - what the host serves does not leak"
    exit 1
  fi
  echo "ok $((++oks)) - what the host serves does not leak"
  export ALEES_TEST_LOCK_OFF=host,database
  fails_with "a server without any lock" '^T01 product.product: ' "$build/plugins/product.so"
  unset ALEES_TEST_LOCK_OFF
  fails_with "a database that is somebody's" 'is not empty' --database alees_tpl
  kit=("$build/libexec/alees/isolation" --admin-url "$ALEES_TEST_ADMIN_URL" --module-dir "$build/plugins")
  fails_with "a server that is somebody's" 'use a scratch server'
}

case $mode in
  both) unset ALEES_TEST_LOCK_OFF ;;
  host) export ALEES_TEST_LOCK_OFF=database ;;
  database) export ALEES_TEST_LOCK_OFF=host ;;
  kinds)
    for off in none database host; do
      ALEES_TEST_LOCK_OFF=$off "${kit[@]}" "$build/tests/plugins/kinds.so"
      ALEES_TEST_LOCK_OFF=$off "${kit[@]}" "$build/tests/plugins/parcel.so"
    done
    exit
    ;;
  caught)
    caught
    exit
    ;;
esac
"${kit[@]}"
