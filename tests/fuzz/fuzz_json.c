/* SPDX-License-Identifier: MIT
 * fuzz_json.c - any bytes as a body: refused with a place, or a value that comes out again as it went in. */
#include <stdlib.h>
#include <string.h>

#include "jx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static alees_str write_value(struct arena *arena, const alees_json *value, bool is_pretty) {
    struct str out;
    str_init(&out, arena, 0);
    (is_pretty ? jx_pretty : jx_write)(value, &out);
    alees_str text = str_done(&out);
    ASSERT(text.ptr && str_is_utf8(text));
    return text;
}

static alees_json *parse_again(struct arena *arena, alees_str text) {
    struct problem problem;
    alees_json *value = NULL;
    problem_init(&problem, arena);
    ASSERT(jx_parse(arena, &problem, text, &value) == ALEES_OK);
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool is_ready;
    if (!is_ready) {
        jx_init();
        is_ready = true;
    }
    struct arena *arena = arena_new((size_t)256 * 1024 * 1024);
    ASSERT(arena);
    struct problem problem;
    alees_json *value = NULL;
    problem_init(&problem, arena);
    alees_rc rc = jx_parse(arena, &problem, (alees_str){(const char *)data, size}, &value);
    if (rc == ALEES_OK) {
        alees_str once = write_value(arena, value, false);
        alees_str twice = write_value(arena, parse_again(arena, once), false);
        alees_str pretty = write_value(arena, parse_again(arena, write_value(arena, value, true)), false);
        ASSERT(once.len == twice.len && memcmp(once.ptr, twice.ptr, once.len) == 0);
        ASSERT(once.len == pretty.len && memcmp(once.ptr, pretty.ptr, once.len) == 0);
    } else {
        ASSERT(rc == ALEES_E_MALFORMED && !value && problem.status == 400 && str_starts(problem.detail, "line "));
    }
    arena_free(arena);
    return 0;
}
