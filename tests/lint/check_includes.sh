#!/usr/bin/env bash
# Each third-party header is included by exactly one file.
set -euo pipefail
cd "$(dirname "$0")/../.."

failed=0
while read -r header owner; do
  found=$(grep -rlE "^# *include [<\"]${header}[>\"]" core plugins include examples --include='*.[ch]' --include='*.cc' 2>/dev/null | sort | tr '\n' ' ' || true)
  if [ "$found" != "$owner " ]; then
    echo "$header belongs to $owner, but is included by: ${found:-nobody}"
    failed=1
  fi
done <<'EOF_HEADERS'
civetweb.h core/httpd.c
libpq-fe.h core/db.c
jansson.h core/jx.c
sodium.h core/cred.c
ini.h core/config.c
zlib.h core/gzip.c
phonenumbers/phonenumberutil.h plugins/contact/phone.cc
EOF_HEADERS
exit "$failed"
