/* SPDX-License-Identifier: MIT
 * migrate_life.c - what a foreign key cannot see: that the row it names is marked as deleted. Two kinds of triggers make
 * such a row as good as gone, for references that a key holds, but those of parts, which come and go with their owner:
 *
 *   on the table that refers      a live row cannot come to name a deleted one: as the key itself, 23503 with its name
 *   on the table referred to      a row is not marked while live ones hold it: 23001 with the name of the key
 *
 * The first locks the row that it names FOR SHARE, which minds the change that marks it, and the other way round: whoever
 * comes second waits, and then sees what the first has done. FOR KEY SHARE, as PostgreSQL does for keys, is too weak: it
 * does not mind a change that leaves the key alone, so that a restore was given the row as it was before the wait. The
 * functions run as their owner, who sees every row. */
#include <string.h>

#include "alees/util.h"
#include "cred.h"
#include "migrate_impl.h"

#define PREFIX "alees_life_"
#define CONFIG "search_path=pg_catalog, pg_temp"

struct guard {
    const char *name; /* of the function, in the schema alees, and of its trigger */
    const char *body, *events;
    uint32_t type; /* as pg_trigger has it: 1 each row, 4 insert, 16 update */
};

enum { INSERT_OR_UPDATE = 1 + 4 + 16, UPDATE = 1 + 16 };

static bool is_kept(const struct resource *q, const struct resource_field *f) {
    return f->foreign_constraint != NULL && f->target != NULL && resource_is_soft(f->target) && f != q->owner_field;
}

/* Has each row of both an organization? Then it leads the index. */
static bool is_inside(const struct resource *r, const struct resource *q) {
    return r->decl->scope == ALEES_SCOPE_ORGANIZATION && q->decl->scope == ALEES_SCOPE_ORGANIZATION &&
           !resource_is_optional(r) && !resource_is_optional(q);
}

static void put_table(struct str *s, struct arena *arena, const struct resource *r) {
    const char *schema, *table;
    migrate_table_name(arena, r, &schema, &table);
    str_ident(s, schema);
    str_putc(s, '.');
    str_ident(s, table);
}

static void put_literal(struct str *s, const char *text) {
    str_putc(s, '\'');
    for (; *text; text++) {
        str_printf(s, "%s%c", *text == '\'' ? "'" : "", *text);
    }
    str_putc(s, '\'');
}

static void put_error(struct str *s, struct arena *arena, const struct resource *q, const struct resource_field *f,
                      const char *condition, const char *message) {
    const char *schema, *table;
    migrate_table_name(arena, q, &schema, &table);
    str_printf(s, "RAISE %s USING MESSAGE = '%s', CONSTRAINT = ", condition, message);
    put_literal(s, f->foreign_constraint);
    str_puts(s, ", SCHEMA = ");
    put_literal(s, schema);
    str_puts(s, ", TABLE = ");
    put_literal(s, table);
    str_puts(s, "; ");
}

/* Of q: a new row, another value, or a row that comes back. */
static void put_referring(struct str *s, struct arena *arena, const struct resource *q,
                          const struct resource_field *f) {
    struct str column;
    str_init(&column, arena, 80);
    str_ident(&column, f->column);
    const char *name = str_done(&column).ptr;
    if (name == NULL) {
        s->failed = true;
        return;
    }
    str_printf(s, "DECLARE is_deleted boolean; BEGIN IF NEW.%s IS NULL%s OR (TG_OP = 'UPDATE' AND NEW.%s = OLD.%s%s) ",
               name, resource_is_soft(q) ? " OR NEW.deleted_at IS NOT NULL" : "", name, name,
               resource_is_soft(q) ? " AND OLD.deleted_at IS NULL" : "");
    str_puts(s, "THEN RETURN NULL; END IF; SELECT p.deleted_at IS NOT NULL INTO is_deleted FROM ");
    put_table(s, arena, f->target);
    str_printf(s, " AS p WHERE p.id = NEW.%s FOR SHARE OF p; IF is_deleted THEN ", name);
    put_error(s, arena, q, f, "foreign_key_violation", "the row that is referred to is deleted");
    str_puts(s, "END IF; RETURN NULL; END");
}

