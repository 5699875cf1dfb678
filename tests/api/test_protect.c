/* SPDX-License-Identifier: MIT
 * test_protect.c - a row that others refer to stays: 409, with the kinds and counts of those that hold it, as far as the
 * caller sees them; for every reference of the four plugins that holds. */
#include "test.h"

#include <time.h>

#include "world.h"

/* As in world_users; behind them clerk, who may change what belongs to no organization, and sees Acme. */
enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, CLERK = WORLD_USERS };

static const char *clerk;

static const struct answer *ask(struct world *w, size_t user, const char *method, const char *path, const char *body) {
    return loopback_request(w->loopback, method, world_text(w, "/api/v1%s", path),
                            user == CLERK ? clerk : w->tokens[user], body);
}

static const char *make(struct world *w, size_t user, const char *path, const char *body) {
    const struct answer *a = ask(w, user, "POST", path, body);
    if (a->status != 201) {
        fail_msg("POST %s %s: %u %.*s", path, body, a->status, STR_FMT(a->body));
    }
    return answer_text(a, "/id").ptr;
}

/* The details of the errors, one in a line; each of them "protected", and about the whole row. */
static const char *told(struct world *w, const struct answer *a) {
    struct str s;
    str_init(&s, w->arena, 256);
    assert_problem(a, 409, "protected");
    for (int i = 0;; i++) {
        alees_str detail = answer_text(a, world_text(w, "/errors/%d/detail", i));
        if (!detail.ptr) {
            break;
        }
        assert_text(answer_text(a, world_text(w, "/errors/%d/code", i)), "protected");
        assert_text(answer_text(a, world_text(w, "/errors/%d/pointer", i)), "");
        str_view(&s, detail);
        str_putc(&s, '\n');
    }
    return str_done(&s).ptr;
}

static void must_hold(struct world *w, size_t user, const char *path, const char *id, const char *lines) {
    path = world_text(w, "%s/%s", path, id);
    assert_string_equal(told(w, ask(w, user, "DELETE", path, NULL)), lines);
    assert_status(ask(w, user, "GET", path, NULL), 200);
}

static const char *unit(struct world *w, const char *code) {
    return make(w, ADMIN, "/units-of-measure",
                world_text(w, "{\"code\":\"%s\",\"name\":\"%s\",\"uom_type\":\"OTHER\"}", code, code));
}

static const char *product(struct world *w, size_t user, const char *sku, const char *members) {
    return make(w, user, "/products", world_text(w, "{\"name\":\"held\",\"sku\":\"%s\",%s}", sku, members));
}

/* ---- by kind ---- */

static void test_categories(void **state) {
    struct world *w = *state;
    const char *top = make(w, GLOBEX_MANAGER, "/categories", "{\"name\":\"held\"}");
    const char *unit_id = unit(w, "HELD-1");
    for (int i = 0; i < 3; i++) {
        product(w, GLOBEX_MANAGER, world_text(w, "held-%d", i),
                world_text(w, "\"base_uom\":\"%s\",\"category\":\"%s\"", unit_id, top));
    }
    must_hold(w, GLOBEX_MANAGER, "/categories", top, "3 rows of product.product refer to it\n");
    make(w, GLOBEX_MANAGER, "/categories", world_text(w, "{\"name\":\"below\",\"parent\":\"%s\"}", top));
    must_hold(w, GLOBEX_MANAGER, "/categories", top,
              "1 row of product.category refers to it\n3 rows of product.product refer to it\n");
    must_hold(w, ADMIN, "/categories", top,
              "1 row of product.category refers to it\n3 rows of product.product refer to it\n");
}

/* Of a unit, which is everybody's: those of other tenants are not told. */
static void test_units(void **state) {
    struct world *w = *state;
    const char *id = unit(w, "HELD-2"), *base = world_text(w, "\"base_uom\":\"%s\"", id);
    const char *foreign = product(w, GLOBEX_MANAGER, "unit-1", base);
    must_hold(w, CLERK, "/units-of-measure", id, "rows that you may not see refer to it\n");
    must_hold(w, ADMIN, "/units-of-measure", id, "1 row of product.product refers to it\n");
    product(w, ACME_MANAGER, "unit-2", base);
    must_hold(w, CLERK, "/units-of-measure", id,
              "1 row of product.product refers to it\nother rows that you may not see refer to it\n");
    must_hold(w, ADMIN, "/units-of-measure", id, "2 rows of product.product refer to it\n");
    assert_status(ask(w, GLOBEX_MANAGER, "DELETE", world_text(w, "/products/%s?permanent=true", foreign), NULL), 204);
    must_hold(w, CLERK, "/units-of-measure", id, "1 row of product.product refers to it\n");
}

