/* SPDX-License-Identifier: MIT
 * engine_parts.h - what the files of the resource engine share with each other and with their tests, and with nobody
 * else. Level 3. Read engine.h first. */
#ifndef ENGINE_PARTS_H
#define ENGINE_PARTS_H

#include "alees/util.h"
#include "app.h"
#include "engine.h"
#include "jx.h"
#include "sys.h"

enum {
    ENGINE_ID = 0,              /* the place of the id among the fields of every resource */
    ENGINE_MAX_KEYS = 5,        /* of an ordering, the id included */
    ENGINE_MAX_SORT_TEXT = 255, /* characters of a text to sort by: its value travels in the cursor, in the address */
    ENGINE_MAX_PATHS = 8,       /* of expand */
    ENGINE_MAX_TEXT = 65535,    /* characters of a text without bounds of its own, bytes of a JSON object */
    ENGINE_MAX_TAGS = 50,       /* in a list without a bound of its own */
    ENGINE_MAX_TAG = 200,       /* characters of each */
    ENGINE_MAX_DECIMAL = 128    /* characters */
};

/* ---- engine_shapes.c ---- */

/* How a value is shown: as it stands in the result, as the plugin's hook made it, as the rows that it names, as the parts
 * of the row. */
enum engine_kind { ENGINE_STORED, ENGINE_COMPUTED, ENGINE_EXPANDED, ENGINE_NESTED };

struct engine_column {
    const struct resource_field *field;
    alees_str key; /* what stands before the value: ",\"sku\":" */
    enum engine_kind kind;
    uint32_t place; /* of its value in the result; UINT32_MAX: computed */
    uint32_t slot;  /* computed: its place among those of the resource; expanded: among view->expands */
};

struct engine_expand { /* a reference that is shown as the row it names */
    const struct resource_field *field;
    struct engine_view *view; /* of the rows that it names, which are read whole */
    bool is_named;            /* asked for itself, not only for what lies behind it */
};

/* Which columns of a row are read, and which of them are shown. */
struct engine_view {
    const struct resource *r;
    alees_str selected;            /* "\"id\", \"organization_id\", ..." */
    alees_str plain;               /* the same with NULL for what is no column of the table: for the parts of the row */
    struct engine_column *columns; /* those that are shown, in order */
    uint32_t column_count;
    uint32_t *places;  /* as r->fields: the place of its column in the result, UINT32_MAX if it is not read */
    uint32_t scope;    /* SEVERAL: the place of its scope column, which is not shown */
    uint32_t version;  /* the place of the version in results that have it: behind all others */
    bool has_computed; /* among the columns */
    bool has_nested;   /* among what is selected: parts of the row */
    struct engine_expand *expands;
    uint32_t expand_count;
};

struct engine_key { /* of an ordering */
    const struct resource_field *field;
    bool descending;
};

/* What the boot works out for a resource. Pairs: [0] with the caller's organizations, [1] without them, for superusers. */
struct engine_shapes {
    struct engine_view all;     /* every field but secrets, and what is told of deleted rows alone */
    struct engine_view deleted; /* that, too; as all, where rows are not marked */
    alees_str *fallbacks; /* as resource->fields: the value written when none is sent; absent: the column's default */
    alees_str table;      /* "\"product\".\"product\"" */
    struct engine_key order[ENGINE_MAX_KEYS];
    uint32_t order_count;
    uint32_t computed_count;
    uint32_t *slots;                           /* as resource->fields: the place of a computed one among them */
    const struct engine_nested_shape **nested; /* as resource->fields: of those that are ALEES_PARTS */
    const struct statement *get[2];            /* shown, version; by id */
    const struct statement *locate[2];         /* scope column, version; by id */
};

/* The columns and lists of a resource, without any statement. */
alees_rc engine_shapes_new(struct arena *arena, const struct resource *r, FILE *errors,
                           struct engine_shapes **ret_shapes) MUST_CHECK;

#include "engine_deleted.h"
#include "engine_sql.h"

/* ---- engine_fields.c: which fields the caller may read, give or change ---- */

/* Fields are told as a list of flags by place in resource->fields; NULL: every field. It lives as long as the ctx. */
struct engine_fields_known {
    alees_id organization;
    bool is_known;
    const bool *may;
};

