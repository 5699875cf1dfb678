/* SPDX-License-Identifier: MIT
 * migrate_purge.c - rows that were marked as deleted long ago go for good. What others still refer to stays, until those
 * have gone; so it is tried again until nothing more goes. */
#include <inttypes.h>
#include <string.h>

#include "migrate_impl.h"

enum { AT_ONCE = 1000 };

static void put_table(struct str *s, struct arena *arena, const struct resource *r) {
    const char *schema, *table;
    migrate_table_name(arena, r, &schema, &table);
    str_ident(s, schema);
    str_putc(s, '.');
    str_ident(s, table);
}

/* Parts go with their owner, and weak references hold nothing. */
static bool is_held_by(const struct resource *r, const struct resource *q, const struct resource_field *f) {
    return f->target == r && f->decl->type == ALEES_REFERENCE && (f->decl->flags & ALEES_WEAK) == 0 &&
           f != q->owner_field;
}

static const char *purge_sql(struct arena *arena, const struct catalogue *c, const struct resource *r) {
    struct str s;
    str_init(&s, arena, 512);
    str_puts(&s, "DELETE FROM ");
    put_table(&s, arena, r);
    str_puts(&s, " WHERE deleted_at IS NOT NULL AND id IN (SELECT d.id FROM "); /* and has not just been restored */
    put_table(&s, arena, r);
    str_puts(&s, " AS d WHERE d.deleted_at < now() - make_interval(days => $1::int)");
    for (uint32_t i = 0; i < c->resource_count; i++) {
        const struct resource *q = c->resources[i];
        for (uint32_t k = 0; k < q->field_count; k++) {
            if (is_held_by(r, q, &q->fields[k])) {
                str_puts(&s, " AND NOT EXISTS (SELECT FROM ");
                put_table(&s, arena, q);
                str_puts(&s, " AS h WHERE h.");
                str_ident(&s, q->fields[k].column);
                str_puts(&s, " = d.id)");
            }
        }
    }
    str_printf(&s, " LIMIT %d) RETURNING 1", AT_ONCE);
    return str_done(&s).ptr;
}

/* As many as there are, a thousand in a transaction. */
static alees_rc purge_one(struct db *db, struct arena *arena, const struct catalogue *c, const struct resource *r,
                          const char *days, uint64_t *gone, FILE *errors) {
    const char *sql = purge_sql(arena, c, r), *params[] = {days};
    uint32_t count = AT_ONCE;
    alees_rc rc = sql ? ALEES_OK : ALEES_E_NOMEM;
    while (rc == ALEES_OK && count == AT_ONCE) {
        struct db_result *result = NULL;
        rc = migrate_ask(db, arena, r->decl->table, sql, params, 1, errors, &result);
        count = rc == ALEES_OK ? db_rows(result) : 0;
        *gone += count;
        db_result_free(result);
    }
    return rc;
}

static alees_rc purge(struct db *db, struct arena *arena, const struct catalogue *c, const char *days, FILE *out,
                      FILE *errors) {
    uint64_t total = 0, before;
    alees_rc rc = ALEES_OK;
    do {
        before = total;
        for (uint32_t i = 0; i < c->resource_count && rc == ALEES_OK; i++) {
            if (resource_is_soft(c->resources[i])) {
                rc = purge_one(db, arena, c, c->resources[i], days, &total, errors);
            }
        }
    } while (rc == ALEES_OK && total > before);
    fprintf(out, "%" PRIu64 " rows that were deleted more than %s days ago are gone\n", total, days);
    return rc;
}

alees_rc migrate_purge(const struct config *config, const struct catalogue *catalogue, int64_t days, FILE *out,
                       FILE *errors) {
    struct db *db = NULL;
    char text[24];
    alees_rc rc = migrate_connect(config, SETTING_DB_OWNER_URL, errors, &db);
    if (rc != ALEES_OK) {
        return rc;
    }
    struct arena *arena = arena_new(MIGRATE_MEMORY);
    snprintf(text, sizeof text, "%" PRId64, days);
    rc = arena ? purge(db, arena, catalogue, text, out, errors) : ALEES_E_NOMEM;
    arena_free(arena);
    db_close(db);
    return rc;
}
