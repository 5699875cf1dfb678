/* SPDX-License-Identifier: MIT
 * migrate_policy.c - the policies that a declared resource must have, and whether its table has exactly these.
 *
 * PostgreSQL prints a policy's expression in its own words, which differ between versions. So what it printed right
 * after `alees migrate` had made the policy is kept beside the text that made it (alees.policy): the text is compared
 * with the declarations, the print with the catalogue of PostgreSQL. */
#include <string.h>

#include "migrate_impl.h"

/* nullif because a setting that was local to an earlier transaction is empty afterwards, not unset: both mean no
 * organization. Each sub-select is evaluated once for each statement, not for each row.
 *
 * Rows of one organization: PostgreSQL hashes what the sub-select gives, so that a row costs the same whether its reader
 * has one organization or 100,000. An array, = ANY, would be compared item by item; and as a condition for an index it
 * would be tried in every pair with the organizations that the statement itself names. No index is asked by this form:
 * it locks, and statements say what they look for.
 * Rows of several: && is what a GIN index can find; the cast makes the sub-select one value, an array. */
#define SETTING "current_setting('alees.organizations', true)"
#define SCOPE "nullif(" SETTING ", '')::uuid[]"
#define IS_IN_SCOPE " IN (SELECT unnest(" SCOPE "))"
#define MEETS_SCOPE " && ((SELECT " SCOPE ")::uuid[])"

void migrate_table_name(struct arena *arena, const struct resource *r, const char **ret_schema,
                        const char **ret_table) {
    const char *dot = strchr(r->decl->table, '.');
    const char *schema = dot ? arena_dup(arena, r->decl->table, (size_t)(dot - r->decl->table)) : NULL;
    *ret_schema = schema ? schema : "";
    *ret_table = dot ? dot + 1 : r->decl->table;
}

enum clause { NO_CLAUSE, IN_SCOPE, IN_SCOPE_OR_SHARED, ALWAYS };

static void put_clause(struct str *s, const struct resource *r, const char *keyword, const char *column,
                       enum clause clause) {
    bool is_list = r->decl->scope == ALEES_SCOPE_SEVERAL;
    if (clause == NO_CLAUSE) {
        return;
    }
    str_puts(s, keyword);
    if (clause == ALWAYS) {
        str_puts(s, " (true)");
        return;
    }
    str_puts(s, " (");
    str_ident(s, column);
    str_puts(s, is_list ? MEETS_SCOPE : IS_IN_SCOPE);
    if (clause == IN_SCOPE_OR_SHARED) { /* for whoever is logged in: nothing at all is seen where nothing was set */
        str_puts(s, " OR (");
        str_ident(s, column);
        str_puts(s, " IS NULL AND (SELECT " SETTING " <> ''))");
    }
    str_putc(s, ')');
}

struct shape { /* of a policy */
    const char *name, *command;
    enum clause using_clause, check_clause;
    const char *checked; /* column of check_clause */
};

static const char *policy_sql(struct arena *arena, const struct resource *r, const char *role,
                              const struct shape *shape) {
    const char *schema, *table;
    struct str s;
    migrate_table_name(arena, r, &schema, &table);
    str_init(&s, arena, 512);
    str_printf(&s, "CREATE POLICY %s ON ", shape->name);
    str_ident(&s, schema);
    str_putc(&s, '.');
    str_ident(&s, table);
    str_printf(&s, " FOR %s TO ", shape->command);
    str_ident(&s, role);
    put_clause(&s, r, " USING", r->scope_column, shape->using_clause);
    put_clause(&s, r, " WITH CHECK", shape->checked, shape->check_clause);
    return str_done(&s).ptr;
}

/* Rows of several organizations are created under the twin role alone: there is no policy for the other. */
alees_rc migrate_policies(struct arena *arena, const struct resource *r,
                          struct migrate_policy policies[MIGRATE_POLICIES], uint32_t *ret_count) {
    const char *scope = r->scope_column;
    /* A row that is an organization itself is not yet in anybody's scope: its parent must be. */
    const char *created = r->parent ? r->parent->column : scope;
    const struct shape shapes[MIGRATE_POLICIES] = {
        {"alees_all", "ALL", ALWAYS, ALWAYS, scope},
        {"alees_read", "SELECT", resource_is_shared(r) ? IN_SCOPE_OR_SHARED : IN_SCOPE, NO_CLAUSE, scope},
        {"alees_update", "UPDATE", IN_SCOPE, IN_SCOPE, scope},
        {"alees_delete", "DELETE", IN_SCOPE, NO_CLAUSE, scope},
        {"alees_insert", "INSERT", NO_CLAUSE, IN_SCOPE, created},
    };
    uint32_t count = scope ? MIGRATE_POLICIES - (r->decl->scope == ALEES_SCOPE_SEVERAL) : 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *role = i == 0 ? r->plugin->role_all : r->plugin->role;
        policies[i] = (struct migrate_policy){shapes[i].name, policy_sql(arena, r, role, &shapes[i])};
        if (!policies[i].sql) {
            return ALEES_E_NOMEM;
        }
    }
    *ret_count = count;
    return ALEES_OK;
}

