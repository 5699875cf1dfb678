/* SPDX-License-Identifier: MIT
 * test_policy_rows.c - random worlds written to a real database, and the chain closed there: the rules as
 * policy_worlds.h writes them down <=> the decision over what the statements of plugins/rbac load <=> the list <=> the
 * rows of a table that row-level security shows under the plugin's own role with that list as its scope. And the same
 * decision over what rbac_load_fresh reads for one organization alone. ALEES_TEST_LONG makes it ten times as many. */
#include "policy_worlds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pg.h"
#include "plugins/rbac/load.c"
#include "plugins/rbac/statements.c"

#define HOUR_US ((int64_t)60 * 60 * 1000000)

enum { WORLDS = 250, MOST_RESULTS = 512 };

struct setting {
    struct pg pg;
    struct rbac r;
    struct arena *arena;
    struct db_result *results[MOST_RESULTS]; /* of one world */
    uint32_t result_count;
    int64_t now;
    uint32_t visible;
};
static struct setting *the; /* rbac_run has no other way to it */

/* --- the plugin's surroundings --- */

static struct db_result *query(const char *sql, const alees_str *params, uint32_t count) {
    struct db_result *result = NULL;
    if (db_query(the->pg.admin, sql, params, count, &result) != ALEES_OK) {
        fail_msg("%s: %s", sql, db_error(result, DB_MESSAGE));
    }
    assert_true(the->result_count < MOST_RESULTS);
    the->results[the->result_count++] = result;
    return result;
}

alees_rc rbac_run(struct rbac *r, alees_ctx *ctx, enum rbac_statement statement, const alees_str *params,
                  uint32_t count, alees_rows **ret_rows) {
    (void)r;
    (void)ctx;
    assert_int_equal(count, rbac_statements[statement].nparams);
    *ret_rows = (alees_rows *)query(rbac_statements[statement].sql, params, count);
    return ALEES_OK;
}

int64_t rbac_now_us(void) {
    return the->now;
}

static uint32_t rows_count(const alees_rows *rows) {
    return db_rows((const struct db_result *)rows);
}

static alees_str rows_text(const alees_rows *rows, uint32_t row, uint32_t column) {
    return db_value((const struct db_result *)rows, row, column);
}

static void *host_alloc(alees_ctx *ctx, size_t size) {
    (void)ctx;
    return arena_alloc(the->arena, size);
}

static void host_count(alees_self *self, uint32_t metric, int64_t delta) {
    (void)self;
    (void)metric;
    (void)delta;
}

static int set_up(void **state) {
    static const struct alees_db_v1 db = {.struct_size = sizeof db, .count = rows_count, .text = rows_text};
    static const struct alees_host host = {.struct_size = sizeof host, .alloc = host_alloc, .count = host_count};
    static struct setting s;
    the = &s;
    pg_open(&s.pg, "policy_rows", PG_MIGRATED);
    s.r.db = &db;
    s.r.host = &host;
    s.r.catalogue = catalogue();
    *state = &s;
    return 0;
}

static int tear_down(void **state) {
    struct setting *s = *state;
    policy_catalogue_free(s->r.catalogue);
    pg_close(&s->pg);
    return 0;
}

/* --- a world into the database --- */

static void run(const char *format, ...) PRINTF_LIKE(1, 2);
static void run(const char *format, ...) {
    char sql[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof sql);
    (void)query(sql, NULL, 0);
}

static const char *id_text(const alees_id *id) {
    char text[37];
    return arena_str(the->arena, test_view(alees_id_format(id, text))).ptr;
}

static const char *organization_text(int where) {
    const alees_id id = organization_id((uint32_t)where);
    return where == GLOBALLY ? "NULL" : arena_printf(the->arena, "'%s'", id_text(&id)).ptr;
}

/* The database refuses what cannot be, and the rules pass over it: what is drawn of it is taken out. */
static void tame(struct random_world *w, int64_t now) {
    for (uint32_t i = 0; i < MOST_ROLES; i++) {
        struct random_role *r = &w->roles[i];
        uint32_t kept = 0;
        for (uint32_t n = 0; n < r->name_count; n++) {
            if (r->is_system || !strchr(r->names[n], '*')) {
                r->names[kept++] = r->names[n];
            }
        }
        r->name_count = kept;
        r->is_owner = r->is_owner && r->is_system;
    }
    uint32_t memberships = 0;
    for (uint32_t i = 0; i < w->membership_count; i++) {
        struct random_membership m = w->memberships[i];
        uint32_t kept = 0;
        for (uint32_t r = 0; r < m.role_count; r++) {
            if (m.roles[r] < MOST_ROLES &&
                (w->roles[m.roles[r]].is_system || (int)w->roles[m.roles[r]].where == m.where)) {
                m.roles[kept++] = m.roles[r];
            }
        }
        m.role_count = kept;
        m.from = m.from == INT64_MIN ? m.from : now + (m.from - now) * HOUR_US;
        m.until = m.until == INT64_MAX ? m.until : now + (m.until - now) * HOUR_US;
        m.until = m.from < m.until ? m.until : INT64_MAX;
        if (m.where < (int)w->organization_count) {
            w->memberships[memberships++] = m;
        }
    }
    w->membership_count = memberships;
}

