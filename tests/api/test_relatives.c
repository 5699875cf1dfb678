/* SPDX-License-Identifier: MIT
 * test_relatives.c - what is above and below an organization: children, descendants, ancestors, tree, ?below=true. Who sees
 * which of them is worked out here once more, from the rights that were given, as plainly as can be. */
#include "people.h"

#include <stdio.h>
#include <string.h>

#include "alees/util.h"
#include "grant.h"
#include "jx.h"

/* The tree of the tests: a parent has a smaller number. */
enum { ROOT, WEST, CITY, SHOP, DESK, QUAY, EAST, OTHER, NODES };
static const struct {
    const char *code;
    int parent;
} nodes[NODES] = {{"T-ROOT", -1},   {"T-WEST", ROOT}, {"T-CITY", WEST}, {"T-SHOP", CITY},
                  {"T-DESK", SHOP}, {"T-QUAY", WEST}, {"T-EAST", ROOT}, {"T-OTHER", -1}};

/* What each sees, by number. */
static const struct {
    const char *name;
    const char *grants; /* organization, and + for what is below */
    uint32_t sees;
} users[] = {
    {"admin", NULL, (1u << NODES) - 1},
    {"rel-all", "0+", 1u << ROOT | 1u << WEST | 1u << CITY | 1u << SHOP | 1u << DESK | 1u << QUAY | 1u << EAST},
    {"rel-west", "1+", 1u << WEST | 1u << CITY | 1u << SHOP | 1u << DESK | 1u << QUAY},
    {"rel-patchy", "0 3 5", 1u << ROOT | 1u << SHOP | 1u << QUAY},
    {"rel-ends", "0 4", 1u << ROOT | 1u << DESK},
    {"rel-inner", "2", 1u << CITY},
    {"rel-other", "7", 1u << OTHER},
};
enum { USERS = ARRAY_LEN(users) };

static struct {
    const char *ids[NODES];
    const char *tokens[USERS];
} made;

static bool sees(size_t user, int node) {
    return users[user].sees >> node & 1;
}

static int set_up(void **state) {
    int rc = people_setup(state);
    struct people *p = *state;
    for (int i = 0; i < NODES; i++) {
        made.ids[i] =
            grant_organization(&p->pg, p->arena, nodes[i].code, nodes[i].parent < 0 ? NULL : made.ids[nodes[i].parent]);
        people_sql(p,
                   "INSERT INTO product.product (organization_id, id, name, sku, base_uom_id) "
                   "SELECT '%s', alees.new_id(), '%s', 'REL', id FROM product.unit_of_measure LIMIT 1",
                   made.ids[i], nodes[i].code);
    }
    for (size_t u = 0; u < USERS; u++) {
        if (users[u].grants) {
            people_add(p, users[u].name, NULL, NULL);
        }
        for (const char *at = users[u].grants; at && *at; at++) {
            if (*at >= '0' && *at <= '9') {
                people_join(p, users[u].name, made.ids[*at - '0'], "manager", at[1] == '+');
            }
        }
        made.tokens[u] = people_token(p, users[u].name);
    }
    return rc;
}

static const struct answer *ask(struct people *p, size_t user, const char *id, const char *tail) {
    return people_ask(p, "GET", people_text(p, "/organizations/%s/%s", id, tail), made.tokens[user], NULL);
}

static bool is_below(int node, int top) {
    for (int at = nodes[node].parent; at >= 0; at = nodes[at].parent) {
        if (at == top) {
            return true;
        }
    }
    return false;
}

/* The codes of a list's rows, in their order. */
static const char *codes(struct people *p, const struct answer *a) {
    const char *text = "";
    assert_status(a, 200);
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++) {
        text = people_text(p, "%s%.*s ", text, STR_FMT(answer_text(a, people_text(p, "/results/%u/code", i))));
    }
    return text;
}

/* Of those that fit, in the order of their names. */
static const char *expected_list(struct people *p, size_t user, int top, bool direct) {
    static const int by_name[NODES] = {CITY, DESK, EAST, OTHER, QUAY, ROOT, SHOP, WEST};
    const char *text = "";
    for (size_t i = 0; i < NODES; i++) {
        int n = by_name[i];
        if (sees(user, n) && (direct ? nodes[n].parent == top : is_below(n, top))) {
            text = people_text(p, "%s%s ", text, nodes[n].code);
        }
    }
    return text;
}

static const char *expected_ancestors(struct people *p, size_t user, int of) {
    const char *text = "";
    for (int at = nodes[of].parent; at >= 0; at = nodes[at].parent) {
        if (sees(user, at)) {
            text = people_text(p, "%s %s", nodes[at].code, text);
        }
    }
    return text;
}

