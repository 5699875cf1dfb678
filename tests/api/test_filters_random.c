/* SPDX-License-Identifier: MIT
 * test_filters_random.c - filters by chance: conditions alone, in groups and turned round, in every order, walked by cursors
 * of any page size, back again, and by page numbers, give the rows that a statement written by hand gives, in its order. */
#include "test.h"

#include <stdio.h>

#include "world.h"

enum { ADMIN, ACME_MANAGER, BOTH = 4 }; /* of world_users */
enum { ROUNDS = 120, PARTS = 3, MOST_PAGES = 400 };

#define ACME "01930000-0000-7000-8000-000000000001"
#define GLOBEX "01930000-0000-7000-8000-000000000003"

static const char rows_sql[] =
    "INSERT INTO types.thing (organization_id, name, note, size, price, since, sold, status, tags, attributes, "
    "created_at) "
    "SELECT (ARRAY['" ACME "', '" GLOBEX "']::uuid[])[1 + g % 2], 'n' || g % 7, "
    "(ARRAY['a', 'ab', 'B', 'bA', NULL])[1 + g % 5], nullif(g % 5, 0), (g % 9) / 2.0, '2026-01-01'::date + g % 6, "
    "(ARRAY[true, false, NULL])[1 + g % 3], (ARRAY['draft', 'active', 'archived', NULL])[1 + g % 4], "
    "(ARRAY['{x}', '{x,y}', '{}', NULL, '{y}', '{z}'])[1 + g % 6]::text[], "
    "(ARRAY['{\"k\": 1}', '{\"k\": \"1\"}', '{\"k\": \"z\"}', '{}', NULL, '{\"k\": null}', '{\"k\": 2}'])"
    "[1 + g % 7]::jsonb, '2026-01-01'::timestamptz + (g % 4) * interval '1 us' FROM generate_series(1, 150) AS g";

static const struct leaf {
    const char *name, *value, *json, *sql;
} leaves[] = {
    {"size", "3", "3", "size = 3"},
    {"size__ne", "3", "3", "size IS DISTINCT FROM 3"},
    {"size__isnull", "true", "true", "size IS NULL"},
    {"size", "null", "null", "size IS NULL"},
    {"size__gt", "2", "\"2\"", "size > 2"},
    {"size__in", "1,2,3", "[1,2,\"3\"]", "size IN (1, 2, 3)"},
    {"price__range", "1,3", "[1,3.0]", "price BETWEEN 1 AND 3"},
    {"since__lt", "2026-01-03", "\"2026-01-03\"", "since < '2026-01-03'"},
    {"sold", "true", "true", "sold"},
    {"sold__ne", "true", "true", "sold IS DISTINCT FROM true"},
    {"status__in", "draft,active", "[\"draft\",\"active\"]", "status IN ('draft', 'active')"},
    {"note__icontains", "a", "\"a\"", "position('a' IN lower(note)) > 0"},
    {"note__contains", "b", "\"b\"", "position('b' IN note) > 0"},
    {"note__startswith", "a", "\"a\"", "left(note, 1) = 'a'"},
    {"note__ne", "ab", "\"ab\"", "note IS DISTINCT FROM 'ab'"},
    {"note__isnull", "true", "true", "note IS NULL"},
    {"tags", "x", "\"x\"", "'x' = ANY(tags)"},
    {"tags__ne", "x", "\"x\"", "('x' = ANY(tags)) IS NOT TRUE"},
    {"tags__in", "x,y", "[\"x\",\"y\"]", "('x' = ANY(tags) OR 'y' = ANY(tags))"},
    {"tags__contains", "x,y", "[\"x\",\"y\"]", "('x' = ANY(tags) AND 'y' = ANY(tags))"},
    {"attributes__k", "1", "1", "attributes ->> 'k' = '1'"},
    {"attributes__k__ne", "1", "\"1\"", "attributes ->> 'k' IS DISTINCT FROM '1'"},
    {"attributes__k__in", "1,z", "[1,\"z\"]", "attributes ->> 'k' IN ('1', 'z')"},
    {"attributes__k__isnull", "true", "true", "attributes ->> 'k' IS NULL"},
    {"attributes__k__gt", "1", "1",
     "CASE WHEN jsonb_typeof(attributes -> 'k') = 'number' THEN (attributes ->> 'k')::numeric > 1 END"},
};

static const struct {
    const char *ordering, *sql;
} orders[] = {
    {"name", "name, id"},
    {"-name", "name DESC, id DESC"},
    {"created_at,-name", "created_at, name DESC, id DESC"},
    {"-created_at,name", "created_at DESC, name, id"},
    {"id", "id"},
    {"-id", "id DESC"},
    {"name,-created_at,id", "name, created_at DESC, id"},
};

static const char *encoded(struct world *w, const char *text) {
    struct str out;
    str_init(&out, w->arena, 512);
    for (const char *p = text; *p != '\0'; p++) {
        str_printf(&out, "%%%02X", (unsigned)(unsigned char)*p);
    }
    return str_done(&out).ptr;
}

