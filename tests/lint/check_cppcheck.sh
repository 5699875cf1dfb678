#!/usr/bin/env bash
# cppcheck over core and plugins. tests/lint/check_cppcheck.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?the build folder}
cppcheck -j "$(nproc)" --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
  --error-exitcode=1 --suppress=missingIncludeSystem --suppress=unmatchedSuppression --suppress=arrayIndexThenCheck --library=posix \
  -D_POSIX_C_SOURCE=200809L -DALEES_VERSION='"0"' -DALEES_PLUGIN_DIR='"/"' -DALEES_CONF_DIR='"/"' \
  -Iinclude -Icore -I"$build/sql" core plugins
