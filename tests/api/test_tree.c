/* SPDX-License-Identifier: MIT
 * test_tree.c - an organization moves below another one: who may, what it changes for whom, and that no circle arises
 * (E9; T56 to T59), whoever writes. */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "alees/util.h"
#include "grant.h"
#include "world.h"

enum { NOBODY = 5 }; /* of world_users: the one whose rights the tests make */
#define MOVER "nobody"
#define UNKNOWN "01930000-0000-7000-8000-00000000ffff"

/* top > old > unit > leaf, top > new, elsewhere */
struct tree {
    const char *top, *old_parent, *unit, *leaf, *new_parent, *elsewhere;
};

static struct tree make_tree(struct world *w) {
    static unsigned serial;
    unsigned n = serial++;
    struct tree t = {.top = grant_organization(&w->pg, w->arena, world_text(w, "TOP%u", n), NULL)};
    t.old_parent = grant_organization(&w->pg, w->arena, world_text(w, "OLD%u", n), t.top);
    t.unit = grant_organization(&w->pg, w->arena, world_text(w, "UNIT%u", n), t.old_parent);
    t.leaf = grant_organization(&w->pg, w->arena, world_text(w, "LEAF%u", n), t.unit);
    t.new_parent = grant_organization(&w->pg, w->arena, world_text(w, "NEW%u", n), t.top);
    t.elsewhere = grant_organization(&w->pg, w->arena, world_text(w, "ELSE%u", n), NULL);
    grant_nothing(&w->pg, MOVER);
    return t;
}

static const struct answer *move(struct world *w, size_t user, const char *id, const char *parent) {
    const char *path = world_text(w, "/api/v1/organizations/%s/move", id);
    return world_ask(w, user, "POST", path,
                     parent ? world_text(w, "{\"parent\":\"%s\"}", parent) : "{\"parent\":null}");
}

static const struct answer *get(struct world *w, size_t user, const char *id) {
    const char *path = world_text(w, "/api/v1/organizations/%s", id ? id : UNKNOWN);
    return world_ask(w, user, "GET", path, NULL);
}

static const char *parent_of(struct world *w, const char *id) {
    return pg_value(&w->pg, w->arena,
                    world_text(w,
                               "SELECT coalesce(p.parent_id::text, 'none') FROM organization.organization o"
                               " JOIN rbac.organization p USING (id) WHERE id = '%s'"
                               " AND o.parent_id IS NOT DISTINCT FROM p.parent_id",
                               id))
        .ptr;
}

static void allow(struct world *w, const char *organization, const char *permissions, bool inherit) {
    grant_member(&w->pg, MOVER, organization, grant_role(&w->pg, w->arena, organization, permissions), inherit);
}

#define VIEW "organization.view_organization"
#define CHANGE "organization.change_organization"
#define ADD "organization.add_organization"
#define MOVE "organization.move_organization"
#define FULL VIEW "," CHANGE "," ADD "," MOVE

/* A cache hears of a change by SQL within a moment; the moves themselves need not wait for that. */
static void wait_until_seen(struct world *w, size_t user, const char *id, uint32_t status) {
    for (int i = 0; i < 500; i++) {
        if (get(w, user, id)->status == status) {
            return;
        }
        struct timespec pause = {0, 5000000};
        nanosleep(&pause, NULL);
    }
    fail_msg("%s is not %u", id, status);
}

static void test_a_move_answers_as_get_does(void **state) {
    struct world *w = *state;
    struct tree t = make_tree(w);
    const struct answer *before = get(w, WORLD_ADMIN, t.unit);
    const struct answer *moved = move(w, WORLD_ADMIN, t.unit, t.new_parent);
    assert_status(moved, 200);
    const struct answer *after = get(w, WORLD_ADMIN, t.unit);
    assert_string_equal(moved->body.ptr, after->body.ptr);
    assert_true(alees_equal(answer_header(moved, "ETag"), answer_header(after, "ETag")));
    assert_false(alees_equal(answer_header(before, "ETag"), answer_header(after, "ETag")));
    assert_text(answer_text(after, "/parent"), t.new_parent);
    assert_string_not_equal(answer_text(before, "/updated_at").ptr, answer_text(after, "/updated_at").ptr);
    assert_text(answer_text(after, "/updated_by"),
                pg_value(&w->pg, w->arena, "SELECT id FROM rbac.app_user WHERE username = 'admin'").ptr);
    assert_string_equal(parent_of(w, t.leaf), t.unit);
    /* to where it is: nothing is written */
    assert_status(move(w, WORLD_ADMIN, t.unit, t.new_parent), 200);
    assert_true(alees_equal(answer_header(get(w, WORLD_ADMIN, t.unit), "ETag"), answer_header(after, "ETag")));
    assert_status(move(w, WORLD_ADMIN, t.unit, NULL), 200);
    assert_string_equal(parent_of(w, t.unit), "none");
    assert_status(move(w, WORLD_ADMIN, t.unit, t.elsewhere), 200);
    assert_string_equal(parent_of(w, t.unit), t.elsewhere);
}

