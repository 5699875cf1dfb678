# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the scripts beside it: a fresh database, the real program on a free port, requests by curl, and "ok" lines. A
# script starts with `source lib.bash` and is given the build folder; without a PostgreSQL in the environment it starts
# over inside pg_virtualenv. The first thing that is not as expected ends it with status 1 and all there is to see.
set -euo pipefail

build=$(cd "${1:-${ALEES_BUILD:?usage: $0 BUILD_FOLDER}}" && pwd)
if [ -z "${PGHOST:-}" ]; then
  exec pg_virtualenv -t -c '--locale C.UTF-8 -e UTF8' "$0" "$build"
fi
for tool in curl jq psql; do
  command -v "$tool" >/dev/null || { echo "$0: needs $tool" >&2; exit 1; }
done

work=$(mktemp -d)
database=alees_e2e_$$
alees=$build/alees # the program; example.sh uses an installed one
port='' server=''  # of the server that is running
status='' body=''  # of the last answer
oks=0

# Organizations of `alees demo`: see plugins/organization/plugin.c.
ACME=01930000-0000-7000-8000-000000000001
ACME_BERLIN=01930000-0000-7000-8000-000000000002
GLOBEX=01930000-0000-7000-8000-000000000003
UNKNOWN=01930000-0000-7000-8000-00000000ffff
export ACME ACME_BERLIN GLOBEX UNKNOWN

ok() {
  oks=$((oks + 1))
  printf 'ok %d - %s\n' "$oks" "$*"
}

fail() {
  printf 'not ok - %s\n' "$*"
  [ -z "$status" ] || printf '  last answer: %s %.600s\n' "$status" "$body"
  [ ! -s "$work/out" ] || { printf '  last command:\n'; tail -n 20 "$work/out"; }
  [ ! -s "$work/log" ] || { printf '  log of the server:\n'; tail -n 8 "$work/log" | cut -c 1-300; }
  exit 1
}

same() { # same EXPECTED ACTUAL WHAT
  [ "$1" = "$2" ] || fail "$3: expected $1, got $2"
  ok "$3"
}

finish() {
  local result=$?
  trap - EXIT
  if [ -n "$server" ]; then
    kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  psql -qX -d postgres -c "DROP DATABASE IF EXISTS $database WITH (FORCE)" >/dev/null 2>&1 || true
  rm -rf "$work"
  exit "$result"
}
trap finish EXIT

sql() { psql -qXAt -v ON_ERROR_STOP=1 -d "$database" -c "$1"; }

# --- the program ---------------------------------------------------------------------------------------------------

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

choose_port() {
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 20000))
    if is_free "$port"; then return; fi
  done
  fail "no free port"
}

# The configuration of a fresh database, with those plugins enabled: configure MODULE_FOLDER NAME...
configure() {
  local folder=$1 name
  shift
  mkdir -p "$work/plugins.d"
  choose_port
  cat >"$work/alees.conf" <<END
[server]
listen = 127.0.0.1
port = $port
drain_ms = 3000

[database]
url = host='$PGHOST' port=$PGPORT dbname=$database user=alees_app password=alees
owner_url = host='$PGHOST' port=$PGPORT dbname=$database user=alees_owner password=alees
admin_url = host='$PGHOST' port=$PGPORT dbname=$database user=$PGUSER password='${PGPASSWORD:-}'
END
  for name in "$@"; do
    printf '[plugin %s]\nmodule = %s/%s.so\n' "$name" "$folder" "$name" >"$work/plugins.d/$name.conf"
  done
}

# Runs `alees ARGUMENTS`; its output is in $work/out, its exit status in $status. Bounded: it must never hang.
run() {
  body='' status=0
  timeout 120 "$alees" -c "$work/alees.conf" "$@" >"$work/out" 2>&1 || status=$?
}

must_run() {
  run "$@"
  [ "$status" = 0 ] || fail "alees $* ended with $status"
  status=''
}

fill_database() {
  psql -qX -d postgres -c "CREATE DATABASE $database"
  must_run bootstrap
  must_run migrate
  must_run demo
}

start_server() {
  "$alees" -c "$work/alees.conf" serve >"$work/log" 2>&1 &
  server=$!
  for _ in $(seq 200); do
    kill -0 "$server" 2>/dev/null || fail "the server did not start"
    if [ "$(curl -s -o /dev/null -m 2 -w '%{http_code}' "http://127.0.0.1:$port/readyz")" = 200 ]; then return; fi
    sleep 0.05
  done
  fail "the server was not ready within ten seconds"
}

# SIGTERM, and the exit status must be 0 within ten seconds.
stop_server() {
  local result=0
  kill -TERM "$server"
  for _ in $(seq 100); do
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  if kill -0 "$server" 2>/dev/null; then fail "the server did not stop within ten seconds"; fi
  wait "$server" || result=$?
  server=''
  [ "$result" = 0 ] || fail "the server ended with $result"
}

# --- requests ------------------------------------------------------------------------------------------------------

# request METHOD PATH [TOKEN [BODY]] -> $status, $body; headers in $work/headers
request() {
  local arguments=(-s -m 20 -o "$work/body" -D "$work/headers" -w '%{http_code}' -X "$1")
  [ -z "${3:-}" ] || arguments+=(-H "Authorization: Bearer $3")
  [ -z "${4:-}" ] || arguments+=(-H 'Content-Type: application/json' -d "$4")
  : >"$work/body"
  status=$(curl "${arguments[@]}" "http://127.0.0.1:$port$2") || status="curl $?"
  body=$(tr -d '\0' <"$work/body")
}

json() { jq -er "$1" <<<"$body"; } # a value of the last answer; fails if it is null or false

# expect STATUS WHAT [JQ-CONDITION]: the last answer is so
expect() {
  [ "$status" = "$1" ] || fail "$2: expected $1"
  if [ -n "${3:-}" ]; then
    jq -e "$3" >/dev/null 2>&1 <<<"$body" || fail "$2: expected $3"
  fi
  ok "$2"
}

# The token of a demonstration user.
login() {
  request POST /api/v1/auth/login '' "{\"username\": \"$1\", \"password\": \"${2:-demo-password}\"}"
  [ "$status" = 200 ] || fail "login of $1"
  json .token
}

# The answer without what differs from request to request.
stable() { sed -E 's/"request_id": ?"[^"]*"/"request_id":""/g' <<<"$body"; }
