#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The real program on a real PostgreSQL: who sees and may do what, revocation, hostile requests, starting and stopping.
# smoke.sh BUILD_FOLDER
# shellcheck source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

api=/api/v1
declare -A token

# All products that a user sees, page by page, as "organization id" lines in $work/seen: see TOKEN [QUERY]
see() {
  local path="$api/products?page_size=200${2:-}" pages=0
  : >"$work/seen"
  while [ -n "$path" ]; do
    request GET "$path" "$1"
    [ "$status" = 200 ] || fail "GET $path"
    json '.results[] | .organization + " " + .id' >>"$work/seen" || true
    path=$(jq -r '.next // ""' <<<"$body")
    path=${path#http://*/}
    if [ -n "$path" ]; then path=/${path#/}; fi
    pages=$((pages + 1))
    [ "$pages" -le 50 ] || fail "a list without end"
  done
  [ "$(sort "$work/seen" | uniq -d | wc -l)" = 0 ] || fail "a row came twice"
}

seen() { grep -c "^${1:-}" "$work/seen" || true; }

check_lists() {
  see "${token[acme-manager]}" "&organization=$ACME"
  same "500 500" "$(seen "$ACME") $(seen)" "acme-manager pages through the 500 products of Acme"
  see "${token[acme-manager]}"
  same "500 500" "$(seen "$ACME") $(seen)" "and sees nothing of Globex, nor of Acme Berlin below Acme"
  see "${token[acme-viewer]}"
  same "500 500" "$(seen "$ACME") $(seen)" "acme-viewer sees Acme only"
  see "${token[both]}"
  same "500 500 1000" "$(seen "$ACME") $(seen "$GLOBEX") $(seen)" "both sees the products of both organizations"
  see "${token[admin]}"
  same 1500 "$(seen)" "admin sees all products"
  request GET "$api/products" "${token[nobody]}"
  expect 200 "nobody gets an empty list" '.results == [] and .next == null'
  request GET "$api/products?organization=$GLOBEX" "${token[acme-manager]}"
  expect 200 "asking for a foreign organization gives nothing" '.results == []'
}

check_rights() {
  local globex_product acme_product unit foreign
  unit=$(sql "SELECT id FROM product.unit_of_measure WHERE code = 'EA'")
  globex_product=$(sql "SELECT id FROM product.product WHERE organization_id = '$GLOBEX' ORDER BY id LIMIT 1")
  acme_product=$(sql "SELECT id FROM product.product WHERE organization_id = '$ACME' ORDER BY id LIMIT 1")

  request POST "$api/products" "${token[acme-viewer]}" "{\"name\": \"x\", \"sku\": \"x\", \"base_uom\": \"$unit\"}"
  expect 403 "acme-viewer's POST names the permission and Acme" \
    '.code == "permission_denied" and (tostring | contains("product.add_product") and contains("Acme"))'

  request GET "$api/products/$globex_product" "${token[acme-manager]}"
  expect 404 "a foreign product is 404"
  foreign=$(stable)
  request GET "$api/products/$UNKNOWN" "${token[acme-manager]}"
  expect 404 "an unknown product is 404"
  same "$foreign" "$(stable)" "both are the same, byte for byte, but for the request id"

  request PATCH "$api/products/$globex_product" "${token[both]}" '{"description": "changed"}'
  expect 200 "both changes a product of Globex" '.description == "changed"'
  request PATCH "$api/products/$acme_product" "${token[both]}" '{"description": "changed"}'
  expect 403 "both may not change one of Acme" 'tostring | contains("product.change_product")'
  request DELETE "$api/products/$acme_product" "${token[both]}"
  expect 403 "nor delete it"

  request POST "$api/products" "${token[acme-manager]}" \
    "{\"name\": \"Bolt\", \"sku\": \"E2E-1\", \"base_uom\": \"$unit\", \"organization\": \"$GLOBEX\"}"
  expect 403 "acme-manager may not create in Globex" '.code == "organization_not_permitted"'
  request POST "$api/products" "${token[acme-manager]}" \
    "{\"name\": \"Bolt\", \"sku\": \"E2E-1\", \"base_uom\": \"$unit\", \"organization\": \"$ACME\"}"
  expect 201 "acme-manager creates in Acme" ".organization == \"$ACME\""
  request DELETE "$api/products/$(json .id)" "${token[acme-manager]}"
  expect 204 "and deletes it again"

  request GET "$api/products"
  expect 401 "without a token 401"
  grep -qi '^www-authenticate: *bearer' "$work/headers" || fail "401 without WWW-Authenticate"
  request GET "$api/products" "alees_nonsense"
  expect 401 "with a wrong token 401"
  request POST "$api/auth/login" '' '{"username": "acme-manager", "password": "wrong-password"}'
  expect 401 "wrong password 401"
  foreign=$(stable)
  request POST "$api/auth/login" '' '{"username": "no-such-user", "password": "wrong-password"}'
  same "401 $foreign" "$status $(stable)" "an unknown user looks the same"
}

check_rules() {
  local unit plastic tools id
  unit=$(sql "SELECT id FROM product.unit_of_measure WHERE code = 'EA'")
  request POST "$api/categories" "${token[globex-manager]}" '{"name": "Plastic & Rubber", "category_type": "ASSET"}'
  expect 201 "a category gets its slug from its name" '.slug == "plastic-rubber"'
  plastic=$(json .id)
  request POST "$api/products" "${token[globex-manager]}" \
    "{\"name\": \"x\", \"sku\": \"x\", \"base_uom\": \"$unit\", \"category\": \"$plastic\"}"
  expect 422 "a product takes a category of type PRODUCT only" '.errors[0].pointer == "/category"'
  tools=$(sql "SELECT id FROM product.category WHERE organization_id = '$ACME' AND name = 'Tools'")
  request POST "$api/products" "${token[globex-manager]}" \
    "{\"name\": \"x\", \"sku\": \"x\", \"base_uom\": \"$unit\", \"category\": \"$tools\"}"
  expect 422 "and none of another organization" '.errors[0].pointer == "/category"'
  tools=$(sql "SELECT id FROM product.category WHERE organization_id = '$GLOBEX' AND name = 'Tools'")
  request POST "$api/categories" "${token[globex-manager]}" "{\"name\": \"Saws\", \"parent\": \"$tools\"}"
  expect 201 "a category below another"
  request PATCH "$api/categories/$tools" "${token[globex-manager]}" "{\"parent\": \"$(json .id)\"}"
  expect 409 "a category never comes to lie below itself" '.code == "cycle"'
  request DELETE "$api/categories/$tools" "${token[globex-manager]}"
  expect 409 "a category in use is protected" '.code == "protected"'
  request PATCH "$api/organizations/$GLOBEX" "${token[globex-manager]}" '{"timezone": "Mars/Olympus", "language": "no tag"}'
  expect 422 "an organization's time zone and language must exist" \
    '[.errors[].pointer] | contains(["/timezone", "/language"])'
  request PATCH "$api/organizations/$GLOBEX" "${token[globex-manager]}" '{"timezone": "Europe/Paris"}'
  expect 200 "and may be changed" '.timezone == "Europe/Paris"'
  request POST "$api/organizations" "${token[acme-manager]}" "{\"name\": \"Acme Rome\", \"code\": \"ACME-ROME\",
    \"parent\": \"$ACME\", \"organization_type\": \"$(sql "SELECT id FROM organization.organization_type LIMIT 1")\"}"
  expect 201 "acme-manager creates an organization below Acme" ".parent == \"$ACME\""
  id=$(json .id)
  request GET "$api/organizations/$id" "${token[acme-manager]}"
  expect 404 "and does not see it, for the membership in Acme is not inherited"
  request DELETE "$api/organizations/$id" "${token[admin]}"
  expect 204 "admin deletes it"
}

# soon USER COUNT WHAT: within two seconds the user sees so many organizations
soon() {
  local try
  for try in $(seq 20); do
    request GET "$api/organizations" "${token[$1]}"
    if [ "$status" = 200 ] && [ "$(jq '.results | length' <<<"$body")" = "$2" ]; then
      ok "$3 ($try tries)"
      return
    fi
    sleep 0.1
  done
  fail "$3: not within two seconds"
}

# Changes that other processes make.
check_invalidation() {
  must_run member add nobody "$ACME" viewer --inherit
  soon nobody 2 "a membership that another process adds counts at once, here also below Acme"
  must_run member remove nobody "$ACME"
  soon nobody 0 "and no more when it is removed"
  soon acme-manager 1 "acme-manager still sees Acme"
  sql "DELETE FROM rbac.membership WHERE user_id = (SELECT id FROM rbac.app_user WHERE username = 'acme-manager')"
  soon acme-manager 0 "a membership revoked by SQL is obeyed within two seconds"
  request GET "$api/products" "${token[acme-manager]}"
  expect 200 "and hides the products" '.results == []'
}

# Sends bytes as they are and reads the status of the answer: raw SECONDS <<<BYTES
raw() {
  local line=''
  status='none' body=''
  exec 4<>"/dev/tcp/127.0.0.1/$port"
  cat >&4 2>/dev/null || true
  if IFS= read -r -t "$1" line <&4; then
    status=$(cut -d' ' -f2 <<<"$line")
  fi
  exec 4<&- 4>&-
}

alive() {
  kill -0 "$server" 2>/dev/null || fail "$1: the server died"
  request GET /healthz
  [ "$status" = 200 ] || fail "$1: the server does not answer"
}

check_hostile() {
  local host="Host: 127.0.0.1" auth="Authorization: Bearer ${token[globex-manager]}"
  local post="POST $api/products HTTP/1.1\r\n$host\r\n$auth\r\nContent-Type: application/json\r\n"

  raw 5 < <(printf 'GET /%s HTTP/1.1\r\n%s\r\n\r\n' "$(head -c 65536 /dev/zero | tr '\0' a)" "$host")
  case $status in 400 | 413 | 414 | 431) ok "a URI of 64 KiB is $status" ;; *) fail "a URI of 64 KiB is $status" ;; esac
  alive "a URI of 64 KiB"

  raw 5 < <(printf 'GET /%s HTTP/1.1\r\n%s\r\n\r\n' "$(head -c 10000 /dev/zero | tr '\0' a)" "$host")
  expect 414 "a URI of 10,000 bytes"

  raw 5 < <(printf '%bContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' "$post")
  expect 400 "Content-Length with Transfer-Encoding"
  alive "Content-Length with Transfer-Encoding"

  raw 5 < <(printf '%bContent-Length: 20000\r\n\r\n' "$post" && printf '%10000s' '' | tr ' ' '[' &&
    printf '%10000s' '' | tr ' ' ']')
  expect 400 "JSON 10,000 deep"
  alive "JSON 10,000 deep"

  raw 5 < <(printf '%bContent-Length: 17\r\n\r\n{"name": "a\0b"}  ' "$post")
  expect 400 "a NUL byte in JSON"
  raw 5 < <(printf '%bContent-Length: 22\r\n\r\n{"name": "a\\u0000b"}  ' "$post")
  expect 400 "an escaped NUL in JSON"
  raw 5 < <(printf 'GET %s/products/%%00 HTTP/1.1\r\n%s\r\n%s\r\n\r\n' "$api" "$host" "$auth")
  expect 400 "a NUL in the path"
  alive "NUL"

  # Only announced: the server must not wait for 200 MB before it refuses.
  raw 10 < <(printf '%bContent-Length: 209715200\r\n\r\n' "$post")
  expect 413 "a body of 200 MB, announced"
  alive "a body of 200 MB"
  head -c 209715200 /dev/zero >"$work/large"
  status=$(curl -s -m 60 -o /dev/null -w '%{http_code}' -H "$auth" -H 'Content-Type: application/json' -H 'Expect:' \
    --data-binary "@$work/large" "http://127.0.0.1:$port$api/products") || true
  rm -f "$work/large"
  # The server may hang up after its answer; curl then has seen the answer or a broken connection, never a success.
  case $status in 413 | 000) ok "a body of 200 MB, sent ($status)" ;; *) fail "a body of 200 MB, sent" ;; esac
  alive "a body of 200 MB"

  raw 5 < <(printf 'NONSENSE\r\n\r\n')
  case $status in 4* | none) ok "nonsense is refused ($status)" ;; *) fail "nonsense is answered with $status" ;; esac
  alive "nonsense"
}

