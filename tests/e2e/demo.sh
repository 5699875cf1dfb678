#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `alees demo --size large`, with few organizations: interrupted in the middle and finished by a second run, the same rows each
# time, rights and indexes as they were, and a server that serves it.
# demo.sh BUILD_FOLDER
# shellcheck source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

api=/api/v1
count=12

# All that could be switched off for a fast load, as one word.
locks() {
  sql "SELECT md5(string_agg(l, ';' ORDER BY l)) FROM (
    SELECT 'policy ' || (p.*)::text FROM pg_policies p
    UNION ALL SELECT concat_ws(' ', 'trigger', tgrelid::regclass, tgenabled, pg_get_triggerdef(oid)) FROM pg_trigger
      WHERE NOT tgisinternal
    UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) || indisvalid FROM pg_index
      WHERE indrelid::regclass::text !~ '^pg_'
    UNION ALL SELECT concat_ws(' ', 'table', oid::regclass, relrowsecurity, relforcerowsecurity, relacl) FROM pg_class
      WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, convalidated, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace::regnamespace::text !~ '^(pg_|information_schema)') AS all_of_them (l)"
}

# The rows of the large part, as one word: what they are, not when they came.
rows() {
  sql "SELECT md5(string_agg(r, ';' ORDER BY r)) FROM (
    SELECT concat_ws(' ', id, organization_id, name, sku, category_id, status, tags, attributes, custom_fields) FROM product.product
      WHERE id::text LIKE '0193%'
    UNION ALL SELECT concat_ws(' ', id, organization_id, first_name, last_name, status, custom_fields) FROM contact.contact
      WHERE id::text LIKE '0193%'
    UNION ALL SELECT concat_ws(' ', id, organization_id, user_id, role_ids) FROM rbac.membership WHERE id::text LIKE '0193%'
    UNION ALL SELECT concat_ws(' ', id, name, code, parent_id) FROM organization.organization) AS all_of_them (r)"
}

audited() { sql 'SELECT count(*) FROM audit.entry'; }

# How many organizations of the large part have how many products and contacts: "0 0 3;1000 500 9"
spread() {
  sql "SELECT string_agg(concat_ws(' ', products, contacts, n), ';' ORDER BY products, contacts)
    FROM (SELECT products, contacts, count(*) AS n FROM (
      SELECT (SELECT count(*) FROM product.product p WHERE p.organization_id = o.id) AS products,
        (SELECT count(*) FROM contact.contact c WHERE c.organization_id = o.id) AS contacts
      FROM organization.organization o WHERE o.code LIKE 'DEMO-%') AS counts GROUP BY 1, 2) AS groups"
}

configure "$build/plugins" rbac organization product contact
psql -qX -d postgres -c "CREATE DATABASE $database"
must_run bootstrap
must_run migrate
before=$(locks)

"$alees" -c "$work/alees.conf" demo --size large --organizations $count >"$work/out" 2>&1 &
loader=$!
for _ in $(seq 600); do
  if grep -q "^[2-6] of $count " "$work/out" || ! kill -0 "$loader" 2>/dev/null; then break; fi
  sleep 0.1
done
kill -TERM "$loader" 2>/dev/null || fail "the demonstration was loaded before it could be interrupted"
result=0
wait "$loader" 2>/dev/null || result=$?
same 143 "$result" "SIGTERM ends it"
for _ in $(seq 100); do # what was under way is rolled back when PostgreSQL notices
  [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'alees_app' AND datname = current_database()")" = 0 ] && break
  sleep 0.1
done
halves=$(spread)
[[ $halves =~ ^0\ 0\ [0-9]+\;1000\ 500\ [0-9]+$ ]] || fail "after an interruption: $halves"
ok "interrupted: each organization has all of its rows or none of them ($halves)"
same "$before" "$(locks)" "and nothing was switched off"

must_run demo --size large --organizations $count
same "1000 500 $count" "$(spread)" "a second run finishes it"
grep -q "^$count of $count organizations$" "$work/out" || fail "no line says that all are done"
if grep -q $'[\r\e]' "$work/out"; then fail "what is piped is written as for a terminal"; fi
ok "and says in lines how far it is"
same "$((count * 20)) $((count * 20))" \
  "$(sql "SELECT count(*) FROM rbac.membership WHERE id::text LIKE '0193%'") $(sql "SELECT count(*) FROM rbac.app_user WHERE username LIKE 'user-%'")" \
  "with 20 users in each"
