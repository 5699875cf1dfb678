/* SPDX-License-Identifier: MIT
 * engine_history.c - what happened to one row: its entries of the audit trail, told as the API shows the row.
 *
 * Nothing is told here that GET would not tell. An entry is seen where its row was when it was written: there the caller
 * must hold the permission to view the resource now, and fields are left out that they may not read there now, or that
 * nobody may, as secrets. So a row that is gone keeps its history for those who could see it. A row of several
 * organizations can be taken out of one's sight: then there is no history either, unless it has been deleted. */
#include "engine_list.h"

#include <string.h>

#include "audit.h"
#include "lock.h"

struct slice { /* JSON text within the entry's changes; ptr NULL: not there */
    alees_str before, after;
};

struct history {
    alees_ctx *ctx;
    const struct resource *r;
    struct engine_place place;
    struct engine_fields fields;
    struct engine_query query;
    struct engine_page page;
    struct slice *changes; /* as r->fields */
    alees_id id;
    bool is_gone;
};

/* ---- the changes of an entry, as PostgreSQL writes jsonb: {"name": {"after": "x", "before": null}, ..} ---- */

/* Behind the text that begins at a quotation mark. */
static size_t behind_text(alees_str json, size_t at) {
    for (at++; at < json.len && json.ptr[at] != '"'; at++) {
        at += json.ptr[at] == '\\';
    }
    return at + 1;
}

/* Behind the value that begins there. */
static size_t behind_value(alees_str json, size_t at) {
    uint32_t depth = 0;
    while (at < json.len) {
        char c = json.ptr[at];
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
            break;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at = c == '"' ? behind_text(json, at) : at + 1;
    }
    return at < json.len ? at : json.len;
}

/* One member off an object; *at is 0 at first. False: no more. */
static bool next_member(alees_str json, size_t *at, alees_str *ret_name, alees_str *ret_value) {
    size_t name = *at + (*at == 0 ? 1 : 2), colon, value, end; /* behind "{" or ", " */
    if (name >= json.len || json.ptr[name] != '"') {
        return false;
    }
    colon = behind_text(json, name);
    value = colon + 2;
    if (value >= json.len) {
        return false;
    }
    end = behind_value(json, value);
    *ret_name = (alees_str){json.ptr + name + 1, colon - name - 2};
    *ret_value = (alees_str){json.ptr + value, end - value};
    *at = end;
    return true;
}

static void read_changes(struct history *h, alees_str json) {
    alees_str name, change, which, value;
    memset(h->changes, 0, h->r->field_count * sizeof *h->changes);
    for (size_t at = 0; next_member(json, &at, &name, &change);) {
        const struct resource_field *f = resource_field(h->r, name); /* NULL: a field that is declared no longer */
        for (size_t i = 0; f != NULL && next_member(change, &i, &which, &value);) {
            struct slice *slice = &h->changes[f - h->r->fields];
            *(str_equal(which, "after") ? &slice->after : &slice->before) = value;
        }
    }
}

/* "2026-11-22T14:05:00.1+00:00", quoted: the trigger writes UTC. What is not of that form goes out as it is. */
static void put_timestamp(struct str *out, alees_str json) {
    enum { SECONDS = 1 + 19, ZONE = 7 };
    char text[] = ".000000Z\"";
    size_t fraction;
    if (json.len < SECONDS + ZONE || memcmp(json.ptr + json.len - ZONE, "+00:00\"", ZONE) != 0) {
        str_view(out, json);
        return;
    }
    fraction = json.len - SECONDS - ZONE;
    if (fraction <= ZONE) {
        memcpy(text, json.ptr + SECONDS, fraction);
    }
    str_put(out, json.ptr, SECONDS);
    str_puts(out, text);
}

static void put_value(struct str *out, uint32_t type, alees_str json) {
    bool is_null = json.ptr == NULL || str_equal(json, "null"),
         is_text = !is_null && json.len > 0 && json.ptr[0] == '"';
    if (is_null) {
        str_puts(out, "null");
    } else if (type == ALEES_DECIMAL && !is_text) {
        str_putc(out, '"');
        str_view(out, json);
        str_putc(out, '"');
    } else if (type == ALEES_TIMESTAMP) {
        put_timestamp(out, json);
    } else {
        str_view(out, json);
    }
}

