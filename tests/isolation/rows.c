/* SPDX-License-Identifier: MIT
 * rows.c - rows of any resource, made from its declaration (values.c) by the superuser, and known by their ids. */
#include "kit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alees/util.h"
#include "jx.h"
#include "str.h"

enum { BUCKETS = 4096, MOST_TRIES = 24, MOST_DEPTH = 4 };

struct kit_row {
    struct kit_row *next;
    char id[37];
    const struct resource *resource;
    size_t place;
    const char *owner; /* of a part: the row that it is a part of */
};

const char *kit_text(struct kit *k, const char *format, ...) {
    char buffer[16384];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    ASSERT(length >= 0 && (size_t)length < sizeof buffer);
    const char *text = arena_dup(k->arena, buffer, (size_t)length);
    ASSERT(text != NULL);
    return text;
}

const char *kit_path_below(struct kit *k, const struct resource *r, const char *owner) {
    const char *at = strchr(r->path, '{');
    return at ? kit_text(k, "%.*s%s%s", (int)(at - r->path), r->path, owner, strchr(at, '}') + 1) : r->path;
}

const char *kit_list_path(struct kit *k, const struct resource *r, const char *query) {
    return kit_text(k, "/api/v1%s%s", kit_path_below(k, r, k->owner ? k->owner : KIT_UNKNOWN), query);
}

static const struct kit_row *find(const struct kit *k, const char *id);

const char *kit_row_path(struct kit *k, const struct resource *r, const char *id) {
    const struct kit_row *row = r->owner ? find(k, id) : NULL;
    const char *owner = row && row->resource == r ? row->owner : k->owner;
    return kit_text(k, "/api/v1%s/%s", kit_path_below(k, r, owner ? owner : KIT_UNKNOWN), id);
}

bool kit_is_scoped(const struct resource *r) {
    return r->decl->scope != ALEES_SCOPE_GLOBAL;
}

bool kit_has_place(const struct kit *k, const struct resource *r, size_t place) {
    (void)k;
    switch (r->decl->scope) {
    case ALEES_SCOPE_GLOBAL: return place == KIT_NOWHERE;
    case ALEES_SCOPE_OWN: return place == KIT_A || place == KIT_B;
    case ALEES_SCOPE_ORGANIZATION:
        return place < KIT_PLACES || (place == KIT_NOWHERE && (r->decl->flags & ALEES_RESOURCE_OPTIONAL));
    default: return place < KIT_PLACES;
    }
}

/* ---- ids that are known ---- */

static size_t bucket_of(const char *id) {
    return (size_t)strtoul(id + 28, NULL, 16) % BUCKETS;
}

void kit_row_note(struct kit *k, const struct resource *r, size_t place, const char *id) {
    struct kit_row *row = ARENA_NEW(k->arena, struct kit_row);
    if (!k->rows) {
        k->rows = ARENA_ARRAY(k->arena, struct kit_row *, BUCKETS);
    }
    ASSERT(row != NULL && k->rows != NULL && strlen(id) == 36);
    memcpy(row->id, id, sizeof row->id);
    row->resource = r;
    row->place = place;
    row->owner = r->owner ? k->owner : NULL;
    row->next = k->rows[bucket_of(id)];
    k->rows[bucket_of(id)] = row;
}

static const struct kit_row *find(const struct kit *k, const char *id) {
    const struct kit_row *row = k->rows && strlen(id) == 36 ? k->rows[bucket_of(id)] : NULL;
    while (row && strcmp(row->id, id) != 0) {
        row = row->next;
    }
    return row;
}

bool kit_row_find(const struct kit *k, const char *id, const struct resource **ret_resource, size_t *ret_place) {
    const struct kit_row *row = find(k, id);
    if (row) {
        *ret_resource = row->resource;
        *ret_place = row->place;
    }
    return row != NULL;
}

/* ---- making them ---- */

