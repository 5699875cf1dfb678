#!/usr/bin/env bash
# `make bench`: the server (R) between its two limits, the bare HTTP engine (H) and PostgreSQL alone (P), measured in turn
# (A B C A B C) on this machine. Runs inside tests/with_db.sh. Prints a table and, with --write, puts it into
# docs/benchmarks.md. Efficiency E = R * (1/H + 1/P), see docs/performance.md.
#
# Settings: ROUNDS=3 SECONDS_EACH=5 CLIENTS=16 PRODUCTS=10000 (in each of the three organizations).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${ALEES_BUILD:?names the build folder}
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-5} clients=${CLIENTS:-16} products=${PRODUCTS:-10000}
work=$(mktemp -d)
server_pid='' bare_pid=''

stop() {
  for pid in $server_pid $bare_pid; do kill "$pid" 2>/dev/null || true; done
  for pid in $server_pid $bare_pid; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop EXIT

say() { printf '%s\n' "$*" >&2; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$database" "$@"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# A database of our own with rows enough, and a server on it.
database=bench_$$
sql_create() { psql -X -q -d postgres -c "CREATE DATABASE $database TEMPLATE alees_demo"; }
sql_create
sql <<SQL
INSERT INTO product.product (organization_id, id, name, sku, base_uom_id, status, created_at, updated_at, version)
SELECT o.id, alees.new_id(), 'Bench item ' || n, 'BENCH-' || n, (SELECT id FROM product.unit_of_measure LIMIT 1),
       'active', now(), now(), 1
FROM rbac.organization o, generate_series(1, $products) n;
ANALYZE;
SQL

port=$(free_port) bare_port=$(free_port)
# Without TLS on loopback, for the server and pgbench alike.
export PGSSLMODE=disable
export ALEES_DATABASE_URL="${ALEES_TEST_APP_URL:?} dbname=$database" ALEES_SERVER_PORT=$port ALEES_LOG_FORMAT=json
"$build/alees" -c "${ALEES_TEST_CONF:?}" --module-dir "$build/plugins" serve 2>"$work/server.log" &
server_pid=$!
"$build/bare_httpd" "$bare_port" 64 600 &
bare_pid=$!

base=http://127.0.0.1:$port
for _ in $(seq 100); do curl -sf "$base/readyz" >/dev/null 2>&1 && break; sleep 0.1; done
kill -0 "$server_pid" 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
TOKEN=$(curl -sf "$base/api/v1/auth/login" -H 'Content-Type: application/json' \
  -d '{"username":"acme-manager","password":"demo-password"}' | sed -E 's/.*"token":"([^"]+)".*/\1/')
export TOKEN
# pgbench parses its statements before it has taken on the plugin's role; the rights are still the role's. Only now:
# the server refuses to start with such a grant.
sql -c 'GRANT USAGE ON SCHEMA product TO alees_app'
idle_kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$server_pid/status")

acme=$(sql -c "SELECT id FROM rbac.organization WHERE name = 'Acme'")
sql -c "SELECT '/api/v1/products/' || id FROM product.product WHERE organization_id = '$acme' ORDER BY random() LIMIT 2000" >"$work/get"
printf '/api/v1/products?organization=%s&page_size=50\n' "$acme" >"$work/list"
printf '/\n' >"$work/bare"
sql -c "SELECT id FROM product.product WHERE organization_id = '$acme' ORDER BY random() LIMIT 1" >"$work/one"

# The same SQL as the server's, without and with the role and scope that travel with it.
columns="id, organization_id, name, sku, description, product_type, category_id, status, base_uom_id, is_inventory_tracked, is_purchasable, is_sellable, tags, attributes, custom_fields, created_at, updated_at, created_by, updated_by, version"
scope="SELECT set_config('role', 'alees_plugin_product', true), set_config('alees.organizations', '{$acme}', true);"
get="SELECT $columns FROM product.product WHERE id = '$(cat "$work/one")'::uuid AND organization_id = ANY('{$acme}'::uuid[]);"
list="SELECT $columns FROM product.product WHERE organization_id = '$acme'::uuid ORDER BY id LIMIT 51;"
printf '%s\n' "$get" >"$work/get.sql"
printf '%s\n' "$list" >"$work/list.sql"
for what in get list; do
  { printf '\\startpipeline\n%s\n' "$scope"; cat "$work/$what.sql"; printf '\\endpipeline\n'; } >"$work/$what-scoped.sql"
done

http() { # PORT PATHS -> "requests/s p50 p99 errors"
  PATHS=$2 wrk -t1 -c"$clients" -d"${seconds}s" -s "$here/requests.lua" "http://127.0.0.1:$1" | awk '/^RESULT/ { print $2, $3, $4, $5 }'
}
pgbench_tps() { # SCRIPT; as the server's own login, so that row-level security applies to the scoped form
  pgbench -n -M prepared -c "$clients" -j 1 -T "$seconds" -f "$1" "$ALEES_DATABASE_URL" 2>/dev/null |
    awk '/^tps/ { printf "%.0f\n", $3 }'
}
pgbench_plain() { pgbench -n -M prepared -c "$clients" -j 1 -T "$seconds" -f "$1" -d "$database" 2>/dev/null | awk '/^tps/ { printf "%.0f\n", $3 }'; }

say "warming up"
http "$port" "$work/get" >/dev/null
for round in $(seq "$rounds"); do
  say "round $round of $rounds"
  http "$bare_port" "$work/bare" >>"$work/bare.out"
  for what in get list; do
    http "$port" "$work/$what" >>"$work/$what.out"
    pgbench_plain "$work/$what.sql" >>"$work/$what.plain"
    pgbench_tps "$work/$what-scoped.sql" >>"$work/$what.scoped"
  done
done
busy_kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$server_pid/status")

column() { awk -v c="$2" '{ print $c }' "$work/$1.out" | median; }
H=$(column bare 1)
table() {
  echo "| what | server R | p50 ms | p99 ms | errors | HTTP alone H | PostgreSQL alone P | E | with role and scope P' | E' |"
  echo "|---|---|---|---|---|---|---|---|---|---|"
  for what in get list; do
    R=$(column $what 1) P=$(median <"$work/$what.plain") S=$(median <"$work/$what.scoped")
    errors=$(awk '{ s += $4 } END { print s + 0 }' "$work/$what.out")
    awk -v w="$what" -v R="$R" -v a="$(column $what 2)" -v b="$(column $what 3)" -v e="$errors" -v H="$H" -v P="$P" -v S="$S" \
      'BEGIN { printf "| %s | %.0f | %.2f | %.2f | %d | %.0f | %.0f | %.2f | %.0f | %.2f |\n",
               w == "list" ? "list 50" : "get one", R, a, b, e, H, P, R * (1/H + 1/P), S, R * (1/H + 1/S) }'
  done
  printf '\nResident memory: %.1f MiB idle, %.1f MiB after the load.\n' \
    "$(awk -v k="$idle_kib" 'BEGIN { print k / 1024 }')" "$(awk -v k="$busy_kib" 'BEGIN { print k / 1024 }')"
}
header() {
  printf '# Benchmarks\n\nMade by *make bench*; how to read it: [performance.md](performance.md).\n\n'
  printf '%s; %s cores; %s; %s; %s clients, %s rounds of %s s in turn, medians; %s products in each of three organizations.\n\n' \
    "$(date -u +%Y-%m-%d)" "$(nproc)" "$(psql --version)" "$("$build/alees" version)" "$clients" "$rounds" "$seconds" "$products"
}

table
if [ "${1:-}" = --write ]; then { header; table; } >"$root/docs/benchmarks.md"; fi
kill "$server_pid" "$bare_pid"
wait "$server_pid" "$bare_pid" || true
server_pid='' bare_pid=''
psql -X -q -d postgres -c "DROP DATABASE $database" || true