static void test_bodies(void **state) {
    struct world *w = *state;
    struct tree t = make_tree(w);
    const char *path = world_text(w, "/api/v1/organizations/%s/move", t.unit);
    assert_problem(world_ask(w, WORLD_ADMIN, "POST", path, "{}"), 422, "invalid");
    assert_problem(world_ask(w, WORLD_ADMIN, "POST", path, "{\"parent\":7}"), 422, "invalid");
    assert_problem(world_ask(w, WORLD_ADMIN, "POST", path, "{\"parent\":\"x\"}"), 422, "invalid");
    assert_problem(world_ask(w, WORLD_ADMIN, "POST", path, "{\"parent\":null,\"name\":\"x\"}"), 400, "unknown_field");
    assert_problem(world_ask(w, WORLD_ADMIN, "POST", "/api/v1/organizations/x/move", "{\"parent\":null}"), 404,
                   "not_found");
    assert_problem(world_ask(w, WORLD_ADMIN, "GET", path, NULL), 405, "method_not_allowed");
    const struct answer *a = world_ask(w, WORLD_ADMIN, "PATCH", world_text(w, "/api/v1/organizations/%s", t.unit),
                                       world_text(w, "{\"parent\":\"%s\"}", t.new_parent));
    assert_problem(a, 400, "read_only_field");
    assert_non_null(strstr(a->body.ptr, "POST /organizations/{id}/move"));
    assert_string_equal(parent_of(w, t.unit), t.old_parent);
}

/* Each right of the three is needed, each where it belongs, and no other helps. */
static void test_rights(void **state) {
    struct world *w = *state;
    static const struct {
        const char *unit, *old_parent, *new_parent; /* what is held there, with that it is seen */
        uint32_t status;
        const char *permission; /* that the answer names */
    } rows[] = {
        {CHANGE, MOVE, ADD, 200, NULL},
        {VIEW, MOVE, ADD, 403, CHANGE},
        {"organization.delete_organization," MOVE "," ADD, MOVE, ADD, 403, CHANGE},
        {CHANGE, VIEW, ADD, 403, MOVE},
        {CHANGE, CHANGE "," ADD, ADD, 403, MOVE},
        {CHANGE, MOVE, VIEW, 403, ADD},
        {CHANGE, MOVE, CHANGE "," MOVE, 403, ADD},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tree t = make_tree(w);
        allow(w, t.unit, world_text(w, VIEW ",%s", rows[i].unit), false);
        allow(w, t.old_parent, world_text(w, VIEW ",%s", rows[i].old_parent), false);
        allow(w, t.new_parent, world_text(w, VIEW ",%s", rows[i].new_parent), false);
        wait_until_seen(w, NOBODY, t.new_parent, 200);
        const struct answer *a = move(w, NOBODY, t.unit, t.new_parent);
        assert_status(a, rows[i].status);
        if (rows[i].permission) {
            const char *where = strcmp(rows[i].permission, CHANGE) == 0 ? "UNIT"
                                : strcmp(rows[i].permission, MOVE) == 0 ? "OLD"
                                                                        : "NEW";
            assert_problem(a, 403, "permission_denied");
            assert_text(answer_text(a, "/permission"), rows[i].permission);
            assert_non_null(strstr(answer_text(a, "/organization").ptr, where));
        }
        assert_string_equal(parent_of(w, t.unit), rows[i].status == 200 ? t.new_parent : t.old_parent);
    }
}

