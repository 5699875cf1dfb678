/* SPDX-License-Identifier: MIT
 * test_fields.c - field permissions through the whole server: what is shown of a row, by what a list can be chosen and
 * ordered, what may be written; that nothing else tells what a field holds.
 *
 * To the world's users these rights are added. Everybody who holds the role viewer reads neither sku of products, nor
 * timezone of organizations, nor name of categories. */
#include "test.h"

#include <stdio.h>

#include "alees/util.h"
#include "cred.h"
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define ACME "01930000-0000-7000-8000-000000000001"
#define BERLIN "01930000-0000-7000-8000-000000000002"
#define GLOBEX "01930000-0000-7000-8000-000000000003"
#define UNKNOWN_ID "01930000-0000-7000-8000-00000000ffff"
#define VIEWER "00000000-0000-7000-8000-000000000004"
#define STOCKTAKER "01930000-0000-7000-8000-0000000000f1"
#define SKU_READER "01930000-0000-7000-8000-0000000000f2"
#define CLERK "01930000-0000-7000-8000-0000000000f3"
#define FOUNDER "01930000-0000-7000-8000-0000000000f4"
#define ALL_BUT_SKU \
    "name,description,product_type,category,status,base_uom,is_inventory_tracked,is_purchasable,is_sellable,tags," \
    "attributes,custom_fields"
#define PRODUCTS "product.view_product,product.add_product,product.change_product"

static const struct {
    const char *id, *organization, *name, *permissions;
} roles[] = {
    {STOCKTAKER, ACME, "stocktaker", PRODUCTS},
    {SKU_READER, GLOBEX, "sku reader", "product.view_product"},
    {CLERK, ACME, "clerk", PRODUCTS},
    {FOUNDER, ACME, "founder", "organization.view_organization,organization.add_organization"},
};

static const struct {
    const char *user, *organization, *roles;
} memberships[] = {
    {"nobody", ACME, STOCKTAKER},
    {"nobody", GLOBEX, VIEWER "," SKU_READER},
    {"globex-manager", ACME, CLERK "," FOUNDER},
};

static const struct {
    const char *role, *resource, *read, *create, *update;
} restrictions[] = {
    {VIEWER, "product.product", ALL_BUT_SKU, "", ""},
    {VIEWER, "product.category", "slug,description,parent,category_type,is_active,custom_fields", "", ""},
    {VIEWER, "organization.organization", "name,code,organization_type,status,parent", "", ""},
    {STOCKTAKER, "product.product", "sku", "name,base_uom,sku", "sku"},
    {SKU_READER, "product.product", "sku", "", ""},
    {CLERK, "product.product", ALL_BUT_SKU, "name,sku,base_uom", "name,sku"},
    {FOUNDER, "organization.organization", "name,code", "name,code,organization_type,parent", ""},
};

static void give_rights(struct world *w) {
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        pg_exec(&w->pg, world_text(w,
                                   "INSERT INTO rbac.role (id, organization_id, name, permissions) "
                                   "VALUES ('%s', '%s', '%s', '{%s}')",
                                   roles[i].id, roles[i].organization, roles[i].name, roles[i].permissions));
    }
    for (size_t i = 0; i < ARRAY_LEN(memberships); i++) {
        pg_exec(&w->pg, world_text(w,
                                   "INSERT INTO rbac.membership (user_id, organization_id, role_ids) "
                                   "SELECT id, '%s', '{%s}' FROM rbac.app_user WHERE username = '%s'",
                                   memberships[i].organization, memberships[i].roles, memberships[i].user));
    }
    for (size_t i = 0; i < ARRAY_LEN(restrictions); i++) {
        pg_exec(&w->pg, world_text(w,
                                   "INSERT INTO rbac.field_permission "
                                   "(organization_id, role_id, resource, read_fields, create_fields, update_fields) "
                                   "SELECT organization_id, id, '%s', '{%s}', '{%s}', '{%s}' FROM rbac.role "
                                   "WHERE id = '%s'",
                                   restrictions[i].resource, restrictions[i].read, restrictions[i].create,
                                   restrictions[i].update, restrictions[i].role));
    }
}