static void insert_roles(const struct random_world *w) {
    static const char *const names[RESOURCES] = {"unit.unit", "product.product", "rbac.user"};
    for (uint32_t i = 0; i < MOST_ROLES; i++) {
        const struct random_role *r = &w->roles[i];
        const alees_id id = role_id(i);
        const char *where = r->is_system ? "NULL" : organization_text((int)r->where);
        char permissions[512] = "{";
        for (uint32_t n = 0; n < r->name_count; n++) {
            bool is_there = false;
            for (uint32_t before = 0; before < n; before++) {
                is_there = is_there || strcmp(r->names[before], r->names[n]) == 0;
            }
            if (!is_there) {
                strcat(permissions, permissions[1] ? "," : "");
                strcat(permissions, r->names[n]);
            }
        }
        strcat(permissions, "}");
        run("INSERT INTO rbac.role (id, organization_id, name, is_owner, permissions) "
            "VALUES ('%s', %s, 'role %u', %s, '%s')",
            id_text(&id), where, i, r->is_owner ? "true" : "false", permissions);
        for (uint32_t resource = 0; resource < RESOURCES; resource++) {
            char fields[POLICY_ACTIONS][64];
            for (uint32_t action = 0; action < POLICY_ACTIONS; action++) {
                name_fields(resource, r->fields[resource][action], fields[action]);
            }
            if (r->has_row[resource]) {
                run("INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields, "
                    "create_fields, update_fields) VALUES (%s, '%s', '%s', '%s', '%s', '%s')",
                    where, id_text(&id), names[resource], fields[0], fields[1], fields[2]);
            }
        }
    }
}

static const char *moment(int64_t us, bool is_there) {
    return is_there ? arena_printf(the->arena, "to_timestamp(0) + interval '1 us' * %lld", (long long)us).ptr : "NULL";
}

static void insert_user(const struct random_world *w, const alees_id *user) {
    run("INSERT INTO rbac.app_user (id, username, is_active, is_superuser) VALUES ('%s', 'somebody', %s, %s)",
        id_text(user), w->is_active ? "true" : "false", w->is_superuser ? "true" : "false");
    for (uint32_t i = 0; i < w->membership_count; i++) {
        const struct random_membership *m = &w->memberships[i];
        const alees_id id = id_of(3, i);
        char roles[64 * MOST_ROLES] = "{";
        for (uint32_t r = 0; r < m->role_count; r++) {
            const alees_id role = role_id(m->roles[r]);
            strcat(roles, r > 0 ? "," : "");
            strcat(roles, id_text(&role));
        }
        strcat(roles, "}");
        run("INSERT INTO rbac.membership (id, user_id, organization_id, is_active, inherit, valid_from, valid_until, "
            "role_ids) VALUES ('%s', '%s', %s, %s, %s, %s, %s, '%s')",
            id_text(&id), id_text(user), organization_text(m->where), m->is_active ? "true" : "false",
            m->inherit ? "true" : "false", moment(m->from, m->from != INT64_MIN),
            moment(m->until, m->until != INT64_MAX), roles);
    }
}

/* One product for each organization: what is seen of them is what is seen of the organizations. */
static void insert_world(const struct random_world *w, const alees_id *user) {
    for (uint32_t i = 0; i < w->organization_count; i++) {
        run("SELECT rbac.put_organization(%s, %s, %s, 'organization %u', %s, %s)", organization_text((int)i),
            organization_text(w->parents[i]), w->is_active_there[i] ? "true" : "false", i,
            moment(w->opens[i], w->opens[i] != INT64_MIN), moment(w->closes[i], w->closes[i] != INT64_MAX));
    }
    insert_roles(w);
    insert_user(w, user);
    run("INSERT INTO product.product (organization_id, id, name, sku, base_uom_id) "
        "SELECT o.id, alees.new_id(), 'A product', 'SKU', (SELECT id FROM product.unit_of_measure LIMIT 1) "
        "FROM rbac.organization o");
}

/* --- the chain --- */

static struct policy_user *load(struct setting *s, const alees_id *user, const struct rbac_about *about) {
    struct rbac_loaded loaded;
    struct policy_tree *tree;
    struct policy_roles *roles;
    const alees_str key = test_view(id_text(user));
    assert_ok(rbac_load_user(&s->r, NULL, about ? RBAC_FRESH_USER : RBAC_LOAD_BY_ID, key, &loaded));
    if (about) {
        const alees_str params[] = {key, about->organizations, about->roles};
        alees_rows *rows;
        assert_ok(rbac_run(&s->r, NULL, RBAC_FRESH_LOCK, &about->organizations, 1, &rows));
        assert_ok(rbac_run(&s->r, NULL, RBAC_FRESH_LOCK_HELD, params, 3, &rows));
        assert_ok(rbac_load_fresh(&s->r, NULL, key, about, &tree, &roles));
    } else {
        assert_ok(rbac_load_tree(&s->r, NULL, 1, &tree));
        assert_ok(rbac_load_roles(&s->r, NULL, 1, &roles));
    }
    struct policy_user *u =
        policy_user_new(&loaded.user, loaded.memberships, loaded.count, tree, roles, s->r.catalogue->count, s->now);
    assert_non_null(u);
    policy_tree_release(tree);
    policy_roles_release(roles);
    return u;
}

