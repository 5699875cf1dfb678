#!/usr/bin/env bash
# The description of the API held against tools and clients that nobody here wrote: tests/clients/run.sh [NAME]...
# --examples writes docs/examples.json anew instead.
# A line for each check, what it said where it failed; the last line is the total. Needs packaging/deps.sh run test clients.
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/clients
document=$root/docs/openapi.json # what `alees openapi` prints: tests/lint/check_golden.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$here" || exit 1
export PATH=$here/node_modules/.bin:$PATH
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

check_lint_redocly() { redocly lint "$document" --config redocly.yaml --format stylish; }
check_lint_spectral() { spectral lint "$document" --ruleset .spectral.yaml --fail-severity hint; }
check_valid_1() { node valid_1.mjs "$document"; }
check_valid_2() { node valid_2.mjs "$document"; }
check_typescript() {
  mkdir -p made &&
    openapi-typescript "$document" --default-non-nullable=false --output made/api.d.ts &&
    tsc --project . &&
    ./serve.sh node made/client.js
}
# Every answer that the API tests got. Where they have run already, recording: ALEES_TEST_RECORD names the folder.
check_responses() {
  local folder=${ALEES_TEST_RECORD:-} status=0
  if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    ALEES_TEST_RECORD=$folder "$root/tests/run.sh" ci -L api >"$log.tests" 2>&1 || status=1
    [ "$status" -eq 0 ] || tail -n 30 "$log.tests"
    rm -f "$log.tests"
  fi
  node responses.mjs "$folder" || status=1
  [ "$folder" = "${ALEES_TEST_RECORD:-}" ] || rm -rf "$folder"
  return "$status"
}
# Nothing is limited: whoever asks at random would see little else than 429. And there is time: changes of all rows wait for
# each other, on a busy machine for longer than a server lets them.
check_fuzz() { # and first, that it would find what there were to find
  ALEES_LIMITS_USER_PER_MINUTE=0 ALEES_LIMITS_ORGANIZATION_PER_MINUTE=0 ALEES_LIMITS_ADDRESS_PER_MINUTE=0 \
    ALEES_DATABASE_STATEMENT_TIMEOUT_MS=60000 ALEES_LIMITS_REQUEST_MS=60000 \
    ./serve.sh sh -c 'node planted.mjs && node fuzz.mjs'
}
check_postman() { ./serve.sh node postman.mjs; } # of docs/postman/, which is golden like the document
check_page() { ./serve.sh node page.mjs; }

# The packages of the lock file, unless they are there.
install_packages() {
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-progress
    touch node_modules/.package-lock.json
  fi
}

checks=("$@")
if [ "${#checks[@]}" -eq 0 ]; then
  checks=(lint_redocly lint_spectral valid_1 valid_2 typescript postman page responses fuzz)
fi
if ! install_packages >"$log" 2>&1; then
  tail -n 20 "$log"
  echo "npm ci failed"
  echo "0 passed, 1 failed"
  exit 1
fi
if [ "${1:-}" = --examples ]; then
  ./serve.sh node postman.mjs --write
  exit
fi
passed=0 failed=0
for check in "${checks[@]}"; do
  start=$SECONDS
  if "check_$check" >"$log" 2>&1; then
    passed=$((passed + 1))
    printf 'ok      %s (%d s)\n' "$check" $((SECONDS - start))
    sed -n 's/^# /          /p' "$log"
  else
    failed=$((failed + 1))
    tail -n 60 "$log"
    printf 'FAILED  %s (%d s)\n' "$check" $((SECONDS - start))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
