#!/usr/bin/env bash
# Installs the Debian packages that are missing: packaging/deps.sh [run|page|test|clients]...
# Prints what it installs; where it may not, prints the command to run and exits 1.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
wanted=()
for list in "${@:-run}"; do
  while read -r package instead _; do
    case $package in '' | '#'*) continue ;; esac
    if [ -z "$instead" ] || ! command -v "$instead" >/dev/null; then wanted+=("$package"); fi
  done <"$here/packages-$list.txt"
done

if [ "${#wanted[@]}" -eq 0 ]; then exit 0; fi
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "deps: this is no Debian; install what these stand for: ${wanted[*]}" >&2
  exit 0
fi

# One question for all of them: this runs at every start.
installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/ installed$//p' || true)
missing=$(comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(sort -u <<<"$installed") | tr '\n' ' ')
missing=${missing% }
if [ -z "$missing" ]; then
  exit 0
fi

echo "deps: installing $missing"
install="apt-get install -y --no-install-recommends $missing"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    printf 'deps: this needs root. Run:\n\n    apt-get update && %s\n\n' "$install" >&2
    exit 1
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -q
# shellcheck disable=SC2086 # words on purpose
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install