/* The organizations whose product is there to see with this list as the scope, as bits. */
static uint32_t find_visible(const struct random_world *w, const struct alees_organizations *list) {
    const alees_str scope[] = {test_view(list->all ? "alees_plugin_product_all" : "alees_plugin_product"), list->text};
    (void)query("SELECT set_config('role', $1, true), set_config('alees.organizations', $2, true)", scope, 2);
    const struct db_result *rows = query("SELECT organization_id FROM product.product", NULL, 0);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < db_rows(rows); i++) {
        const alees_str found = db_value(rows, i, 0);
        for (uint32_t where = 0; where < w->organization_count; where++) {
            const alees_id id = organization_id(where);
            seen |= (uint32_t)alees_equal(found, test_view(id_text(&id))) << where;
        }
    }
    (void)query("SET LOCAL ROLE NONE", NULL, 0);
    return seen;
}

static void check_fresh(struct setting *s, const struct random_world *w, const alees_id *user, int where) {
    const alees_id id = organization_id((uint32_t)where);
    const alees_str one = arena_printf(s->arena, "{%s}", id_text(&id));
    struct policy_user *u = load(s, user, &(struct rbac_about){.organizations = one, .lock = true});
    for (uint32_t permission = 1; permission <= PERMISSIONS; permission++) {
        assert_int_equal(policy_is_allowed(policy_decide(u, NULL, permission, &id, NULL)),
                         plainly_allowed(w, false, permission, where, s->now, false));
        assert_int_equal(policy_holds(u, NULL, permission, &id, true),
                         plainly_allowed(w, false, permission, where, s->now, true));
    }
    policy_user_release(u);
}

static void check_fields(struct setting *s, const struct random_world *w, struct policy_user *u, int where) {
    const alees_id id = organization_id((uint32_t)where);
    for (uint32_t permission = VIEW; permission <= CHANGE; permission++) {
        struct policy_fields fields;
        policy_fields(s->r.catalogue, u, NULL, permission, &id, &fields);
        for (uint32_t field = 0; field < 4; field++) {
            assert_int_equal(fields.all || (fields.bits[0] >> field & 1),
                             plainly_usable(w, false, permission, field, where, s->now, false));
        }
    }
}

static void check_world(struct setting *s, const struct random_world *w, const alees_id *user) {
    struct policy_user *u = load(s, user, NULL);
    for (uint32_t permission = 1; permission <= PERMISSIONS; permission++) {
        const struct alees_organizations *list = policy_organizations(u, NULL, permission, NULL);
        const uint32_t visible = find_visible(w, list);
        for (int where = 0; where < (int)w->organization_count; where++) {
            const alees_id id = organization_id((uint32_t)where);
            struct alees_decision why;
            const bool expected = plainly_allowed(w, false, permission, where, s->now, false);
            assert_int_equal(policy_is_allowed(policy_decide(u, NULL, permission, &id, &why)), expected);
            assert_int_equal(policy_is_allowed(why.reason), expected);
            assert_int_equal(visible >> where & 1, expected);
            s->visible += expected;
        }
    }
    for (int where = 0; where < (int)w->organization_count; where++) {
        check_fields(s, w, u, where);
    }
    check_fresh(s, w, user, (int)below(w->organization_count));
    policy_user_release(u);
}

static void test_random_worlds_in_a_database(void **state) {
    static struct random_world w;
    struct setting *s = *state;
    const uint32_t worlds = getenv("ALEES_TEST_LONG") ? WORLDS * 10 : WORLDS;
    const alees_id user = id_of(4, 1);
    for (uint32_t world = 0; world < worlds; world++) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        s->now = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
        s->arena = arena_new((size_t)16 * 1024 * 1024);
        s->result_count = 0;
        world_seed = world * 2654435761u + 7;
        draw_world(&w, s->now);
        tame(&w, s->now);
        run("BEGIN");
        insert_world(&w, &user);
        check_world(s, &w, &user);
        run("ROLLBACK");
        for (uint32_t i = 0; i < s->result_count; i++) {
            db_result_free(s->results[i]);
        }
        arena_free(s->arena);
    }
    assert_true(s->visible > worlds);
    print_message("%u worlds, %u times visible\n", worlds, s->visible);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_worlds_in_a_database),
    };
    return cmocka_run_group_tests_name("policy_rows", tests, set_up, tear_down);
}