/* What was changed in the database is known when the server has heard of it: two seconds at most. */
static void soon_shown(struct world *w, size_t user, const char *path, const char *field, bool is_shown) {
    for (uint32_t i = 0; i < 400; i++) {
        if ((answer_at(ask(w, user, "GET", path, NULL), world_text(w, "/results/0/%s", field)) != NULL) == is_shown) {
            return;
        }
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    fail_msg("%s is still as it was", field);
}

/* A field that the caller may not read tells nothing, not even by being counted. */
static void test_hidden_fields(void **state) {
    struct world *w = *state;
    const char *id = unit(w, "HELD-3");
    product(w, ACME_MANAGER, "hidden-1", world_text(w, "\"base_uom\":\"%s\"", id));
    pg_exec(&w->pg,
            "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields) SELECT "
            "r.organization_id, r.id, 'product.product', '{name,sku}' FROM rbac.role r WHERE r.name = 'clerk of acme'");
    soon_shown(w, CLERK, "/products", "base_uom", false);
    must_hold(w, CLERK, "/units-of-measure", id, "rows that you may not see refer to it\n");
    pg_exec(&w->pg, "DELETE FROM rbac.field_permission");
    soon_shown(w, CLERK, "/products", "base_uom", true);
    must_hold(w, CLERK, "/units-of-measure", id, "1 row of product.product refers to it\n");
}

static void test_types_and_organizations(void **state) {
    struct world *w = *state;
    const char *type = make(w, ADMIN, "/organization-types", "{\"name\":\"held\"}");
    const char *top = make(w, ADMIN, "/organizations",
                           world_text(w, "{\"name\":\"Held\",\"code\":\"HELD\",\"organization_type\":\"%s\"}", type));
    must_hold(w, ADMIN, "/organization-types", type, "1 row of organization.organization refers to it\n");
    must_hold(w, CLERK, "/organization-types", type, "rows that you may not see refer to it\n");
    make(w, ADMIN, "/organizations",
         world_text(w, "{\"name\":\"Below\",\"code\":\"HELD2\",\"organization_type\":\"%s\",\"parent\":\"%s\"}", type,
                    top));
    must_hold(w, ADMIN, "/organizations", top, "1 row of organization.organization refers to it\n");
    const char *in = world_text(w, "\"organization\":\"%s\"", top);
    make(w, ADMIN, "/contacts", world_text(w, "{\"first_name\":\"A\",\"last_name\":\"B\",%s}", in));
    make(w, ADMIN, "/categories", world_text(w, "{\"name\":\"held\",%s}", in));
    must_hold(w, ADMIN, "/organizations", top,
              "1 row of organization.organization refers to it\n1 row of contact.contact refers to it\n"
              "1 row of product.category refers to it\n");
}

/* Roles are kept in lists. */
static void test_roles(void **state) {
    struct world *w = *state;
    const char *role = pg_value(&w->pg, w->arena, "SELECT id FROM rbac.role WHERE name = 'clerk of acme'").ptr;
    must_hold(w, ADMIN, "/roles", role, "1 row of rbac.organization_membership refers to it\n");
}

/* ---- many ---- */

static void test_more_than_a_thousand(void **state) {
    struct world *w = *state;
    const char *top = make(w, GLOBEX_MANAGER, "/categories", "{\"name\":\"crowded\"}");
    pg_exec(&w->pg, world_text(w,
                               "INSERT INTO product.product (organization_id, name, sku, base_uom_id, category_id) "
                               "SELECT '%s', 'crowd', 'crowd-' || n, (SELECT id FROM product.unit_of_measure LIMIT 1), "
                               "'%s' FROM generate_series(1, 1000) n",
                               world_organizations[WORLD_GLOBEX].id, top));
    must_hold(w, GLOBEX_MANAGER, "/categories", top, "1000 rows of product.product refer to it\n");
    product(w, GLOBEX_MANAGER, "crowd-0",
            world_text(w, "\"base_uom\":\"%s\",\"category\":\"%s\"",
                       pg_value(&w->pg, w->arena, "SELECT id FROM product.unit_of_measure WHERE code = 'KG'").ptr,
                       top));
    must_hold(w, GLOBEX_MANAGER, "/categories", top, "more than 1000 rows of product.product refer to it\n");
}

/* Of many rows, those that are held, each with its own. */
static void test_many(void **state) {
    struct world *w = *state;
    const char *ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = unit(w, world_text(w, "HELD-MANY-%d", i));
    }
    product(w, GLOBEX_MANAGER, "many-1", world_text(w, "\"base_uom\":\"%s\"", ids[1]));
    const struct answer *a = ask(w, ADMIN, "DELETE", "/units-of-measure?code__startswith=HELD-MANY-", NULL);
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/pointer"), world_text(w, "/%s", ids[1]));
    assert_text(answer_text(a, "/errors/0/detail"), "1 row of product.product refers to it");
    assert_null(answer_text(a, "/errors/1/detail").ptr);
    /* With hooks, row by row. */
    const char *top = make(w, GLOBEX_MANAGER, "/categories", "{\"name\":\"many held\"}");
    make(w, GLOBEX_MANAGER, "/categories", world_text(w, "{\"name\":\"below it\",\"parent\":\"%s\"}", top));
    a = ask(w, GLOBEX_MANAGER, "DELETE", "/categories?name=many%20held", NULL);
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/pointer"), world_text(w, "/%s", top));
    assert_text(answer_text(a, "/errors/0/detail"), "1 row of product.category refers to it");
}