/* The server starts anew, so that it knows of the rights without waiting for word of them. */
static int setup(void **state) {
    struct world *w;
    assert_int_equal(world_setup(state), 0);
    w = *state;
    for (size_t i = 0; i < WORLD_USERS; i++) {
        w->tokens[i] = world_text(w, "%s", w->tokens[i]); /* they went with the server */
    }
    loopback_close(w->loopback);
    give_rights(w);
    w->loopback = loopback_open(w->pg.conf, NULL);
    w->catalogue = &loopback_app(w->loopback)->catalogue;
    return 0;
}

/* ---- asking ---- */

static const struct answer *must(struct world *w, size_t user, const char *method, const char *path, const char *body,
                                 uint32_t status) {
    const struct answer *a = world_ask(w, user, method, path, body);
    world_must(a, status, user, path);
    return a;
}

static const struct answer *get(struct world *w, size_t user, const char *path) {
    return must(w, user, "GET", path, NULL, 200);
}

static const char *value(struct world *w, const char *sql) {
    alees_str text = pg_value(&w->pg, w->arena, sql);
    assert_non_null(text.ptr);
    return text.ptr;
}

static const char *product_of(struct world *w, const char *organization) {
    return world_text(
        w, "/api/v1/products/%s",
        value(w, world_text(w, "SELECT id FROM product.product WHERE organization_id = '%s' LIMIT 1", organization)));
}

static bool has(const struct answer *a, const char *row, const char *field) {
    char pointer[80];
    snprintf(pointer, sizeof pointer, "%s/%s", row, field);
    return answer_at(a, pointer) != NULL && jx_kind(answer_at(a, pointer)) != ALEES_JSON_ABSENT;
}

/* Exactly these fields and the standard ones? */
static void check_shown(const struct answer *a, const char *row, const char *fields) {
    static const char *const standard[] = {"id",         "organization", "created_at",
                                           "updated_at", "created_by",   "updated_by"};
    uint32_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(standard); i++) {
        count += has(a, row, standard[i]);
    }
    assert_true(count >= ARRAY_LEN(standard) - 1); /* an organization has no organization */
    for (const char *at = fields; *at != '\0';) {
        char name[40];
        size_t len = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)len, at);
        if (!has(a, row, name)) {
            fail_msg("%s is not in %.*s", name, STR_FMT(a->body));
        }
        count++;
        at += len + (at[len] == ',');
    }
    if (jx_size(answer_at(a, row)) != count) {
        fail_msg("not only %s in %.*s", fields, STR_FMT(a->body));
    }
}

static void check_absent(const struct answer *a, const char *text) {
    if (a->body.ptr != NULL && strstr(a->body.ptr, text) != NULL) {
        fail_msg("%s is in %.*s", text, STR_FMT(a->body));
    }
}

/* ---- reading ---- */

static void test_a_row_shows_what_may_be_read(void **state) {
    struct world *w = *state;
    const char *acme = product_of(w, ACME), *globex = product_of(w, GLOBEX);
    check_shown(get(w, ADMIN, acme), "", ALL_BUT_SKU ",sku");
    check_shown(get(w, ACME_MANAGER, acme), "", ALL_BUT_SKU ",sku");
    check_shown(get(w, ACME_VIEWER, acme), "", ALL_BUT_SKU);
    check_shown(get(w, BOTH, acme), "", ALL_BUT_SKU);
    check_shown(get(w, BOTH, globex), "", ALL_BUT_SKU ",sku");
    check_shown(get(w, NOBODY, acme), "", "sku");
    check_shown(get(w, NOBODY, globex), "", ALL_BUT_SKU ",sku"); /* two roles united */
    check_shown(get(w, GLOBEX_MANAGER, acme), "", ALL_BUT_SKU);
    check_shown(get(w, GLOBEX_MANAGER, globex), "", ALL_BUT_SKU ",sku");
}

