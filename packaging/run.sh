#!/usr/bin/env bash
# `make run`: everything from a bare Debian to a served demonstration. Ctrl-C stops the server and its PostgreSQL.
#
#   PORT  TCP port on 127.0.0.1 (8080)
#   VAR   folder of everything that is made here: cluster, configuration, installed build (var/ in the checkout)
#
# The cluster listens on a unix socket only and knows the operating system's user, no passwords. PostgreSQL refuses to
# run as root; then cluster and server both run as the user postgres.
set -euo pipefail
umask 022

root=$(cd "$(dirname "$0")/.." && pwd)
port=${PORT:-8080}
var=${VAR:-$root/var}
user=$(id -un)
as=()
server_pid='' cluster_up=''

say() { printf '%s\n' "$*" >&2; }
die() {
  say "make run: $*"
  exit 1
}

# --- where and as whom -------------------------------------------------------------------------------------------------

choose_user() {
  if [ "$(id -u)" -eq 0 ]; then
    user=postgres
    as=(setpriv "--reuid=$user" "--regid=$user" --init-groups --inh-caps=-all env -u XDG_RUNTIME_DIR HOME=/tmp "USER=$user")
  fi
}

# A folder below one that is closed to others, such as /root, is no place for the user postgres.
is_reachable() {
  local folder=$1
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  "${as[@]}" test -r "$folder" -a -x "$folder" </dev/null
}

