#!/usr/bin/env bash
# `make bench-decide`: what a decision costs, as a table in Markdown: nanoseconds (medians of interleaved rounds) and, with
# valgrind, instructions, which are the same on every machine. See docs/performance.md.
set -euo pipefail

build=${1:?names the build folder}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
enough=20000

# The instructions of one decision: those of `measure` alone.
instructions() {
  command -v valgrind >/dev/null || { printf -- '-'; return; }
  valgrind --tool=callgrind --toggle-collect=measure --callgrind-out-file="$work/out" \
    "$build/bench_decide" "$1" "$2" "$enough" 2>&1 |
    awk -v n="$enough" '/Collected/ { printf "%.0f", $NF / n }'
}

"$build/bench_decide" >"$work/figures"

printf '| users x roles | pinned | by names | any user, by ids |\n|---|---|---|---|\n'
shape=0
while IFS='|' read -r _ name pinned by_name any_user; do
  printf '| %s | %s ns, %s instructions | %s ns, %s | %s ns, %s |\n' "$name" \
    "$pinned" "$(instructions pinned "$shape")" "$by_name" "$(instructions by_name "$shape")" \
    "$any_user" "$(instructions any_user "$shape")"
  shape=$((shape + 1))
done < <(grep '^decide|' "$work/figures")

printf '\n| what | figures |\n|---|---|\n'
awk -F'|' '
  /^list/ { printf "| list of organizations, %s | %s ns when asked before, %s ns the first time |\n", $2, $3, $4 }
  /^threads/ { printf "| look up and decide, %s, by 1 / 2 / 16 threads | %s / %s / %s ns for each, all together |\n", $2, $3, $4, $5 }
  /^role_edit/ { printf "| a role is edited: %s | %s ms for a new set of roles, once; %s ms in all until every user follows it, spread over their next requests |\n", $2, $3, $4 }
  /^memory/ { printf "| %s, cache_mib = 64 | %s MiB in the table, %s MiB resident; %s users stay; %s %% of requests found their user |\n", $2, $3, $4, $5, $6 }
' "$work/figures"