static void test_entity_tags_are_those_of_the_row(void **state) {
    struct world *w = *state;
    const char *path = product_of(w, ACME);
    const struct answer *whole = get(w, ADMIN, path), *part = get(w, ACME_VIEWER, path), *again;
    alees_str etag = answer_header(part, "ETag");
    assert_non_null(etag.ptr);
    assert_true(alees_equal(etag, answer_header(whole, "ETag")));
    again = loopback_send(
        w->loopback, &(struct loopback_request){.method = "GET",
                                                .path = path,
                                                .token = w->tokens[ACME_VIEWER],
                                                .headers = {{"If-None-Match", world_text(w, "%.*s", STR_FMT(etag))}}});
    assert_status(again, 304);
}

static void test_each_row_of_a_list_by_its_organization(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, BOTH, "/api/v1/products?page_size=200&ordering=name");
    uint32_t rows = jx_size(answer_at(a, "/results")), of_acme = 0;
    assert_int_equal(rows, 200);
    for (uint32_t i = 0; i < rows; i++) {
        const char *row = world_text(w, "/results/%u", i);
        bool is_acme = str_equal(answer_text(a, world_text(w, "%s/organization", row)), ACME);
        check_shown(a, row, is_acme ? ALL_BUT_SKU : ALL_BUT_SKU ",sku");
        of_acme += is_acme;
    }
    assert_in_range(of_acme, 1, rows - 1);
    a = get(w, ACME_VIEWER, "/api/v1/products");
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++) {
        check_shown(a, world_text(w, "/results/%u", i), ALL_BUT_SKU);
    }
    check_shown(get(w, ADMIN, "/api/v1/products"), "/results/49", ALL_BUT_SKU ",sku");
}

static void test_organizations_are_judged_by_themselves(void **state) {
    struct world *w = *state;
    const struct answer *a = get(w, BOTH, "/api/v1/organizations?ordering=name"); /* Acme, Globex */
    check_shown(a, "/results/0", "name,code,organization_type,status,parent");
    assert_true(has(a, "/results/1", "timezone") && has(a, "/results/1", "metadata"));
    check_shown(get(w, ACME_VIEWER, "/api/v1/organizations/" BERLIN), "", "name,code,organization_type,status,parent");
    check_shown(get(w, GLOBEX_MANAGER, "/api/v1/organizations/" ACME), "", "name,code");
}

/* ---- choosing and ordering ---- */

#define NARROW ", which you may not read in every organization of this list; narrow it with ?organization="

static void test_what_a_list_can_be_chosen_by(void **state) {
    static const struct {
        size_t user;
        const char *path;
        const char *code, *detail; /* NULL: it can */
    } rows[] = {
        {ADMIN, "/products?sku=HB-001&ordering=sku", NULL, NULL},
        {ACME_MANAGER, "/products?sku=HB-001&ordering=sku", NULL, NULL},
        {ACME_VIEWER, "/products?ordering=name&status=active", NULL, NULL},
        {ACME_VIEWER, "/products?sku=HB-001", "unknown_parameter", "The list cannot be filtered by \"sku\"."},
        {ACME_VIEWER, "/products?description=x", "unknown_parameter",
         "The list cannot be filtered by \"description\"."},
        {ACME_VIEWER, "/products?ordering=-sku", "bad_parameter", "The parameter ordering cannot use \"sku\""},
        {ACME_VIEWER, "/products?sku=HB-001&organization=" GLOBEX, NULL, NULL}, /* empty, as always */
        {ACME_VIEWER, "/products?sku=HB-001&organization=" UNKNOWN_ID, NULL, NULL},
        {BOTH, "/products?sku=HB-001", "bad_parameter", "The parameter sku needs \"sku\"" NARROW},
        {BOTH, "/products?ordering=sku", "bad_parameter", "The parameter ordering needs \"sku\"" NARROW},
        {BOTH, "/products?sku=HB-001&ordering=-sku&organization=" GLOBEX, NULL, NULL},
        {BOTH, "/products?sku=HB-001&organization=" ACME, "unknown_parameter",
         "The list cannot be filtered by \"sku\"."},
        {NOBODY, "/products?sku=HB-001&ordering=sku", NULL, NULL},
        {NOBODY, "/products?name=x", "bad_parameter", "The parameter name needs \"name\"" NARROW},
        {NOBODY, "/products?name=x&organization=" GLOBEX, NULL, NULL},
        {BOTH, "/organizations?timezone=UTC", "bad_parameter",
         "The parameter timezone needs \"timezone\", which you may not read in every organization of this list"},
        {ACME_VIEWER, "/categories?ordering=name", "bad_parameter", "The parameter ordering cannot use \"name\""},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *path = world_text(w, "/api/v1%s", rows[i].path);
        const struct answer *a = must(w, rows[i].user, "GET", path, NULL, rows[i].code ? 400 : 200);
        if (rows[i].code) {
            assert_problem(a, 400, rows[i].code);
            assert_text(answer_text(a, "/detail"), rows[i].detail);
        }
    }
}

