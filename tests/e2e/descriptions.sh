#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A field that is added to a plugin: every document that is generated is stale, says which command to run, and has the field
# after that command; nothing else was written by hand. Needs no database. descriptions.sh BUILD_FOLDER
set -euo pipefail

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  printf 'not ok - %s\n' "$*"
  [ ! -s "$work/out" ] || head -n 20 "$work/out"
  exit 1
}
ok() { printf 'ok - %s\n' "$*"; }

# What check_golden.sh looks at, and a build folder with another product.so.
cp -r "$root/docs" "$root/etc" "$root/plugins" "$root/include" "$work"
mkdir -p "$work/tests" "$work/build/plugins"
cp -r "$root/tests/lint" "$work/tests/lint"
ln -s "$build/alees" "$work/build/alees"
ln -s "$build"/plugins/*.so "$work/build/plugins/"

sed -i '0,/{\.name = "sku",/s//{.name = "shelf", .type = ALEES_TEXT, .flags = ALEES_FILTER, .max = 40,\n     .description = "Where it lies."},\n    &/' \
  "$work"/plugins/product/*.[ch]
[ "$(cat "$work"/plugins/product/*.[ch] | grep -c '"shelf"')" = 1 ] || fail "the plugin has no field sku to put another one before"
rm "$work/build/plugins/product.so"
cc -std=c11 -D_POSIX_C_SOURCE=200809L -shared -fPIC -fvisibility=hidden -I"$work/include" -I"$build/sql" \
  "$work"/plugins/product/*.c -o "$work/build/plugins/product.so" >"$work/out" 2>&1 || fail "building the plugin"

"$work/tests/lint/check_golden.sh" "$work/build" >"$work/out" 2>&1 && fail "stale documents were not noticed"
for document in docs/openapi.json docs/postman/alees.postman_collection.json docs/api.md; do
  grep -q "^$document .*make golden" "$work/out" || fail "$document is stale, and nobody says that make golden mends it"
done
ok "stale documents fail, and the command is told"

"$work/tests/lint/check_golden.sh" "$work/build" --fix
"$work/tests/lint/check_golden.sh" "$work/build" >"$work/out" 2>&1 || fail "stale even after --fix"
for document in docs/openapi.json docs/postman/alees.postman_collection.json docs/api.md; do
  grep -q shelf "$work/$document" || fail "$document does not know the field"
done
jq -e '.components.schemas.Product.properties.shelf and .components.schemas.ProductCreate.properties.shelf
  and .components.parameters["Product.shelf__icontains"]' "$work/docs/openapi.json" >/dev/null ||
  fail "docs/openapi.json has the field, but not everywhere"
ok "generated anew, all of them have the field"