/* T56. What may not be seen cannot be told from what is not there, and is not named. */
static void test_what_is_not_seen(void **state) {
    struct world *w = *state;
    struct tree t = make_tree(w);
    allow(w, t.new_parent, FULL, true);
    wait_until_seen(w, NOBODY, t.new_parent, 200);
    const struct answer *foreign = move(w, NOBODY, t.unit, t.new_parent),
                        *none = move(w, NOBODY, UNKNOWN, t.new_parent);
    assert_problem(foreign, 404, "not_found");
    assert_string_equal(world_stable(w, foreign), world_stable(w, none));

    allow(w, t.unit, VIEW "," CHANGE, false);
    allow(w, t.old_parent, MOVE, false); /* held, though it is not seen */
    wait_until_seen(w, NOBODY, t.unit, 200);
    foreign = move(w, NOBODY, t.unit, t.elsewhere);
    none = move(w, NOBODY, t.unit, UNKNOWN);
    assert_problem(foreign, 422, "invalid");
    assert_text(answer_text(foreign, "/errors/0/code"), "invalid_reference");
    assert_text(answer_text(foreign, "/errors/0/pointer"), "/parent");
    assert_string_equal(world_stable(w, foreign), world_stable(w, none));

    allow(w, t.old_parent, ADD, false);
    const struct answer *denied = move(w, NOBODY, t.unit, t.new_parent);
    assert_problem(denied, 403, "permission_denied");
    assert_text(answer_text(denied, "/permission"), MOVE);
    assert_null(answer_at(denied, "/organization"));
    assert_null(strstr(denied->body.ptr, "OLD"));
    assert_string_equal(parent_of(w, t.unit), t.old_parent);
}

/* From and to being a root: not even who holds everything on both sides. */
static void test_roots(void **state) {
    struct world *w = *state;
    struct tree t = make_tree(w);
    allow(w, t.top, FULL, true);
    allow(w, t.elsewhere, FULL, true);
    wait_until_seen(w, NOBODY, t.elsewhere, 200);
    const struct answer *a = move(w, NOBODY, t.unit, NULL);
    assert_problem(a, 403, "permission_denied");
    assert_text(answer_text(a, "/permission"), ADD);
    a = move(w, NOBODY, t.elsewhere, t.new_parent);
    assert_problem(a, 403, "permission_denied");
    assert_text(answer_text(a, "/permission"), MOVE);
    assert_status(move(w, NOBODY, t.unit, t.elsewhere), 200); /* between trees, though */
    assert_string_equal(parent_of(w, t.unit), t.elsewhere);
}

/* T57. */
static void test_rights_follow_both_ways(void **state) {
    struct world *w = *state;
    struct tree t = make_tree(w);
    grant_nothing(&w->pg, "acme-viewer");
    grant_member(&w->pg, "acme-viewer", t.old_parent, GRANT_VIEWER, true);
    grant_member(&w->pg, MOVER, t.new_parent, GRANT_VIEWER, true);
    wait_until_seen(w, 2, t.leaf, 200);
    wait_until_seen(w, NOBODY, t.leaf, 404);
    assert_status(get(w, NOBODY, t.new_parent), 200);
    for (int round = 0; round < 10; round++) {
        assert_status(move(w, WORLD_ADMIN, t.unit, t.new_parent), 200);
        assert_status(get(w, 2, t.unit), 404); /* at once: this process moved it */
        assert_status(get(w, 2, t.leaf), 404);
        assert_status(get(w, NOBODY, t.leaf), 200);
        assert_status(move(w, WORLD_ADMIN, t.unit, t.old_parent), 200);
        assert_status(get(w, 2, t.leaf), 200);
        assert_status(get(w, NOBODY, t.unit), 404);
    }
}

/* T58, first half. */
static void test_circles(void **state) {
    struct world *w = *state;
    struct tree t = make_tree(w);
    allow(w, t.top, FULL, true);
    wait_until_seen(w, NOBODY, t.leaf, 200);
    const size_t users[] = {WORLD_ADMIN, NOBODY};
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        assert_problem(move(w, users[i], t.unit, t.unit), 409, "organization_cycle");
        assert_problem(move(w, users[i], t.unit, t.leaf), 409, "organization_cycle");
        assert_problem(move(w, users[i], t.old_parent, t.leaf), 409, "organization_cycle");
    }
    assert_string_equal(parent_of(w, t.unit), t.old_parent);
}

static void refused_by_trigger(struct world *w, const char *sql, const char *sqlstate) {
    struct db_result *result = NULL;
    assert_true(db_query(w->pg.admin, sql, NULL, 0, &result) != ALEES_OK);
    assert_string_equal(db_error(result, DB_SQLSTATE), sqlstate);
    db_result_free(result);
}

