#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the documents tell people to type: the requests of README.md, the commands of docs/operator-guide.md, and the links
# between documents.   docs.sh BUILD_FOLDER
# shellcheck source=lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# The indented block of a document that has this word in it, without its indentation.
block() { # block FILE WORD
  awk -v word="$2" '
    /^    / { text = text substr($0, 5) "\n"; next }
    { if (index(text, word)) { printf "%s", text; done = 1; exit } text = "" }
    END { if (!done && index(text, word)) printf "%s", text }' "$root/$1"
}

check_readme() {
  local commands token='' answers
  commands=$(block README.md 'auth/login' | sed "s/localhost:8080/127.0.0.1:$port/g")
  [ -n "$commands" ] || fail "README.md has no block with auth/login"
  eval "$(sed '/products/,$d' <<<"$commands")"
  case $token in alees_*) ok "the login of README.md gives a token" ;; *) fail "no token but: $token" ;; esac
  answers=$(eval "$(sed -n '/search=/p' <<<"$commands")")
  same 'Fasteners category,name' "$(jq -r '(.results | map(.category.name) | unique | join(",")) + " " + (.results[0] | keys | join(","))' <<<"$answers")" \
    "its search shows bolts with their category"
  answers=$(eval "$(sed -n '/page_size/p' <<<"$commands")")
  same "2 $ACME" "$(jq -r '(.results | length | tostring) + " " + (.results | map(.organization) | unique | join(","))' <<<"$answers")" \
    "its list shows two products of Acme"
  answers=$(eval "$(sed -n '/auth.me/p' <<<"$commands")")
  same acme-manager "$(jq -r .user.username <<<"$answers")" "its last request says who asks"
}

# As acme-manager, then as the superuser, who may invite.
check_api_guide() {
  local key='' token
  here() { block docs/api-guide.md "$1" | sed "s/localhost:8080/127.0.0.1:$port/g"; }
  token=$(login acme-manager)
  eval "$(here 'v1/api-keys' | sed '/products/d')"
  case $key in alees_key_*) ok "the guide's request makes an API key" ;; *) fail "no key but: $key" ;; esac
  same 2 "$(eval "$(here 'v1/api-keys' | sed -n '/products/p')" | jq '.results | length')" "which lists products"
  same object "$(eval "$(here 'v1/auth/tokens')" | jq -r '.results[0] | type')" "the guide's list of tokens"
  token=$(login admin)
  same "$ACME 1" "$(eval "$(here 'v1/organization-memberships')" | jq -r '.organization + " " + (.roles | length | tostring)')" \
    "the guide's requests make a user, a role and a membership"
  same ann@example.com "$(eval "$(here 'v1/invitations')" | jq -r .email)" "the guide's request invites"
}

check_operator_guide() {
  local line
  while read -r line; do
    # shellcheck disable=SC2086
    case $line in
      'alees serve') ;; # is what check_readme asks
      'alees user add '*)
        echo 'a long enough password' >"$work/password"
        must_run ${line#alees } --password-file "$work/password"
        ok "$line"
        ;;
      alees\ *)
        must_run ${line#alees }
        ok "$line"
        ;;
    esac
  done < <(block docs/operator-guide.md 'alees bootstrap' | sed 's/ *#.*//')
  for line in 'migrate --status' 'migrate --dry-run' check-config plugins 'plugins --json' routes permissions help-config version; do
    # shellcheck disable=SC2086
    must_run $line
    [ -s "$work/out" ] || fail "alees $line prints nothing"
    ok "alees $line"
  done
}

check_links() {
  local file link broken=''
  while IFS= read -r file; do
    while IFS= read -r link; do
      link=${link%%#*}
      case $link in '' | http*) continue ;; esac
      [ -e "$root/$(dirname "$file")/$link" ] || broken="$broken $file:$link"
    done < <(grep -oE '\]\([^)]+\)' "$root/$file" | sed -E 's/^\]\(|\)$//g')
  done < <(cd "$root" && find . -name '*.md' -not -path './build/*' -not -path '*/node_modules/*' -not -path './var/*' -not -path './.git/*')
  same '' "$broken" "every link of every document leads somewhere"
}

configure "$build/plugins" rbac organization product contact
fill_database
start_server
check_readme
check_api_guide
check_operator_guide
stop_server
check_links
echo "$oks ok"
