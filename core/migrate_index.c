/* SPDX-License-Identifier: MIT
 * migrate_index.c - the indexes that a resource's lists need, made from its declaration:
 *
 *   SORT                            (scope, column, id)
 *   FILTER, values of many kinds    (scope, column)
 *   FILTER of lists and objects     GIN (scope, column), of custom fields WHERE there are any
 *   SEARCH                          GIN (scope, the document of all its fields)
 *   SUBSTRING                       GIN (scope, column, column.. by trigrams)
 *   rows marked as deleted          (scope, id) of these; all others are of live rows alone
 *
 * The scope leads where each row belongs to one organization or user. Where the row is one itself (SELF) or belongs to
 * nobody (GLOBAL), nothing does, and where it belongs to several only a GIN index can hold them. Booleans and choices have
 * too few values for an index of their own. What an index of the plugin has in front already is not made again.
 *
 * The name tells table, column, and a hash of the definition: another definition is another index. */
#include <string.h>

#include "alees/util.h"
#include "cred.h"
#include "migrate_impl.h"

/* The longest text that surely fits into a page of a B-tree three times, whatever it is. */
enum { LONGEST_KEY = 600, MOST = 3 };

struct index {
    const char *name;
    const char *keys;       /* B-tree: "organization_id,name,id" */
    const char *definition; /* ON "product"."product" USING .. */
};

struct plan {
    struct arena *arena;
    const struct resource *r;
    const struct db_result *own; /* of the plugin: keys, method, is it unique, is it of live rows alone */
    const char *trigrams;        /* the schema of pg_trgm */
    struct index *indexes;
    uint32_t count;
    bool failed; /* out of memory */
};

/* Those that are valid and not ours, and whole or, $3 soft, of live rows; a key is its column's name if it is in the order of the column's type. */
static const char own_sql[] =
    "SELECT (SELECT string_agg(CASE WHEN o.opcdefault AND i.indoption[k - 1] = 0 AND i.indcollation[k - 1] = "
    "a.attcollation THEN a.attname::text ELSE '?' END, ',' ORDER BY k) FROM generate_series(1, i.indnkeyatts::int) k "
    "JOIN pg_opclass o ON o.oid = i.indclass[k - 1] "
    "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] AND a.attnum > 0), "
    "m.amname, i.indisunique, i.indpred IS NOT NULL FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am "
    "m ON m.oid = c.relam "
    "JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
    "WHERE n.nspname = $1 AND t.relname = $2 AND i.indisvalid "
    "AND (i.indpred IS NULL OR ($3 = 'soft' AND pg_get_expr(i.indpred, i.indrelid, true) = '" MIGRATE_LIVE "')) "
    "AND NOT starts_with(c.relname, '" MIGRATE_INDEX "')";

/* Ours, and whether they can be used. */
static const char made_sql[] =
    "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
    "WHERE n.nspname = $1 AND t.relname = $2 AND starts_with(c.relname, '" MIGRATE_INDEX "') ORDER BY 1";

/* Is keys the beginning of all? "organization_id,name" is one of "organization_id,name,id". */
static bool leads(const char *keys, alees_str all) {
    size_t length = strlen(keys);
    return str_starts(all, keys) && (all.len == length || all.ptr[length] == ',');
}

/* Does an index of the plugin, or one that is wanted already, have these keys in front? For an order, of rows that are
 * marked when they are deleted, one of live rows: else a page could begin behind any number of deleted ones. */
static bool has_btree(const struct plan *p, const char *keys, bool is_order) {
    bool is_live = is_order && resource_is_soft(p->r);
    for (uint32_t i = 0; i < db_rows(p->own); i++) {
        if (leads(keys, db_value(p->own, i, 0)) && migrate_is(db_value(p->own, i, 1), "btree") &&
            (!is_live || migrate_is(db_value(p->own, i, 3), "t"))) {
            return true;
        }
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->indexes[i].keys && leads(keys, alees_text(p->indexes[i].keys))) {
            return true;
        }
    }
    return false;
}

/* Rows that are unique by these keys need no id behind them to have an order. */
static bool is_unique(const struct plan *p, const char *keys) {
    for (uint32_t i = 0; i < db_rows(p->own); i++) {
        if (migrate_is(db_value(p->own, i, 0), keys) && migrate_is(db_value(p->own, i, 1), "btree") &&
            migrate_is(db_value(p->own, i, 2), "t")) {
            return true;
        }
    }
    return false;
}