struct engine_fields { /* of one resource, under one of its permissions: to view, to add or to change */
    alees_ctx *ctx;
    const struct resource *r;
    uint32_t permission;
    bool is_all;                       /* every field of every row: nothing more is asked */
    bool is_there;                     /* its rows were there before the request: an answer refers to them */
    const bool *everywhere;            /* in each organization where the permission is held; NULL: is_all */
    struct engine_fields_known *known; /* slots, by the hash of the organization; their number is a power of 2 */
    uint32_t known_count, known_slots;
};

/* Asks about everywhere at once. Sets the problem when the provider cannot say, as all of these do. */
alees_rc engine_fields_open(alees_ctx *ctx, const struct resource *r, uint32_t permission,
                            struct engine_fields *ret_fields) MUST_CHECK;
alees_rc engine_fields_in(struct engine_fields *fields, const alees_id *organization,
                          const bool **ret_may) MUST_CHECK; /* asks at most once for each */
/* Of a row of a result, by its organization. */
alees_rc engine_fields_of_row(struct engine_fields *fields, const struct engine_view *view, const alees_rows *rows,
                              uint32_t row, const bool **ret_may) MUST_CHECK;
/* The same by the scope of a row that belongs to several, as the database writes it: what is permitted in one of them is
 * permitted, and one's own rows are. */
alees_rc engine_fields_of_scope(struct engine_fields *fields, alees_str scope, const bool **ret_may) MUST_CHECK;
/* Which may choose and order the rows of a list: of that organization alone, or NULL: of all in ctx->where. */
alees_rc engine_fields_usable(struct engine_fields *fields, const alees_id *organization,
                              const bool **ret_may) MUST_CHECK;
/* May the field be read in any organization of ctx->where? For the words of a refusal. */
alees_rc engine_fields_somewhere(const struct engine_fields *fields, const struct resource_field *f,
                                 bool *ret_may) MUST_CHECK;
/* Is all of a body permitted? */
bool engine_fields_permit(const struct resource *r, uint32_t action, const alees_json *body, const bool *may);
/* 403 whose items name every field of the body that is not. */
alees_rc engine_fields_refuse(const struct engine_fields *fields, uint32_t action, const alees_json *body,
                              const bool *may, const alees_id *organization);

/* ---- engine_refer.c ---- */

/* May the row point at this one, or all of these? value: as the database writes it. */
alees_rc engine_refer_check(alees_change *change, const struct resource_field *f, alees_str value,
                            bool *ret_may) MUST_CHECK;
/* Of a row that goes to another organization: an item for each reference that it keeps and may not have there. */
alees_rc engine_refer_carried(alees_change *change) MUST_CHECK;
/* Adds the item that says so. */
void engine_refer_refuse(alees_ctx *ctx, const struct resource_field *f);

/* ---- engine_value.c ---- */

/* As engine_value_from_json and _from_text, without a ctx: for the boot. */
alees_rc engine_value_json(struct arena *arena, struct problem *problem, const struct alees_field *field,
                           alees_str pointer, const alees_json *value, alees_str *ret_text) MUST_CHECK;
alees_rc engine_value_text(struct arena *arena, struct problem *problem, const struct alees_field *field,
                           alees_str pointer, alees_str text, alees_str *ret_text) MUST_CHECK;
/* What a client sent, short and safe to show in a message: at most 40 characters. */
const char *engine_value_quote(struct arena *arena, alees_str text);
/* "; did you mean \"active\"?" or "". */
const char *engine_value_nearest(struct arena *arena, alees_str word, const char *const *names, uint32_t count);
alees_rc engine_value_nomem(struct problem *problem);
alees_str engine_value_pointer(struct arena *arena, alees_str name); /* "/name", escaped as RFC 6901 says */

/* ---- engine_decimal.c ---- */

/* A decimal number as 0.DIGITS times ten to the power of point, so that two can be compared without rounding. */
struct engine_decimal {
    bool is_negative;
    char digits[ENGINE_MAX_DECIMAL];
    size_t count;
    int64_t point;
};

bool engine_decimal_parse(alees_str text, struct engine_decimal *ret_decimal);
int engine_decimal_compare(const struct engine_decimal *a, int64_t bound); /* below 0, 0, above 0 */

/* ---- engine_calendar.c ---- */

bool engine_calendar_date(alees_str text); /* "2026-11-22", a day that exists, years 0001 to 9999 */
/* RFC 3339 with an offset into "2026-11-22T14:05:00.123456Z" and a NUL; NULL, or what is wrong with it. */
const char *engine_calendar_timestamp(alees_str text, char out[28]);

/* ---- engine_query.c ---- */

struct engine_filter; /* engine_filter.h */

