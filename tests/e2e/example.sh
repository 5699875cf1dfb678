#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/warehouse as its author would do it: against an installed Alees and nothing else, enabled beside the other
# plugins, and isolated without a line of its own. example.sh BUILD_FOLDER
# shellcheck source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

example=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/warehouse" && pwd)
api=/api/v1

install_all() {
  cmake --install "$build" --prefix "$work/installed" >"$work/out" 2>&1 || fail "cmake --install"
  alees=$(find "$work/installed" -name alees -type f -path '*/bin/*')
  [ -x "$alees" ] || fail "no program was installed"
  ok "installed"
  # A folder of its own, so that nothing of this tree is found by accident.
  cp -r "$example" "$work/example"
  if ! { cmake -S "$work/example" -B "$work/example/build" "-DCMAKE_PREFIX_PATH=$work/installed" &&
    cmake --build "$work/example/build"; } >"$work/out" 2>&1; then
    fail "building the example"
  fi
  plugin=$work/example/build/plugins/warehouse.so
  [ -f "$plugin" ] || fail "no warehouse.so was built"
  ok "the example builds against the installed headers"
  run plugin check "$plugin"
  [ "$status" = 0 ] || fail "plugin check"
  status=''
  ok "plugin check accepts it"
}

enable() {
  configure "$(dirname "$(find "$work/installed" -name product.so)")" rbac organization product contact
  sed "s|^module = .*|module = $plugin|" "$example/warehouse.conf" >"$work/plugins.d/warehouse.conf"
}

check_isolation() {
  local manager viewer foreign outsider id unknown
  manager=$(login globex-manager)
  foreign=$(login acme-manager)
  viewer=$(login acme-viewer)
  outsider=$(login nobody)

  request POST $api/warehouses "$manager" \
    '{"name": "Hamburg", "code": "HAM-1", "capacity": 1200, "opened_on": "2026-03-01"}'
  expect 201 "globex-manager creates a warehouse, in the only organization where they may" \
    ".organization == \"$GLOBEX\" and .is_open and .capacity == 1200"
  id=$(json .id)
  request POST $api/warehouses "$manager" '{"name": "Hamburg again", "code": "HAM-1"}'
  expect 409 "its code is unique in the organization"
  request POST $api/warehouses "$manager" '{"name": "x", "code": "X", "capacity": -1}'
  expect 422 "its capacity is bounded" '.errors[0].pointer == "/capacity"'
  request POST $api/warehouses "$manager" '{"name": "x", "code": "X", "is_open": false}'
  expect 400 "a read-only field may not be sent"
  request GET "$api/warehouses/$id" "$manager"
  expect 200 "they see it" '.code == "HAM-1"'

  request GET $api/warehouses "$foreign"
  expect 200 "acme-manager's list is empty" '.results == []'
  request GET "$api/warehouses/$UNKNOWN" "$foreign"
  unknown="$status $(stable)"
  for method in GET PATCH DELETE; do
    if [ $method = PATCH ]; then
      request $method "$api/warehouses/$id" "$foreign" '{"name": "stolen"}'
    else
      request $method "$api/warehouses/$id" "$foreign"
    fi
    same "$unknown" "$status $(stable)" "to acme-manager it does not exist ($method)"
  done
  request POST "$api/warehouses/$UNKNOWN/close" "$foreign" '{"reason": "mischief"}'
  unknown="$status $(stable)"
  request POST "$api/warehouses/$id/close" "$foreign" '{"reason": "mischief"}'
  expect 404 "nor may they close it"
  same "$unknown" "$status $(stable)" "which looks the same as closing one that nobody has"
  request POST "$api/warehouses/$id/close" "$outsider" '{"reason": "mischief"}'
  expect 404 "nor may nobody"

  request POST $api/warehouses "$foreign" "{\"name\": \"London\", \"code\": \"HAM-1\", \"organization\": \"$ACME\"}"
  expect 201 "the same code in another organization"
  request PATCH "$api/warehouses/$(json .id)" "$viewer" '{"name": "stolen"}'
  expect 403 "acme-viewer sees it but may not change it" 'tostring | contains("warehouse.change_warehouse")'
  request GET "$api/warehouses?code=HAM-1" "$viewer"
  expect 200 "acme-viewer's list has Acme's only" '[.results[].name] == ["London"]'
  request POST "$api/warehouses/$(json '.results[0].id')/close" "$viewer" '{"reason": "mischief"}'
  expect 403 "nor close it" 'tostring | contains("warehouse.change_warehouse")'

  request POST "$api/warehouses/$id/close" '' '{"reason": "mischief"}'
  expect 401 "without a token 401"
  request POST "$api/warehouses/$id/close" "$manager" '{}'
  expect 422 "closing needs a reason" '.errors[0].pointer == "/reason"'
  request POST "$api/warehouses/$id/close" "$manager" '{"reason": "Flooded"}'
  expect 200 "closing works once" '.is_open == false and .closing_reason == "Flooded"'
  request POST "$api/warehouses/$id/close" "$manager" '{"reason": "Flooded again"}'
  expect 409 "then it is closed already" '.code == "already_closed"'
  request GET "$api/warehouses/$id" "$manager"
  expect 200 "and the first reason stands" '.closing_reason == "Flooded"'
}

# The isolation kit, as it was installed.
check_kit() {
  status=0
  timeout 200 "$alees" --module-dir "$(dirname "$(find "$work/installed" -name product.so)")" plugin check --isolation \
    --admin-url "dbname=postgres" --password alees "$plugin" >"$work/out" 2>&1 || status=$?
  [ "$status" = 0 ] || fail "plugin check --isolation"
  grep -q '^ *1  warehouse.warehouse$' "$work/out" || fail "plugin check --isolation attacked something else"
  status=''
  ok "plugin check --isolation finds nothing: $(tail -n 1 "$work/out")"
}

check_database() {
  local rows
  rows=$(sql "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'warehouse.warehouse'::regclass")
  same "t|t" "$rows" "row-level security is enabled and forced on its table"
  rows=$(sql "SET ROLE alees_plugin_warehouse; SELECT count(*) FROM warehouse.warehouse")
  same 0 "$rows" "its role sees no row without a scope"
}

install_all
enable
fill_database
ok "bootstrap, migrate and demo"
start_server
check_isolation
check_kit
check_database
stop_server
ok "stopped"
echo "$oks ok"