static const char *join(struct plan *p, const char *const *columns, const char *separator, bool is_quoted) {
    struct str s;
    str_init(&s, p->arena, 128);
    for (uint32_t i = 0; i < MOST && columns[i]; i++) {
        str_puts(&s, i > 0 ? separator : "");
        if (is_quoted) {
            str_ident(&s, columns[i]);
        } else {
            str_puts(&s, columns[i]);
        }
    }
    p->failed = p->failed || s.failed;
    return s.failed ? "" : str_done(&s).ptr;
}

/* what: of its name. keys: NULL but of a B-tree. where: NULL: of all rows. */
static void add_where(struct plan *p, const char *what, const char *keys, const char *method, const char *items,
                      const char *where) {
    const char *schema, *table;
    struct str s;
    uint8_t hash[CRED_HASH];
    migrate_table_name(p->arena, p->r, &schema, &table);
    str_init(&s, p->arena, 256);
    str_puts(&s, "ON ");
    str_ident(&s, schema);
    str_putc(&s, '.');
    str_ident(&s, table);
    str_printf(&s, " USING %s (%s)%s%s", method, items ? items : "", where ? " WHERE " : "", where ? where : "");
    alees_str definition = str_done(&s);
    if (!definition.ptr || !items) {
        p->failed = true;
        return;
    }
    cred_hash(definition, hash);
    alees_str name = arena_printf(p->arena, MIGRATE_INDEX "%.20s_%.22s_%02x%02x%02x%02x", table, what, hash[0], hash[1],
                                  hash[2], hash[3]);
    p->failed = p->failed || !name.ptr;
    p->indexes[p->count++] = (struct index){name.ptr, keys, definition.ptr};
}

static void add(struct plan *p, const char *what, const char *keys, const char *method, const char *items) {
    add_where(p, what, keys, method, items, resource_is_soft(p->r) ? MIGRATE_LIVE : NULL);
}

static void add_btree(struct plan *p, const char *what, const char *const *columns, bool is_order) {
    const char *keys = join(p, columns, ",", false);
    if (!has_btree(p, keys, is_order)) {
        add(p, what, keys, "btree", join(p, columns, ", ", true));
    }
}

/* What leads a B-tree, and a GIN index; NULL: nothing does. */
static const char *leader(const struct resource *r, bool is_gin) {
    switch (r->decl->scope) {
    case ALEES_SCOPE_ORGANIZATION:
    case ALEES_SCOPE_OWN: return r->scope_column;
    case ALEES_SCOPE_SEVERAL: return is_gin ? r->scope_column : NULL;
    default: return NULL;
    }
}

static void add_sort(struct plan *p, const struct resource_field *f) {
    const char *scope = leader(p->r, false);
    const char *with_id[MOST] = {scope ? scope : f->column, scope ? f->column : NULL, NULL};
    const char *keys = join(p, with_id, ",", false);
    if (strcmp(f->column, "id") != 0 && !is_unique(p, keys)) {
        with_id[scope ? 2 : 1] = "id";
    }
    add_btree(p, f->column, with_id, true);
}

static bool is_short(const struct alees_field *f) {
    return f->max > 0 && f->max <= LONGEST_KEY;
}

/* Most rows have no custom fields, and writing those must cost nothing more: conditions ask in the same words. */
static const char *where_any(struct plan *p, const struct resource_field *f) {
    struct str s;
    if ((f->decl->flags & ALEES_CUSTOM) == 0) {
        return NULL;
    }
    str_init(&s, p->arena, 96);
    str_ident(&s, f->column);
    str_puts(&s, " <> '{}'");
    alees_str text = str_done(&s);
    p->failed = p->failed || !text.ptr;
    return text.ptr;
}

static void add_filter(struct plan *p, const struct resource_field *f) {
    const char *scope = leader(p->r, false), *gin = leader(p->r, true);
    const char *columns[MOST] = {scope ? scope : f->column, scope ? f->column : NULL, NULL};
    const char *items[MOST] = {gin ? gin : f->column, gin ? f->column : NULL, NULL};
    switch (f->decl->type) {
    case ALEES_TEXT:
        if (is_short(f->decl)) {
            add_btree(p, f->column, columns, false);
        }
        break;
    case ALEES_INTEGER:
    case ALEES_DECIMAL:
    case ALEES_DATE:
    case ALEES_TIMESTAMP:
    case ALEES_UUID:
    case ALEES_REFERENCE: add_btree(p, f->column, columns, false); break;
    case ALEES_TAGS:
    case ALEES_REFERENCES: add(p, f->column, NULL, "gin", join(p, items, ", ", true)); break;
    case ALEES_JSON: /* members are asked for with @>, for which this is the smaller */
        add_where(p, f->column, NULL, "gin",
                  arena_printf(p->arena, "%s jsonb_path_ops", join(p, items, ", ", true)).ptr, where_any(p, f));
        break;
    default: break;
    }
}