same "1500 600" "$(sql "SELECT count(*) FROM product.product WHERE id::text NOT LIKE '0193%'") $(sql "SELECT count(*) FROM contact.contact WHERE id::text NOT LIKE '0193%'")" \
  "and the small one beside it"
same "4|3" "$(sql 'SELECT count(*) FILTER (WHERE organization_id IS NULL), count(organization_id) FROM custom.custom_field_definition')" \
  "custom fields are defined for all, and for Acme alone"
misfits() { # rows with a value that has no definition
  sql "SELECT count(*) FROM (SELECT 'product.product', organization_id, jsonb_object_keys(custom_fields) FROM product.product
    UNION ALL SELECT 'contact.contact', organization_id, jsonb_object_keys(custom_fields) FROM contact.contact)
      AS v (resource, organization_id, key)
    WHERE NOT EXISTS (SELECT FROM custom.custom_field_definition d WHERE d.resource = v.resource AND d.key = v.key
      AND (d.organization_id IS NULL OR d.organization_id = v.organization_id))"
}
same "0" "$(misfits)" "and no row has another one"
content=$(rows) entries=$(audited)
must_run demo --size large --organizations $count
must_run demo
same "$content $entries" "$(rows) $(audited)" "a third one writes nothing"
same "$before" "$(locks)" "rights, policies, triggers and indexes are as before"
same "$((count * 1000 + 1500))" \
  "$(sql "SELECT count(DISTINCT object_id) FROM audit.entry WHERE resource = 'product.product' AND action = 'create'")" \
  "each product is in the audit trail"
must_run migrate --status
must_run migrate --dry-run
if grep -qE 'would (make|drop|apply)' "$work/out"; then fail "alees migrate has work to do"; fi
ok "alees migrate has nothing to do"

run demo --size huge
same 2 "$status" "an unknown size is refused"
run demo --size large --organizations 0
same 2 "$status" "so is a demonstration of nothing"
run demo --organizations 5
same 2 "$status" "and a number for a small one"
status=''

start_server
ok "the server starts on it"
token=$(login user-000021) # the owner of number 2
request GET "$api/organizations" "$token"
expect 200 "an owner sees their organization, which is a root without others below" \
  '[.results[].code] == ["DEMO-00002"]'
request GET "$api/products?count=exact&page_size=50" "$token"
expect 200 "and its 1,000 products" '.count == 1000 and (.results | length) == 50'
request GET "$api/products?custom_fields__weight_kg__gte=0.1&custom_fields__storage=dry" "$token"
expect 200 "and by custom fields" '.results | length > 10 and all(.custom_fields.storage == "dry")'
request GET "$api/products?search=hex+bolt&status=active&ordering=name" "$token"
expect 200 "found by words" '.results | length > 10'
request GET "$api/contacts?count=exact&last_name=Becker" "$token"
expect 200 "and its contacts" '.count > 10'
token=$(login user-000001) # the owner of number 1 and, by inheritance, of 11 and 12 below it
request GET "$api/organizations?ordering=code" "$token"
expect 200 "who owns a root owns what is below" '[.results[].code] == ["DEMO-00001", "DEMO-00011", "DEMO-00012"]'
request GET "$api/products?count=exact" "$token"
expect 200 "with all the products there" '.count == 3000'
token=$(login acme-viewer)
request GET "$api/products?count=exact" "$token"
expect 200 "others see none of it" '.count == 500'
request GET "$api/custom-field-definitions?resource=product.product&fields=key" "$token"
expect 200 "and Acme's definitions beside those for all" \
  '[.results[].key] == ["is_fragile", "shelf", "storage", "weight_kg"]'
request GET "$api/products?custom_fields__is_fragile=true&count=exact" "$token"
expect 200 "which its products have" '.count > 0'
token=$(login acme-manager)
request GET "$api/products?custom_fields__shelf__startswith=A-&page_size=1" "$token"
values=$(json '.results[0].custom_fields')
request GET "$api/products?sku=HB-002&fields=id,custom_fields" "$token"
path=$api/products/$(json '.results[0].id')
request PATCH "$path" "$token" "{\"custom_fields\": $values}" # all of them new there: checked against their definitions
expect 200 "what the demonstration has put there is what may be sent" \
  '(.custom_fields | keys) == ["is_fragile", "shelf", "storage", "weight_kg"]'
stop_server
echo "$oks ok"