# Requests that run while SIGTERM comes are answered: logins, because each of them takes a while.
check_drain() {
  local i logins=()
  for i in $(seq 8); do
    curl -s -m 20 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
      -d '{"username": "both", "password": "demo-password"}' "http://127.0.0.1:$port$api/auth/login" >"$work/late.$i" &
    logins+=($!)
  done
  sleep 0.3
  stop_server
  wait "${logins[@]}" || true
  same 200200200200200200200200 "$(cat "$work"/late.*)" "SIGTERM drains: eight logins under way are answered"
  if ! is_free "$port"; then fail "the port is still open"; fi
}

# must_refuse STATUS TEXT WHAT ARGUMENTS...: the program ends with that status and one line that has the text
must_refuse() {
  local expected=$1 text=$2 what=$3
  shift 3
  run "$@"
  [ "$status" = "$expected" ] || fail "$what: expected exit status $expected, not $status"
  grep -q -- "$text" "$work/out" || fail "$what: no line with \"$text\""
  status=''
  ok "$what: exit status $expected, $(grep -- "$text" "$work/out" | head -n 1 | cut -c 1-200)"
}

check_start() {
  cp "$work/alees.conf" "$work/alees.conf.good"
  printf '\n[server]\nprot = 1\n' >>"$work/alees.conf"
  must_refuse 78 prot "an unknown setting" check-config
  must_refuse 78 prot "an unknown setting" serve
  cp "$work/alees.conf.good" "$work/alees.conf"

  must_run routes
  grep -q "$api/products" "$work/out" || fail "routes has no products"
  mv "$work/plugins.d/product.conf" "$work/product.off"
  must_run routes
  if grep -q -e "$api/products" -e 'product\.' "$work/out"; then fail "a disabled plugin has routes or permissions"; fi
  ok "a plugin that is not enabled has no routes and no permissions"
  start_server
  token[admin]=$(login admin)
  request GET "$api/products" "${token[admin]}"
  expect 404 "nor does the server answer for it"
  request GET "$api/contacts" "${token[admin]}"
  expect 200 "others go on"
  stop_server
  mv "$work/product.off" "$work/plugins.d/product.conf"

  # The magic is the first word of the descriptor: the bytes "ALES".
  sed 's/ALES/ALEX/' "$build/plugins/contact.so" >"$work/contact.so"
  cp "$work/plugins.d/contact.conf" "$work/contact.conf"
  printf '[plugin contact]\nmodule = %s\n' "$work/contact.so" >"$work/plugins.d/contact.conf"
  must_refuse 78 contact "a plugin with another magic" serve
  cp "$build/plugins/contact.so" "$work/contact.so"
  must_refuse 1 "$work/contact.phone.so cannot be looked at" "contact.so without contact.phone.so" serve
  cp "$build/plugins/contact.phone.so" "$work/contact.phone.so"
  chmod 0666 "$work/contact.phone.so"
  must_refuse 1 'mode 0666): chmod go-w it' "contact.phone.so that others may write" serve
  cp "$work/contact.conf" "$work/plugins.d/contact.conf"

  mv "$work/plugins.d/rbac.conf" "$work/rbac.off"
  must_refuse 78 'alees.rbac/1' "a plugin without the service it needs" serve
  mv "$work/rbac.off" "$work/plugins.d/rbac.conf"
  rm -f "$work/contact.so" "$work/contact.phone.so" "$work/contact.conf" "$work/alees.conf.good"
}

configure "$build/plugins" rbac organization product contact
fill_database
ok "bootstrap, migrate and demo"
must_run demo
same "1500 600" "$(sql 'SELECT count(*) FROM product.product') $(sql 'SELECT count(*) FROM contact.contact')" \
  "demo may be repeated"
start_server
ok "the server is ready"
for user in admin acme-manager acme-viewer globex-manager both nobody; do
  token[$user]=$(login "$user")
done
check_lists
check_rights
check_rules
check_invalidation
check_hostile
check_drain
check_start
echo "$oks ok"