static void add_deleted(struct plan *p) {
    const char *scope = leader(p->r, false);
    const char *columns[MOST] = {scope ? scope : "id", scope ? "id" : NULL, NULL};
    if (resource_is_soft(p->r)) {
        add_where(p, "deleted", NULL, "btree", join(p, columns, ", ", true), "deleted_at IS NOT NULL");
    }
}

/* Who made or changed a row last is asked for seldom, and each write would pay. */
static bool is_wanted(const struct resource *r, const struct resource_field *f) {
    bool is_person = f->is_standard && (strcmp(f->column, "created_by") == 0 || strcmp(f->column, "updated_by") == 0);
    bool is_scope = r->scope_column && strcmp(f->column, r->scope_column) == 0 && strcmp(f->column, "id") != 0;
    bool is_of_part = r->owner && (f->is_standard || f == r->owner_field); /* lists of one owner are short */
    return (f->decl->flags & ALEES_WRITE_ONLY) == 0 && !is_person && !is_scope && !is_of_part;
}

static void add_search(struct plan *p) {
    const struct resource *r = p->r;
    const char *scope = leader(r, true);
    struct str documents, substrings;
    bool has_document = false, has_substring = false;
    str_init(&documents, p->arena, 256);
    str_init(&substrings, p->arena, 256);
    for (struct str *s = &documents; scope && s; s = s == &documents ? &substrings : NULL) {
        str_ident(s, scope);
        str_puts(s, ", ");
    }
    resource_put_document(&documents, r, NULL);
    for (uint32_t i = 0; i < r->field_count; i++) {
        bool is_searched = resource_is_searched(r, NULL, i);
        has_document = has_document || is_searched;
        if (is_searched && (r->fields[i].decl->flags & ALEES_SUBSTRING) != 0) {
            str_puts(&substrings, has_substring ? ", " : "");
            str_ident(&substrings, r->fields[i].column);
            str_putc(&substrings, ' ');
            str_ident(&substrings, p->trigrams);
            str_puts(&substrings, ".gin_trgm_ops");
            has_substring = true;
        }
    }
    alees_str document = str_done(&documents), substring = str_done(&substrings);
    if (!document.ptr || !substring.ptr) {
        p->failed = true;
        return;
    }
    if (has_document) {
        add(p, "search", NULL, "gin", document.ptr);
    }
    if (has_substring) {
        add(p, "substring", NULL, "gin", substring.ptr);
    }
}

static alees_rc ask(struct db *db, struct arena *arena, const struct resource *r, const char *sql, FILE *errors,
                    struct db_result **ret_result) {
    const char *where[3] = {NULL, NULL, resource_is_soft(r) ? "soft" : ""};
    migrate_table_name(arena, r, &where[0], &where[1]);
    return migrate_ask(db, arena, r->decl->table, sql, where, sql == own_sql ? 3 : 2, errors, ret_result);
}

/* Orders first: an index for one serves the filter by the same column, too. */
static alees_rc make_plan(struct db *db, struct plan *p, FILE *errors) {
    const struct resource *r = p->r;
    struct db_result *own = NULL, *schema = NULL;
    alees_rc rc = ask(db, p->arena, r, own_sql, errors, &own);
    if (rc == ALEES_OK) {
        rc = migrate_ask(db, p->arena, "pg_trgm",
                         "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
                         "WHERE e.extname = 'pg_trgm'",
                         NULL, 0, errors, &schema);
    }
    p->indexes = ARENA_ARRAY(p->arena, struct index, 2 * (size_t)r->field_count + 3);
    if (rc == ALEES_OK && p->indexes) {
        p->own = own;
        p->trigrams = db_rows(schema) ? arena_dup(p->arena, db_value(schema, 0, 0).ptr, db_value(schema, 0, 0).len)
                                      : "alees_extension";
        for (uint32_t i = 0; i < r->field_count; i++) {
            if ((r->fields[i].decl->flags & ALEES_SORT) != 0 && !r->owner && is_wanted(r, &r->fields[i])) {
                add_sort(p, &r->fields[i]);
            }
        }
        for (uint32_t i = 0; i < r->field_count; i++) {
            if ((r->fields[i].decl->flags & ALEES_FILTER) != 0 && is_wanted(r, &r->fields[i])) {
                add_filter(p, &r->fields[i]);
            }
        }
        add_search(p);
        add_deleted(p);
        p->own = NULL;
    }
    db_result_free(own);
    db_result_free(schema);
    return rc == ALEES_OK && (p->failed || !p->indexes || !p->trigrams) ? ALEES_E_NOMEM : rc;
}

