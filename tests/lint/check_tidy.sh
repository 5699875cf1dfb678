#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over core and plugins. tests/lint/check_tidy.sh BUILD [FILE]...
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?the build folder}
shift
files=("$@")
[ "${#files[@]}" -gt 0 ] || mapfile -t files < <(find core plugins '(' -name '*.c' -o -name '*.cc' ')' ! -name arena_debug.c | sort)
# The compile commands are gcc's: warnings that clang does not know are no matter.
printf '%s\0' "${files[@]}" | xargs -0 -n 4 -P "$(nproc)" clang-tidy-14 -p "$build" --quiet \
  --extra-arg=-Wno-unknown-warning-option 2>/dev/null
