/* SPDX-License-Identifier: MIT
 * migrate_secure.c - who may do what in the database, made from the declarations at the end of each `alees migrate`. */
#include <string.h>

#include "migrate_impl.h"

static void both_roles(struct str *s, const struct alees_self *p) {
    str_ident(s, p->role);
    str_puts(s, ", ");
    str_ident(s, p->role_all);
}

/* Takes back what anybody else was granted in the schema: migrate_verify.c does not let a server start with it. */
static const char *strangers_sql(struct arena *arena, const struct alees_self *p) {
    static const char loop[] =
        "DO $alees$ DECLARE f record; BEGIN FOR f IN SELECT DISTINCT o.name, r.rolname FROM ("
        "SELECT 'TABLE ' || c.oid::regclass AS name, c.relowner AS owner, x.grantee FROM pg_class c "
        "CROSS JOIN LATERAL aclexplode(c.relacl) x WHERE c.relnamespace = '%s'::regnamespace "
        "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
        "UNION ALL SELECT 'TABLE ' || c.oid::regclass, c.relowner, x.grantee FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid CROSS JOIN LATERAL aclexplode(a.attacl) x "
        "WHERE c.relnamespace = '%s'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
        "UNION ALL SELECT 'ROUTINE ' || p.oid::regprocedure, p.proowner, x.grantee FROM pg_proc p "
        "CROSS JOIN LATERAL aclexplode(p.proacl) x WHERE p.pronamespace = '%s'::regnamespace "
        "AND p.prokind IN ('f', 'p', 'w')) o JOIN pg_roles r ON r.oid = o.grantee "
        "WHERE o.grantee <> o.owner AND r.rolname NOT IN ('%s', '%s') "
        "LOOP EXECUTE format('REVOKE ALL ON %%s FROM %%I', f.name, f.rolname); END LOOP; END $alees$";
    const char *name = p->decl.name;
    return arena_printf(arena, loop, name, name, name, p->role, p->role_all).ptr;
}

/* Only the plugin's two roles, and only rows. A function that runs as its owner (SECURITY DEFINER) is nobody's to call
 * unless a migration grants it; of a partition only the parent is anybody's, because only its policies hold there. */
static const char *grants_sql(struct arena *arena, const struct alees_self *p) {
    static const char loops[] =
        "DO $alees$ DECLARE f record; BEGIN "
        "FOR f IN SELECT oid::regprocedure AS name, prosecdef FROM pg_proc WHERE pronamespace = '%s'::regnamespace "
        "AND prokind IN ('f', 'p', 'w') LOOP "
        "EXECUTE format('REVOKE ALL ON ROUTINE %%s FROM PUBLIC', f.name); "
        "IF NOT f.prosecdef THEN EXECUTE format('GRANT EXECUTE ON ROUTINE %%s TO %%I, %%I', f.name, '%s', '%s'); END "
        "IF; "
        "END LOOP; "
        "FOR f IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = '%s'::regnamespace "
        "AND relispartition AND relkind IN ('r', 'p') LOOP "
        "EXECUTE format('REVOKE ALL ON %%s FROM %%I, %%I', f.name, '%s', '%s'); "
        "END LOOP; END $alees$";
    const char *name = p->decl.name;
    struct str s;
    str_init(&s, arena, 4096);
    str_puts(&s, "REVOKE ALL ON SCHEMA ");
    str_ident(&s, name);
    str_puts(&s, " FROM PUBLIC; GRANT USAGE ON SCHEMA ");
    str_ident(&s, name);
    str_puts(&s, ", alees TO ");
    both_roles(&s, p);
    str_puts(&s, "; REVOKE ALL ON ALL TABLES IN SCHEMA alees FROM ");
    both_roles(&s, p);
    str_puts(&s,
             "; GRANT EXECUTE ON FUNCTION alees.new_id(), alees.search_document(text[]), alees.search_query(text) TO ");
    both_roles(&s, p);
    str_puts(&s, "; REVOKE ALL ON ALL TABLES IN SCHEMA ");
    str_ident(&s, name);
    str_puts(&s, " FROM PUBLIC, ");
    both_roles(&s, p);
    str_puts(&s, "; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ");
    str_ident(&s, name);
    str_puts(&s, " TO ");
    both_roles(&s, p);
    str_puts(&s, "; GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ");
    str_ident(&s, name);
    str_puts(&s, " TO ");
    both_roles(&s, p);
    str_puts(&s, "; ");
    str_printf(&s, loops, name, p->role, p->role_all, name, p->role, p->role_all);
    return str_done(&s).ptr;
}

static alees_rc grant(struct db *db, struct arena *arena, const struct plugins *plugins, FILE *errors) {
    alees_rc rc = migrate_exec(db, "alees",
                               "REVOKE ALL ON ALL TABLES IN SCHEMA alees FROM PUBLIC, " MIGRATE_APP
                               "; REVOKE ALL ON ALL FUNCTIONS IN SCHEMA alees FROM PUBLIC"
                               "; GRANT USAGE ON SCHEMA alees TO " MIGRATE_APP
                               "; GRANT SELECT ON alees.migration, alees.secret, alees.policy TO " MIGRATE_APP
                               "; GRANT SELECT, INSERT, UPDATE, DELETE ON alees.idempotency TO " MIGRATE_APP
                               "; GRANT EXECUTE ON FUNCTION alees.new_id() TO " MIGRATE_APP,
                               errors);
    for (uint32_t i = 0; rc == ALEES_OK && i < plugins->count; i++) {
        const struct alees_self *p = plugins->items[i];
        struct str schema;
        str_init(&schema, arena, 128); /* a plugin without any migration has none so far */
        str_puts(&schema, "CREATE SCHEMA IF NOT EXISTS ");
        str_ident(&schema, p->decl.name);
        rc = migrate_exec(db, p->decl.name, str_done(&schema).ptr, errors);
        if (rc == ALEES_OK) {
            rc = migrate_exec(db, p->decl.name, strangers_sql(arena, p), errors);
        }
        if (rc == ALEES_OK) {
            rc = migrate_exec(db, p->decl.name, grants_sql(arena, p), errors);
        }
    }
    return rc;
}

