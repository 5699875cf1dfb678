/* SPDX-License-Identifier: MIT
 * test_audit_each.c - the trail of every resource that is declared, walked by the catalogue: who, what, before and after, by
 * which request, where; and that no role of the server can put anything into it, change it, or take anything out. */
#include "world.h"

static const struct answer *ask_as(struct world *w, const char *request_id, const char *method, const char *path,
                                   const char *body) {
    return loopback_send(w->loopback, &(struct loopback_request){.method = method,
                                                                 .path = path,
                                                                 .token = w->tokens[WORLD_ADMIN],
                                                                 .body = body,
                                                                 .headers = {{"X-Request-Id", request_id}}});
}

static alees_str value(struct world *w, const char *sql) {
    return pg_value(&w->pg, w->arena, sql);
}

/* A field whose value can be another text. */
static const struct alees_field *changeable(const struct resource *r) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *f = r->fields[i].decl;
        uint32_t closed = ALEES_READ_ONLY | ALEES_WRITE_ONCE | ALEES_WRITE_ONLY | ALEES_COMPUTED;
        if (!r->fields[i].is_standard && f->type == ALEES_TEXT && (f->flags & closed) == 0 &&
            (!f->max || f->max > 12)) {
            return f;
        }
    }
    return NULL;
}

/* What the entry of that request about that row says; absent if there is none, or not one. */
static const char *entry(struct world *w, const struct resource *r, const char *id, const char *request_id,
                         const char *what) {
    const char *where =
        world_text(w, "FROM audit.entry WHERE resource = '%s' AND object_id = '%s' AND request_id = '%s'", r->full_name,
                   id, request_id);
    assert_int_equal(pg_count(&w->pg, world_text(w, "SELECT count(*) %s", where)), 1);
    return value(w, world_text(w, "SELECT (%s)::text %s", what, where)).ptr;
}

static void check_changes(struct world *w, const struct resource *r) {
    static const char who[] = "concat_ws(' ', action, user_id, organization_id, coalesce(detail, '-'))";
    const char *acme = world_organizations[WORLD_ACME].id;
    const char *admin = value(w, "SELECT id FROM rbac.app_user WHERE username = 'admin'").ptr;
    const char *names[] = {world_text(w, "%s-1", r->full_name), world_text(w, "%s-2", r->full_name),
                           world_text(w, "%s-3", r->full_name)};
    const char *list = world_list_path(w, r, ""), *body = world_row_body(w, r, WORLD_ACME, true);
    const struct alees_field *f = changeable(r);
    const struct answer *a = ask_as(w, names[0], "POST", list, body);
    world_must(a, 201, WORLD_ADMIN, body);
    const char *id = answer_text(a, "/id").ptr, *path = world_row_path(w, r, id);
    assert_string_equal(entry(w, r, id, names[0], who), world_text(w, "create %s %s -", admin, acme));
    assert_non_null(f);
    alees_str before = answer_text(a, world_text(w, "/%s", f->name));
    const char *change = world_text(w, "{\"%s\":\"changed-%u\"}", f->name, ++w->serial);
    a = ask_as(w, names[1], "PATCH", path, change);
    world_must(a, 200, WORLD_ADMIN, change);
    const char *after = answer_text(a, world_text(w, "/%s", f->name)).ptr;
    assert_string_equal(entry(w, r, id, names[1], who), world_text(w, "update %s %s -", admin, acme));
    const char *sides = world_text(w, "coalesce(changes #>> '{%s,before}', '-') || '|' || (changes #>> '{%s,after}')",
                                   f->name, f->name);
    assert_string_equal(entry(w, r, id, names[1], sides), world_text(w, "%s|%s", before.ptr ? before.ptr : "-", after));
    a = ask_as(w, names[2], "DELETE", path, NULL);
    world_must(a, 204, WORLD_ADMIN, path);
    assert_string_equal(entry(w, r, id, names[2], who), world_text(w, "delete %s %s -", admin, acme));
    assert_int_equal(pg_count(&w->pg, world_text(w, "SELECT count(*) FROM audit.entry WHERE object_id = '%s'", id)), 3);
}

static void test_changes_of_each(void **state) {
    struct world *w = *state;
    world_each_resource(w, true, check_changes);
}

/* Those that the API cannot write here, too: a trigger for each kind of statement, which nobody has switched off. */
static void test_each_is_watched(void **state) {
    struct world *w = *state;
    uint32_t watched = 0;
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        bool is_written = (r->decl->flags & ALEES_RESOURCE_READ_ONLY) == 0;
        int64_t triggers = pg_count(&w->pg, world_text(w,
                                                       "SELECT count(DISTINCT tgtype) FROM pg_trigger WHERE tgrelid = "
                                                       "'%s'::regclass AND tgfoid = 'audit.record'::regproc "
                                                       "AND tgenabled = 'O' AND tgqual IS NULL",
                                                       r->decl->table));
        assert_int_equal(triggers, is_written ? 3 : 0);
        watched += is_written;
    }
    assert_true(watched >= 10);
}

/* Every role that the server can take on, whichever plugins there are. */
static void test_nobody_writes_the_trail(void **state) {
    struct world *w = *state;
    static const char *const rights[] = {"INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"};
    static const char of_the_server[] =
        "FROM pg_roles WHERE (rolname = 'alees_app' OR rolname LIKE 'alees\\_plugin\\_%')";
    assert_true(pg_count(&w->pg, world_text(w, "SELECT count(*) %s", of_the_server)) >= 9);
    for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
        assert_int_equal(pg_count(&w->pg, world_text(w,
                                                     "SELECT count(*) %s AND has_table_privilege(oid, "
                                                     "'audit.entry', '%s')",
                                                     of_the_server, rights[i])),
                         0);
    }
    assert_int_equal(
        pg_count(&w->pg,
                 world_text(w, "SELECT count(*) %s AND (rolsuper OR rolbypassrls OR rolcreaterole)", of_the_server)),
        0);
    /* Nor by a function, but for those that prune and note, of the trail's own roles. */
    alees_str callable = value(
        w, world_text(w,
                      "SELECT string_agg(DISTINCT proname || ':' || rolname, ',' ORDER BY proname || ':' || rolname) "
                      "FROM pg_proc, (SELECT oid AS role, rolname %s) r WHERE pronamespace = 'audit'::regnamespace "
                      "AND prosecdef AND has_function_privilege(role, pg_proc.oid, 'EXECUTE')",
                      of_the_server));
    assert_text(callable, "history:alees_plugin_audit,history:alees_plugin_audit_all,note:alees_plugin_audit,"
                          "note:alees_plugin_audit_all,prune:alees_plugin_audit_all");
    assert_int_equal(pg_count(&w->pg, "SELECT count(*) FROM pg_class WHERE relname = 'entry' AND "
                                      "relnamespace = 'audit'::regnamespace AND relforcerowsecurity"),
                     1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_of_each),
        cmocka_unit_test(test_each_is_watched),
        cmocka_unit_test(test_nobody_writes_the_trail),
    };
    return cmocka_run_group_tests_name("audit_each", tests, world_setup, world_teardown);
}
