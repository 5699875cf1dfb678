#!/usr/bin/env bash
# `make revocation`: how long another server goes on to allow what was just taken away. Runs the two tests that prove the
# bounds, in their long form, inside tests/with_db.sh. Prints two tables and, with --write, puts them into
# docs/performance.md between the lines that name this script.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${ALEES_BUILD:?names the build folder}
page=$root/docs/performance.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export ALEES_TEST_LONG=1
load=$(cut -d' ' -f1 /proc/loadavg) # of others, before it begins
"$build/tests/api/test_revocation" 2>&1 | tee "$work/revocation" >&2
"$build/tests/api/test_network" 2>&1 | tee "$work/network" >&2

rows() { sed -n "s/^$1 |/|/p" "$work/$2"; }
{
  printf '%s; %s cores, load average %s; %s; %s.\n\n' "$(date -u +%Y-%m-%d)" "$(nproc)" "$load" "$(psql --version)" \
    "$("$build/alees" version)"
  echo '| what ended the right | rounds | after its answer: p50 ms | p99 | most | since it was sent: p50 ms | p99 | most |'
  echo '|---|---|---|---|---|---|---|---|'
  rows REVOCATION revocation
  printf '\n| what failed | rounds | allowed for at most ms | refused after at most ms |\n|---|---|---|---|\n'
  rows NETWORK network
} >"$work/tables"

cat "$work/tables"
if [ "${1:-}" = --write ]; then
  awk -v tables="$work/tables" '
    /^<!-- tests\/bench\/revocation.sh -->$/ { print; print ""; while ((getline line < tables) > 0) print line; print ""; skip = 1; next }
    /^<!-- end -->$/ { skip = 0 }
    !skip' "$page" >"$work/page"
  cp "$work/page" "$page"
fi
