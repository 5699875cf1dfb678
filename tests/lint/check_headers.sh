#!/usr/bin/env bash
# The public headers compile alone, in every language a plugin may be written in, without hidden padding; so does each
# header of core/ (as C11).
set -euo pipefail
cd "$(dirname "$0")/../.."

failed=0
strict='-Wall -Wextra -Wpedantic -Wpadded -Werror -Iinclude -fsyntax-only'
for header in include/alees/*.h; do
  for standard in c11 c17 c++17 c++20; do
    case $standard in c++*) compilers='g++ clang++' language=c++ ;; *) compilers='gcc clang' language=c ;; esac
    for compiler in $compilers; do
      # shellcheck disable=SC2086 # words on purpose
      if ! printf '#include "%s"\n' "${header#include/}" | "$compiler" -x $language -std=$standard $strict -; then
        echo "$header: not alone with $compiler -std=$standard"
        failed=1
      fi
    done
  done
done
for header in core/*.h; do
  if ! printf '#include "%s"\n' "${header#core/}" |
    gcc -x c -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -Iinclude -Icore -fsyntax-only -; then
    echo "$header: does not compile alone"
    failed=1
  fi
done
exit "$failed"
