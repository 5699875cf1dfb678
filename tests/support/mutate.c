/* SPDX-License-Identifier: MIT
 * mutate.c - see mutate.h. */
#include "mutate.h"

#include <stdio.h>
#include <strings.h>

static const char *const pieces[] = {
    "'",
    "\"",
    "\\",
    "%",
    "%00",
    "%25",
    "%2e%2e",
    "..",
    "//",
    "/",
    "?",
    "&",
    "=",
    "#",
    ";",
    "--",
    "/*",
    "*/",
    "$1",
    "$$",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "0",
    "9223372036854775807",
    "9223372036854775808",
    "1e999",
    "1e-999",
    "NaN",
    "Infinity",
    "0x10",
    "1.5",
    "''",
    "') OR 1=1 --",
    "; DROP TABLE product.product",
    "pg_sleep(9)",
    "UNION SELECT",
    "\xC3\xA4",
    "\xE2\x80\xAE",
    "\xF0\x9F\x92\xA9",
    "\xC3",
    "\xFF",
    "\xED\xA0\x80",
    "\t",
    " ",
    "+",
    "%20",
    "%zz",
    "__",
    "__in",
    "__range",
    "__ne",
    "__icontains",
    "__isnull",
    "__gte",
    "__",
    "{\"or\":[",
    "{\"not\":",
    "\\u0000",
    "\\ud800",
    "\\u0041",
    "{{{{{{{{{{{{",
    "[[[[[[[[[[[[",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "=cmd|' /C calc'!A0",
    "\r\n",
    "\n",
    "organization",
    "created_by",
    "password",
    "version",
    "scope_ids",
    "cursor=",
    "page=2",
    "page_size=3",
    "fields=id",
    "expand=category",
    "search=bolt",
    "ordering=-id",
    "count=exact",
    "filter=",
    "on_conflict=sku",
    "dry_run=true",
    "all=true",
    "01930000-0000-7000-8000-000000000003",
};
static const char *const operators[] = {
    "",        "__ne",       "__lt",        "__lte",        "__gt",          "__gte",       "__in",
    "__range", "__contains", "__icontains", "__startswith", "__istartswith", "__iendswith", "__isnull",
    "__color", "__a__b__gt", "__nonsense"};
static const char *const values[] = {"",
                                     "a",
                                     "bolt",
                                     "1",
                                     "-5.25",
                                     "true",
                                     "null",
                                     "2026-11-22",
                                     "2026-11-22T10:00:00Z",
                                     "active",
                                     "1,2",
                                     "a,b,c",
                                     "2026-01-01,2026-12-31",
                                     "%25",
                                     "_",
                                     "\\",
                                     "{}",
                                     "01930000-0000-7000-8000-000000000001",
                                     "01930000-0000-7000-8000-00000000ffff",
                                     "99999999999999999999"};
static const char *const reserved[] = {"page_size=2",
                                       "page=1",
                                       "page=3&page_size=5",
                                       "count=exact",
                                       "count=estimated",
                                       "fields=id",
                                       "fields=id,name",
                                       "fields=nonsense",
                                       "expand=category",
                                       "expand=parent",
                                       "expand=created_by",
                                       "expand=base_uom,category.parent",
                                       "search=bolt",
                                       "search=a b c",
                                       "search=%25_\\",
                                       "ordering=name",
                                       "ordering=-created_at",
                                       "cursor=AAAA",
                                       "all=true",
                                       "dry_run=true",
                                       "on_conflict=sku",
                                       "on_conflict=x",
                                       "filter={\"or\":[{}]}",
                                       "filter={\"name__icontains\":\"bolt\"}",
                                       "filter=[]",
                                       "filter={",
                                       "filter={\"not\":{\"id\":null}}",
                                       "organization=01930000-0000-7000-8000-000000000001",
                                       "organization=01930000-0000-7000-8000-000000000003"};
