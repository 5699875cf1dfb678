/* SPDX-License-Identifier: MIT
 * migrate_table.c - does the table of a resource have the columns, keys and indexes that its declaration needs? */
#include <stdarg.h>
#include <string.h>

#include "migrate_impl.h"

struct check {
    struct resource *r;
    FILE *errors;
    bool is_wrong;
};

static void PRINTF_LIKE(2, 3) fault(struct check *c, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(c->errors, "%s: table %s: ", c->r->full_name, c->r->decl->table);
    vfprintf(c->errors, format, list);
    fputs("; run `alees migrate`, or add a step to the plugin\n", c->errors);
    va_end(list);
    c->is_wrong = true;
}

/* As PostgreSQL writes the types of columns, those that fit separated by bars. */
static const char *const column_types[] = {
    [ALEES_TEXT] = "|text|character varying|",
    [ALEES_BOOLEAN] = "|boolean|",
    [ALEES_INTEGER] = "|smallint|integer|bigint|",
    [ALEES_DECIMAL] = "|numeric|",
    [ALEES_DATE] = "|date|",
    [ALEES_TIMESTAMP] = "|timestamp with time zone|",
    [ALEES_UUID] = "|uuid|",
    [ALEES_CHOICE] = "|text|character varying|",
    [ALEES_REFERENCE] = "|uuid|",
    [ALEES_JSON] = "|jsonb|",
    [ALEES_TAGS] = "|text[]|character varying[]|",
    [ALEES_REFERENCES] = "|uuid[]|",
};

