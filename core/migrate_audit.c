/* SPDX-License-Identifier: MIT
 * migrate_audit.c - the triggers that write the audit trail (audit.record, core/sql/audit_0004_moved.sql), one for each
 * kind of statement on each declared table. What they say follows from the declaration alone. */
#include <string.h>

#include "migrate_impl.h"

enum { ARGUMENTS = 9 };

struct arguments { /* of audit.record, in its order */
    const char *texts[ARGUMENTS];
};

bool migrate_is_audited(const struct resource *r) {
    return (r->decl->flags & ALEES_RESOURCE_READ_ONLY) == 0;
}

/* What the entry says by itself (whose row, who, when), and moments that move without any change: "last_used_at". */
static bool is_left_out(const struct resource_field *f) {
    bool is_moment = f->decl->type == ALEES_TIMESTAMP && (f->decl->flags & ALEES_READ_ONLY) != 0;
    return (f->is_standard && strcmp(f->decl->name, "organization") != 0) || !resource_field_is_stored(f) ||
           (is_moment && strncmp(f->decl->name, "last_", 5) == 0);
}

static void put_fields(struct str *s, const struct resource *r) {
    const char *before = "{";
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        if (!is_left_out(f)) {
            str_printf(s, "%s\"%s\":\"%s\"", before, f->column, f->decl->name); /* names: a-z, 0-9 and _ */
            before = ",";
        }
    }
    str_puts(s, *before == '{' ? "{}" : "}");
}

static void put_secrets(struct str *s, const struct resource *r) {
    const char *before = "";
    str_putc(s, '{');
    for (uint32_t i = 0; i < r->field_count; i++) {
        if ((r->fields[i].decl->flags & ALEES_WRITE_ONLY) != 0) {
            str_printf(s, "%s%s", before, r->fields[i].column);
            before = ",";
        }
    }
    str_putc(s, '}');
}

static alees_rc arguments_of(struct arena *arena, const struct resource *r, struct arguments *ret_arguments) {
    uint32_t scope = r->decl->scope;
    bool has_organization = scope == ALEES_SCOPE_ORGANIZATION || scope == ALEES_SCOPE_SELF;
    bool is_everybodys = scope == ALEES_SCOPE_GLOBAL || resource_is_shared(r);
    struct str fields, secrets;
    str_init(&fields, arena, 1024);
    str_init(&secrets, arena, 64);
    put_fields(&fields, r);
    put_secrets(&secrets, r);
    *ret_arguments = (struct arguments){{r->full_name, has_organization ? r->scope_column : "",
                                         scope == ALEES_SCOPE_OWN ? "user_id" : "", str_done(&fields).ptr,
                                         str_done(&secrets).ptr, scope == ALEES_SCOPE_SEVERAL ? r->scope_column : "",
                                         is_everybodys ? "shared" : "", r->owner_field ? r->owner_field->column : "",
                                         (r->decl->flags & ALEES_RESOURCE_SOFT_DELETE) != 0 ? "soft" : ""}};
    return fields.failed || secrets.failed ? ALEES_E_NOMEM : ALEES_OK;
}

/* As pg_trigger has them: one behind the other, a NUL behind each. */
static const char *as_hex(struct arena *arena, const struct arguments *arguments) {
    struct str s;
    str_init(&s, arena, 2048);
    for (size_t i = 0; i < ARGUMENTS; i++) {
        for (const char *p = arguments->texts[i];; p++) {
            str_printf(&s, "%02x", (unsigned)(unsigned char)*p);
            if (!*p) {
                break;
            }
        }
    }
    return str_done(&s).ptr;
}

/* Which are not as they should be? $1 schema, $2 table, $3 arguments. A trigger's type: 4 insert, 8 delete, 16 update;
 * neither of the bits for "each row" and "before". */
static const char faults_sql[] =
    "SELECT w.name FROM (VALUES ('alees_audit_insert', 4, 'new_rows', NULL), "
    "('alees_audit_update', 16, 'new_rows', 'old_rows'), ('alees_audit_delete', 8, NULL, 'old_rows')) "
    "w(name, type, new_rows, old_rows) WHERE NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid "
    "JOIN pg_namespace a ON a.oid = p.pronamespace WHERE n.nspname = $1 AND c.relname = $2 AND t.tgname = w.name "
    "AND t.tgtype = w.type AND t.tgenabled IN ('O', 'A') AND NOT t.tgisinternal AND t.tgqual IS NULL "
    "AND cardinality(t.tgattr::int2[]) = 0 AND t.tgargs = decode($3, 'hex') AND p.proname = 'record' "
    "AND a.nspname = 'audit' AND t.tgnewtable IS NOT DISTINCT FROM w.new_rows "
    "AND t.tgoldtable IS NOT DISTINCT FROM w.old_rows) ORDER BY 1";

alees_rc migrate_check_triggers(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    const char *params[3] = {NULL, NULL, NULL};
    struct arguments arguments;
    struct db_result *result = NULL;
    alees_rc rc = arguments_of(arena, r, &arguments);
    if (rc == ALEES_OK) {
        migrate_table_name(arena, r, &params[0], &params[1]);
        params[2] = as_hex(arena, &arguments);
        rc = params[2] ? migrate_ask(db, arena, r->decl->table, faults_sql, params, ARRAY_LEN(params),
                                     errors ? errors : stderr, &result)
                       : ALEES_E_NOMEM;
    }
    for (uint32_t i = 0; result && i < db_rows(result); i++) {
        rc = ALEES_E_INVALID;
        if (errors) {
            fprintf(errors, "%s: table %s: not as declared: trigger %s; run `alees migrate`\n", r->full_name,
                    r->decl->table, db_value(result, i, 0).ptr);
        }
    }
    db_result_free(result);
    return rc;
}

static void put_literal(struct str *s, const char *text) {
    str_putc(s, '\'');
    for (; *text; text++) {
        str_printf(s, "%s%c", *text == '\'' ? "'" : "", *text);
    }
    str_putc(s, '\'');
}

static const char *create_sql(struct arena *arena, const struct resource *r, const char *event, const char *rows,
                              const struct arguments *arguments) {
    const char *schema, *table;
    struct str s;
    migrate_table_name(arena, r, &schema, &table);
    str_init(&s, arena, 2048);
    str_printf(&s, "CREATE OR REPLACE TRIGGER alees_audit_%s AFTER %s ON ", event, event);
    str_ident(&s, schema);
    str_putc(&s, '.');
    str_ident(&s, table);
    str_printf(&s, " REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION audit.record(", rows);
    for (size_t i = 0; i < ARGUMENTS; i++) {
        str_puts(&s, i ? ", " : "");
        put_literal(&s, arguments->texts[i]);
    }
    str_putc(&s, ')');
    return str_done(&s).ptr;
}

alees_rc migrate_put_triggers(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    static const struct {
        const char *event, *rows;
    } all[] = {{"insert", "NEW TABLE AS new_rows"},
               {"update", "OLD TABLE AS old_rows NEW TABLE AS new_rows"},
               {"delete", "OLD TABLE AS old_rows"}};
    struct arguments arguments;
    alees_rc rc = migrate_check_triggers(db, arena, r, NULL);
    if (rc != ALEES_E_INVALID) {
        return rc; /* each of these locks the table for a moment: only where something differs */
    }
    rc = arguments_of(arena, r, &arguments);
    for (size_t i = 0; rc == ALEES_OK && i < ARRAY_LEN(all); i++) {
        const char *sql = create_sql(arena, r, all[i].event, all[i].rows, &arguments);
        rc = migrate_exec(db, r->decl->table, sql, errors);
    }
    return rc;
}