/* "IF EXISTS (SELECT FROM q ..) THEN RAISE .. END IF; " */
static void put_holder(struct str *s, struct arena *arena, const struct resource *r, const struct resource *q,
                       const struct resource_field *f) {
    str_puts(s, "IF EXISTS (SELECT FROM ");
    put_table(s, arena, q);
    str_puts(s, " AS h WHERE h.");
    str_ident(s, f->column);
    str_puts(s, " = NEW.id");
    str_puts(s, is_inside(r, q) ? " AND h.organization_id = NEW.organization_id" : "");
    str_puts(s, resource_is_soft(q) ? " AND h." MIGRATE_LIVE : "");
    str_puts(s, ") THEN ");
    put_error(s, arena, q, f, "restrict_violation", "live rows refer to it");
    str_puts(s, "END IF; ");
}

/* Of r; false: nothing holds its rows. */
static bool put_referred(struct str *s, struct arena *arena, const struct catalogue *c, const struct resource *r) {
    bool is_held = false;
    str_puts(s, "BEGIN IF OLD.deleted_at IS NOT NULL OR NEW.deleted_at IS NULL THEN RETURN NULL; END IF; ");
    for (uint32_t i = 0; i < c->resource_count; i++) {
        const struct resource *q = c->resources[i];
        for (uint32_t k = 0; k < q->field_count; k++) {
            const struct resource_field *f = &q->fields[k];
            if (f->target == r && is_kept(q, f) && f->is_holding) {
                put_holder(s, arena, r, q, f);
                is_held = true;
            }
        }
    }
    str_puts(s, "RETURN NULL; END");
    return is_held;
}

/* The name tells table, column, and a hash of what it does: whatever does something else is another one. */
static alees_rc finish(struct arena *arena, const struct resource *r, const char *what, struct str *body, uint32_t type,
                       struct guard *ret_guard) {
    const char *schema, *table;
    uint8_t hash[CRED_HASH];
    alees_str text = str_done(body);
    migrate_table_name(arena, r, &schema, &table);
    if (text.ptr == NULL) {
        return ALEES_E_NOMEM;
    }
    cred_hash(text, hash);
    alees_str name =
        arena_printf(arena, PREFIX "%.18s_%.20s_%02x%02x%02x%02x", table, what, hash[0], hash[1], hash[2], hash[3]);
    *ret_guard = (struct guard){name.ptr, text.ptr, type == UPDATE ? "UPDATE" : "INSERT OR UPDATE", type};
    return name.ptr != NULL ? ALEES_OK : ALEES_E_NOMEM;
}

/* Those that the table must have. */
static alees_rc guards_of(struct arena *arena, const struct catalogue *c, const struct resource *r,
                          struct guard **ret_guards, uint32_t *ret_count) {
    struct guard *guards = ARENA_ARRAY(arena, struct guard, r->field_count + 1);
    uint32_t count = 0;
    struct str body;
    alees_rc rc = guards != NULL ? ALEES_OK : ALEES_E_NOMEM;
    for (uint32_t i = 0; i < r->field_count && rc == ALEES_OK; i++) {
        if (is_kept(r, &r->fields[i])) {
            str_init(&body, arena, 1024);
            put_referring(&body, arena, r, &r->fields[i]);
            rc = finish(arena, r, r->fields[i].column, &body, INSERT_OR_UPDATE, &guards[count++]);
        }
    }
    if (rc == ALEES_OK && resource_is_soft(r)) {
        str_init(&body, arena, 1024);
        if (put_referred(&body, arena, c, r)) {
            rc = finish(arena, r, "deleted_at", &body, UPDATE, &guards[count++]);
        }
    }
    *ret_guards = guards;
    *ret_count = count;
    return rc;
}

/* Ours on the table: name, and whether all but the body is as made here; type, body. $1 schema, $2 table. */
static const char present_sql[] =
    "SELECT t.tgname, t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND cardinality(t.tgattr::int2[]) = 0 "
    "AND t.tgconstraint = 0 AND t.tgnargs = 0 AND f.nspname = 'alees' AND p.proname = t.tgname AND p.prosecdef "
    "AND p.proconfig = ARRAY['" CONFIG "'] AND pg_get_userbyid(p.proowner) = '" MIGRATE_OWNER "', t.tgtype, p.prosrc "
    "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace "
    "WHERE n.nspname = $1 AND c.relname = $2 AND NOT t.tgisinternal AND starts_with(t.tgname, '" PREFIX "') ORDER BY 1";

