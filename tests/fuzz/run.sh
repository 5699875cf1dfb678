#!/usr/bin/env bash
# Runs each fuzz target under libFuzzer for a while: tests/fuzz/run.sh [SECONDS]. New inputs stay in build/fuzz/corpus;
# a crash is left in build/fuzz/crashes and belongs into tests/fuzz/corpus/<name> with its fix.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
seconds=${1:-60}

cmake --preset fuzz --log-level=WARNING >/dev/null
cmake --build --preset fuzz
mkdir -p build/fuzz/crashes
failed=0 count=0
for source in tests/fuzz/fuzz_*.c; do
  program=$(basename "$source" .c)
  name=${program#fuzz_}
  mkdir -p "build/fuzz/corpus/$name"
  echo "== $program, $seconds s"
  "build/fuzz/tests/fuzz/$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/crashes/$name-" \
    "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" || failed=$((failed + 1))
  count=$((count + 1))
done
echo "$((count - failed)) fuzz targets passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$count" -gt 0 ]