static const char *const headers[][2] = {
    {"Prefer", "tx=rollback"},
    {"Prefer", "return=minimal"},
    {"Prefer", "return=representation, max-affected=3, handling=strict"},
    {"Prefer", "count=exact; a=b, resolution=merge-duplicates"},
    {"If-Match", "*"},
    {"If-Match", "W/\"x\", \"y\""},
    {"If-None-Match", "*"},
    {"If-None-Match", "\"01930000-0000-7000-8000-000000000001-1\""},
    {"Idempotency-Key", "a-key"},
    {"Idempotency-Key", "another"},
    {"Accept", "text/csv"},
    {"Accept", "application/x-ndjson;q=0.5, */*;q=0.1"},
    {"Accept", "image/png"},
    {"Content-Type", "text/csv"},
    {"Content-Type", "application/x-ndjson"},
    {"Content-Type", "application/merge-patch+json"},
    {"Content-Type", "text/plain"},
    {"Accept-Encoding", "gzip"},
    {"Content-Encoding", "gzip"},
    {"Origin", "https://example.com"},
    {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    {"traceparent", "00-00000000000000000000000000000000-0000000000000000-zz"},
    {"X-HTTP-Method-Override", "DELETE"},
    {"X-Request-Id", "mutant"},
    {"Range", "bytes=0-5"},
    {"Expect", "200-ok"},
};

/* xorshift64*, Vigna 2016: nothing secret, only spread. */
static uint64_t next(struct mutate *m) {
    m->state ^= m->state >> 12;
    m->state ^= m->state << 25;
    m->state ^= m->state >> 27;
    return m->state * 0x2545F4914F6CDD1Du;
}

uint32_t mutate_below(struct mutate *m, uint32_t bound) {
    return (uint32_t)((next(m) >> 33) % bound);
}

static bool chance(struct mutate *m, uint32_t percent) {
    return mutate_below(m, 100) < percent;
}

#define PICK(m, list) ((list)[mutate_below((m), (uint32_t)ARRAY_LEN(list))])

void mutate_init(struct mutate *m, struct world *w, uint64_t seed) {
    m->w = w;
    m->state = seed;
    for (size_t place = 0; place < WORLD_TARGETS; place++) {
        m->known[place] = ARENA_ARRAY(w->arena, const char *, w->catalogue->resource_count);
        assert_non_null(m->known[place]);
        for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
            const char *scope = w->catalogue->resources[i]->scope_column;
            bool is_scoped = scope && strcmp(scope, "organization_id") == 0;
            const char *where =
                is_scoped ? world_text(w, "WHERE organization_id = '%s'", world_organizations[place].id) : "";
            const char *table = w->catalogue->resources[i]->decl->table;
            alees_str id = pg_value(&w->pg, w->arena, world_text(w, "SELECT id FROM %s %s LIMIT 1", table, where));
            m->known[place][i] = id.ptr ? id.ptr : world_organizations[WORLD_UNKNOWN].id;
        }
    }
}

static void add(char *text, const char *more) {
    size_t at = strlen(text), len = strlen(more);
    if (at + len < MUTATE_TEXT) {
        memcpy(text + at, more, len + 1);
    }
}

/* Percent-encoded, or the path would end at a blank. */
static void add_encoded(char *text, const char *more) {
    for (; *more; more++) {
        char byte[8];
        unsigned char c = (unsigned char)*more;
        bool is_plain = c > ' ' && c < 0x7f && !strchr("%&#+\"{}\\", c);
        (void)snprintf(byte, sizeof byte, is_plain ? "%c" : "%%%02X", c);
        add(text, byte);
    }
}

static const struct resource *some_resource(struct mutate *m, uint32_t *ret_number) {
    *ret_number = mutate_below(m, m->w->catalogue->resource_count);
    return m->w->catalogue->resources[*ret_number];
}

static const struct resource_field *some_field(struct mutate *m, const struct resource *r) {
    return &r->fields[mutate_below(m, r->field_count)];
}

static void add_query(struct mutate *m, struct mutate_request *q, const struct resource *r) {
    uint32_t count = mutate_below(m, 4);
    for (uint32_t i = 0; i < count; i++) {
        add(q->path, i == 0 ? "?" : "&");
        if (r == NULL || chance(m, 40)) {
            const char *whole = PICK(m, reserved), *equal = strchr(whole, '=');
            char name[32];
            (void)snprintf(name, sizeof name, "%.*s=", (int)(equal - whole), whole);
            add(q->path, name);
            add_encoded(q->path, equal + 1);
        } else {
            add(q->path, some_field(m, r)->decl->name);
            add(q->path, PICK(m, operators));
            add(q->path, "=");
            add_encoded(q->path, PICK(m, values));
        }
    }
}