choose_folder() {
  case $var in /*) ;; *) var=$root/$var ;; esac
  if ! is_reachable "$var"; then
    if [ -n "${VAR:-}" ]; then
      die "user $user cannot reach $var; give it another folder: make run VAR=/srv/alees"
    fi
    var=/var/lib/alees-run/$(basename "$root")-$(cksum <<<"$root" | cut -d' ' -f1)
    say "User $user cannot reach $root: using $var instead (VAR=/somewhere chooses another)."
  fi
  mkdir -p "$var"
  exec 9>"$var/lock"
  flock -n 9 || die "another make run is using $var; stop it, or choose another folder: make run VAR=/somewhere"
}

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

check_port() {
  case $port in '' | *[!0-9]*) die "PORT must be a number, not \"$port\"" ;; esac
  if is_taken; then
    die "port $port is taken; choose another: make run PORT=$((port + 1))"
  fi
}

# --- build -------------------------------------------------------------------------------------------------------------

build() {
  (
    cd "$root"
    cmake --preset run --log-level=WARNING "-DCMAKE_INSTALL_PREFIX=$var/install" >/dev/null
    cmake --build --preset run
    cmake --install build/run >/dev/null
  ) 9>&-
}

# --- the private cluster -----------------------------------------------------------------------------------------------

find_postgres() {
  local bin
  if [ -s "$var/data/PG_VERSION" ]; then
    bin=/usr/lib/postgresql/$(<"$var/data/PG_VERSION")/bin
  else
    bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  fi
  [ -x "$bin/initdb" ] || die "no PostgreSQL in $bin; packaging/deps.sh installs it"
  pgbin=$bin
}

# The path of a unix socket has room for 107 bytes.
choose_socket() {
  socket=$var/run
  if [ "${#socket}" -gt 90 ]; then
    socket=$(mktemp -d /tmp/alees.XXXXXX)
  fi
  mkdir -p "$socket"
  chmod 0700 "$socket"
  [ "$user" = "$(id -un)" ] || chown "$user:" "$socket"
}

run_as() { (cd "$var" && exec "${as[@]}" "$@" 9>&-); }
sql() { run_as "$pgbin/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$socket" -U postgres "$@"; }

make_cluster() {
  say "Making a private PostgreSQL in $var/data ..."
  run_as "$pgbin/initdb" -D "$var/data.new" -U postgres -A peer --locale=C.UTF-8 -E UTF8 >"$var/log/initdb.log" ||
    die "initdb failed: see $var/log/initdb.log"
  printf '# database user is checked against pg_ident.conf\nlocal all all peer map=alees\n' >"$var/data.new/pg_hba.conf"
  printf 'alees %s %s\n' "$user" postgres "$user" alees_owner "$user" alees_app >"$var/data.new/pg_ident.conf"
  mv "$var/data.new" "$var/data"
}

start_cluster() {
  mkdir -p "$var/log"
  if [ "$user" != "$(id -un)" ]; then chown "$user:" "$var" "$var/log"; fi
  rm -rf "$var/data.new"
  [ -s "$var/data/PG_VERSION" ] || make_cluster
  # One left behind by a run that was killed still has the old socket.
  run_as "$pgbin/pg_ctl" -D "$var/data" -s -m fast stop 2>/dev/null || true
  run_as "$pgbin/pg_ctl" -D "$var/data" -s -w -l "$var/log/postgresql.log" \
    -o "-c listen_addresses='' -c unix_socket_directories='$socket' -c unix_socket_permissions=0700" start ||
    die "PostgreSQL did not start: see $var/log/postgresql.log"
  cluster_up=1
}

# --- configuration and data --------------------------------------------------------------------------------------------

write_config() {
  cat >"$var/alees.conf" <<EOF_CONF
# Written by make run at every start. For settings of your own: environment variables (see docs/configuration.md).
[server]
listen = 127.0.0.1
port = $port

[database]
url = host='$socket' dbname=alees user=alees_app
owner_url = host='$socket' dbname=alees user=alees_owner
admin_url = host='$socket' dbname=alees user=postgres
EOF_CONF
  mkdir -p "$var/plugins.d"
  cp "$root"/etc/plugins.d/*.conf "$var/plugins.d/"
}

alees() { run_as "$var/install/bin/alees" -c "$var/alees.conf" "$@"; }

fill_database() {
  [ -n "$(sql -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'alees'")" ] ||
    sql -d postgres -c 'CREATE DATABASE alees'
  alees bootstrap >"$var/log/bootstrap.log" || die "alees bootstrap failed: see $var/log/bootstrap.log"
  alees migrate >"$var/log/migrate.log" || die "alees migrate failed (log: $var/log/migrate.log); to begin anew without the data, remove $var/data"
  if [ "$(sql -d alees -c 'SELECT EXISTS (SELECT FROM rbac.app_user)')" = f ]; then
    say "Loading the demonstration data ..."
    alees demo >"$var/log/demo.log" || die "alees demo failed: see $var/log/demo.log"
  fi
}

greet() {
  cat <<EOF_GREET

Alees serves on http://127.0.0.1:$port (Ctrl-C stops it). Accounts, all with the password demo-password:

  admin            superuser
  acme-manager     manager in Acme          acme-viewer   viewer in Acme
  globex-manager   manager in Globex        both          viewer in Acme, manager in Globex
  nobody           no membership at all

Try, in a second terminal:

  token=\$(curl -s http://127.0.0.1:$port/api/v1/auth/login -H 'Content-Type: application/json' -d '{"username":"acme-manager","password":"demo-password"}' | sed -E 's/.*"token":"([^"]+)".*/\1/')
  curl -s 'http://127.0.0.1:$port/api/v1/products?page_size=2' -H "Authorization: Bearer \$token"
  curl -s http://127.0.0.1:$port/api/v1/auth/me -H "Authorization: Bearer \$token"

The whole API, to be read and tried out in a browser: http://127.0.0.1:$port/docs

EOF_GREET
}

# --- serve -------------------------------------------------------------------------------------------------------------

stop() {
  trap '' INT TERM
  if [ -n "$server_pid" ]; then
    kill -TERM "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  if [ -n "$cluster_up" ]; then
    run_as "$pgbin/pg_ctl" -D "$var/data" -s -m fast stop || true
  fi
  case ${socket:-} in /tmp/alees.*) rm -rf "$socket" ;; esac
}

serve() {
  local status=0
  cd "$var"
  "${as[@]}" "$var/install/bin/alees" -c "$var/alees.conf" serve 9>&- &
  server_pid=$!
  while kill -0 "$server_pid" 2>/dev/null; do
    if is_taken; then
      greet
      break
    fi
    sleep 0.1
  done
  wait "$server_pid" || status=$?
  server_pid=''
  return "$status"
}

check_port
"$root/packaging/deps.sh" run
choose_user
choose_folder
build
find_postgres
choose_socket
trap stop EXIT
trap 'exit 0' INT TERM
start_cluster
write_config
fill_database
serve
