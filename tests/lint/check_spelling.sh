#!/usr/bin/env bash
# codespell over everything written by hand.
set -euo pipefail
cd "$(dirname "$0")/../.."
# Test programs and fuzzing inputs misspell on purpose.
codespell --quiet-level=3 --skip='*.so,*.o,*/corpus/*,*/node_modules,*.json,test_*.c' --ignore-words-list=alees,whats,handels,zar,te,discreet,unter,fo \
  README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md CMakeLists.txt Makefile cmake core docs etc examples include \
  packaging plugins tests