static void put_changes(const struct history *h, const bool *may, struct str *out) {
    bool is_first = true;
    str_putc(out, '{');
    for (uint32_t i = 0; i < h->r->field_count; i++) {
        const struct alees_field *f = h->r->fields[i].decl;
        const struct slice *slice = &h->changes[i];
        bool is_told = (f->flags & ALEES_WRITE_ONLY) == 0 && (may == NULL || may[i]);
        if (!is_told || (slice->before.ptr == NULL && slice->after.ptr == NULL)) {
            continue;
        }
        str_puts(out, is_first ? "" : ",");
        str_json(out, alees_text(f->name));
        str_puts(out, ":{\"before\":");
        put_value(out, f->type, slice->before);
        str_puts(out, ",\"after\":");
        put_value(out, f->type, slice->after);
        str_putc(out, '}');
        is_first = false;
    }
    str_putc(out, '}');
}

/* ---- entries ---- */

/* The fields that the caller may read where the row was; NULL: all. */
static alees_rc rights(struct history *h, uint32_t row, const bool **ret_may) {
    alees_str organization = store_rows_text(h->page.rows, row, AUDIT_ORGANIZATION);
    alees_id id;
    *ret_may = NULL;
    if (h->fields.is_all) {
        return ALEES_OK;
    }
    if (h->r->decl->scope == ALEES_SCOPE_SEVERAL) {
        return engine_fields_of_scope(&h->fields, store_rows_text(h->page.rows, row, AUDIT_SCOPE), ret_may);
    }
    if (organization.ptr == NULL) {
        return ALEES_OK; /* everybody's: shown whole, as the row */
    }
    if (alees_id_parse(organization, &id) != ALEES_OK) {
        return ALEES_E_INTERNAL;
    }
    return engine_fields_in(&h->fields, &id, ret_may);
}

static void put_member(struct str *out, const char *key, uint32_t type, const struct history *h, uint32_t row,
                       enum audit_column column) {
    str_puts(out, key);
    engine_row_value(out, type, store_rows_text(h->page.rows, row, column));
}

static alees_rc put_entry(struct history *h, uint32_t row, struct str *out) {
    const bool *may;
    alees_rc rc = rights(h, row, &may);
    if (rc != ALEES_OK) {
        return rc;
    }
    put_member(out, "{\"id\":", ALEES_UUID, h, row, AUDIT_ID);
    put_member(out, ",\"at\":", ALEES_TIMESTAMP, h, row, AUDIT_AT);
    put_member(out, ",\"action\":", ALEES_TEXT, h, row, AUDIT_ACTION);
    put_member(out, ",\"user\":", ALEES_UUID, h, row, AUDIT_USER);
    put_member(out, ",\"key\":", ALEES_UUID, h, row, AUDIT_KEY);
    put_member(out, ",\"request_id\":", ALEES_TEXT, h, row, AUDIT_REQUEST);
    str_puts(out, ",\"changes\":");
    read_changes(h, store_rows_text(h->page.rows, row, AUDIT_CHANGES));
    put_changes(h, may, out);
    str_putc(out, '}');
    return ALEES_OK;
}

static alees_rc put_page(struct history *h) {
    struct str *body = &h->ctx->response.body;
    alees_rc rc = ALEES_OK;
    str_puts(body, "{\"results\":[");
    for (uint32_t i = 0; i < h->page.count && rc == ALEES_OK; i++) {
        str_puts(body, i > 0 ? "," : "");
        rc = put_entry(h, engine_list_row(&h->page, i), body);
    }
    str_putc(body, ']');
    rc = rc == ALEES_OK ? engine_links_write(h->ctx, &h->page) : rc;
    str_putc(body, '}');
    if (rc == ALEES_OK && body->failed) {
        rc = engine_value_nomem(&h->ctx->problem);
    }
    h->ctx->response.status = rc == ALEES_OK ? 200 : 0;
    h->ctx->response.content_type = "application/json";
    return rc;
}

/* ---- which of them ---- */