static bool fault(const struct resource *r, FILE *errors, const char *what, const char *name) {
    if (errors) {
        fprintf(errors, "%s: table %s: %s%s%s; run `alees migrate`\n", r->full_name, r->decl->table, what,
                name ? " " : "", name ? name : "");
    }
    return false;
}

static bool check_switches(const struct db_result *result, const struct resource *r, FILE *errors) {
    bool enabled = migrate_is(db_value(result, 0, 0), "t"), forced = migrate_is(db_value(result, 0, 1), "t");
    if (!r->scope_column) {
        return enabled || forced ? fault(r, errors, "row-level security is on, though the resource is global", NULL)
                                 : true;
    }
    if (!enabled) {
        return fault(r, errors, "row-level security is not enabled", NULL);
    }
    return forced || fault(r, errors, "row-level security is not forced", NULL);
}

static const struct migrate_policy *find(const struct migrate_policy *policies, uint32_t count, alees_str name) {
    for (uint32_t i = 0; i < count; i++) {
        if (migrate_is(name, policies[i].name)) {
            return &policies[i];
        }
    }
    return NULL;
}

/* Columns: name, print now, text that made it, print then. */
static bool check_each(const struct db_result *result, const struct migrate_policy *policies, uint32_t count,
                       const struct resource *r, FILE *errors) {
    bool is_right = true;
    uint32_t found = 0;
    for (uint32_t i = 0; i < db_rows(result); i++) {
        alees_str name = db_value(result, i, 0), now = db_value(result, i, 1);
        const struct migrate_policy *p = find(policies, count, name);
        if (!p) {
            is_right = fault(r, errors, "unexpected policy", name.ptr);
            continue;
        }
        found++;
        if (!migrate_is(db_value(result, i, 2), p->sql) || !migrate_is(now, db_value(result, i, 3).ptr)) {
            is_right = fault(r, errors, "not as declared: policy", p->name);
        }
    }
    for (uint32_t i = 0; found < count && i < count; i++) {
        bool is_there = false;
        for (uint32_t k = 0; k < db_rows(result); k++) {
            is_there = is_there || migrate_is(db_value(result, k, 0), policies[i].name);
        }
        if (!is_there) {
            is_right = fault(r, errors, "missing policy", policies[i].name);
        }
    }
    return is_right;
}

alees_rc migrate_check_policies(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    static const char switches[] =
        "SELECT c.relrowsecurity, c.relforcerowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')";
    static const char present[] =
        "SELECT p.policyname, concat_ws('|', p.permissive, p.cmd, p.roles, coalesce(p.qual, '-'), "
        "coalesce(p.with_check, '-')), e.declared, coalesce(e.printed, '') FROM pg_policies p "
        "LEFT JOIN alees.policy e ON e.schema_name = p.schemaname AND e.table_name = p.tablename "
        "AND e.policy_name = p.policyname WHERE p.schemaname = $1 AND p.tablename = $2 ORDER BY 1";
    struct migrate_policy policies[MIGRATE_POLICIES];
    uint32_t count = 0;
    const char *where[2];
    struct db_result *result = NULL;
    migrate_table_name(arena, r, &where[0], &where[1]);
    alees_rc rc = migrate_policies(arena, r, policies, &count);
    if (rc == ALEES_OK) {
        rc = migrate_ask(db, arena, r->decl->table, switches, where, 2, errors ? errors : stderr, &result);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    bool is_right = db_rows(result) == 1 ? check_switches(result, r, errors) : fault(r, errors, "it is missing", NULL);
    db_result_free(result);
    result = NULL;
    rc = migrate_ask(db, arena, r->decl->table, present, where, 2, errors ? errors : stderr, &result);
    if (rc == ALEES_OK) {
        is_right = check_each(result, policies, count, r, errors) && is_right;
        rc = is_right ? ALEES_OK : ALEES_E_INVALID;
    }
    db_result_free(result);
    return rc;
}
