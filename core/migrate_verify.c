/* SPDX-License-Identifier: MIT
 * migrate_verify.c - at each start, as alees_app: is the database what the declarations say? */
#include <string.h>

#include "log.h"
#include "migrate_impl.h"

/* The result of one more check, after which the others go on: all faults are to be seen at once. */
static alees_rc also(alees_rc so_far, alees_rc rc) {
    return so_far == ALEES_OK || so_far == ALEES_E_INVALID ? (rc == ALEES_OK ? so_far : rc) : so_far;
}

/* Each row is a fault: what PostgreSQL says there is, that should not be. */
static alees_rc expect_none(struct db *db, struct arena *arena, const struct alees_self *p, const char *sql,
                            const char *const *params, uint32_t count, const char *remedy, FILE *errors) {
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, p->decl.name, sql, params, count, errors, &result);
    for (uint32_t i = 0; result && i < db_rows(result); i++) {
        fprintf(errors, "%s: %s; %s\n", p->decl.name, db_value(result, i, 0).ptr, remedy);
        rc = ALEES_E_INVALID;
    }
    db_result_free(result);
    return rc;
}

/* $1 schema, $2 and $3 its two roles. */
static const char grants_sql[] =
    "SELECT format('%s may %s %s', coalesce(r.rolname, 'everybody'), x.privilege_type, c.relname) FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) x "
    "LEFT JOIN pg_roles r ON r.oid = x.grantee WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND x.grantee <> c.relowner AND (r.rolname IN ($2, $3) "
    "AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')) IS NOT TRUE "
    "UNION ALL SELECT format('%s may %s schema %s', coalesce(r.rolname, 'everybody'), x.privilege_type, n.nspname) "
    "FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee "
    "WHERE n.nspname = $1 AND x.grantee <> n.nspowner "
    "AND (r.rolname IN ($2, $3) AND x.privilege_type = 'USAGE') IS NOT TRUE "
    "UNION ALL SELECT format('%s may %s %s', coalesce(r.rolname, 'everybody'), x.privilege_type, p.proname) "
    "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x "
    "LEFT JOIN pg_roles r ON r.oid = x.grantee WHERE n.nspname = $1 AND x.grantee <> p.proowner "
    "AND (r.rolname IN ($2, $3)) IS NOT TRUE "
    "UNION ALL SELECT format('%s may %s column %s of %s', coalesce(r.rolname, 'everybody'), x.privilege_type, "
    "a.attname, c.relname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(a.attacl) x "
    "LEFT JOIN pg_roles r ON r.oid = x.grantee WHERE n.nspname = $1 AND x.grantee <> c.relowner";

static const char owners_sql[] =
    "SELECT format('table %s belongs to %s, not to alees_owner', c.relname, pg_get_userbyid(c.relowner)) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 "
    "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_get_userbyid(c.relowner) <> 'alees_owner'";

/* A view reads with the rights of its owner, who sees all rows, unless it is told otherwise. */
static const char views_sql[] =
    "SELECT format('view %s would show the rows of every organization', c.relname) FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND (c.relkind = 'm' "
    "OR (c.relkind = 'v' AND NOT coalesce(c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], "
    "false)))";

static const char roles_sql[] =
    "SELECT format('role %s is missing or may log in, be a superuser or see past row-level security, or is not "
    "alees_app''s to take', name) FROM unnest(ARRAY[$1, $2]) name WHERE NOT EXISTS (SELECT 1 FROM pg_roles r "
    "WHERE r.rolname = name AND NOT (r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole) "
    "AND pg_has_role(current_user, r.oid, 'MEMBER'))";

static alees_rc check_plugin(struct db *db, struct arena *arena, const struct alees_self *p, FILE *errors) {
    static const char migrate[] = "run `alees migrate`", bootstrap[] = "run `alees bootstrap`";
    const char *params[] = {p->decl.name, p->role, p->role_all};
    alees_rc rc = expect_none(db, arena, p, roles_sql, params + 1, 2, bootstrap, errors);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = also(rc, expect_none(db, arena, p, grants_sql, params, 3, migrate, errors));
    rc = also(rc, expect_none(db, arena, p, owners_sql, params, 1, "give it back to that role", errors));
    return also(rc,
                expect_none(db, arena, p, views_sql, params, 1, "create it WITH (security_invoker = true)", errors));
}

/* The two roles may read the table's rows, and write them unless only functions do; what they may beyond these four is a
 * fault of check_plugin. */