/* What is there now goes, whoever made it. */
static alees_rc drop_policies(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    const char *where[2];
    struct db_result *result = NULL;
    migrate_table_name(arena, r, &where[0], &where[1]);
    alees_rc rc = migrate_ask(db, arena, r->decl->table,
                              "SELECT format('DROP POLICY %I ON %I.%I', policyname, schemaname, tablename) "
                              "FROM pg_policies WHERE schemaname = $1 AND tablename = $2",
                              where, 2, errors, &result);
    for (uint32_t i = 0; rc == ALEES_OK && i < db_rows(result); i++) {
        rc = migrate_exec(db, r->decl->table, db_value(result, i, 0).ptr, errors);
    }
    db_result_free(result);
    return rc;
}

static alees_rc set_switches(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    const char *schema, *table;
    struct str s;
    migrate_table_name(arena, r, &schema, &table);
    str_init(&s, arena, 256);
    str_puts(&s, "ALTER TABLE ");
    str_ident(&s, schema);
    str_putc(&s, '.');
    str_ident(&s, table);
    str_puts(&s, r->scope_column ? " ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
                                 : " DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY");
    return migrate_exec(db, r->decl->table, str_done(&s).ptr, errors);
}

static alees_rc remember(struct db *db, struct arena *arena, const struct resource *r,
                         const struct migrate_policy *policy, FILE *errors) {
    const char *params[4] = {NULL, NULL, policy->name, policy->sql};
    struct db_result *result = NULL;
    migrate_table_name(arena, r, &params[0], &params[1]);
    alees_rc rc = migrate_ask(db, arena, r->decl->table,
                              "INSERT INTO alees.policy SELECT schemaname, tablename, policyname, $4::text, "
                              "concat_ws('|', permissive, cmd, roles, coalesce(qual, '-'), coalesce(with_check, '-')) "
                              "FROM pg_policies "
                              "WHERE schemaname = $1 AND tablename = $2 AND policyname = $3",
                              params, 4, errors, &result);
    db_result_free(result);
    return rc;
}

static alees_rc forget(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    const char *where[2];
    struct db_result *result = NULL;
    migrate_table_name(arena, r, &where[0], &where[1]);
    alees_rc rc =
        migrate_ask(db, arena, r->decl->table, "DELETE FROM alees.policy WHERE schema_name = $1 AND table_name = $2",
                    where, 2, errors, &result);
    db_result_free(result);
    return rc;
}

/* Only where something differs: each of these locks the table for a moment. */
static alees_rc secure_table(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    struct migrate_policy policies[MIGRATE_POLICIES];
    uint32_t count = 0;
    alees_rc rc = migrate_check_policies(db, arena, r, NULL);
    if (rc != ALEES_E_INVALID) {
        return rc;
    }
    rc = migrate_policies(arena, r, policies, &count);
    if (rc == ALEES_OK) {
        rc = set_switches(db, arena, r, errors);
    }
    if (rc == ALEES_OK) {
        rc = drop_policies(db, arena, r, errors);
    }
    if (rc == ALEES_OK) {
        rc = forget(db, arena, r, errors);
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < count; i++) {
        rc = migrate_exec(db, r->decl->table, policies[i].sql, errors);
        if (rc == ALEES_OK) {
            rc = remember(db, arena, r, &policies[i], errors);
        }
    }
    return rc;
}

/* Of a table that only functions write, which run as its owner. */
static alees_rc revoke_writing(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    const char *schema, *table;
    struct str s;
    migrate_table_name(arena, r, &schema, &table);
    str_init(&s, arena, 256);
    str_puts(&s, "REVOKE INSERT, UPDATE, DELETE ON ");
    str_ident(&s, schema);
    str_putc(&s, '.');
    str_ident(&s, table);
    str_puts(&s, " FROM ");
    both_roles(&s, r->plugin);
    return migrate_exec(db, r->decl->table, str_done(&s).ptr, errors);
}

alees_rc migrate_secure(struct db *db, struct arena *arena, const struct plugins *plugins,
                        const struct catalogue *catalogue, FILE *errors) {
    bool has_trail = plugin_find(plugins, "audit") != NULL; /* the server always has */
    alees_rc rc = grant(db, arena, plugins, errors);
    for (uint32_t i = 0; rc == ALEES_OK && i < catalogue->resource_count; i++) {
        const struct resource *r = catalogue->resources[i];
        rc = secure_table(db, arena, r, errors);
        if (rc == ALEES_OK && (r->decl->flags & ALEES_RESOURCE_READ_ONLY) != 0) {
            rc = revoke_writing(db, arena, r, errors);
        }
        if (rc == ALEES_OK && has_trail && migrate_is_audited(r)) {
            rc = migrate_put_triggers(db, arena, r, errors);
        }
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < catalogue->resource_count; i++) {
        rc = migrate_find_keys(db, arena, catalogue->resources[i], errors);
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < catalogue->resource_count; i++) {
        rc = migrate_put_life(db, arena, catalogue, catalogue->resources[i], errors);
    }
    return rc;
}