static alees_rc read_query(struct history *h) {
    static const char *const names[] = {"page_size", "cursor"};
    struct engine_query *q = &h->query;
    alees_rc rc = engine_query_only(h->ctx, names, ARRAY_LEN(names));
    *q = (struct engine_query){.page_size = engine_query_page_size(h->ctx->app), .key_count = 1};
    q->keys[0] = (struct engine_key){&h->r->fields[ENGINE_ID], true};
    for (uint32_t i = 0; rc == ALEES_OK && i < h->ctx->parameter_count; i++) {
        const struct ctx_parameter *p = &h->ctx->parameters[i];
        if (str_equal(p->name, "page_size")) {
            rc = engine_query_size(h->ctx, p, q);
        } else {
            q->has_cursor = true;
            q->cursor = p->value;
        }
    }
    return rc == ALEES_OK ? engine_query_cursor(h->ctx, store_secret(h->ctx->app->store), q) : rc;
}

static alees_rc see_row(struct history *h, bool *ret_is_seen) {
    alees_str organization, version = {NULL, 0};
    alees_rc rc = engine_read_locate(h->ctx, h->r, &h->place, &h->id, &organization, &version);
    *ret_is_seen = version.ptr != NULL;
    return rc;
}

static alees_rc ask(struct history *h, alees_rows **ret_rows) {
    static const alees_str nowhere = {"{}", 2};
    const struct engine_place *place = &h->place;
    bool is_everywhere = place->reach == ENGINE_EVERYWHERE, is_global = h->r->scope_column == NULL;
    char id[37];
    struct audit_question q = {.resource = h->r->full_name,
                               .object = {alees_id_format(&h->id, id), 36},
                               .owner = place->owner,
                               .is_all = place->scope.all,
                               .organizations = place->scope.organizations,
                               .places = place->ids,
                               .is_shared = place->is_shared,
                               .is_owned = place->is_owned,
                               .is_gone = h->is_gone,
                               .start = h->query.has_cursor ? h->query.values[0] : (alees_str){NULL, 0},
                               .is_backward = h->query.is_backward,
                               .most = h->query.page_size + 1};
    if (is_global && !place->scope.all) { /* everybody's, and what says that it is */
        q.places = nowhere;
        q.is_shared = true;
    } else if (is_everywhere) {
        q.places = (alees_str){NULL, 0};
    }
    if (lock_host_is_off()) {
        q.places = (alees_str){NULL, 0};
        q.is_owned = false;
    }
    return audit_history(h->ctx, &q, ret_rows);
}

/* A row without any entry, or none that the caller may be told, is there if it is seen. */
static alees_rc read_page(struct history *h) {
    alees_rows *rows = NULL;
    bool is_seen = true;
    alees_rc rc = ALEES_OK;
    if (h->place.reach == ENGINE_NOWHERE) {
        return engine_error_not_found(h->ctx);
    }
    if (h->r->decl->scope == ALEES_SCOPE_SEVERAL) {
        rc = see_row(h, &is_seen);
        h->is_gone = !is_seen;
    }
    rc = rc == ALEES_OK ? ask(h, &rows) : rc;
    if (rc == ALEES_OK && store_rows_count(rows) == 0) {
        rc = see_row(h, &is_seen);
        if (rc == ALEES_OK && !is_seen) {
            return engine_error_not_found(h->ctx);
        }
    }
    if (rc == ALEES_OK) {
        uint32_t count = store_rows_count(rows);
        h->page.rows = rows;
        h->page.has_more = count > h->query.page_size;
        h->page.count = h->page.has_more ? h->query.page_size : count;
    }
    return rc;
}

alees_rc engine_history(alees_ctx *ctx) {
    const struct resource *r = ctx->route->resource;
    uint32_t places[] = {AUDIT_ID}; /* of what cursors are made from */
    const struct engine_view view = {.r = r, .places = places};
    struct history h = {.ctx = ctx, .r = r, .page = {.r = r, .view = &view}};
    alees_rc rc = engine_read_id(ctx, &h.id);
    h.page.query = &h.query;
    h.changes = ARENA_ARRAY(ctx->arena, struct slice, r->field_count);
    if (h.changes == NULL) {
        return engine_value_nomem(&ctx->problem);
    }
    rc = rc == ALEES_OK ? read_query(&h) : rc;
    rc = rc == ALEES_OK ? engine_fields_open(ctx, r, r->view, &h.fields) : rc;
    rc = rc == ALEES_OK ? engine_place_of(ctx, r, ctx->where, true, &h.place) : rc;
    rc = rc == ALEES_OK ? read_page(&h) : rc;
    return rc == ALEES_OK ? put_page(&h) : rc;
}