/* "T-ROOT(T-WEST()T-EAST())", of a node of the answer. */
static const char *shape(struct people *p, const alees_json *node) {
    const char *text = people_text(p, "%.*s(", STR_FMT(jx_text(jx_get(node, "code"))));
    const alees_json *children = jx_get(node, "children");
    if (jx_kind(children) == ALEES_JSON_ABSENT) {
        return people_text(p, "%s...)", text);
    }
    for (uint32_t i = 0; i < jx_size(children); i++) {
        text = people_text(p, "%s%s", text, shape(p, jx_at(children, i)));
    }
    return people_text(p, "%s)", text);
}

/* Those whose nearest one above that is seen is this one. */
static const char *expected_shape(struct people *p, size_t user, int top) {
    static const int by_name[NODES] = {CITY, DESK, EAST, OTHER, QUAY, ROOT, SHOP, WEST};
    const char *text = people_text(p, "%s(", nodes[top].code);
    for (size_t i = 0; i < NODES; i++) {
        int n = by_name[i], at = nodes[n].parent;
        while (at >= 0 && !sees(user, at)) {
            at = nodes[at].parent;
        }
        if (sees(user, n) && at == top) {
            text = people_text(p, "%s%s", text, expected_shape(p, user, n));
        }
    }
    return people_text(p, "%s)", text);
}

static void test_who_sees_whom(void **state) {
    static const char *const tails[] = {"children", "descendants", "ancestors", "tree"};
    struct people *p = *state;
    for (size_t u = 0; u < USERS; u++) {
        for (int n = 0; n < NODES; n++) {
            for (size_t t = 0; t < ARRAY_LEN(tails) && !sees(u, n); t++) {
                const struct answer *a = ask(p, u, made.ids[n], tails[t]);
                assert_problem(a, 404, "not_found");
                assert_string_equal(people_stable(p, a), people_stable(p, ask(p, u, PEOPLE_NOWHERE, tails[t])));
            }
            if (!sees(u, n)) {
                continue;
            }
            assert_string_equal(codes(p, ask(p, u, made.ids[n], "children")), expected_list(p, u, n, true));
            assert_string_equal(codes(p, ask(p, u, made.ids[n], "descendants")), expected_list(p, u, n, false));
            assert_string_equal(codes(p, ask(p, u, made.ids[n], "ancestors")), expected_ancestors(p, u, n));
            const struct answer *a = ask(p, u, made.ids[n], "tree");
            assert_status(a, 200);
            assert_string_equal(shape(p, a->json), expected_shape(p, u, n));
        }
    }
}

/* They are lists like any other. */
static void test_lists(void **state) {
    struct people *p = *state;
    const char *root = made.ids[ROOT];
    const struct answer *a =
        ask(p, 0, root, "descendants?ordering=-name&page_size=4&count=exact&fields=id,code,parent&expand=parent");
    assert_string_equal(codes(p, a), "T-WEST T-SHOP T-QUAY T-EAST ");
    assert_int_equal(answer_integer(a, "/count"), 6);
    assert_text(answer_text(a, "/results/1/parent/code"), "T-CITY");
    assert_null(answer_at(a, "/results/0/name"));
    assert_int_equal(jx_kind(answer_at(a, "/previous")), ALEES_JSON_NULL);
    const char *next = answer_text(a, "/next").ptr;
    assert_non_null(strstr(next, people_text(p, "/organizations/%s/descendants?", root)));
    a = people_ask(p, "GET", next + strlen("/api/v1"), made.tokens[0], NULL);
    assert_string_equal(codes(p, a), "T-DESK T-CITY ");
    assert_int_equal(jx_kind(answer_at(a, "/next")), ALEES_JSON_NULL);
    const char *previous = answer_text(a, "/previous").ptr;
    a = people_ask(p, "GET", previous + strlen("/api/v1"), made.tokens[0], NULL);
    assert_string_equal(codes(p, a), "T-WEST T-SHOP T-QUAY T-EAST ");
    /* a cursor is one of its own list */
    const char *cursor = strstr(next, "cursor=");
    a = ask(p, 0, made.ids[WEST], people_text(p, "descendants?ordering=-name&%s", cursor));
    assert_problem(a, 400, "invalid_cursor");
    a = ask(p, 1, root, people_text(p, "descendants?ordering=-name&%s", cursor));
    assert_problem(a, 400, "invalid_cursor");
    assert_string_equal(codes(p, ask(p, 0, root, "children?page=2&page_size=1")), "T-WEST ");
    assert_string_equal(codes(p, ask(p, 0, root, "descendants?code__startswith=T-S")), "T-SHOP ");
    assert_string_equal(codes(p, ask(p, 0, root, "descendants?search=quay")), "T-QUAY ");
    assert_problem(ask(p, 0, root, "children?nonsense=1"), 400, "unknown_parameter");
    assert_problem(ask(p, 0, root, "children?organization=x"), 400, "unknown_parameter");
    assert_problem(people_ask(p, "GET", "/organizations/x/children", made.tokens[0], NULL), 404, "not_found");
    a = people_ask(p, "POST", people_text(p, "/organizations/%s/children", root), made.tokens[0], "{}");
    assert_problem(a, 405, "method_not_allowed");
}