enum { ENGINE_MAX_WORDS = 8 };

struct engine_search {
    alees_str text;                    /* as sent */
    alees_str words[ENGINE_MAX_WORDS]; /* within text */
    uint32_t count;
};

struct engine_query {
    const struct engine_view *view; /* what is read; NULL: all */
    struct engine_filter *filters;  /* all must be met; in one order, so that there is one text for each set of them */
    uint32_t filter_count;
    uint32_t filter_values;                  /* that they bind, at the most */
    bool is_slow;                            /* may read many rows to find few: not for a lane that others wait on */
    struct engine_key keys[ENGINE_MAX_KEYS]; /* ends with the id */
    uint32_t key_count;
    bool is_endless; /* all rows: no LIMIT */
    uint32_t page_size;
    struct engine_search search;
    bool has_own_size;     /* neither the default nor the most */
    uint32_t page;         /* numbered, from 1; 0: by cursors */
    enum ctx_count count;  /* of all rows: exact, estimated or none */
    bool has_organization; /* rows of that one alone */
    bool is_below;         /* and of those below it */
    bool has_cursor, is_backward;
    alees_id organization;
    const struct engine_only *only;    /* no other rows than these; NULL: all */
    alees_str only_ids;                /* as uuid[]; absent: not needed */
    bool is_in_given_order;            /* of only */
    alees_str cursor;                  /* as sent */
    alees_str values[ENGINE_MAX_KEYS]; /* has_cursor: the row to go on from */
    struct engine_fields *fields;      /* that the caller may read */
    const bool *may;                   /* which of them may be used here, by place; NULL: all */
};

/* ---- engine_filter.c ---- */

/* A parameter that is none of a list's own: a filter, or unknown. */
alees_rc engine_filter_read(alees_ctx *ctx, const struct resource *r, const struct ctx_parameter *p,
                            struct engine_query *q) MUST_CHECK;
/* The conditions of q, for a statement of any kind on the resource's table. Call engine_query_read before. */
void engine_filter_sql(const struct engine_query *q, struct engine_sql *sql, bool *has_where);

/* ---- engine_narrow.c: a list of fewer rows than the caller sees ---- */

struct engine_only { /* the rows of alees.http/1 reply_list */
    const alees_id *ids;
    uint32_t count;
    bool is_in_order; /* as they are, unless the client asks for another one */
};

/* The query has been read. only may be NULL. */
alees_rc engine_narrow_to(alees_ctx *ctx, const struct resource *r, const struct engine_only *only,
                          struct engine_query *q) MUST_CHECK;

/* The parameter `below`. */
alees_rc engine_narrow_read(alees_ctx *ctx, const struct ctx_parameter *p, const struct engine_query *q) MUST_CHECK;
/* Leaves of the place of the resource's rows what the query names by `organization` and `below`, or as the only
 * organizations. where: whose rows the caller sees. */
alees_rc engine_narrow_place(alees_ctx *ctx, const struct resource *r, const struct alees_organizations *where,
                             const struct engine_query *q, struct engine_place *place) MUST_CHECK;
/* The condition of q->only. */
void engine_narrow_sql(const struct resource *r, const struct engine_query *q, struct engine_sql *sql, bool *has_where);
/* "array_position(ids, id)": where the row stands, or, with a value, where the row of that id does. */
void engine_narrow_position(const struct engine_query *q, const char *prefix, const alees_str *id,
                            struct engine_sql *sql);

/* ---- engine_search.c ---- */

/* Is there a field to search, and of them one that may be? may: by place, NULL: all. */
bool engine_search_may(const struct resource *r, const bool *may);
alees_rc engine_search_read(alees_ctx *ctx, const struct ctx_parameter *p, struct engine_query *q) MUST_CHECK;
void engine_search_sql(const struct resource *r, const struct engine_query *q, struct engine_sql *sql, bool *has_where);

/* ---- engine_query.c, on ---- */

/* Has the list of r this one of resource_reserved? */
bool engine_query_takes(const struct resource *r, const char *parameter);
bool engine_query_sorts(const struct resource_field *f); /* can ?ordering= name it? */
/* A field that may not be used here. If it can be read in a part of the list, this says so; ALEES_OK: it is one like any
 * other that cannot be used, and to be answered as such. */
alees_rc engine_query_explain(alees_ctx *ctx, const struct resource *r, const struct engine_query *q,
                              alees_str parameter, const struct resource_field *f) MUST_CHECK;
