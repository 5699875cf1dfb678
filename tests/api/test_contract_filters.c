/* SPDX-License-Identifier: MIT
 * test_contract_filters.c - every operator with every declared field of every resource, values that fit, that do not, and
 * that are meant to do harm: what the table of operators says is answered with 200, everything else with 400, and nothing
 * with anything else. That the rows are the right ones is shown by test_filters.c and test_filters_random.c. */
#include "test.h"

#include <stdio.h>

#include "engine_filter.h"
#include "world.h"

static const char *const good[] = {
    [ALEES_TEXT] = "bolt",
    [ALEES_BOOLEAN] = "true",
    [ALEES_INTEGER] = "3",
    [ALEES_DECIMAL] = "3.25",
    [ALEES_DATE] = "2026-11-22",
    [ALEES_TIMESTAMP] = "2026-11-22T14:05:00Z",
    [ALEES_UUID] = "01930000-0000-7000-8000-000000000001",
    [ALEES_CHOICE] = NULL, /* the first of the declaration's */
    [ALEES_REFERENCE] = "01930000-0000-7000-8000-000000000001",
    [ALEES_JSON] = NULL, /* has no operators but on its members */
    [ALEES_TAGS] = "steel",
    [ALEES_REFERENCES] = "01930000-0000-7000-8000-000000000001",
};
/* No value of any type but text. */
static const char *const bad[] = {"zz top", "2026-02-30", "1e", "--", "{", "tru"};
static const char *const hostile[] = {"'",
                                      "\"",
                                      "\\",
                                      "%",
                                      "_",
                                      "';DROP TABLE product.product;--",
                                      "$1",
                                      "\xF0\x9F\x92\xA9",
                                      "a,b,,c",
                                      "\"a",
                                      ",",
                                      "[]",
                                      "{}",
                                      "{\"a\":1}",
                                      "(((",
                                      "::uuid",
                                      "\x01",
                                      "NULL",
                                      "99999999999999999999999999",
                                      "-0",
                                      "1e308",
                                      "infinity",
                                      "-infinity",
                                      "epoch"};

struct counts {
    uint32_t right, wrong, hostile;
};

static void put_encoded(struct str *out, const char *text) {
    for (; *text; text++) {
        str_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static const struct answer *filter(struct world *w, size_t user, const struct resource *r, const char *name,
                                   const char *op, const char *value) {
    struct str path;
    str_init(&path, w->arena, 256);
    str_printf(&path, "/api/v1%s?page_size=1&%s%s%s=", r->decl->path, name, *op ? "__" : "", op);
    put_encoded(&path, value);
    return world_ask(w, user, "GET", str_done(&path).ptr, NULL);
}

static void must(const struct answer *a, bool is_good, const struct resource *r, const char *name, const char *op,
                 const char *value) {
    if (a->status != (is_good ? 200 : 400)) {
        print_error("%s %s__%s=%s: %u, not %d: %.*s\n", r->full_name, name, op, value, a->status, is_good ? 200 : 400,
                    STR_FMT(a->body));
        fail();
    }
    if (!is_good) {
        alees_str code = answer_text(a, "/code");
        assert_true(str_equal(code, "bad_parameter") || str_equal(code, "unknown_parameter"));
    }
}

/* As many values as the operator takes. */
static const char *value_for(struct world *w, const struct alees_field *d, enum engine_filter_takes takes) {
    char choice[128];
    const char *one = good[d->type];
    if (d->type == ALEES_CHOICE) {
        (void)snprintf(choice, sizeof choice, "%.*s", (int)strcspn(d->choices, "|"), d->choices);
        one = choice;
    }
    switch ((uint32_t)takes) {
    case ENGINE_TAKES_TRUTH: return "true";
    case ENGINE_TAKES_LIST:
    case ENGINE_TAKES_RANGE: return world_text(w, "%s,%s", one, one);
    case ENGINE_TAKES_OBJECT: return "{\"color\":\"red\"}";
    default: return world_text(w, "%s", one ? one : "x");
    }
}

static bool is_filter(const struct resource *r, const struct resource_field *f) {
    bool is_organization = f->is_standard && strcmp(f->decl->name, "organization") == 0;
    return (f->decl->flags & ALEES_FILTER) && !(f->decl->flags & ALEES_WRITE_ONLY) &&
           !(is_organization && r->decl->scope != ALEES_SCOPE_ORGANIZATION);
}

static void check_operator(struct world *w, const struct resource *r, const struct alees_field *d,
                           enum engine_operator op, struct counts *counts) {
    const struct engine_filter_form *form = engine_filter_form(d, false, op);
    const char *word = engine_filter_word(op);
    bool is_typed =
        form->takes == ENGINE_TAKES_VALUE || form->takes == ENGINE_TAKES_LIST || form->takes == ENGINE_TAKES_RANGE;
    bool is_any_text = d->type == ALEES_TEXT || d->type == ALEES_TAGS || form->takes == ENGINE_TAKES_PATTERN;
    if (form->sql[0] == NULL) {
        must(filter(w, WORLD_ADMIN, r, d->name, word, "x"), false, r, d->name, word, "x");
        counts->wrong++;
        return;
    }
    const char *value = value_for(w, d, form->takes);
    for (size_t user = 0; user < 3; user++) {
        must(filter(w, user, r, d->name, word, value), true, r, d->name, word, value);
    }
    counts->right++;
    for (size_t i = 0; is_typed && !is_any_text && i < ARRAY_LEN(bad); i++) {
        must(filter(w, WORLD_ADMIN, r, d->name, word, bad[i]), false, r, d->name, word, bad[i]);
        counts->wrong++;
    }
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        const struct answer *a = filter(w, WORLD_ADMIN, r, d->name, word, hostile[i]);
        must(a, a->status == 200, r, d->name, word, hostile[i]);
        counts->hostile++;
    }
}

static void test_every_operator(void **state) {
    struct world *w = *state;
    struct counts counts = {0};
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        for (uint32_t k = 0; k < r->field_count && !r->owner; k++) { /* of parts: tests/api/test_parts.c */
            const struct alees_field *d = r->fields[k].decl;
            struct arena_mark mark;
            arena_mark(w->arena, &mark);
            for (uint32_t op = 0; op < ENGINE_OPERATORS && is_filter(r, &r->fields[k]) && d->type != ALEES_PARTS;
                 op++) {
                bool is_organization = r->fields[k].is_standard && strcmp(d->name, "organization") == 0;
                if (!is_organization) { /* ?organization= chooses where, and is no filter */
                    check_operator(w, r, d, (enum engine_operator)op, &counts);
                }
            }
            if (!is_filter(r, &r->fields[k]) && strcmp(d->name, "organization") != 0) {
                must(filter(w, WORLD_ADMIN, r, d->name, "", "x"), false, r, d->name, "", "x");
            }
            arena_release(w->arena, &mark);
            loopback_forget(w->loopback);
        }
    }
    print_message("%u right, %u wrong, %u hostile\n", counts.right, counts.wrong, counts.hostile);
    assert_true(counts.right > 300 && counts.wrong > 1000 && counts.hostile > 5000);
}

static int setup(void **state) {
    int rc = world_setup(state);
    struct world *w = *state;
    for (size_t i = 0; rc == 0 && i < WORLD_USERS; i++) {
        w->tokens[i] = world_text(w, "%s", w->tokens[i]);
    }
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_operator)};
    return cmocka_run_group_tests_name("contract_filters", tests, setup, world_teardown);
}
