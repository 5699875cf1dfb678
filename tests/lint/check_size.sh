#!/usr/bin/env bash
# Files have at most 500 lines, functions at most 60.
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t files < <(find include core plugins tests examples '(' -name '*.[ch]' -o -name '*.cc' ')' ! -path '*/node_modules/*' | sort)
{
  wc -l "${files[@]}" | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines, at most 500" }'
  ctags -x --languages=C,C++ --c-kinds=f --c++-kinds=f --_xformat='%{line} %{end} %{name} %{input}' "${files[@]}" |
    awk '$2 - $1 + 1 > 60 { print $4 ":" $1 ": " $3 " has " $2 - $1 + 1 " lines, at most 60" }'
} | awk '{ print; found = 1 } END { exit found }'