/* Rows of a page unless the client asks for another size. */
uint32_t engine_query_page_size(const struct app *app);

/* fields: those that the caller may read. */
alees_rc engine_query_read(alees_ctx *ctx, const struct resource *r, struct engine_fields *fields,
                           struct engine_query *ret_query) MUST_CHECK;
/* Verifies the cursor, if one was sent, and fills in where it stands: values, is_backward. */
alees_rc engine_query_cursor(alees_ctx *ctx, const uint8_t *secret, struct engine_query *q) MUST_CHECK;
alees_rc engine_query_size(alees_ctx *ctx, const struct ctx_parameter *p,
                           struct engine_query *q) MUST_CHECK; /* page_size */
alees_rc engine_query_none(alees_ctx *ctx) MUST_CHECK;         /* a route without query parameters */
/* A route with these alone, each at most once. */
alees_rc engine_query_only(alees_ctx *ctx, const char *const *names, uint32_t count) MUST_CHECK;
/* One row: those of a view. */
alees_rc engine_query_view(alees_ctx *ctx) MUST_CHECK;
alees_rc engine_query_deleted(alees_ctx *ctx) MUST_CHECK; /* and ?deleted= */
/* "name,-created_at" into keys, the id added; may: the fields that can be used, NULL: all. A fault is told in *ret_fault.
 * False: a fault. */
bool engine_query_order(struct arena *arena, const struct resource *r, const bool *may, alees_str text,
                        struct engine_key *keys, uint32_t *ret_count, const char **ret_fault);

/* ---- engine_view.c: which fields are shown ---- */

struct engine_view_rights { /* to read: in a part of the list is enough */
    struct engine_fields fields;
    const struct alees_organizations *where;
    const alees_id *organization; /* the only one that is looked at; NULL: all of where */
};

/* What fields= and expand= ask for, over rows that are read whole: shapes->all without them. q: of a list, else NULL. Sets
 * the problem. */
alees_rc engine_view_read(alees_ctx *ctx, const struct resource *r, const struct engine_query *q,
                          const struct engine_view **ret_view) MUST_CHECK;
/* Replaces it by one whose statement selects no more than what is shown or needed: by the keys of q (NULL: one row), by
 * the rights to fields, by entity tags. */
alees_rc engine_view_narrow(alees_ctx *ctx, const struct engine_query *q, const struct engine_view **view) MUST_CHECK;

alees_rc engine_view_readers(alees_ctx *ctx, const struct resource *r, const struct engine_query *q,
                             struct engine_view_rights *ret_rights) MUST_CHECK;
alees_rc engine_view_may_read(alees_ctx *ctx, struct engine_view_rights *rights, const struct resource_field *f,
                              bool *ret_may) MUST_CHECK;
/* "; did you mean ..?" among the fields that may be read everywhere. */
const char *engine_view_nearest(alees_ctx *ctx, const struct engine_view_rights *rights, alees_str name,
                                bool is_expanded);
/* The words between commas one by one, from *at = 0 on, also empty ones; false: no more. */
bool engine_view_next_word(alees_str text, size_t *at, alees_str *ret_word);

/* ---- engine_answer.c: rows that are about to be shown, and what is shown with them ---- */

struct engine_answer {
    alees_ctx *ctx;
    const struct engine_view *view;
    struct engine_fields *fields; /* to read */
    const alees_rows *rows;
    uint32_t count;      /* of them, from the first on: what the result has beyond them is not shown */
    const bool **may;    /* by row: the fields that are shown, NULL: all; NULL: not known before, or all of all */
    alees_str *computed; /* by row and slot; NULL: there are none */
    struct engine_found *found; /* as view->expands */
};

/* Calls the hook `represent` and reads the rows that are referred to: once for all rows, before the first is written. Rows
 * of a long result may be given some hundreds at a time. rows may be NULL with a count of 0. */
alees_rc engine_answer_open(alees_ctx *ctx, const struct engine_view *view, struct engine_fields *fields,
                            const alees_rows *rows, uint32_t count, struct engine_answer *ret_answer) MUST_CHECK;
/* One of them as JSON: what the caller may read of it. */
alees_rc engine_answer_row(struct engine_answer *a, uint32_t row, struct str *out) MUST_CHECK;
/* For the files that fetch what is shown with them. */
alees_rc engine_answer_judge(struct engine_answer *a) MUST_CHECK; /* fills may, so that put cannot fail */
bool engine_answer_may(const struct engine_answer *a, uint32_t row, const struct resource_field *f);
void engine_answer_put(const struct engine_answer *a, uint32_t row, struct str *out);