static void add_value(struct mutate *m, char *body, const struct alees_field *d) {
    if (d->example && chance(m, 60)) {
        add(body, d->example);
    } else if (chance(m, 30)) {
        add(body, "null");
    } else {
        add(body, chance(m, 50) ? "\"" : "[\"");
        add(body, PICK(m, values));
        add(body, "\"");
    }
}

static void add_object(struct mutate *m, char *body, const struct resource *r) {
    uint32_t count = mutate_below(m, 4);
    add(body, "{");
    for (uint32_t i = 0; i < count; i++) {
        const struct alees_field *d = some_field(m, r)->decl;
        add(body, i ? ",\"" : "\"");
        add(body, d->name);
        add(body, "\":");
        add_value(m, body, d);
    }
    add(body, "}");
}

static const char *row_of(const struct mutate *m, const struct resource *r, uint32_t place) {
    for (uint32_t i = 0; i < m->w->catalogue->resource_count; i++) {
        if (m->w->catalogue->resources[i] == r) {
            return m->known[place][i];
        }
    }
    return world_organizations[WORLD_UNKNOWN].id;
}

/* What a create takes: all that is required, in an organization. */
static void add_row(struct mutate *m, char *body, const struct resource *r) {
    uint32_t place = mutate_below(m, WORLD_TARGETS);
    const char *organization = world_organizations[place].id;
    bool is_named = r->decl->scope == ALEES_SCOPE_ORGANIZATION && mutate_below(m, 4) > 0;
    add(body, is_named ? world_text(m->w, "{\"organization\":\"%s\"", organization) : "{");
    const char *comma = is_named ? "," : "";
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if (r->fields[i].is_standard || !(d->flags & ALEES_REQUIRED)) {
            continue;
        }
        const char *value = d->example ? d->example : "null";
        if (d->type == ALEES_TEXT) {
            value = world_text(m->w, "\"m%u\"", mutate_below(m, 1000000));
        } else if (d->type == ALEES_REFERENCE && r->fields[i].target) {
            value = world_text(m->w, "\"%s\"", row_of(m, r->fields[i].target, place));
        }
        add(body, world_text(m->w, "%s\"%s\":%s", comma, d->name, value));
        comma = ",";
    }
    add(body, "}");
}

static void add_csv(struct mutate *m, char *body, const struct resource *r) {
    uint32_t columns = 1 + mutate_below(m, 4), rows = mutate_below(m, 4);
    for (uint32_t i = 0; i < columns; i++) {
        add(body, i ? "," : "");
        add(body, some_field(m, r)->decl->name);
    }
    for (uint32_t i = 0; i < rows * columns; i++) {
        add(body, i % columns ? "," : "\r\n");
        add(body, PICK(m, values));
    }
}

static void add_body(struct mutate *m, struct mutate_request *q, const struct resource *r) {
    uint32_t kind = mutate_below(m, 10);
    q->has_body = true;
    if (kind < 4) {
        add_row(m, q->body, r);
    } else if (kind < 7) {
        add_object(m, q->body, r);
    } else if (kind < 8) {
        add_csv(m, q->body, r);
    } else {
        add(q->body, kind < 9 ? "[" : "");
        add_object(m, q->body, r);
        add(q->body, kind < 9 ? "," : "\n");
        add_object(m, q->body, r);
        add(q->body, kind < 9 ? "]" : "\n");
    }
}

/* Others end sessions, or make hashes that take a tenth of a second; or tell figures, at length. */
static bool is_harmless(const struct route *route) {
    return strcmp(route->path, "/metrics") != 0 && !strstr(route->path, "/auth/") && !strstr(route->path, "accept");
}

static void add_path(struct mutate *m, struct mutate_request *q, const char *template, uint32_t number) {
    for (const char *p = template; *p; p++) {
        char byte[2] = {*p, '\0'};
        if (*p == '{') {
            add(q->path, chance(m, 85) ? m->known[mutate_below(m, WORLD_TARGETS)][number] : PICK(m, values));
            p += strcspn(p, "}");
        } else {
            add(q->path, byte);
        }
    }
}

