/* SPDX-License-Identifier: MIT
 * grant.c - see grant.h. */
#include "grant.h"

#include <stdio.h>

static const char *text_of(struct pg *pg, struct arena *arena, const char *format, ...) PRINTF_LIKE(3, 4);
static const char *text_of(struct pg *pg, struct arena *arena, const char *format, ...) {
    char sql[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    assert_true(length > 0 && (size_t)length < sizeof sql);
    const char *text = pg_value(pg, arena, sql).ptr;
    assert_non_null(text);
    return text;
}

const char *grant_role(struct pg *pg, struct arena *arena, const char *organization, const char *permissions) {
    return text_of(pg, arena,
                   "INSERT INTO rbac.role (organization_id, name, permissions) SELECT '%s', alees.new_id(),"
                   " array_agg(DISTINCT name) FROM unnest(string_to_array('%s', ',')) AS name RETURNING id",
                   organization, permissions);
}

void grant_member(struct pg *pg, const char *username, const char *organization, const char *role, bool inherit) {
    struct arena *arena = test_arena();
    (void)text_of(
        pg, arena,
        "INSERT INTO rbac.membership (user_id, organization_id, role_ids, inherit) SELECT id, '%s',"
        " ARRAY['%s'::uuid], %s FROM rbac.app_user WHERE username = '%s' ON CONFLICT (user_id, organization_id)"
        " DO UPDATE SET role_ids = excluded.role_ids, inherit = excluded.inherit RETURNING id",
        organization, role, inherit ? "true" : "false", username);
    arena_free(arena);
}

void grant_nothing(struct pg *pg, const char *username) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "DELETE FROM rbac.membership m USING rbac.app_user u WHERE u.id = m.user_id AND"
             " u.username = '%s'",
             username);
    pg_exec(pg, sql);
}

const char *grant_organization(struct pg *pg, struct arena *arena, const char *code, const char *parent) {
    return text_of(
        pg, arena,
        "INSERT INTO organization.organization (name, code, organization_type_id, parent_id) SELECT '%s', '%s',"
        " t.id, nullif('%s', '')::uuid FROM organization.organization_type t WHERE t.name = 'Branch'"
        " RETURNING id",
        code, code, parent ? parent : "");
}