/* ---- engine_expand.c ---- */

bool engine_expand_is_possible(const struct resource_field *f);
/* "category,parent.parent" into the view, which is replaced by one of its own. */
alees_rc engine_expand_read(alees_ctx *ctx, alees_str text, struct engine_view_rights *rights,
                            const struct engine_view **view) MUST_CHECK;
alees_rc engine_expand_run(struct engine_answer *a) MUST_CHECK;
void engine_expand_write(const struct engine_answer *a, const struct engine_column *column, alees_str text,
                         struct str *out);

/* ---- engine_represent.c ---- */

alees_rc engine_represent(struct engine_answer *a) MUST_CHECK;
/* Of alees.resource/1. */
uint32_t engine_page_count(const alees_page *page);
alees_id engine_page_id(const alees_page *page, uint32_t row);
alees_id engine_page_organization(const alees_page *page, uint32_t row);
alees_str engine_page_value(const alees_page *page, uint32_t row, const char *field);
alees_rc engine_page_set(alees_page *page, uint32_t row, const char *field, alees_str value);
uint32_t engine_page_shows(const alees_page *page, const char *field);
uint32_t engine_page_is_written(const alees_page *page);

/* ---- engine_change.c ---- */

#define ENGINE_CHANGE_MAGIC 0x4348474eu

struct alees_change {
    uint32_t magic;
    uint32_t action; /* ALEES_CREATE .. */
    alees_ctx *ctx;
    const struct resource *resource;
    alees_id id;
    bool is_open;              /* set() has an effect: validate and before_write */
    bool refers_later;         /* where it points is looked at for many rows at once: engine_refer_many */
    alees_id organization;     /* of the row; zero: none, or not known yet */
    alees_id owner;            /* of a part: the row that it is a part of */
    const alees_rows *before;  /* shown, version: the row as it was, locked; NULL on create and without before_write */
    uint32_t before_row;       /* its place among them */
    struct engine_cell *cells; /* as resource->fields */
    const alees_rows *found;   /* shown, version: the row that is there, or was written */
    uint32_t found_row;
    struct engine_custom *custom;          /* references among the values of custom fields: refers_later */
    const struct resource_field *known_by; /* of an upsert: the field by which the row was found; taken, not written */
    bool is_whole;                         /* PUT: by engine_replace_open */
    const bool *may, *may_read;   /* is_whole: the fields that the caller may change, and read, by place; NULL: all */
    struct engine_nested *nested; /* lists of parts that were sent: engine_nested.h */
    uint32_t nested_count;
    bool is_item;         /* of such a list, about a part that is there: what cannot be written is compared later */
    bool is_imported;     /* ids of items of a new row mean nothing */
    bool is_placed;       /* PATCH or PUT of one row: `organization` has been looked at, and may be sent */
    bool is_moving;       /* to `organization`: what it has must hold there */
    struct problem *told; /* what validate_all refuses of it; NULL: refuse() goes to the problem of the ctx */
};

/* What the hooks are told of the row: that one of *rows (shown, version), as it was or, is_after, as it is written. */
void engine_change_found(alees_change *change, const alees_rows *rows, uint32_t row, bool is_after);
/* NULL without memory, the problem set. */
alees_change *engine_change_new(alees_ctx *ctx, const struct resource *r, uint32_t action,
                                const alees_id *id) MUST_CHECK;
/* Body and declaration -> cells; every fault into the problem. organization: of a create, may be NULL. */
alees_rc engine_change_read(alees_change *change, const alees_json *body, const alees_id *organization) MUST_CHECK;
/* Can a client send this field, if it may? */
bool engine_change_takes(const struct resource *r, uint32_t action, const struct resource_field *f);
bool engine_change_is_empty(const alees_change *change);
alees_rc engine_change_hook(alees_change *change,
                            alees_rc (*hook)(void *state, alees_ctx *ctx, alees_change *change)) MUST_CHECK;
/* The body as an object, or 400. */
alees_rc engine_change_body(alees_ctx *ctx, const alees_json **ret_body) MUST_CHECK;

/* ---- engine_replace.c: PUT ---- */

/* From here on engine_change_read takes the body for a whole row; change->before is that row, locked. */
alees_rc engine_replace_open(alees_change *change, const bool *may) MUST_CHECK;
/* Would the text, as PostgreSQL writes it, be shown as that value? */
bool engine_replace_is_equal(struct arena *arena, const struct resource_field *f, alees_str text,
                             const alees_json *value);