static bool is_as_made(const struct db_result *present, uint32_t row, const struct guard *g) {
    char type[12];
    snprintf(type, sizeof type, "%u", g->type);
    return migrate_is(db_value(present, row, 0), g->name) && migrate_is(db_value(present, row, 1), "t") &&
           migrate_is(db_value(present, row, 2), type) && migrate_is(db_value(present, row, 3), g->body);
}

static bool is_there(const struct db_result *present, const struct guard *g) {
    for (uint32_t i = 0; i < db_rows(present); i++) {
        if (is_as_made(present, i, g)) {
            return true;
        }
    }
    return false;
}

static alees_rc ask(struct db *db, struct arena *arena, const struct resource *r, FILE *errors,
                    struct db_result **ret_present) {
    const char *where[2];
    migrate_table_name(arena, r, &where[0], &where[1]);
    return migrate_ask(db, arena, r->decl->table, present_sql, where, 2, errors, ret_present);
}

alees_rc migrate_check_life(struct db *db, struct arena *arena, const struct catalogue *c, const struct resource *r,
                            FILE *errors) {
    struct guard *guards;
    struct db_result *present = NULL;
    uint32_t count;
    alees_rc rc = guards_of(arena, c, r, &guards, &count);
    rc = rc == ALEES_OK ? ask(db, arena, r, errors ? errors : stderr, &present) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_there(present, &guards[i])) {
            rc = ALEES_E_INVALID;
            if (errors) {
                fprintf(errors, "%s: table %s: not as declared: trigger %s; run `alees migrate`\n", r->full_name,
                        r->decl->table, guards[i].name);
            }
        }
    }
    if (rc == ALEES_OK && db_rows(present) != count) {
        rc = ALEES_E_INVALID;
        if (errors) {
            fprintf(errors, "%s: table %s: triggers " PREFIX ".. that are not declared; run `alees migrate`\n",
                    r->full_name, r->decl->table);
        }
    }
    db_result_free(present);
    return rc;
}

/* A function of ours is the one trigger's alone. */
static alees_rc drop(struct db *db, struct arena *arena, const struct resource *r, const char *name, FILE *errors) {
    struct str s;
    str_init(&s, arena, 256);
    str_puts(&s, "DROP TRIGGER ");
    str_ident(&s, name);
    str_puts(&s, " ON ");
    put_table(&s, arena, r);
    str_puts(&s, "; DROP FUNCTION IF EXISTS alees.");
    str_ident(&s, name);
    str_puts(&s, "()");
    return migrate_exec(db, r->decl->table, str_done(&s).ptr, errors);
}

static alees_rc create(struct db *db, struct arena *arena, const struct resource *r, const struct guard *g,
                       FILE *errors) {
    struct str s;
    str_init(&s, arena, 4096);
    str_puts(&s, "CREATE OR REPLACE FUNCTION alees.");
    str_ident(&s, g->name);
    str_puts(&s, "() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS ");
    put_literal(&s, g->body);
    str_puts(&s, "; REVOKE ALL ON FUNCTION alees.");
    str_ident(&s, g->name);
    str_puts(&s, "() FROM PUBLIC; CREATE TRIGGER ");
    str_ident(&s, g->name);
    str_printf(&s, " AFTER %s ON ", g->events);
    put_table(&s, arena, r);
    str_puts(&s, " FOR EACH ROW EXECUTE FUNCTION alees.");
    str_ident(&s, g->name);
    str_puts(&s, "()");
    return migrate_exec(db, r->decl->table, str_done(&s).ptr, errors);
}

alees_rc migrate_put_life(struct db *db, struct arena *arena, const struct catalogue *c, const struct resource *r,
                          FILE *errors) {
    struct guard *guards;
    struct db_result *present = NULL;
    uint32_t count;
    alees_rc rc = migrate_check_life(db, arena, c, r, NULL);
    if (rc != ALEES_E_INVALID) {
        return rc; /* each of these locks the table for a moment: only where something differs */
    }
    rc = guards_of(arena, c, r, &guards, &count);
    rc = rc == ALEES_OK ? ask(db, arena, r, errors, &present) : rc;
    for (uint32_t i = 0; rc == ALEES_OK && i < db_rows(present); i++) {
        rc = drop(db, arena, r, db_value(present, i, 0).ptr, errors);
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < count; i++) {
        rc = create(db, arena, r, &guards[i], errors);
    }
    db_result_free(present);
    return rc;
}