/* From the root down, page by page in both directions. */
static void test_ancestors_page_by_page(void **state) {
    struct people *p = *state;
    static const char *const down[] = {"T-ROOT ", "T-WEST ", "T-CITY ", "T-SHOP "};
    const struct answer *a = ask(p, 0, made.ids[DESK], "ancestors?page_size=1");
    for (size_t i = 0; i < ARRAY_LEN(down); i++) {
        assert_string_equal(codes(p, a), down[i]);
        if (i + 1 < ARRAY_LEN(down)) {
            a = people_ask(p, "GET", answer_text(a, "/next").ptr + strlen("/api/v1"), made.tokens[0], NULL);
        }
    }
    assert_int_equal(jx_kind(answer_at(a, "/next")), ALEES_JSON_NULL);
    for (size_t i = ARRAY_LEN(down) - 1; i-- > 0;) {
        a = people_ask(p, "GET", answer_text(a, "/previous").ptr + strlen("/api/v1"), made.tokens[0], NULL);
        assert_string_equal(codes(p, a), down[i]);
    }
    assert_string_equal(codes(p, ask(p, 0, made.ids[DESK], "ancestors?ordering=name")), "T-CITY T-ROOT T-SHOP T-WEST ");
    assert_string_equal(codes(p, ask(p, 0, made.ids[DESK], "ancestors?code__in=T-SHOP,T-ROOT")), "T-ROOT T-SHOP ");
    assert_string_equal(codes(p, ask(p, 0, made.ids[DESK], "ancestors?page=2&page_size=3")), "T-SHOP ");
}

static const struct answer *export(struct people *p, const char *path, const char *type) {
    const struct loopback_request request = {.method = "GET",
                                             .path = people_text(p, "/api/v1%s", path),
                                             .token = made.tokens[0],
                                             .headers = {{"Accept", type}}};
    return loopback_send(p->loopback, &request);
}

static void test_exports(void **state) {
    struct people *p = *state;
    const struct answer *a =
        export(p, people_text(p, "/organizations/%s/descendants?fields=code", made.ids[WEST]), "text/csv");
    assert_status(a, 200);
    assert_non_null(strstr(a->wire.ptr, "code\r\nT-CITY\r\nT-DESK\r\nT-QUAY\r\nT-SHOP\r\n"));
    a = export(p, people_text(p, "/organizations/%s/ancestors?fields=code", made.ids[DESK]), "text/csv");
    assert_non_null(strstr(a->wire.ptr, "code\r\nT-ROOT\r\nT-WEST\r\nT-CITY\r\nT-SHOP\r\n"));
    a = export(p, people_text(p, "/products?organization=%s&below=true&fields=name&ordering=name", made.ids[CITY]),
               "text/csv");
    assert_non_null(strstr(a->wire.ptr, "name\r\nT-CITY\r\nT-DESK\r\nT-SHOP\r\n"));
}

static void test_tree_depth(void **state) {
    struct people *p = *state;
    const char *root = made.ids[ROOT];
    const struct answer *a = ask(p, 0, root, "tree?depth=1");
    assert_string_equal(shape(p, a->json), "T-ROOT(T-EAST()T-WEST(...))");
    a = ask(p, 0, root, "tree?depth=3");
    assert_string_equal(shape(p, a->json), "T-ROOT(T-EAST()T-WEST(T-CITY(T-SHOP(...))T-QUAY()))");
    assert_text(answer_text(a, "/id"), root);
    assert_text(answer_text(a, "/name"), "T-ROOT");
    assert_text(answer_text(a, "/status"), "active");
    assert_problem(ask(p, 0, root, "tree?depth=0"), 400, "bad_parameter");
    assert_problem(ask(p, 0, root, "tree?depth=51"), 400, "bad_parameter");
    assert_problem(ask(p, 0, root, "tree?page_size=3"), 400, "unknown_parameter");
}