/* Not sent, and not to be changed for that. */
bool engine_replace_stays(const alees_change *change, uint32_t at);
/* Is it what the row has, as far as the caller may know? */
bool engine_replace_is_same(const alees_change *change, const struct resource_field *f, const alees_json *value);
/* A field that was not sent. */
alees_rc engine_replace_absent(alees_change *change, uint32_t at) MUST_CHECK;

/* ---- engine_custom.c ---- */

/* What is sent for the field that is CUSTOM, an object, or NULL: nothing, which is right unless something is required. Into
 * its cell; every fault is an item. Of an update the row must have been found. */
alees_rc engine_custom_read(alees_change *change, uint32_t at, const alees_json *value) MUST_CHECK;
/* Of a row that goes to another organization: are the values that it keeps, with what is sent, those of the field? A value
 * that is no object is refused like any other, and one that is not sent with a whole row is none. */
bool engine_custom_is_moved(const alees_change *change, const alees_json *value);
/* The id that the row has for the definition of f; absent: none, or it was looked at already. */
alees_str engine_custom_reference(const alees_change *change, const struct resource_field *f);
/* Of changes that refer later: calls refused for each that may not point at what it names. */
alees_rc engine_custom_refer_many(alees_change *const *changes, uint32_t count,
                                  alees_rc (*refused)(void *data, uint32_t row, alees_str pointer),
                                  void *data) MUST_CHECK;

/* ---- engine_row.c ---- */

void engine_row_value(struct str *out, uint32_t type, alees_str text); /* one column's text as JSON */
/* may: the fields that are shown, by place; NULL: all. */
void engine_row_write(struct str *out, const struct engine_answer *answer, uint32_t row, const bool *may);
/* The single row of a result (what the view reads, version) as the answer, with its ETag: what the caller may read of it. */
alees_rc engine_row_reply(alees_ctx *ctx, uint32_t status, const struct engine_view *view,
                          const alees_rows *rows) MUST_CHECK;
/* The header ETag alone, of the single row of a result. */
alees_rc engine_row_tag(alees_ctx *ctx, const struct engine_view *view, const alees_rows *rows,
                        alees_str *ret_etag) MUST_CHECK;

/* ---- engine_condition.c: If-Match, If-None-Match ---- */

struct engine_condition { /* of a write */
    alees_str versions;   /* which the row may have, as integer[]; absent: any */
    alees_str excluded;   /* which it may not have; absent: none */
};

/* Is etag among those of If-None-Match? */
bool engine_condition_is_fresh(const alees_ctx *ctx, alees_str etag);
/* Of row id. 400 for a header that cannot be read, 428 where If-Match is missing and must not. */
alees_rc engine_condition_read(alees_ctx *ctx, const alees_id *id, struct engine_condition *ret_condition) MUST_CHECK;
bool engine_condition_admits(const struct engine_condition *c, alees_str version);

/* ---- engine_error.c ---- */

struct engine_refused { /* a write */
    const struct resource *r;
    uint32_t action;    /* ALEES_CREATE .. */
    const alees_id *id; /* of the row; NULL: of many */
    bool is_marking;    /* a delete that leaves the row where it is */
    bool is_moving;     /* a change that takes it to another organization */
};

/* Says what that means to the client; gives the result code of the answer. */
alees_rc engine_error_map(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *error,
                          alees_rc rc);
alees_rc engine_error_not_found(alees_ctx *ctx);

/* ---- engine_protect.c ---- */

/* Adds an item to the problem for each resource whose rows refer to that one, which therefore could not go: how many. */
void engine_protect_tell(alees_ctx *ctx, const struct engine_refused *what, const struct store_error *error,
                         alees_str pointer);

/* ---- engine_read.c ---- */

/* The id in the path; a malformed one is not found. */
alees_rc engine_read_id(alees_ctx *ctx, alees_id *ret_id) MUST_CHECK;
/* Organization and version of a row that the place reaches; absent version: not seen. */
alees_rc engine_read_locate(alees_ctx *ctx, const struct resource *r, const struct engine_place *place,
                            const alees_id *id, alees_str *ret_organization, alees_str *ret_version) MUST_CHECK;
alees_rc engine_read_row(alees_ctx *ctx, const struct engine_view *view, const struct engine_place *place,
                         const alees_id *id, alees_rows **ret_rows) MUST_CHECK;

#include "engine_list.h"
#include "engine_owner.h"

#endif
