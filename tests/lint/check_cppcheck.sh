#!/usr/bin/env bash
# cppcheck over core and plugins. tests/lint/check_cppcheck.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?the build folder}
check() {
  cppcheck -j "$(nproc)" --quiet --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem --suppress=unmatchedSuppression --suppress=arrayIndexThenCheck --library=posix \
    -D_POSIX_C_SOURCE=200809L -DALEES_VERSION='"0"' -DALEES_PLUGIN_DIR='"/"' -DALEES_CONF_DIR='"/"' \
    -Iinclude -Icore -I"$build/sql" "$@"
}
mapfile -t ours < <(find plugins -name '*.cc')
check --std=c11 --language=c "${ours[@]/#/-i}" core plugins
check --std=c++17 --language=c++ "${ours[@]}"