/* Names are text of clients. */
static void test_tree_is_json(void **state) {
    struct people *p = *state;
    people_sql(p, "UPDATE organization.organization SET name = E'\"\\\\ \\n\\u2028</script>' WHERE id = '%s'",
               made.ids[QUAY]);
    const struct answer *a = ask(p, 0, made.ids[QUAY], "tree");
    assert_status(a, 200);
    assert_text(answer_text(a, "/name"), "\"\\ \n\xe2\x80\xa8</script>");
    people_sql(p, "UPDATE organization.organization SET name = code WHERE id = '%s'", made.ids[QUAY]);
}

/* What may not be read is left out, there alone where it may not. */
static void test_fields(void **state) {
    struct people *p = *state;
    people_add(p, "rel-fields", NULL, NULL);
    people_sql(
        p,
        "WITH r AS (INSERT INTO rbac.role (organization_id, name, permissions) VALUES "
        "('%s', 'rel-narrow', '{organization.view_organization}') RETURNING id, organization_id), "
        "f AS (INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields) "
        "SELECT organization_id, id, 'organization.organization', '{code}' FROM r) "
        "INSERT INTO rbac.membership (user_id, organization_id, role_ids, inherit) "
        "SELECT u.id, r.organization_id, ARRAY[r.id], true FROM rbac.app_user u, r WHERE u.username = 'rel-fields'",
        made.ids[WEST]);
    people_join(p, "rel-fields", made.ids[SHOP], "viewer", false);
    const char *token = people_token(p, "rel-fields");
    people_soon(p, 200, "GET", people_text(p, "/organizations/%s", made.ids[DESK]), token, NULL);
    const struct answer *a =
        people_ask(p, "GET", people_text(p, "/organizations/%s/tree", made.ids[WEST]), token, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/code"), "T-WEST");
    assert_null(answer_at(a, "/name"));
    assert_null(answer_at(a, "/status"));
    assert_non_null(strstr(a->body.ptr, "\"name\":\"T-SHOP\",\"code\":\"T-SHOP\",\"status\":\"active\""));
    assert_null(strstr(a->body.ptr, "\"name\":\"T-DESK\""));
    a = people_ask(p, "GET", people_text(p, "/organizations/%s/descendants", made.ids[WEST]), token, NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), 4);
    assert_non_null(strstr(a->body.ptr, "\"name\":\"T-SHOP\""));
    assert_null(strstr(a->body.ptr, "\"name\":\"T-DESK\""));
    a = people_ask(p, "GET", people_text(p, "/organizations/%s/descendants?ordering=name", made.ids[WEST]), token,
                   NULL);
    assert_problem(a, 400, "bad_parameter");
}

/* ---- ?below=true ---- */

static const char *names(struct people *p, const struct answer *a) {
    const char *text = "";
    assert_status(a, 200);
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++) {
        text = people_text(p, "%s%.*s ", text, STR_FMT(answer_text(a, people_text(p, "/results/%u/name", i))));
    }
    return text;
}

static void test_below(void **state) {
    static const int by_name[NODES] = {CITY, DESK, EAST, OTHER, QUAY, ROOT, SHOP, WEST};
    struct people *p = *state;
    for (size_t u = 0; u < USERS; u++) {
        for (int n = 0; n < NODES; n++) {
            const char *expected = "", *alone = sees(u, n) ? people_text(p, "%s ", nodes[n].code) : "";
            for (size_t i = 0; i < NODES; i++) {
                int m = by_name[i];
                if (sees(u, n) && sees(u, m) && (m == n || is_below(m, n))) {
                    expected = people_text(p, "%s%s ", expected, nodes[m].code);
                }
            }
            const char *path = people_text(p, "/products?ordering=name&organization=%s&below=", made.ids[n]);
            assert_string_equal(names(p, people_ask(p, "GET", people_text(p, "%strue", path), made.tokens[u], NULL)),
                                expected);
            assert_string_equal(names(p, people_ask(p, "GET", people_text(p, "%sfalse", path), made.tokens[u], NULL)),
                                alone);
        }
    }
}