/* The second lock: not the server, but somebody with SQL. */
static void test_circles_by_sql(void **state) {
    struct world *w = *state;
    struct tree t = make_tree(w);
    refused_by_trigger(
        w, world_text(w, "UPDATE organization.organization SET parent_id = '%s' WHERE id = '%s'", t.leaf, t.top),
        "AL002");
    /* each row alone would do: only the whole is a circle */
    refused_by_trigger(
        w,
        world_text(w,
                   "UPDATE organization.organization SET parent_id = CASE id WHEN '%s'::uuid THEN '%s'::uuid"
                   " ELSE '%s'::uuid END WHERE id IN ('%s', '%s')",
                   t.new_parent, t.elsewhere, t.new_parent, t.new_parent, t.elsewhere),
        "AL002");
    refused_by_trigger(
        w,
        world_text(w,
                   "INSERT INTO organization.organization (id, name, code, organization_type_id, parent_id)"
                   " SELECT v.id, v.code, v.code, o.organization_type_id, v.parent FROM"
                   " organization.organization o, (VALUES ('%s'::uuid, 'R1', '%s'::uuid), ('%s', 'R2', '%s'))"
                   " v (id, code, parent) WHERE o.id = '%s'",
                   "01930000-0000-7000-8000-0000000000f1", "01930000-0000-7000-8000-0000000000f2",
                   "01930000-0000-7000-8000-0000000000f2", "01930000-0000-7000-8000-0000000000f1", t.top),
        "AL002");
    pg_exec(&w->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    refused_by_trigger(
        w, world_text(w, "UPDATE organization.organization SET parent_id = '%s' WHERE id = '%s'", t.elsewhere, t.top),
        "0A000");
    pg_exec(&w->pg, "ROLLBACK");
    assert_string_equal(parent_of(w, t.top), "none");
    assert_string_equal(parent_of(w, t.elsewhere), "none");
}

#define PLACE "UPDATE organization.organization SET parent_id = '%s' WHERE id = '%s'"

/* A change by SQL that this process does not hear of, so that it goes on showing an organization that is no longer seen.
 * What it was told of before may come late and make it read again: then once more. */
static void change_unheard(struct world *w, const char *table, const char *change, const char *undo,
                           const char *organization) {
    for (int attempt = 0; attempt < 20; attempt++) {
        pg_exec(&w->pg, world_text(w, "ALTER TABLE rbac.%s DISABLE TRIGGER USER", table));
        pg_exec(&w->pg, change);
        pg_exec(&w->pg, world_text(w, "ALTER TABLE rbac.%s ENABLE TRIGGER USER", table));
        if (get(w, NOBODY, organization)->status == 200) {
            return;
        }
        pg_exec(&w->pg, undo);
        wait_until_seen(w, NOBODY, organization, 200);
    }
    fail_msg("it has always heard of the change");
}

/* What this process remembers is out of date, and nobody told it: the move decides by what is so. */
static void test_rights_are_read_anew(void **state) {
    struct world *w = *state;
    struct tree t = make_tree(w);
    allow(w, t.unit, VIEW "," CHANGE, false);
    allow(w, t.new_parent, VIEW "," ADD, false);
    allow(w, t.top, VIEW "," MOVE, true);
    wait_until_seen(w, NOBODY, t.old_parent, 200);
    assert_status(move(w, NOBODY, t.unit, t.new_parent), 200);
    assert_status(move(w, WORLD_ADMIN, t.unit, t.old_parent), 200);
    assert_status(get(w, NOBODY, t.old_parent), 200);

    const char *inherit =
        world_text(w, "UPDATE rbac.membership SET inherit = true WHERE organization_id = '%s'", t.top);
    change_unheard(w, "membership",
                   world_text(w, "UPDATE rbac.membership SET inherit = false WHERE organization_id = '%s'", t.top),
                   inherit, t.old_parent);
    const struct answer *a = move(w, NOBODY, t.unit, t.new_parent);
    assert_problem(a, 403, "permission_denied");
    assert_text(answer_text(a, "/permission"), MOVE);
    assert_status(get(w, NOBODY, t.old_parent), 404); /* now it does */

    pg_exec(&w->pg, inherit);
    wait_until_seen(w, NOBODY, t.old_parent, 200);
    change_unheard(w, "organization", world_text(w, PLACE, t.elsewhere, t.old_parent), /* out of reach */
                   world_text(w, PLACE, t.top, t.old_parent), t.old_parent);
    assert_problem(move(w, NOBODY, t.unit, t.new_parent), 403, "permission_denied");
    assert_string_equal(parent_of(w, t.unit), t.old_parent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_move_answers_as_get_does),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_what_is_not_seen),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_rights_follow_both_ways),
        cmocka_unit_test(test_circles),
        cmocka_unit_test(test_circles_by_sql),
        cmocka_unit_test(test_rights_are_read_anew),
    };
    return cmocka_run_group_tests_name("tree", tests, world_setup, world_teardown);
}