/* Categories are listed by name; who does not read it gets them by id, and no cursor carries a name. */
static void test_no_cursor_carries_what_cannot_be_read(void **state) {
    struct world *w = *state;
    const char *at = "/api/v1/categories?page_size=2&organization=" ACME, *last = "";
    uint32_t pages = 0, rows = 0;
    assert_true(pg_count(&w->pg,
                         "SELECT count(*) FROM product.category c JOIN product.category d USING (organization_id) "
                         "WHERE c.organization_id = '" ACME "' AND c.id < d.id AND c.name > d.name") > 0);
    for (; at != NULL; pages++) {
        const struct answer *a = get(w, ACME_VIEWER, at);
        alees_str next = answer_text(a, "/next"), bytes;
        for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++, rows++) {
            const char *id = answer_text(a, world_text(w, "/results/%u/id", i)).ptr;
            assert_false(has(a, world_text(w, "/results/%u", i), "name"));
            assert_true(strncmp(last, id, 36) < 0);
            last = world_text(w, "%.36s", id);
        }
        at = next.ptr ? world_text(w, "%.*s", STR_FMT(next)) : NULL;
        if (at) {
            const char *cursor = strstr(at, "cursor=") + 7;
            assert_true(cred_unbase64(w->arena, test_view(cursor), &bytes));
            assert_int_equal(bytes.len, CRED_MAC + 1 + 2 + 36); /* an id and nothing else */
        }
    }
    assert_true(pages > 1 && rows > 2);
    assert_non_null(strstr(answer_text(get(w, ADMIN, "/api/v1/categories?page_size=2"), "/next").ptr, "cursor="));
}

/* ---- writing ---- */

static const char *unit(struct world *w) {
    return value(w, "SELECT id FROM product.unit_of_measure WHERE code = 'EA'");
}

static void check_refused(const struct answer *a, const char *first, const char *second) {
    assert_problem(a, 403, "field_not_permitted");
    assert_text(answer_text(a, "/detail"),
                "Your roles in the organization \"Acme\" do not permit the fields that errors "
                "names; leave them out.");
    assert_int_equal(jx_size(answer_at(a, "/errors")), second ? 2 : 1);
    assert_text(answer_text(a, "/errors/0/pointer"), first);
    assert_text(answer_text(a, "/errors/0/code"), "field_not_permitted");
    if (second) {
        assert_text(answer_text(a, "/errors/1/pointer"), second);
    }
}

static void test_what_may_be_given(void **state) {
    struct world *w = *state;
    int64_t before = pg_count(&w->pg, "SELECT count(*) FROM product.product");
    const char *body = world_text(w, "{\"name\":\"Given\",\"sku\":\"GIVEN-1\",\"base_uom\":\"%s\"", unit(w));
    const struct answer *a =
        world_ask(w, NOBODY, "POST", "/api/v1/products",
                  world_text(w, "%s,\"status\":\"active\",\"tags\":[\"a\"],\"organization\":\"" ACME "\"}", body));
    check_refused(a, "/status", "/tags");
    check_refused(world_ask(w, NOBODY, "POST", "/api/v1/products", world_text(w, "%s,\"description\":7}", body)),
                  "/description", NULL);
    /* what nobody can send, or leave out, is told as ever */
    assert_problem(world_ask(w, NOBODY, "POST", "/api/v1/products", world_text(w, "%s,\"stauts\":1}", body)), 400,
                   "unknown_field");
    assert_problem(world_ask(w, NOBODY, "POST", "/api/v1/products", "{\"name\":\"Given\"}"), 422, "invalid");
    /* of an organization where they add nothing, it is that which is told */
    a = world_ask(w, NOBODY, "POST", "/api/v1/products",
                  world_text(w, "%s,\"status\":\"active\",\"organization\":\"" GLOBEX "\"}", body));
    assert_problem(a, 403, "permission_denied");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM product.product"), before);
    a = must(w, NOBODY, "POST", "/api/v1/products", world_text(w, "%s}", body), 201);
    check_shown(a, "", "sku");
    a = get(w, ADMIN, world_text(w, "/api/v1/products/%.*s", STR_FMT(answer_text(a, "/id"))));
    assert_text(answer_text(a, "/name"), "Given");
    assert_text(answer_text(a, "/status"), "draft"); /* the default */
}