/* For those that the engine does not create: a route of the plugin's own at the same address. */
static const struct route *own_create(const struct kit *k, const struct resource *r) {
    const char *path = r->decl->path;
    for (uint32_t i = 0; i < k->catalogue->route_count; i++) {
        const struct route *route = &k->catalogue->routes[i];
        if (route->operation == ROUTE_PLUGIN && route->method == ALEES_POST && strcmp(route->decl->path, path) == 0) {
            return route;
        }
    }
    return NULL;
}

static size_t maker_of(const struct resource *r, size_t place) {
    return r->decl->scope != ALEES_SCOPE_OWN ? KIT_ROOT : place == KIT_A ? KIT_MEMBER_A : KIT_MEMBER_B;
}

static const char *send(struct kit *k, const struct resource *r, size_t place, const char *body) {
    const struct answer *a =
        loopback_request(k->loopback, "POST", kit_list_path(k, r, ""), k->tokens[maker_of(r, place)], body);
    const char *pointers[] = {"/id", "/api_key/id", "/key/id"};
    for (size_t i = 0; a->status == 201 && i < ARRAY_LEN(pointers); i++) {
        if (answer_text(a, pointers[i]).len == 36) {
            return arena_str(k->arena, answer_text(a, pointers[i])).ptr;
        }
    }
    return NULL;
}

static const char *create(struct kit *k, const struct resource *r, size_t place) {
    bool has_place = r->decl->scope == ALEES_SCOPE_ORGANIZATION && !r->owner;
    const struct answer *a = NULL;
    for (int i = 0; i < MOST_TRIES; i++) {
        const char *body = kit_row_body(k, r, place, has_place);
        a = loopback_request(k->loopback, "POST", kit_list_path(k, r, ""), k->tokens[maker_of(r, place)], body);
        if (a->status == 201) {
            return arena_str(k->arena, answer_text(a, "/id")).ptr;
        }
        if (!kit_row_learn(k, r, a)) {
            fprintf(stderr, "isolation: no row of %s can be made: %s gave %u %.*s\n", r->full_name, body, a->status,
                    STR_FMT(a->body));
            if (k->subject) {
                kit_count(k, k->attack, false); /* what is not attacked is not proven */
            }
            return NULL;
        }
    }
    return NULL;
}

/* One that somebody else made. */
static const char *existing(struct kit *k, const struct resource *r, size_t place) {
    const char *where = "true";
    if (r->decl->scope == ALEES_SCOPE_OWN) {
        where = kit_text(k, "user_id = '%s'", k->user_ids[maker_of(r, place)]);
    } else if (r->decl->scope == ALEES_SCOPE_ORGANIZATION) {
        where = place == KIT_NOWHERE ? "organization_id IS NULL"
                                     : kit_text(k, "organization_id = '%s'", k->place_ids[place]);
    } else if (r->decl->scope == ALEES_SCOPE_SEVERAL) {
        where = kit_text(k, "'%s' = ANY (scope_ids)", k->place_ids[place]);
    }
    return kit_sql(k, "SELECT id FROM %s WHERE %s ORDER BY random() LIMIT 1", r->decl->table, where);
}

/* Rows of SEVERAL come into an organization by what their plugin does; users by a membership. */
static void put_in_place(struct kit *k, const struct resource *r, size_t place, const char *id) {
    if (strcmp(r->decl->table, "rbac.app_user") == 0) {
        kit_sql(k, "INSERT INTO rbac.membership (user_id, organization_id) VALUES ('%s', '%s')", id,
                k->place_ids[place]);
    } else {
        kit_sql(k, "UPDATE %s SET scope_ids = scope_ids || '%s'::uuid WHERE id = '%s'", r->decl->table,
                k->place_ids[place], id);
    }
}