/* Columns: name, type, is it NOT NULL. */
static uint32_t find_column(const struct db_result *columns, const char *name) {
    for (uint32_t i = 0; i < db_rows(columns); i++) {
        if (migrate_is(db_value(columns, i, 0), name)) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* because: why it must be NOT NULL; NULL: it need not. */
static void check_column(struct check *c, const struct db_result *columns, const char *name, uint32_t type,
                         const char *because) {
    char wanted[64];
    uint32_t row = find_column(columns, name);
    if (row == UINT32_MAX) {
        fault(c, "column %s is missing", name);
        return;
    }
    const char *is = db_value(columns, row, 1).ptr;
    ASSERT(type > 0 && type < ARRAY_LEN(column_types));
    snprintf(wanted, sizeof wanted, "|%s|", is);
    if (!strstr(column_types[type], wanted)) {
        fault(c, "column %s is %s, which does not fit its declaration (%.*s)", name, is,
              (int)strlen(column_types[type]) - 2, column_types[type] + 1);
    }
    if (because && !migrate_is(db_value(columns, row, 2), "t")) {
        fault(c, "column %s must be NOT NULL, because %s", name, because);
    }
}

static alees_rc check_columns(struct check *c, struct db *db, struct arena *arena, const char *const where[2]) {
    struct db_result *columns = NULL;
    alees_rc rc = migrate_ask(db, arena, c->r->decl->table,
                              "SELECT a.attname, format_type(a.atttypid, NULL), a.attnotnull FROM pg_attribute a "
                              "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
                              "WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped",
                              where, 2, c->errors, &columns);
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < c->r->field_count; i++) {
        const struct resource_field *f = &c->r->fields[i];
        if (resource_field_is_stored(f)) {
            check_column(c, columns, f->column, f->decl->type,
                         (f->decl->flags & ALEES_SORT) != 0 ? "rows can be sorted by it" : NULL);
        }
    }
    if (c->r->decl->scope == ALEES_SCOPE_OWN) {
        check_column(c, columns, c->r->scope_column, ALEES_UUID, "each row belongs to a user");
    } else if (c->r->decl->scope == ALEES_SCOPE_SEVERAL) {
        check_column(c, columns, c->r->scope_column, ALEES_REFERENCES, "it says who sees the row");
    }
    check_column(c, columns, "version", ALEES_INTEGER, "entity tags are made from it");
    db_result_free(columns);
    return ALEES_OK;
}

/* The plugin's own: keys of an index by name, separated by commas; lower(x) counts as x: it is only stricter.
 * Columns: name, keys, is it unique without exceptions, is it the primary key, its method; of one with exceptions: which
 * column must be true, and is it unique. */
static const char indexes_sql[] =
    "SELECT c.relname, (SELECT string_agg(coalesce(a.attname::text, regexp_replace(pg_get_indexdef(i.indexrelid, k, "
    "true), "
    "'^lower\\(\\(?(\\w+)\\)?(::text)?\\)$', '\\1')), ',' ORDER BY k) FROM generate_series(1, i.indnkeyatts::int) k "
    "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] AND a.attnum > 0), "
    "i.indisunique AND i.indpred IS NULL, i.indisprimary, m.amname, "
    "translate(pg_get_expr(i.indpred, i.indrelid, true), '\"', ''), i.indisunique "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam "
    "JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
    "WHERE n.nspname = $1 AND t.relname = $2 AND i.indisvalid AND NOT starts_with(c.relname, '" MIGRATE_INDEX "') "
    "ORDER BY c.relname";

/* The unique index on exactly these keys, in either order; second may be NULL. is_live: one that leaves out deleted rows. */
static const char *unique_index(const struct db_result *indexes, const char *first, const char *second, bool is_live) {
    char one[160], other[160];
    snprintf(one, sizeof one, "%s%s%s", first, second ? "," : "", second ? second : "");
    snprintf(other, sizeof other, "%s%s%s", second ? second : "", second ? "," : "", first);
    for (uint32_t i = 0; i < db_rows(indexes); i++) {
        alees_str keys = db_value(indexes, i, 1);
        bool is_right =
            is_live ? migrate_is(db_value(indexes, i, 5), MIGRATE_LIVE) && migrate_is(db_value(indexes, i, 6), "t")
                    : migrate_is(db_value(indexes, i, 2), "t");
        if (is_right && (migrate_is(keys, one) || migrate_is(keys, other))) {
            return db_value(indexes, i, 0).ptr;
        }
    }
    return NULL;
}

static bool has_primary_key(const struct db_result *indexes, const char *keys) {
    for (uint32_t i = 0; i < db_rows(indexes); i++) {
        if (migrate_is(db_value(indexes, i, 3), "t") && migrate_is(db_value(indexes, i, 1), keys)) {
            return true;
        }
    }
    return false;
}

static bool has_index_led_by(const struct db_result *indexes, const char *column, const char *method) {
    size_t length = strlen(column);
    for (uint32_t i = 0; i < db_rows(indexes); i++) {
        alees_str keys = db_value(indexes, i, 1);
        if (str_starts(keys, column) && (keys.ptr[length] == '\0' || keys.ptr[length] == ',') &&
            migrate_is(db_value(indexes, i, 4), method) && !db_value(indexes, i, 5).ptr) {
            return true;
        }
    }
    return false;
}

/* Has each row an organization, so that keys can hold it? */
static bool is_scoped(const struct resource *r) {
    return r->decl->scope == ALEES_SCOPE_ORGANIZATION && !resource_is_optional(r);
}

/* Within what are values unique: a column, or NULL for everywhere. */
static const char *unique_within(const struct resource *r) {
    bool is_single = r->decl->scope == ALEES_SCOPE_ORGANIZATION || r->decl->scope == ALEES_SCOPE_OWN;
    return is_single ? r->scope_column : NULL;
}

static void check_unique_fields(struct check *c, const struct db_result *indexes) {
    struct resource *r = c->r;
    const char *within = unique_within(r);
    for (uint32_t i = 0; i < r->field_count; i++) {
        struct resource_field *f = &r->fields[i];
        if (!(f->decl->flags & ALEES_UNIQUE)) {
            continue;
        }
        const char *name = unique_index(indexes, f->column, within, resource_is_soft(r));
        if (name) {
            snprintf(f->constraint_names[0], sizeof f->constraint_names[0], "%s", name);
            f->unique_constraint = f->constraint_names[0];
        } else {
            fault(c,
                  resource_is_soft(r) ? "a unique index on (%s%s%s) WHERE " MIGRATE_LIVE " is missing"
                                      : "UNIQUE (%s%s%s) is missing",
                  within ? within : "", within ? ", " : "", f->column);
        }
    }
}

/* Is the column among the keys? */
static bool has_key(alees_str keys, const char *column) {
    size_t length = strlen(column);
    for (const char *p = keys.ptr; p && *p; p += strcspn(p, ","), p += *p == ',') {
        if (strcspn(p, ",") == length && memcmp(p, column, length) == 0) {
            return true;
        }
    }
    return false;
}

/* A deleted row must not keep a key from a new one: what is unique by itself is the id alone. */
static void check_keys_of_deleted(struct check *c, const struct db_result *indexes) {
    for (uint32_t i = 0; resource_is_soft(c->r) && i < db_rows(indexes); i++) {
        if (migrate_is(db_value(indexes, i, 2), "t") && !has_key(db_value(indexes, i, 1), "id")) {
            fault(c, "unique index %s keeps the keys of deleted rows: it must be WHERE " MIGRATE_LIVE,
                  db_value(indexes, i, 0).ptr);
        }
    }
}

/* UNIQUE among the parts of one owner, as far as the column is true. */
static const char *single_index(const struct db_result *indexes, const char *keys, const char *column) {
    for (uint32_t i = 0; i < db_rows(indexes); i++) {
        if (migrate_is(db_value(indexes, i, 1), keys) && migrate_is(db_value(indexes, i, 5), column) &&
            migrate_is(db_value(indexes, i, 6), "t")) {
            return db_value(indexes, i, 0).ptr;
        }
    }
    return NULL;
}

/* Parts are found by their owner. */
static void check_owner(struct check *c, const struct db_result *indexes) {
    struct resource *r = c->r;
    char keys[160];
    if (!r->owner) {
        return;
    }
    snprintf(keys, sizeof keys, "organization_id,%s", r->owner_field->column);
    if (!has_index_led_by(indexes, keys, "btree")) {
        fault(c, "an index that begins with organization_id, %s is missing", r->owner_field->column);
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        struct resource_field *f = &r->fields[i];
        if ((f->decl->flags & ALEES_SINGLE) == 0) {
            continue;
        }
        const char *name = single_index(indexes, keys, f->column);
        if (name) {
            snprintf(f->constraint_names[0], sizeof f->constraint_names[0], "%s", name);
            f->unique_constraint = f->constraint_names[0];
        } else {
            fault(c, "a unique index on (organization_id, %s) WHERE %s is missing", r->owner_field->column, f->column);
        }
    }
}

/* For messages about rows that are there already. */
static void keep_keys(struct resource *r, const struct db_result *indexes) {
    r->key_count = 0;
    for (uint32_t i = 0; i < db_rows(indexes) && r->key_count < RESOURCE_KEYS; i++) {
        struct resource_key *key = &r->keys[r->key_count];
        alees_str name = db_value(indexes, i, 0), columns = db_value(indexes, i, 1);
        bool is_key = migrate_is(db_value(indexes, i, 6), "t") && !migrate_is(db_value(indexes, i, 3), "t");
        if (is_key && columns.ptr && name.len < sizeof key->constraint && columns.len < sizeof key->columns) {
            memcpy(key->constraint, name.ptr, name.len + 1);
            memcpy(key->columns, columns.ptr, columns.len + 1);
            r->key_count++;
        }
    }
}

static alees_rc check_indexes(struct check *c, struct db *db, struct arena *arena, const char *const where[2]) {
    struct resource *r = c->r;
    struct db_result *indexes = NULL;
    alees_rc rc = migrate_ask(db, arena, r->decl->table, indexes_sql, where, 2, c->errors, &indexes);
    if (rc != ALEES_OK) {
        return rc;
    }
    const char *primary = is_scoped(r) ? "organization_id,id" : "id";
    if (!has_primary_key(indexes, primary)) {
        fault(c, "PRIMARY KEY (%s) is missing", primary);
    }
    if (is_scoped(r) && !unique_index(indexes, "id", NULL, false)) {
        fault(c, "UNIQUE (id) is missing");
    }
    bool is_list = r->decl->scope == ALEES_SCOPE_SEVERAL;
    if (r->scope_column && !has_index_led_by(indexes, r->scope_column, is_list ? "gin" : "btree")) {
        fault(c, "%s that begins with %s is missing", is_list ? "a GIN index" : "an index", r->scope_column);
    }
    check_unique_fields(c, indexes);
    check_keys_of_deleted(c, indexes);
    check_owner(c, indexes);
    keep_keys(r, indexes);
    db_result_free(indexes);
    return ALEES_OK;
}

/* Columns: name, own columns, table referred to, what becomes of the rows when what they refer to is deleted, and when its
 * key changes. */
static const char foreign_sql[] =
    "SELECT k.conname, (SELECT string_agg(a.attname::text, ',' ORDER BY p) FROM unnest(k.conkey) WITH ORDINALITY u (n, "
    "p) "
    "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n), fn.nspname || '.' || f.relname, "
    "k.confdeltype, k.confupdtype "
    "FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
    "JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace "
    "WHERE k.contype = 'f' AND n.nspname = $1 AND t.relname = $2 ORDER BY k.conname";

/* Are these the columns of a key, or its first ones? More of them only make it stricter. */
static bool holds(alees_str key, const char *columns) {
    size_t length = strlen(columns);
    return str_starts(key, columns) && (key.len == length || key.ptr[length] == ',');
}

/* A reference between two scoped tables carries the organization, so that it cannot leave it. Where it may be null the
 * engine looks whether the row may be pointed at. */
static bool find_foreign_key(const struct db_result *keys, const struct resource *r, const struct resource_field *f,
                             uint32_t *ret_row) {
    bool is_owner = f == r->owner_field; /* parts go with it */
    bool is_moved = is_owner && f->target->is_movable;
    char composite[160];
    bool is_inside = is_scoped(r) && is_scoped(f->target);
    snprintf(composite, sizeof composite, "organization_id,%s", f->column);
    for (uint32_t i = 0; i < db_rows(keys); i++) {
        if (migrate_is(db_value(keys, i, 2), f->target->decl->table) &&
            holds(db_value(keys, i, 1), is_inside ? composite : f->column) &&
            (!is_owner || migrate_is(db_value(keys, i, 3), "c")) &&
            (!is_moved || migrate_is(db_value(keys, i, 4), "c"))) {
            *ret_row = i;
            return true;
        }
    }
    return false;
}

/* Does the row keep what it refers to from going? */
static bool is_holding(const struct db_result *keys, uint32_t row) {
    return migrate_is(db_value(keys, row, 3), "a") || migrate_is(db_value(keys, row, 3), "r");
}

/* The organization's row goes with that of it which the provider of permissions keeps, to which tables refer. */
static bool holds_organization(const struct db_result *keys, const struct resource_field *f) {
    for (uint32_t i = 0; i < db_rows(keys) && f->is_standard; i++) {
        if (migrate_is(db_value(keys, i, 1), f->column) && is_holding(keys, i)) {
            return true;
        }
    }
    return false;
}

/* One that a key may keep. */
static bool is_reference(const struct resource_field *f) {
    return f->decl->type == ALEES_REFERENCE && f->target && (f->decl->flags & ALEES_WEAK) == 0;
}

alees_rc migrate_find_keys(struct db *db, struct arena *arena, struct resource *r, FILE *errors) {
    struct db_result *keys = NULL;
    const char *where[2];
    migrate_table_name(arena, r, &where[0], &where[1]);
    alees_rc rc = migrate_ask(db, arena, r->decl->table, foreign_sql, where, 2, errors, &keys);
    for (uint32_t i = 0; rc == ALEES_OK && i < r->field_count; i++) {
        struct resource_field *f = &r->fields[i];
        uint32_t key = 0;
        if (!is_reference(f)) {
            continue;
        }
        f->foreign_constraint = NULL; /* of a key that there was */
        f->is_holding = holds_organization(keys, f);
        if (find_foreign_key(keys, r, f, &key)) {
            snprintf(f->constraint_names[1], sizeof f->constraint_names[1], "%s", db_value(keys, key, 0).ptr);
            f->foreign_constraint = f->constraint_names[1];
            f->is_holding = is_holding(keys, key);
        }
    }
    db_result_free(keys);
    return rc;
}

/* References within a plugin must be kept by PostgreSQL; into another plugin's schema that is for the plugin to say. */
static alees_rc check_references(struct check *c, struct db *db, struct arena *arena) {
    struct resource *r = c->r;
    alees_rc rc = migrate_find_keys(db, arena, r, c->errors);
    for (uint32_t i = 0; rc == ALEES_OK && i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        if (is_reference(f) && !f->foreign_constraint && !f->is_standard && f->target->plugin == r->plugin) {
            bool is_inside = is_scoped(r) && is_scoped(f->target);
            bool is_owner = f == r->owner_field;
            fault(c, "FOREIGN KEY (%s%s) REFERENCES %s%s%s is missing", is_inside ? "organization_id, " : "", f->column,
                  f->target->decl->table, is_owner ? " ON DELETE CASCADE" : "",
                  is_owner && f->target->is_movable ? " ON UPDATE CASCADE" : "");
        }
    }
    return rc;
}

alees_rc migrate_check_table(struct db *db, struct arena *arena, struct resource *r, FILE *errors) {
    struct check c = {r, errors, false};
    const char *where[2];
    migrate_table_name(arena, r, &where[0], &where[1]);
    alees_rc rc = check_columns(&c, db, arena, where);
    if (rc == ALEES_OK) {
        rc = check_indexes(&c, db, arena, where);
    }
    if (rc == ALEES_OK) {
        rc = check_references(&c, db, arena);
    }
    return rc == ALEES_OK && c.is_wrong ? ALEES_E_INVALID : rc;
}
