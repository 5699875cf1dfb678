#!/usr/bin/env bash
# Runs a command against a fresh `make run` server with the demonstration data, and gives back its exit status:
#
#   tests/clients/serve.sh COMMAND...
#
# For the command: BASE_URL, as http://127.0.0.1:24123; ALEES_USERNAME and ALEES_PASSWORD, the superuser of the demonstration.
# Settings of the server are changed by their environment variables, such as ALEES_LIMITS_USER_PER_MINUTE=0. Database and
# files are gone afterwards.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d /tmp/alees-clients.XXXXXX)
chmod 0755 "$work" # PostgreSQL may run as another user
log=$work/make-run.log
maker=''

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# shellcheck disable=SC2317 # called when the script ends
stop() {
  if [ -n "$maker" ]; then
    kill -TERM "$maker" 2>/dev/null || true
    wait "$maker" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

for _ in $(seq 50); do
  port=$((20000 + RANDOM % 12000)) # below the ports that the kernel gives to clients
  is_taken "$port" || break
done
PORT=$port VAR=$work/var "$root/packaging/run.sh" >"$log" 2>&1 &
maker=$!

export BASE_URL=http://127.0.0.1:$port
export ALEES_USERNAME=admin ALEES_PASSWORD=demo-password
until curl -sf -o "$work/ready" "$BASE_URL/readyz"; do
  if ! kill -0 "$maker" 2>/dev/null; then
    tail -n 30 "$log" >&2
    echo "serve.sh: the server did not start" >&2
    exit 1
  fi
  sleep 0.2
done

status=0
"$@" || status=$?
if ! kill -0 "$maker" 2>/dev/null; then
  tail -n 30 "$log" >&2
  echo "serve.sh: the server has ended while it was used" >&2
  status=1
fi
exit "$status"