static void test_below_as_a_parameter(void **state) {
    struct people *p = *state;
    const char *west = people_text(p, "/products?organization=%s&below=true", made.ids[WEST]);
    const struct answer *a =
        people_ask(p, "GET", people_text(p, "%s&ordering=name&page_size=3&count=exact", west), made.tokens[0], NULL);
    assert_string_equal(names(p, a), "T-CITY T-DESK T-QUAY ");
    assert_int_equal(answer_integer(a, "/count"), 5);
    a = people_ask(p, "GET", answer_text(a, "/next").ptr + strlen("/api/v1"), made.tokens[0], NULL);
    assert_string_equal(names(p, a), "T-SHOP T-WEST ");
    a = people_ask(p, "GET", people_text(p, "%s&name__gt=T-Q&ordering=-name", west), made.tokens[2], NULL);
    assert_string_equal(names(p, a), "T-WEST T-SHOP T-QUAY ");
    a = people_ask(p, "GET", "/products?below=true", made.tokens[0], NULL);
    assert_problem(a, 400, "bad_parameter");
    assert_non_null(strstr(a->body.ptr, "The parameter below needs organization, the id of the one above"));
    a = people_ask(p, "GET", people_text(p, "/products?organization=%s&below=yes", made.ids[WEST]), made.tokens[0],
                   NULL);
    assert_problem(a, 400, "bad_parameter");
    assert_non_null(strstr(a->body.ptr, "The parameter below must be true or false"));
    assert_problem(people_ask(p, "GET", "/products?organization=x&below=true", made.tokens[0], NULL), 400,
                   "bad_parameter");
    assert_problem(people_ask(p, "GET", "/organizations?below=true", made.tokens[0], NULL), 400, "unknown_parameter");
    assert_problem(people_ask(p, "GET", "/units-of-measure?below=true", made.tokens[0], NULL), 400,
                   "unknown_parameter");
}

/* Changes of many rows reach no further than a list does. */
static void test_below_of_many(void **state) {
    struct people *p = *state;
    const struct answer *a;
    static const struct {
        size_t user;
        const char *changed;
    } rows[] = {{0, "T-CITY T-DESK T-SHOP"}, {1, "T-CITY T-DESK T-SHOP"}, {5, "T-CITY"}, {6, NULL}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        people_sql(p, "UPDATE product.product SET description = ''");
        a = people_ask(p, "PATCH", people_text(p, "/products?organization=%s&below=true&sku=REL", made.ids[CITY]),
                       made.tokens[rows[i].user], "{\"description\":\"many\"}");
        assert_true(a->status == 200 || a->status == 404);
        alees_str changed = pg_value(&p->pg, p->arena,
                                     "SELECT string_agg(name, ' ' ORDER BY name) FROM product.product "
                                     "WHERE description = 'many'");
        assert_true(rows[i].changed ? alees_equal(changed, alees_text(rows[i].changed)) : changed.len == 0);
    }
    a = people_ask(p, "DELETE", people_text(p, "/products?organization=%s&below=true&sku=REL", made.ids[SHOP]),
                   made.tokens[0], NULL);
    assert_true(a->status == 200 || a->status == 204);
    assert_string_equal(
        names(p, people_ask(p, "GET", people_text(p, "/products?organization=%s&below=true", made.ids[CITY]),
                            made.tokens[0], NULL)),
        "T-CITY ");
}

/* A key for some organizations sees no others, whatever lies below. */
static void test_by_key(void **state) {
    struct people *p = *state;
    const char *body = people_text(p,
                                   "{\"name\":\"rel\",\"permissions\":[\"organization.view_organization\","
                                   "\"product.view_product\"],\"organizations\":[\"%s\",\"%s\"]}",
                                   made.ids[ROOT], made.ids[CITY]);
    const struct answer *a = people_ask(p, "POST", "/api-keys", made.tokens[1], body);
    assert_status(a, 201);
    const char *key = answer_text(a, "/secret").ptr;
    a = people_ask(p, "GET", people_text(p, "/organizations/%s/tree", made.ids[ROOT]), key, NULL);
    assert_status(a, 200);
    assert_string_equal(shape(p, a->json), "T-ROOT(T-CITY())");
    a = people_ask(p, "GET", people_text(p, "/products?ordering=name&organization=%s&below=true", made.ids[ROOT]), key,
                   NULL);
    assert_string_equal(names(p, a), "T-CITY T-ROOT ");
    a = people_ask(p, "GET", people_text(p, "/organizations/%s/children", made.ids[ROOT]), key, NULL);
    assert_string_equal(codes(p, a), "");
    a = people_ask(p, "GET", people_text(p, "/organizations/%s/tree", made.ids[WEST]), key, NULL);
    assert_problem(a, 404, "not_found");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_sees_whom),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_ancestors_page_by_page),
        cmocka_unit_test(test_exports),
        cmocka_unit_test(test_tree_depth),
        cmocka_unit_test(test_tree_is_json),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_below_as_a_parameter),
        cmocka_unit_test(test_by_key),
        cmocka_unit_test(test_below_of_many),
    };
    return cmocka_run_group_tests_name("relatives", tests, set_up, people_teardown);
}