static alees_rc check_rights(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    static const char sql[] =
        "SELECT format('%s may%s %s table %s.%s', role, CASE WHEN has THEN '' ELSE ' not' END, privilege, n.nspname, "
        "c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY[$1, $2]) role, "
        "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) privilege, "
        "LATERAL (SELECT has_table_privilege(role, c.oid, privilege) AS has) h WHERE n.nspname = $3 AND c.relname = $4 "
        "AND has <> (privilege = 'SELECT' OR $5 = '')";
    const char *is_read_only = (r->decl->flags & ALEES_RESOURCE_READ_ONLY) != 0 ? "read only" : "";
    const char *params[5] = {r->plugin->role, r->plugin->role_all, NULL, NULL, is_read_only};
    migrate_table_name(arena, r, &params[2], &params[3]);
    return expect_none(db, arena, r->plugin, sql, params, ARRAY_LEN(params), "run `alees migrate`", errors);
}

/* Some managed databases do not let anybody revoke this. Then the second lock still stops a forgotten filter, but not
 * SQL that somebody managed to inject. */
static alees_rc check_set_config(struct db *db, struct arena *arena, const struct alees_self *p, FILE *errors) {
    const char *params[] = {p->role};
    struct db_result *result = NULL;
    alees_rc rc =
        migrate_ask(db, arena, p->decl.name,
                    "SELECT has_function_privilege($1, 'pg_catalog.set_config(text,text,boolean)', 'EXECUTE')", params,
                    1, errors, &result);
    if (rc == ALEES_OK && migrate_is(db_value(result, 0, 0), "t")) {
        log_warn("plugin %s: its database role may call set_config: row-level security stops forgotten filters, "
                 "but not injected SQL; `alees bootstrap` revokes it",
                 p->decl.name);
    }
    db_result_free(result);
    return rc;
}

/* Replies that the server keeps for those who asked: no role but its own may see or change them. */
static alees_rc check_replies(struct db *db, struct arena *arena, FILE *errors) {
    static const char sql[] =
        "SELECT format('%s may %s table alees.idempotency', coalesce(r.rolname, 'everybody'), x.privilege_type) "
        "FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee "
        "WHERE c.oid = 'alees.idempotency'::regclass AND x.grantee <> c.relowner AND (r.rolname IS DISTINCT FROM "
        "current_user OR x.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')) "
        "UNION ALL SELECT format('%s may not %s table alees.idempotency', current_user, p) "
        "FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p "
        "WHERE NOT has_table_privilege('alees.idempotency'::regclass, p)";
    struct db_result *result = NULL;
    alees_rc rc = migrate_ask(db, arena, "alees.idempotency", sql, NULL, 0, errors, &result);
    for (uint32_t i = 0; rc == ALEES_OK && i < db_rows(result); i++) {
        fprintf(errors, "alees: %.*s: run `alees migrate`, or revoke it\n", STR_FMT(db_value(result, i, 0)));
    }
    rc = rc == ALEES_OK && db_rows(result) > 0 ? ALEES_E_INVALID : rc;
    db_result_free(result);
    return rc;
}

static alees_rc verify(struct db *db, struct arena *arena, const struct plugins *plugins,
                       const struct catalogue *catalogue, FILE *errors) {
    alees_rc rc = check_replies(db, arena, errors);
    for (uint32_t i = 0; i < plugins->count; i++) {
        alees_rc one = check_plugin(db, arena, plugins->items[i], errors);
        rc = also(rc, one == ALEES_OK ? check_set_config(db, arena, plugins->items[i], errors) : one);
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < catalogue->resource_count; i++) {
        struct resource *r = catalogue->resources[i];
        rc = also(rc, check_rights(db, arena, r, errors));
    }
    bool has_trail = plugin_find(plugins, "audit") != NULL;
    for (uint32_t i = 0; i < catalogue->resource_count; i++) {
        struct resource *r = catalogue->resources[i];
        rc = also(rc, migrate_check_policies(db, arena, r, errors));
        if (has_trail && migrate_is_audited(r)) {
            rc = also(rc, migrate_check_triggers(db, arena, r, errors));
        }
        rc = also(rc, migrate_check_table(db, arena, r, errors));
        rc = also(rc, migrate_check_indexes(db, arena, r, errors));
    }
    for (uint32_t i = 0; i < catalogue->resource_count; i++) { /* the keys of all are known now */
        rc = also(rc, migrate_check_life(db, arena, catalogue, catalogue->resources[i], errors));
    }
    rc = also(rc, migrate_check_search(db, arena, errors));
    return rc;
}

alees_rc migrate_verify(const struct config *config, const struct plugins *plugins, struct catalogue *catalogue,
                        FILE *errors) {
    struct db *db = NULL;
    alees_rc rc = migrate_connect(config, SETTING_DB_URL, errors, &db);
    if (rc != ALEES_OK) {
        return rc;
    }
    struct arena *arena = arena_new(MIGRATE_MEMORY);
    if (arena) {
        rc = verify(db, arena, plugins, catalogue, errors);
    } else {
        fprintf(errors, "out of memory\n");
        rc = ALEES_E_NOMEM;
    }
    arena_free(arena);
    db_close(db);
    return rc;
}
