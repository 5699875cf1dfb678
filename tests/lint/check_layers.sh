#!/usr/bin/env bash
# Nothing includes upwards: each header of core/ says its level, a .c file has the level of its own header, and files without
# one are listed in layers.txt. Plugins and examples see include/alees and libc only; one in C++ its library, too, and
# the library that check_includes.sh says is its own.
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t headers < <(find core plugins examples -name '*.h' | sort)
mapfile -t sources < <(find core plugins examples -name '*.c' -o -name '*.cc' | sort)
awk '
function fault(text) { print text; failed = 1 }
function base(path) { sub(/.*\//, "", path); return path }
function stem(path) { path = base(path); sub(/\.[ch]$/, "", path); return path }

# layers.txt: "name level"; a name may end in *
FILENAME == "tests/lint/layers.txt" {
    if ($0 !~ /^#/ && NF == 2) { names[++listed] = $1; levels[listed] = $2 }
    next
}
# The level of a header stands in its first comment, the first 25 lines.
FILENAME ~ /^core\/.*\.h$/ && FNR <= 25 && !(stem(FILENAME) in level) {
    text = (FNR == 1 ? "" : before) " " $0
    gsub(/[ *]+/, " ", text) # the word may be at the end of a line, its number on the next
    if (match(text, /Level [0-9]/)) level[stem(FILENAME)] = substr(text, RSTART + 6, 1)
    before = $0
}
FILENAME ~ /^core\// { files[FILENAME] = 1 }
/^#include "/ {
    split($0, part, "\"")
    count++
    from[count] = FILENAME; line[count] = FNR; to[count] = part[2]
}
/^#include </ && FILENAME ~ /^(plugins|examples)\// {
    if ($0 !~ /<(assert|ctype|errno|inttypes|limits|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|time|pthread|dlfcn|termios|signal|fcntl|poll|netdb|wchar|wctype|locale|math|unistd|sys\/[a-z]+|arpa\/inet|netinet\/in)\.h>/)
        if (FILENAME !~ /\.cc$/ || $0 !~ /<(cstring|exception|new|string|phonenumbers\/[a-z]+\.h)>/)
            fault(FILENAME ":" FNR ": a plugin may include alees/*.h and libc only")
}
function level_of(name,    i, best, size) {
    for (i = 1; i <= listed; i++) if (names[i] == name) return levels[i]
    if (name in level) return level[name]
    for (i = 1; i <= listed; i++) {
        if (names[i] ~ /\*$/ && index(name, substr(names[i], 1, length(names[i]) - 1)) == 1 && length(names[i]) > size) {
            best = levels[i]; size = length(names[i])
        }
    }
    return best
}
END {
    for (file in files) if (level_of(stem(file)) == "") fault(file ": no level: say it in the header, or in tests/lint/layers.txt")
    for (i = 1; i <= count; i++) {
        if (from[i] ~ /^(plugins|examples)\//) {
            if (to[i] ~ /^(core|tests)\// || to[i] ~ /\.\.\/(core|\.\.)/) fault(from[i] ":" line[i] ": a plugin may not see " to[i])
            continue
        }
        if (from[i] !~ /^core\// || to[i] ~ /^alees\// || to[i] ~ /_sql\.h$/) continue
        mine = level_of(stem(from[i])); theirs = level_of(stem(to[i]))
        if (mine != "" && theirs != "" && theirs > mine)
            fault(from[i] ":" line[i] ": level " mine " includes " to[i] " of level " theirs)
    }
    exit failed
}' tests/lint/layers.txt "${headers[@]}" "${sources[@]}"
