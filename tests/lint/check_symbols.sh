#!/usr/bin/env bash
# A plugin exports alees_plugin_v1 and nothing else, what it opens itself (NAME.PART.so) NAME_PART_v1; the server exports its
# two shims and nothing else. All are built with the hardening that was asked for. tests/lint/check_symbols.sh BUILD
set -euo pipefail
build=${1:?the build folder}

failed=0
fault() {
  echo "$*"
  failed=1
}
# Sanitizers and coverage add symbols of their own to the program.
ours() { nm -D --defined-only "$1" | awk '{ print $3 }' | grep -vE '^(__asan|__ubsan|__tsan|__sanitizer|__gcov|_ITM|__bss|_edata|_end|_init|_fini|__odr)' | grep -v '@' | sort | tr '\n' ' '; }

[ -x "$build/alees" ] || fault "$build/alees is not built"
[ "$(ours "$build/alees")" = 'bind pthread_attr_setstacksize recv send ' ] || fault "alees exports: $(ours "$build/alees")"
count=0
for plugin in "$build"/plugins/*.so; do
  name=$(basename "$plugin" .so)
  case $name in
    *.*) wanted=${name/./_}_v1 ;; # what a plugin opens itself; no plugin has a dot in its name
    *) wanted=alees_plugin_v1 count=$((count + 1)) ;;
  esac
  [ "$(ours "$plugin")" = "$wanted " ] || fault "$plugin exports: $(ours "$plugin")"
done
[ "$count" -ge 4 ] || fault "only $count plugins were built"

if grep -qs '^ALEES_HARDENING:BOOL=ON' "$build/CMakeCache.txt"; then
  for file in "$build/alees" "$build"/plugins/*.so; do
    readelf -lW "$file" | grep GNU_RELRO >/dev/null || fault "$file: no relro"
    readelf -dW "$file" | grep -E 'BIND_NOW|FLAGS_1.*NOW' >/dev/null || fault "$file: symbols are not bound at start"
    readelf -lW "$file" | grep 'GNU_STACK.*RW ' >/dev/null || fault "$file: the stack can be executed"
  done
  readelf -hW "$build/alees" | grep 'DYN ' >/dev/null || fault "alees is not position-independent"
  readelf -sW "$build/alees" | grep '__stack_chk_fail' >/dev/null || fault "alees has no stack protector"
  readelf -sW "$build/alees" | grep '_chk@' >/dev/null || fault "alees has no fortified calls"
fi
exit "$failed"