static bool is_in_plan(const struct plan *p, alees_str name) {
    for (uint32_t i = 0; i < p->count; i++) {
        if (migrate_is(name, p->indexes[i].name)) {
            return true;
        }
    }
    return false;
}

static bool is_made(const struct db_result *made, const char *name) {
    for (uint32_t i = 0; i < db_rows(made); i++) {
        if (migrate_is(db_value(made, i, 0), name) && migrate_is(db_value(made, i, 1), "t")) {
            return true;
        }
    }
    return false;
}

static alees_rc drop(struct db *db, const struct plan *p, const char *name, bool is_dry, FILE *out, FILE *errors) {
    const char *schema, *table;
    struct str s;
    migrate_table_name(p->arena, p->r, &schema, &table);
    fprintf(out, "%s index %s.%s\n", is_dry ? "would drop" : "dropping", schema, name);
    str_init(&s, p->arena, 128);
    str_puts(&s, "DROP INDEX ");
    str_ident(&s, schema);
    str_putc(&s, '.');
    str_ident(&s, name);
    return is_dry ? ALEES_OK : migrate_exec(db, p->r->decl->table, str_done(&s).ptr, errors);
}

static alees_rc make(struct db *db, const struct plan *p, const struct index *index, bool is_dry, FILE *out,
                     FILE *errors) {
    alees_str sql = arena_printf(p->arena, "CREATE INDEX %s %s", index->name, index->definition);
    fprintf(out, "%s index %s %s\n", is_dry ? "would make" : "making", index->name, index->definition);
    return is_dry ? ALEES_OK : migrate_exec(db, p->r->decl->table, sql.ptr, errors);
}

static alees_rc put(struct db *db, struct plan *p, bool is_dry, FILE *out, FILE *errors) {
    struct db_result *made = NULL;
    alees_rc rc = make_plan(db, p, errors);
    rc = rc == ALEES_OK ? ask(db, p->arena, p->r, made_sql, errors, &made) : rc;
    for (uint32_t i = 0; rc == ALEES_OK && i < db_rows(made); i++) {
        alees_str name = db_value(made, i, 0);
        if (!is_in_plan(p, name) || !is_made(made, name.ptr)) {
            rc = drop(db, p, name.ptr, is_dry, out, errors);
        }
    }
    for (uint32_t i = 0; rc == ALEES_OK && i < p->count; i++) {
        if (!is_made(made, p->indexes[i].name)) {
            rc = make(db, p, &p->indexes[i], is_dry, out, errors);
        }
    }
    db_result_free(made);
    return rc;
}

alees_rc migrate_put_indexes(struct db *db, struct arena *arena, const struct catalogue *catalogue, bool is_dry,
                             FILE *out, FILE *errors) {
    alees_rc rc = ALEES_OK;
    for (uint32_t i = 0; rc == ALEES_OK && i < catalogue->resource_count; i++) {
        struct plan p = {.arena = arena, .r = catalogue->resources[i]};
        rc = put(db, &p, is_dry, out, errors);
    }
    return rc;
}

alees_rc migrate_check_indexes(struct db *db, struct arena *arena, const struct resource *r, FILE *errors) {
    struct plan p = {.arena = arena, .r = r};
    struct db_result *made = NULL;
    alees_rc rc = make_plan(db, &p, errors);
    rc = rc == ALEES_OK ? ask(db, arena, r, made_sql, errors, &made) : rc;
    bool is_wrong = false;
    for (uint32_t i = 0; rc == ALEES_OK && i < p.count; i++) {
        if (!is_made(made, p.indexes[i].name)) {
            fprintf(errors, "%s: table %s: index %s is missing; run `alees migrate`\n", r->full_name, r->decl->table,
                    p.indexes[i].name);
            is_wrong = true;
        }
    }
    db_result_free(made);
    return rc == ALEES_OK && is_wrong ? ALEES_E_INVALID : rc;
}