/* The same numbers every time. */
static uint32_t chance(uint32_t *seed, uint32_t below) {
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

struct question {
    const char *query, *sql;
};

static struct question ask_by_chance(struct world *w, uint32_t *seed) {
    const struct leaf *l[PARTS];
    const char *json[PARTS], *plain;
    struct question q;
    uint32_t first = chance(seed, ARRAY_LEN(leaves)); /* no two of the same name, which a query cannot have */
    for (uint32_t i = 0; i < PARTS; i++) {
        l[i] = &leaves[(first + i * (4 + first % 5)) % ARRAY_LEN(leaves)];
        json[i] = world_text(w, "{\"%s\":%s}", l[i]->name, l[i]->json);
    }
    plain = world_text(w, "%s=%s", l[2]->name, encoded(w, l[2]->value));
    switch (chance(seed, 3)) {
    case 0:
        q.query = world_text(w, "%s=%s&%s", l[0]->name, encoded(w, l[0]->value), plain);
        q.sql = world_text(w, "(%s) AND (%s)", l[0]->sql, l[2]->sql);
        break;
    case 1:
        q.query = encoded(w, world_text(w, "{\"or\":[%s,{\"not\":%s}],\"and\":[%s]}", json[0], json[1], json[2]));
        q.query = world_text(w, "filter=%s", q.query);
        q.sql = world_text(w, "((%s) OR (%s) IS NOT TRUE) AND (%s)", l[0]->sql, l[1]->sql, l[2]->sql);
        break;
    default:
        q.query = encoded(w, world_text(w, "{\"not\":{\"and\":[%s,%s]}}", json[0], json[1]));
        q.query = world_text(w, "filter=%s&%s", q.query, plain);
        q.sql = world_text(w, "((%s) AND (%s)) IS NOT TRUE AND (%s)", l[0]->sql, l[1]->sql, l[2]->sql);
        break;
    }
    return q;
}

/* The ids of a page, in its order or from its end. */
static void take_ids(struct world *w, const struct answer *a, bool is_backward, struct str *ids) {
    uint32_t count = jx_size(answer_at(a, "/results"));
    for (uint32_t i = 0; i < count; i++) {
        unsigned at = is_backward ? count - 1 - i : i;
        str_view(ids, answer_text(a, world_text(w, "/results/%u/id", at)));
        str_putc(ids, ' ');
    }
}

static const char *link_of(struct world *w, const struct answer *a, const char *pointer) {
    alees_str text = answer_text(a, pointer);
    return text.ptr != NULL ? arena_str(w->arena, text).ptr : NULL;
}

/* All pages from a path on; *ret_back: where the page before the last is. */
static alees_str walk(struct world *w, size_t user, const char *path, bool is_backward, const char **ret_back) {
    const char *follow = is_backward ? "/previous" : "/next";
    struct str ids;
    uint32_t pages = 0;
    str_init(&ids, w->arena, 8192);
    while (path != NULL) {
        const struct answer *a = world_ask(w, user, "GET", path, NULL);
        world_must(a, 200, user, path);
        assert_true(pages++ < MOST_PAGES);
        take_ids(w, a, is_backward, &ids);
        if (ret_back != NULL) {
            *ret_back = link_of(w, a, "/previous");
        }
        path = link_of(w, a, follow);
    }
    return str_done(&ids);
}

static const char *wanted(struct world *w, size_t user, const char *condition, const char *order, const char *end) {
    const char *scope = user == ACME_MANAGER ? "organization_id = '" ACME "'" : "true";
    alees_str ids = pg_value(&w->pg, w->arena,
                             world_text(w,
                                        "SELECT coalesce(string_agg(id || ' ', '' ORDER BY n%s), '') FROM (SELECT id, "
                                        "row_number() OVER (ORDER BY %s) AS n FROM types.thing WHERE %s AND (%s)) AS x",
                                        end, order, scope, condition));
    return ids.ptr;
}

static void check(const char *what, const struct question *q, const char *order, const char *got, const char *must) {
    if (strcmp(got != NULL ? got : "", must) != 0) {
        fail_msg("%s: %s in the order %s, which is %s:\n%s\nmust be\n%s", what, q->query, order, q->sql, got, must);
    }
}

static void test_by_chance(void **state) {
    static const size_t users[] = {ADMIN, ACME_MANAGER, BOTH};
    struct world *w = *state;
    uint32_t seed = 4, found = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct question q = ask_by_chance(w, &seed);
        size_t user = users[chance(&seed, ARRAY_LEN(users))], o = chance(&seed, ARRAY_LEN(orders));
        const char *path = world_text(w, "/api/v1/things?%s&ordering=%s&page_size=%u&fields=id", q.query,
                                      orders[o].ordering, (unsigned)chance(&seed, 12) + 1);
        const char *must = wanted(w, user, q.sql, orders[o].sql, ""), *back = NULL;
        alees_str ids = walk(w, user, path, false, &back);
        check("by cursors", &q, orders[o].ordering, ids.ptr, must);
        ids = walk(w, user, world_text(w, "%s&page=1", path), false, NULL);
        check("by numbers", &q, orders[o].ordering, ids.ptr, must);
        if (back != NULL) { /* all but the last page, from its end */
            const char *turned = wanted(w, user, q.sql, orders[o].sql, " DESC");
            ids = walk(w, user, back, true, NULL);
            assert_true(ids.len < strlen(turned));
            check("back", &q, orders[o].ordering, ids.ptr, turned + strlen(turned) - ids.len);
        }
        found += must[0] != '\0';
    }
    assert_true(found > ROUNDS / 2);
}

static int set_up(void **state) {
    int rc = world_setup_with(state, "types");
    struct world *w = *state;
    if (rc == 0) {
        pg_exec(&w->pg, rows_sql);
    }
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_chance),
    };
    return cmocka_run_group_tests_name("filters_random", tests, set_up, world_teardown);
}