/* Different rights in two organizations: those of the one that is named count. */
static void test_what_may_be_given_where(void **state) {
    struct world *w = *state;
    const char *body =
        world_text(w, "{\"name\":\"Where\",\"sku\":\"WHERE-1\",\"base_uom\":\"%s\",\"status\":\"active\"", unit(w));
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/products", world_text(w, "%s}", body));
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/organization");
    a = world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/products",
                  world_text(w, "%s,\"organization\":\"" ACME "\"}", body));
    check_refused(a, "/status", NULL);
    a = must(w, GLOBEX_MANAGER, "POST", "/api/v1/products", world_text(w, "%s,\"organization\":\"" GLOBEX "\"}", body),
             201);
    check_shown(a, "", ALL_BUT_SKU ",sku");
}

static void test_what_may_be_changed(void **state) {
    struct world *w = *state;
    const char *acme = product_of(w, ACME), *globex = product_of(w, GLOBEX);
    const char *berlin = product_of(w, BERLIN);
    const struct answer *before = get(w, ADMIN, acme), *a, *b;
    check_refused(world_ask(w, NOBODY, "PATCH", acme, "{\"name\":\"Changed\"}"), "/name", NULL);
    check_refused(world_ask(w, NOBODY, "PATCH", acme, "{\"sku\":\"CHANGED-1\",\"tags\":[],\"status\":\"no such\"}"),
                  "/status", "/tags");
    assert_true(alees_equal(get(w, ADMIN, acme)->body, before->body));
    /* a row that may be seen, but not changed; one that may not be seen, and one that is not there */
    assert_problem(world_ask(w, NOBODY, "PATCH", globex, "{\"name\":\"Changed\"}"), 403, "permission_denied");
    a = world_ask(w, NOBODY, "PATCH", berlin, "{\"name\":\"Changed\"}");
    b = world_ask(w, NOBODY, "PATCH", "/api/v1/products/" UNKNOWN_ID, "{\"name\":\"Changed\"}");
    assert_problem(a, 404, "not_found");
    assert_string_equal(world_stable(w, a), world_stable(w, b));
    assert_problem(world_ask(w, NOBODY, "PATCH", acme, "{\"nmae\":1}"), 400, "unknown_field");
    check_shown(must(w, NOBODY, "PATCH", acme, "{}", 200), "", "sku");
    a = must(w, NOBODY, "PATCH", acme, "{\"sku\":\"CHANGED-1\"}", 200);
    check_shown(a, "", "sku");
    assert_text(answer_text(a, "/sku"), "CHANGED-1");
    a = get(w, ADMIN, acme);
    assert_text(answer_text(a, "/sku"), "CHANGED-1");
    assert_true(alees_equal(answer_text(a, "/name"), answer_text(before, "/name")));
    /* different rights in two organizations: the row's count */
    must(w, GLOBEX_MANAGER, "PATCH", globex, "{\"sku\":\"CHANGED-2\",\"status\":\"active\"}", 200);
    check_refused(world_ask(w, GLOBEX_MANAGER, "PATCH", acme, "{\"sku\":\"CHANGED-2\",\"status\":\"active\"}"),
                  "/status", NULL);
    check_shown(must(w, GLOBEX_MANAGER, "PATCH", acme, "{\"name\":\"Changed\"}", 200), "", ALL_BUT_SKU);
    check_shown(must(w, ADMIN, "PATCH", acme, "{\"name\":\"Changed\",\"sku\":\"CHANGED-3\"}", 200), "",
                ALL_BUT_SKU ",sku");
}

