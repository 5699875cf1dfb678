/* SPDX-License-Identifier: MIT
 * custom_fields.c - see custom_fields.h. */
#include "custom_fields.h"

#include "alees/util.h"

int custom_clean(void **state) {
    struct world *w = *state;
    (void)pg_count(&w->pg,
                   "WITH gone AS (DELETE FROM custom.custom_field_definition RETURNING 1) SELECT count(*) FROM gone");
    return 0;
}

const struct answer *custom_define(struct world *w, size_t user, const char *members) {
    return world_ask(w, user, "POST", DEFINITIONS,
                     world_text(w, "{\"resource\":\"product.category\",\"label\":\"Label\",%s}", members));
}

const char *custom_defined(struct world *w, size_t user, const char *members) {
    const struct answer *a = custom_define(w, user, members);
    world_must(a, 201, user, members);
    return world_text(w, DEFINITIONS "/%.*s", STR_FMT(answer_text(a, "/id")));
}

const struct answer *custom_category(struct world *w, size_t user, const char *custom) {
    const char *body = custom != NULL
                           ? world_text(w, "{\"name\":\"custom %u\",\"organization\":\"%s\",\"custom_fields\":%s}",
                                        ++w->serial, user == GLOBEX_MANAGER ? GLOBEX : ACME, custom)
                           : world_text(w, "{\"name\":\"custom %u\",\"organization\":\"%s\"}", ++w->serial,
                                        user == GLOBEX_MANAGER ? GLOBEX : ACME);
    return world_ask(w, user, "POST", CATEGORIES, body);
}

const char *custom_category_path(struct world *w, size_t user, const char *custom) {
    const struct answer *a = custom_category(w, user, custom);
    world_must(a, 201, user, custom != NULL ? custom : "nothing");
    return world_text(w, CATEGORIES "/%.*s", STR_FMT(answer_text(a, "/id")));
}

const char *custom_shown(struct world *w, const struct answer *a) {
    struct str out;
    assert_non_null(answer_at(a, "/custom_fields"));
    str_init(&out, w->arena, 256);
    jx_write(answer_at(a, "/custom_fields"), &out);
    return str_done(&out).ptr;
}

const struct answer *custom_patch(struct world *w, size_t user, const char *path, const char *custom) {
    return world_ask(w, user, "PATCH", path, world_text(w, "{\"custom_fields\":%s}", custom));
}

void custom_refused(const struct answer *a, const char *pointer, const char *code, const char *part) {
    assert_problem(a, 422, "invalid");
    if (!str_equal(answer_text(a, "/errors/0/pointer"), pointer) ||
        !str_equal(answer_text(a, "/errors/0/code"), code) ||
        strstr(answer_text(a, "/errors/0/detail").ptr, part) == NULL) {
        print_error("not %s %s %s: %.*s\n", pointer, code, part, STR_FMT(a->body));
        fail();
    }
}
