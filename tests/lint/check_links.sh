#!/usr/bin/env bash
# What the documents name is there: files in `code`, and relative links.
set -euo pipefail
shopt -s nullglob

missing=0
for document in *.md docs/*.md plugins/*/README.md tests/*/README.md examples/*/README.md; do
  folder=$(dirname "$document")
  named=$(grep -oE $'\x60(core|docs|etc|examples|include|packaging|plugins|tests)/[A-Za-z0-9_./-]+\x60' "$document" || true)
  linked=$(grep -oE '\]\([^):#]+(#[^)]*)?\)' "$document" | grep -v '(/' || true)
  while read -r path; do
    if [ -n "$path" ] && [ ! -e "$path" ] && [ ! -e "$folder/$path" ]; then
      echo "$document: $path does not exist"
      missing=1
    fi
  done < <(printf '%s\n' "$named" "$linked" | tr -d '`' | sed -E 's/^\]\(//; s/(#.*)?\)$//' | sort -u)
done
exit "$missing"
