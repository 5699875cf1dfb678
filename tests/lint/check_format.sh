#!/usr/bin/env bash
# Every C and C++ file is as clang-format 14 writes it (.clang-format). --fix rewrites them.
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t files < <(find include core plugins tests examples '(' -name '*.[ch]' -o -name '*.cc' ')' ! -path '*/node_modules/*' | sort)
if [ "${1:-}" = --fix ]; then
  clang-format-14 -i "${files[@]}"
else
  { clang-format-14 --dry-run -Werror "${files[@]}" 2>&1 || true; } | { grep -E 'error:' || true; } | cut -d: -f1 | uniq -c | awk '
    { printf "%s: %s places differ; tests/lint/check_format.sh --fix\n", $2, $1; found = 1 } END { exit found }'
fi
