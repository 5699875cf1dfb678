#!/usr/bin/env bash
# Runs its arguments with the databases that tests need, on the cluster of the environment (PGHOST, PGPORT, PGUSER,
# PGPASSWORD: pg_virtualenv makes one), and gives back their exit status.
#
#   ALEES_BUILD  the build folder whose alees and plugins prepare the templates
#
# Templates: alees_tpl, bootstrapped and migrated with all plugins of plugins/; alees_demo, with the demonstration rows.
# For the arguments: ALEES_TEST_{APP,OWNER,ADMIN}_URL, connection strings without a database; ALEES_TEST_CONF, a
# configuration of all plugins on alees_tpl; ALEES_BUILD.
set -euo pipefail

: "${ALEES_BUILD:?the build folder}" "${PGHOST:?run this inside pg_virtualenv}" "${PGPORT:?}" "${PGUSER:?}"
ALEES_BUILD=$(cd "$ALEES_BUILD" && pwd)
export ALEES_BUILD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

server="host=$PGHOST port=$PGPORT"
export ALEES_TEST_APP_URL="$server user=alees_app password=alees"
export ALEES_TEST_OWNER_URL="$server user=alees_owner password=alees"
export ALEES_TEST_ADMIN_URL="$server user=$PGUSER password=${PGPASSWORD:-} dbname=postgres"
export ALEES_TEST_CONF=$work/alees.conf

configure() { # configure DATABASE
  {
    printf '[database]\nurl = %s dbname=%s\n' "$ALEES_TEST_APP_URL" "$1"
    printf 'owner_url = %s dbname=%s\n' "$ALEES_TEST_OWNER_URL" "$1"
    printf 'admin_url = %s dbname=%s\n' "$ALEES_TEST_ADMIN_URL" "$1"
    printf '[limits]\nuser_per_minute = 0\norganization_per_minute = 0\naddress_per_minute = 0\n' # tests and benchmarks ask without pause
    printf '[security]\ncheck_module_owner = false\n[log]\nlevel = warn\n'
    for name in contact organization product rbac; do
      printf '[plugin %s]\nmodule = %s/plugins/%s.so\n' "$name" "$ALEES_BUILD" "$name"
    done
  } >"$ALEES_TEST_CONF"
}

admin() { psql -qXAt -v ON_ERROR_STOP=1 -d postgres -c "$1"; }

# Output only if it fails.
quietly() {
  if ! "$@" >"$work/out" 2>&1; then
    printf 'with_db.sh: %s failed:\n' "$*" >&2
    cat "$work/out" >&2
    exit 1
  fi
}

admin 'CREATE DATABASE alees_tpl TEMPLATE template0'
configure alees_tpl
quietly "$ALEES_BUILD/alees" -c "$ALEES_TEST_CONF" bootstrap
quietly "$ALEES_BUILD/alees" -c "$ALEES_TEST_CONF" migrate

# Rights on a database are not copied with it.
admin 'CREATE DATABASE alees_demo TEMPLATE alees_tpl'
configure alees_demo
quietly "$ALEES_BUILD/alees" -c "$ALEES_TEST_CONF" bootstrap
quietly "$ALEES_BUILD/alees" -c "$ALEES_TEST_CONF" demo
configure alees_tpl

"$@"