static void test_a_new_organization_is_shown_as_its_parent(void **state) {
    struct world *w = *state;
    const char *type = value(w, "SELECT id FROM organization.organization_type LIMIT 1");
    const char *body =
        world_text(w, "{\"name\":\"New\",\"code\":\"NEW\",\"organization_type\":\"%s\",\"parent\":\"" ACME "\"", type);
    const struct answer *a;
    check_refused(world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/organizations",
                            world_text(w, "%s,\"timezone\":\"Europe/Berlin\"}", body)),
                  "/timezone", NULL);
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM organization.organization WHERE code = 'NEW'"), 0);
    a = must(w, GLOBEX_MANAGER, "POST", "/api/v1/organizations", world_text(w, "%s}", body), 201);
    check_shown(a, "", "name,code");
}

/* ---- what else might tell ---- */

/* The clerk writes sku without reading it: a conflict says that the value is taken, by a row of which it tells nothing. */
static void test_a_conflict_tells_nothing(void **state) {
    struct world *w = *state;
    const char *taken =
        value(w, "SELECT sku FROM product.product WHERE organization_id = '" ACME "' ORDER BY id LIMIT 1");
    const char *path = world_text(
        w, "/api/v1/products/%s",
        value(w, "SELECT id FROM product.product WHERE organization_id = '" ACME "' ORDER BY id DESC LIMIT 1"));
    const char *own =
        value(w, "SELECT sku FROM product.product WHERE organization_id = '" ACME "' ORDER BY id DESC LIMIT 1");
    const char *other =
        value(w, "SELECT id FROM product.product WHERE organization_id = '" ACME "' ORDER BY id LIMIT 1");
    const struct answer *a = world_ask(w, GLOBEX_MANAGER, "PATCH", path, world_text(w, "{\"sku\":\"%s\"}", taken));
    assert_problem(a, 409, "not_unique");
    assert_text(answer_text(a, "/errors/0/pointer"), "/sku");
    check_absent(a, own);
    check_absent(a, taken);
    check_absent(a, other);
    a = world_ask(w, GLOBEX_MANAGER, "POST", "/api/v1/products",
                  world_text(w, "{\"name\":\"Taken\",\"sku\":\"%s\",\"base_uom\":\"%s\",\"organization\":\"" ACME "\"}",
                             taken, unit(w)));
    assert_problem(a, 409, "not_unique");
    check_absent(a, taken);
    check_absent(a, other);
    /* neither does a stale version, nor a value that breaks a rule */
    a = loopback_send(w->loopback, &(struct loopback_request){.method = "PATCH",
                                                              .path = path,
                                                              .token = w->tokens[GLOBEX_MANAGER],
                                                              .body = "{\"sku\":\"FREE-1\"}",
                                                              .headers = {{"If-Match", "\"stale\""}}});
    assert_problem(a, 412, "precondition_failed");
    check_absent(a, own);
    a = world_ask(w, GLOBEX_MANAGER, "PATCH", path, "{\"sku\":\"\"}");
    assert_problem(a, 422, "invalid");
    check_absent(a, own);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_row_shows_what_may_be_read),
        cmocka_unit_test(test_entity_tags_are_those_of_the_row),
        cmocka_unit_test(test_each_row_of_a_list_by_its_organization),
        cmocka_unit_test(test_organizations_are_judged_by_themselves),
        cmocka_unit_test(test_what_a_list_can_be_chosen_by),
        cmocka_unit_test(test_no_cursor_carries_what_cannot_be_read),
        cmocka_unit_test(test_what_may_be_given),
        cmocka_unit_test(test_what_may_be_given_where),
        cmocka_unit_test(test_what_may_be_changed),
        cmocka_unit_test(test_a_new_organization_is_shown_as_its_parent),
        cmocka_unit_test(test_a_conflict_tells_nothing),
    };
    return cmocka_run_group_tests_name("fields", tests, setup, world_teardown);
}
