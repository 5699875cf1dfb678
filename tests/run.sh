#!/usr/bin/env bash
# Builds a preset and runs its tests on a throw-away PostgreSQL: tests/run.sh PRESET [ctest arguments]
# Or any command with a database like the tests': tests/run.sh --inside PRESET COMMAND...
# The last line is the total, counted in test functions; a program without such is one.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
jobs=${JOBS:-$(nproc)}

with_cluster() {
  pg_virtualenv -t -c '--locale C.UTF-8 -e UTF8' -o max_connections=200 -o synchronous_commit=off \
    -o full_page_writes=off tests/with_db.sh "$@"
}

# Sums what ctest wrote: lines "[  PASSED  ] 12 test(s)." of cmocka and "ok 1 - what" of scripts.
total() {
  awk '
    /^[ \t]*<testcase / { passed = failed = 0; status = $0; sub(/.*status="/, "", status); sub(/".*/, "", status) }
    { sub(/^[ \t]*<system-out>/, "") }
    /^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
    /^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
    /^ok [0-9]+ / { passed++ }
    /^not ok / { failed++ }
    /^[ \t]*<\/testcase>/ {
      programs++
      if (status == "run") { if (!passed) passed = 1 }
      else { wrong++; if (!failed) failed = 1 }
      all_passed += passed; all_failed += failed
    }
    END {
      printf "%d passed, %d failed (%d programs, %d of them failed)\n", all_passed, all_failed, programs, wrong
      exit wrong > 0 || programs == 0
    }' "$1"
}

if [ "${1:-}" = --inside ]; then
  export ALEES_BUILD=$root/build/$2
  shift 2
  with_cluster "$@"
  exit
fi

preset=${1:?a preset, such as ci}
shift
export ALEES_BUILD=$root/build/$preset
cmake --preset "$preset" --log-level=WARNING >/dev/null
cmake --build --preset "$preset"
rm -f "$ALEES_BUILD/junit.xml"
status=0
with_cluster ctest --test-dir "$ALEES_BUILD" -j "$jobs" --output-on-failure --no-tests=error \
  --test-output-size-passed 1000000 --test-output-size-failed 1000000 \
  --output-junit "$ALEES_BUILD/junit.xml" "$@" || status=$?
if [ -f "$ALEES_BUILD/junit.xml" ]; then
  total "$ALEES_BUILD/junit.xml" || status=1
else
  echo "0 passed, 1 failed (the tests could not be started)"
  status=1
fi
exit "$status"