static void add_headers(struct mutate *m, struct mutate_request *q) {
    uint32_t count = mutate_below(m, 3);
    for (uint32_t i = 0; i < count; i++) {
        const char *const *pair = PICK(m, headers);
        (void)snprintf(q->headers[i][0], sizeof q->headers[i][0], "%s", pair[0]);
        (void)snprintf(q->headers[i][1], sizeof q->headers[i][1], "%s", pair[1]);
    }
    q->header_count = count;
    if (strcmp(q->method, "GET") != 0 && chance(m, 60)) { /* so that there is always something left to attack */
        (void)snprintf(q->headers[count][0], sizeof q->headers[count][0], "Prefer");
        (void)snprintf(q->headers[count][1], sizeof q->headers[count][1], "tx=rollback");
        q->header_count++;
    }
}

void mutate_make(struct mutate *m, struct mutate_request *ret_request) {
    static const char *const methods[] = {"", "GET", "POST", "PUT", "PATCH", "DELETE"};
    struct mutate_request *q = ret_request;
    const struct catalogue *c = m->w->catalogue;
    const struct route *route;
    uint32_t number;
    memset(q, 0, sizeof *q);
    do {
        route = &c->routes[mutate_below(m, c->route_count)];
    } while (!is_harmless(route));
    const struct resource *r = some_resource(m, &number);
    for (uint32_t i = 0; route->resource && i < c->resource_count; i++) {
        if (c->resources[i] == route->resource) {
            r = route->resource;
            number = i;
        }
    }
    q->user = mutate_below(m, 10) > 0 ? mutate_below(m, WORLD_USERS) : WORLD_USERS + mutate_below(m, 2);
    (void)snprintf(q->method, sizeof q->method, "%s", methods[route->method]);
    add_path(m, q, route->path, number);
    if (route->method == ALEES_GET ? chance(m, 80) : chance(m, 20)) {
        add_query(m, q, route->resource);
    }
    if (route->method != ALEES_GET && chance(m, 95)) {
        add_body(m, q, r);
    }
    add_headers(m, q);
}

/* ---- damage ---- */

static void damage_text(struct mutate *m, char *text, size_t room) {
    size_t len = strlen(text), at = len ? mutate_below(m, (uint32_t)len) : 0;
    const char *piece = PICK(m, pieces);
    size_t more = strlen(piece);
    switch (mutate_below(m, 5)) {
    case 0: /* insert */
        if (len + more < room) {
            memmove(text + at + more, text + at, len - at + 1);
            memcpy(text + at, piece, more);
        }
        break;
    case 1: /* overwrite */
        if (at + more < len) {
            memcpy(text + at, piece, more);
        }
        break;
    case 2: /* cut out */
        more = mutate_below(m, 12);
        if (at + more <= len) {
            memmove(text + at, text + at + more, len - at - more + 1);
        }
        break;
    case 3: /* double */
        more = len - at < 64 ? len - at : 64;
        if (len + more < room) {
            memmove(text + at + more, text + at, len - at + 1);
        }
        break;
    default: /* any byte but NUL, which ends it */
        if (len) {
            text[at] = (char)(1 + mutate_below(m, 255));
        }
        break;
    }
}

void mutate_damage(struct mutate *m, struct mutate_request *q) {
    static const char *const methods[] = {"GET",    "HEAD",    "POST",  "PUT", "PATCH",
                                          "DELETE", "OPTIONS", "TRACE", "get", "X"};
    uint32_t count = 1 + mutate_below(m, 4);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t what = mutate_below(m, 10);
        if (what < 4) {
            damage_text(m, q->path, sizeof q->path);
        } else if (what < 7 && q->has_body) {
            damage_text(m, q->body, sizeof q->body);
        } else if (what < 9 && q->header_count > 0) {
            uint32_t at = mutate_below(m, q->header_count);
            damage_text(m, q->headers[at][1], sizeof q->headers[at][1]);
        } else {
            (void)snprintf(q->method, sizeof q->method, "%s", PICK(m, methods));
        }
    }
}

static bool holds(const char *text, const char *word) {
    size_t len = strlen(word);
    for (; *text; text++) {
        if (strncasecmp(text, word, len) == 0) {
            return true;
        }
    }
    return false;
}

bool mutate_holds(const struct mutate_request *q, const char *word) {
    bool is_held = holds(q->path, word) || holds(q->body, word);
    for (uint32_t i = 0; i < q->header_count; i++) {
        is_held = is_held || holds(q->headers[i][1], word);
    }
    return is_held;
}
