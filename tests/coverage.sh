#!/usr/bin/env bash
# Runs all tests in the coverage build once, reports, and fails below the gate. Raise the gate, never lower it.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
line_gate=90 branch_gate=80

find build/coverage -name '*.gcda' -delete 2>/dev/null || true
status=0
tests/run.sh coverage -L 'unit|db|api|e2e|fuzz' || status=$?
mkdir -p build/coverage/report
gcovr --root . --object-directory build/coverage -f core/ -f plugins/ --exclude-unreachable-branches --exclude-throw-branches \
  --print-summary --txt build/coverage/report/coverage.txt --html-details build/coverage/report/index.html \
  --xml build/coverage/report/coverage.xml --fail-under-line "$line_gate" --fail-under-branch "$branch_gate"
exit "$status"