/* Past the server, for those that it does not create; NULL if the table wants more than was declared. */
static const char *insert(struct kit *k, const struct resource *r, size_t place) {
    struct str columns;
    const char *value = "NULL", *scope = r->scope_column;
    str_init(&columns, k->arena, 256);
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (!r->fields[i].is_standard && (r->fields[i].decl->flags & ALEES_REQUIRED)) {
            str_printf(&columns, ", %s", r->fields[i].column);
        }
    }
    if (r->decl->scope == ALEES_SCOPE_OWN) {
        value = kit_text(k, "'%s'", k->user_ids[maker_of(r, place)]);
    } else if (r->decl->scope == ALEES_SCOPE_SEVERAL) {
        value = "'{}'";
    } else if (place < KIT_PLACES) {
        value = kit_text(k, "'%s'", k->place_ids[place]);
    }
    const char *names = columns.len ? str_done(&columns).ptr : "";
    return kit_try_sql(k,
                       "INSERT INTO %s (id%s%s%s) SELECT alees.new_id()%s%s%s FROM jsonb_populate_record(NULL::%s, "
                       "'%s') RETURNING id",
                       r->decl->table, scope ? ", " : "", scope ? scope : "", names, scope ? ", " : "",
                       scope ? value : "", names, r->decl->table, kit_column_body(k, r, place));
}

static const char *make(struct kit *k, const struct resource *r, size_t place) {
    const struct route *own = own_create(k, r);
    const char *id = NULL;
    if (r->owner) { /* each has an owner of its own */
        k->owner = kit_row(k, r->owner, place);
        return k->owner ? create(k, r, place) : NULL;
    }
    if (!(r->decl->flags & ALEES_RESOURCE_NO_CREATE)) {
        id = create(k, r, place);
    } else {
        id = insert(k, r, place);
    }
    if (!id && own) {
        id = send(k, r, place, kit_body_of(k, own->decl->body.items, own->decl->body.count, place));
    }
    if (id && r->decl->scope == ALEES_SCOPE_SEVERAL && place < KIT_PLACES) {
        put_in_place(k, r, place, id);
    }
    return id ? id : place < KIT_PLACES || r->decl->scope != ALEES_SCOPE_SEVERAL ? existing(k, r, place) : NULL;
}

const char *kit_row(struct kit *k, const struct resource *r, size_t place) {
    static int depth;
    if (r->decl->scope == ALEES_SCOPE_SELF) {
        return k->place_ids[place];
    }
    if (depth == MOST_DEPTH || !kit_has_place(k, r, place)) {
        return NULL;
    }
    depth++;
    const char *id = make(k, r, place);
    depth--;
    if (id) {
        kit_row_note(k, r, place, id);
    }
    return id;
}

const char *kit_target(struct kit *k, const struct resource *r, size_t place) {
    switch (r->decl->scope) {
    case ALEES_SCOPE_GLOBAL: {
        const char *id = kit_sql(k, "SELECT id FROM %s ORDER BY id LIMIT 1", r->decl->table);
        return id ? id : kit_row(k, r, KIT_NOWHERE);
    }
    case ALEES_SCOPE_SELF: return k->place_ids[place < KIT_PLACES ? place : KIT_A];
    case ALEES_SCOPE_SEVERAL: return make(k, r, KIT_NOWHERE); /* nobody's yet: any place can take it */
    default: return kit_row(k, r, place);
    }
}

const char *kit_change_body(struct kit *k, const struct resource *r, const char *id) {
    const struct answer *row = loopback_request(k->loopback, "GET", kit_row_path(k, r, id), k->tokens[KIT_ROOT], NULL);
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        struct str body;
        if (r->fields[i].is_standard || d->type != ALEES_TEXT ||
            (d->flags & (ALEES_READ_ONLY | ALEES_WRITE_ONCE | ALEES_WRITE_ONLY))) {
            continue;
        }
        alees_str now = answer_text(row, kit_text(k, "/%s", d->name));
        str_init(&body, k->arena, 128);
        str_printf(&body, "{\"%s\":", d->name);
        str_json(&body, now.ptr || (d->flags & ALEES_NULLABLE) ? now : STR_LIT("x"));
        str_putc(&body, '}');
        return str_done(&body).ptr;
    }
    return "{}";
}
