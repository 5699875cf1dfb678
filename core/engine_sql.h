/* SPDX-License-Identifier: MIT
 * engine_sql.h - the statements of the engine and where they may reach: engine_sql.c, engine_place.c. Part of
 * engine_parts.h, which includes it. Level 3. */
#ifndef ENGINE_SQL_H
#define ENGINE_SQL_H

#include "ctx.h"
#include "resource.h"

struct engine_view;

/* ---- engine_sql.c ---- */

/* $1::uuid[], ARRAY[$1::uuid], ARRAY[o.organization]. */
enum engine_scope_form { ENGINE_SCOPE_NONE, ENGINE_SCOPE_LIST, ENGINE_SCOPE_ONE, ENGINE_SCOPE_LATERAL };

/* One statement being written, its values beside it: text and $n cannot get out of step. */
struct engine_sql {
    struct str text;
    alees_str *params;
    uint32_t count, cap;
    enum engine_scope_form scope_form; /* how the organizations of the rows stand in it: for those of their parts */
    uint32_t scope_number;             /* LIST, ONE: of the value */
};

/* cap: parameters to have room for at first. */
void engine_sql_init(struct engine_sql *sql, struct arena *arena, uint32_t cap);
uint32_t engine_sql_bind(struct engine_sql *sql, alees_str value);                /* its number */
void engine_sql_param(struct engine_sql *sql, uint32_t number, const char *type); /* "$3::uuid" */
void engine_sql_value(struct engine_sql *sql, alees_str value, const char *type); /* both */
const char *engine_sql_type(const struct alees_field *field);                     /* "timestamptz" */
void engine_sql_put_table(struct str *sql, const char *name); /* product.product -> "product"."product" */
/* What is read of a field: its column, or the parts of the row; is_plain: NULL for these, under a name of its own. */
void engine_sql_put_selected(struct str *sql, const struct engine_shapes *shapes, uint32_t field, bool is_plain);
/* Of the text, to be run with sql->params: one of the boot, or a shape that lives as long as the arena of sql. NULL
 * without memory. */
const struct statement *engine_sql_statement(struct store *store, const struct resource *r,
                                             struct engine_sql *sql) MUST_CHECK;
/* At boot: registers the text with the store for ever, under the name of the resource. NULL without memory. */
const struct statement *engine_sql_at_boot(struct store *store, const struct resource *r,
                                           struct engine_sql *sql) MUST_CHECK;
/* engine_sql_statement, and runs it. */
alees_rc engine_sql_run(alees_ctx *ctx, const struct resource *r, const struct store_scope *scope,
                        struct engine_sql *sql, alees_rows **ret_rows, const struct store_error **ret_error) MUST_CHECK;

struct engine_cell { /* what is written into one field */
    bool is_sent;    /* by the client */
    bool is_written; /* goes into the statement */
    bool is_default; /* of an update: as what the column has by itself */
    alees_str value; /* absent: NULL */
};

/* Of a resource whose rows are marked when they are deleted: which are meant. Of others, all. */
enum engine_life { ENGINE_LIVE, ENGINE_DELETED, ENGINE_EITHER };

struct engine_target { /* of a statement about one row */
    alees_str id;
    alees_str user;          /* who writes; absent: a command */
    alees_str organizations; /* where it may be, as uuid[]; absent: anywhere */
    alees_str versions;      /* which it may have, as integer[]; absent: any */
    alees_str excluded;      /* which it may not have; absent: none */
    bool is_owned;           /* organizations absent: anywhere but in none */
    alees_str owner;         /* of a part: whose it is; absent: whose ever */
    enum engine_life life;
};

/* Is the field written by a statement? Whose row it is of one user, the host says, and only on create. */
bool engine_sql_is_written(const struct resource *r, const struct engine_cell *cells, uint32_t field);
/* before "deleted_at IS NULL": every statement about rows of a resource says which are meant. False, and nothing is
 * written, if that makes no difference. before: " AND ", " WHERE ". */
bool engine_sql_life(struct engine_sql *sql, const char *before, const struct resource *r, enum engine_life life);
/* The same of parts of such rows, where they are asked for without their owner: those of live ones. Of other resources
 * nothing. The table must stand in the statement without an alias. */
void engine_sql_whole(struct engine_sql *sql, const char *before, const struct resource *r);
/* "scope = ANY($1)": is the row's scope among the ids? with_shared: or has it none. */
void engine_sql_scope(struct engine_sql *sql, const struct resource *r, alees_str ids, bool with_shared);
/* The same where nothing else finds the rows: as rows to join with, not a list to compare with item by item, which would be
 * tried in the index of substrings one after the other. */
void engine_sql_among(struct engine_sql *sql, const struct resource *r, alees_str ids, bool with_shared);
/* The same for each row with a scope, whichever. */
void engine_sql_owned(struct engine_sql *sql, const struct resource *r);