/* ---- all of them ---- */

/* Each has its case above. */
static const char *const holding[] = {
    "organization.organization.organization_type",
    "organization.organization.parent",
    "product.category.parent",
    "product.product.category",
    "product.product.base_uom",
};

static bool is_known(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(holding); i++) {
        if (strcmp(holding[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_every_reference(void **state) {
    struct world *w = *state;
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        for (uint32_t k = 0; k < r->field_count; k++) {
            const char *name = world_text(w, "%s.%s", r->full_name, r->fields[k].decl->name);
            if (r->fields[k].is_holding && !r->fields[k].is_standard) {
                if (!is_known(name)) {
                    fail_msg("%s holds what it refers to: it needs a case here", name);
                }
                count++;
            }
        }
    }
    assert_int_equal(count, ARRAY_LEN(holding));
    assert_false(resource_field(catalogue_resource(w->catalogue, "contact.contact"), test_view("linked_organization"))
                     ->is_holding); /* ON DELETE SET NULL */
    assert_true(
        resource_field(catalogue_resource(w->catalogue, "contact.contact"), test_view("organization"))->is_holding);
}

static int set_up(void **state) {
    int rc = world_setup(state);
    struct world *w = *state;
    pg_exec(&w->pg,
            "INSERT INTO rbac.app_user (id, username, email, password_hash, is_demo) SELECT alees.new_id(), "
            "'clerk', 'clerk@example.com', password_hash, is_demo FROM rbac.app_user WHERE username = 'nobody';"
            "INSERT INTO rbac.role (organization_id, name, permissions) VALUES "
            "('01930000-0000-7000-8000-000000000001', 'clerk of acme', '{product.view_product}');"
            "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT u.id, r.organization_id, "
            "ARRAY[r.id] FROM rbac.app_user u, rbac.role r WHERE u.username = 'clerk' AND r.name IN ('clerk of acme')"
            " UNION ALL SELECT u.id, NULL, ARRAY[r.id] FROM rbac.app_user u, rbac.role r WHERE u.username = 'clerk' "
            "AND r.name = 'manager' AND r.organization_id IS NULL");
    const struct answer *a = loopback_request(w->loopback, "POST", "/api/v1/auth/login", NULL,
                                              "{\"username\":\"clerk\",\"password\":\"demo-password\"}");
    assert_status(a, 200);
    clerk = answer_text(a, "/token").ptr;
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_categories),    cmocka_unit_test(test_units),
        cmocka_unit_test(test_hidden_fields), cmocka_unit_test(test_types_and_organizations),
        cmocka_unit_test(test_roles),         cmocka_unit_test(test_more_than_a_thousand),
        cmocka_unit_test(test_many),          cmocka_unit_test(test_every_reference),
    };
    return cmocka_run_group_tests_name("protect", tests, set_up, world_teardown);
}
