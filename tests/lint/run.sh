#!/usr/bin/env bash
# `make lint`: every check; goes on after a failure and says at the end which failed. tests/lint/run.sh [NAME]... runs some.
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
build=$root/build/ci
checks=("$@")
if [ "${#checks[@]}" -eq 0 ]; then
  checks=(format layers includes size headers symbols golden links spelling scripts cppcheck tidy)
fi

if ! cmake --preset ci --log-level=WARNING >/dev/null || ! cmake --build --preset ci >build/lint-build.log 2>&1; then
  tail -n 30 build/lint-build.log
  echo "lint: the build failed"
  exit 1
fi
failed=()
for check in "${checks[@]}"; do
  if "tests/lint/check_$check.sh" "$build"; then echo "ok      $check"; else
    echo "FAILED  $check"
    failed+=("$check")
  fi
done
if [ "${#failed[@]}" -gt 0 ]; then
  echo "lint: ${#failed[@]} of ${#checks[@]} failed: ${failed[*]}"
  exit 1
fi
echo "lint: all ${#checks[@]} passed"