/* The part is one of that owner. */
void engine_sql_owner(struct engine_sql *sql, const struct resource *r, alees_str owner);

void engine_sql_get(struct engine_sql *sql, const struct engine_view *view, const struct engine_target *target);
void engine_sql_locate(struct engine_sql *sql, const struct resource *r, const struct engine_target *target);
/* The row as it is, locked until the end of the transaction, if the target may be written. */
void engine_sql_lock(struct engine_sql *sql, const struct resource *r, const struct engine_target *target);
/* The row locked alone or, is_raised, with its version raised and nothing else. One row, if the target may be written. */
void engine_sql_touch(struct engine_sql *sql, const struct resource *r, const struct engine_target *target,
                      bool is_raised);
void engine_sql_insert(struct engine_sql *sql, const struct resource *r, const struct engine_cell *cells,
                       const struct engine_target *target);
void engine_sql_update(struct engine_sql *sql, const struct resource *r, const struct engine_cell *cells,
                       const struct engine_target *target);
void engine_sql_delete(struct engine_sql *sql, const struct resource *r, const struct engine_target *target);
/* Of a resource with soft delete: UPDATE .. SET what marks a row as deleted, or is_back, as not; up to the condition. */
void engine_sql_mark(struct engine_sql *sql, const struct resource *r, alees_str user, bool is_back);
void engine_sql_mark_one(struct engine_sql *sql, const struct resource *r, const struct engine_target *target,
                         bool is_back);

/* ---- engine_place.c: where a statement may reach ---- */

enum engine_reach { ENGINE_NOWHERE, ENGINE_ONE, ENGINE_SEVERAL, ENGINE_EVERYWHERE };

struct engine_place {
    enum engine_reach reach;
    alees_str ids;   /* "{uuid,uuid}" */
    alees_str id;    /* ENGINE_ONE: "uuid" */
    bool is_shared;  /* reading: and rows of no organization, which everybody sees */
    bool is_owned;   /* ENGINE_EVERYWHERE: but no rows of no organization, which are for superusers */
    alees_str owner; /* of parts: those of this one alone; absent: those of all */
    enum engine_life life;
    struct store_scope scope;
};

bool engine_place_is_all(const alees_ctx *ctx); /* or one that may reach every organization */
/* Where a statement about r may reach. is_reading: or only look. */
alees_rc engine_place_of(alees_ctx *ctx, const struct resource *r, const struct alees_organizations *where,
                         bool is_reading, struct engine_place *ret_place) MUST_CHECK;
/* Leaves those of these that were among them. ids, of this request, are sorted and narrowed as well. */
alees_rc engine_place_within(alees_ctx *ctx, const struct alees_organizations *where, alees_id *ids, uint32_t count,
                             struct engine_place *place) MUST_CHECK;
/* Leaves only that organization; nothing if it was not among them. */
alees_rc engine_place_narrow(alees_ctx *ctx, const struct alees_organizations *where, const alees_id *organization,
                             struct engine_place *place) MUST_CHECK;
/* Where does the caller hold a permission? Sets the problem when the provider cannot say. */
alees_rc engine_place_ask(alees_ctx *ctx, uint32_t permission, const struct alees_organizations **ret_where) MUST_CHECK;
/* The ids of a scope one by one, from *at = 0 on; false: no more. */
bool engine_place_next(alees_str scope, size_t *at, alees_id *ret_id);
/* Is one of the scopes of a row, as the database writes them ("uuid", "{uuid,uuid}" or absent), among where? */
bool engine_place_meets(const alees_ctx *ctx, const struct alees_organizations *where, alees_str scope);
/* Where the caller holds the route's permission and may view, too: a row that is not seen is not there, and the answer to
 * a change shows the row. */
alees_rc engine_place_seen(alees_ctx *ctx, const struct resource *r,
                           const struct alees_organizations **ret_where) MUST_CHECK;
/* In which organization a new row shall be, judged by ctx->where; zero for a global row or a root. A missing or malformed
 * one is added to the items of the problem and gives ALEES_OK: the rest of the body is looked at first. */
alees_rc engine_place_create(alees_ctx *ctx, const struct resource *r, const alees_json *body,
                             alees_id *ret_organization) MUST_CHECK;
/* May the caller add in this one? ALEES_OK, or the problem as engine_place_create sets it. */
alees_rc engine_place_admits(alees_ctx *ctx, const struct resource *r, const alees_id *organization) MUST_CHECK;
/* May the caller point at this organization? */
alees_rc engine_place_may_refer(alees_ctx *ctx, const struct resource *target, const alees_id *organization,
                                bool *ret_may) MUST_CHECK;

#endif
