/* SPDX-License-Identifier: MIT
 * attack_bulk.c - many rows at once: by filter, as an array, as a file, as an export. What is decided for one row must be
 * decided for each of them, and a refusal for one leaves none behind. */
#include "kit.h"

#include <string.h>

#include "alees/util.h"
#include "jx.h"
#include "str.h"

/* Is there a route of the engine's at the address of the list? */
static bool takes(const struct kit *k, const struct resource *r, uint32_t method) {
    for (uint32_t i = 0; i < k->catalogue->route_count; i++) {
        const struct route *route = &k->catalogue->routes[i];
        if (route->resource == r && route->operation != ROUTE_PLUGIN && route->method == method &&
            !strchr(route->path, '{')) {
            return true;
        }
    }
    return false;
}

/* All of a row, as PostgreSQL has it; NULL once it is gone. */
static const char *state_of(struct kit *k, const struct resource *r, const char *id) {
    return kit_sql(k, "SELECT md5(t::text) FROM %s t WHERE id = '%s'", r->decl->table, id);
}

static void must_be_as(struct kit *k, const struct resource *r, const char *id, const char *before) {
    const char *now = state_of(k, r, id);
    kit_check(k, now && strcmp(now, before) == 0, "must leave the row %s as it was", id);
}

/* ---- T38, T40, T81: by filter ---- */

struct many {
    const char *method, *body, *attack;
};

static const struct answer *many(struct kit *k, const struct resource *r, const struct many *m, size_t user,
                                 const char *a, const char *b) {
    const char *query = b ? kit_text(k, "?id__in=%s,%s", a, b) : kit_text(k, "?id=%s", a);
    return kit_ask_with(k, user, m->method, kit_list_path(k, r, query), m->body, "Prefer", "return=representation");
}

/* One row that is mine and one that is not even seen: the same as mine and one that nobody has. */
static void beside_foreign(struct kit *k, const struct resource *r, const struct many *m) {
    const char *foreign = kit_row(k, r, KIT_B), *before = foreign ? state_of(k, r, foreign) : NULL;
    if (!before) {
        return;
    }
    const struct answer *unknown = many(k, r, m, KIT_MEMBER_A, KIT_UNKNOWN, NULL);
    kit_check(k, unknown->status == 200, "must be 200: nothing matches");
    kit_check_same(k, many(k, r, m, KIT_MEMBER_A, foreign, NULL), unknown);
    must_be_as(k, r, foreign, before);
    for (size_t user = KIT_MEMBER_A; user < KIT_USERS; user++) {
        if (kit_access(k, r, user, KIT_B) != KIT_MANAGE) {
            const struct answer *a = many(k, r, m, user, foreign, NULL);
            kit_check(k, user < KIT_SEEN || a->status == 401, "must be 401");
            must_be_as(k, r, foreign, before);
        }
    }
    const char *own = kit_row(k, r, KIT_A);
    if (own && r->decl->scope != ALEES_SCOPE_SELF) {
        (void)many(k, r, m, KIT_MEMBER_A, own, foreign);
        must_be_as(k, r, foreign, before);
    }
}

/* One that may be changed, one that may only be seen: neither is (T81). */
static void beside_visible(struct kit *k, const struct resource *r, const struct many *m, const char *permission) {
    const char *mine = kit_row(k, r, KIT_B), *seen = kit_row(k, r, KIT_A);
    if (!mine || !seen || kit_access(k, r, KIT_BOTH, KIT_A) != KIT_VIEW ||
        kit_access(k, r, KIT_BOTH, KIT_B) != KIT_MANAGE || r->decl->scope == ALEES_SCOPE_SEVERAL) {
        return;
    }
    const char *mine_before = state_of(k, r, mine), *seen_before = state_of(k, r, seen);
    k->attack = "T81";
    kit_check_denied(k, many(k, r, m, KIT_BOTH, mine, seen), permission, KIT_A);
    must_be_as(k, r, mine, mine_before);
    must_be_as(k, r, seen, seen_before);
    kit_check_denied(k, many(k, r, m, KIT_VIEWER_A, seen, NULL), permission, KIT_A);
    must_be_as(k, r, seen, seen_before);
    k->attack = m->attack;
}

/* Nobody changes everything by leaving the filter out. */
static void without_filter(struct kit *k, const struct resource *r, const struct many *m) {
    const char *before = kit_sql(k, "SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM %s t", r->decl->table);
    const struct answer *a = kit_ask(k, kit_manager(r), m->method, kit_list_path(k, r, ""), m->body);
    const char *after = kit_sql(k, "SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM %s t", r->decl->table);
    kit_check(k, a->status == 400, "must be 400");
    kit_check(k, !before || (after && strcmp(before, after) == 0), "must change nothing");
}

static void by_filter(struct kit *k, const struct resource *r) {
    const char *own = takes(k, r, ALEES_PATCH) ? kit_row(k, r, kit_home(r)) : NULL;
    const struct many change = {"PATCH", own ? kit_change_body(k, r, own) : NULL, "T38"},
                      removal = {"DELETE", NULL, "T40"};
    if (own && strcmp(change.body, "{}") != 0) {
        k->attack = change.attack;
        without_filter(k, r, &change);
        if (kit_is_scoped(r) && r->decl->scope != ALEES_SCOPE_OWN) {
            beside_foreign(k, r, &change);
            beside_visible(k, r, &change, r->change_name);
        }
    }
    if (takes(k, r, ALEES_DELETE)) {
        k->attack = removal.attack;
        without_filter(k, r, &removal);
        if (kit_is_scoped(r) && r->decl->scope != ALEES_SCOPE_OWN) {
            beside_foreign(k, r, &removal);
            beside_visible(k, r, &removal, r->remove_name);
        }
    }
}

/* ---- T39, T41: an array, a file ---- */

static const char *rows_in(struct kit *k, const struct resource *r, size_t place, const char *last, bool is_array) {
    const char *first = kit_row_body(k, r, KIT_A, true);
    const char *body = kit_row_body(k, r, place, false);
    const char *second = kit_text(k, "{\"organization\":\"%s\"%s%s", last, body[1] == '}' ? "" : ",", body + 1);
    return is_array ? kit_text(k, "[%s,%s]", first, second) : kit_text(k, "%s\n%s\n", first, second);
}

/* A row where one may and one where one may not: nothing is written, and the refusal is that of an unknown place. */
static void into_foreign(struct kit *k, const struct resource *r, bool is_array) {
    const char *type = is_array ? "application/json" : "application/x-ndjson", *path = kit_list_path(k, r, "");
    static const size_t users[] = {KIT_MEMBER_A, KIT_VIEWER_A, KIT_INHERITED, KIT_KEY, KIT_KEY_VIEW, KIT_NOBODY};
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        const char *before = kit_sql(k, "SELECT count(*) FROM %s", r->decl->table);
        const struct answer *unknown =
            kit_ask_with(k, users[i], "POST", path, rows_in(k, r, KIT_B, KIT_UNKNOWN, is_array), "Content-Type", type);
        kit_check(k, unknown->status == 403, "must be 403");
        const struct answer *a = kit_ask_with(
            k, users[i], "POST", path, rows_in(k, r, KIT_B, k->place_ids[KIT_B], is_array), "Content-Type", type);
        kit_check_same(k, a, unknown);
        const char *after = kit_sql(k, "SELECT count(*) FROM %s", r->decl->table);
        kit_check(k, strcmp(before, after) == 0, "must write nothing");
    }
    const char *both = rows_in(k, r, KIT_A, k->place_ids[KIT_A], is_array);
    kit_check_admitted(k, kit_ask_with(k, KIT_MEMBER_A, "POST", path, both, "Content-Type", type), KIT_MEMBER_A);
}

/* The foreign row that has the key of an upsert is neither found nor changed. */
static void upsert(struct kit *k, const struct resource *r) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if (!(d->flags & ALEES_UNIQUE) || d->type != ALEES_TEXT || (d->flags & (ALEES_READ_ONLY | ALEES_WRITE_ONLY))) {
            continue;
        }
        const char *foreign = kit_row(k, r, KIT_B), *before = foreign ? state_of(k, r, foreign) : NULL;
        if (!before) {
            return;
        }
        const struct answer *row = kit_ask(k, KIT_ROOT, "GET", kit_row_path(k, r, foreign), NULL);
        struct str value;
        str_init(&value, k->arena, 64);
        str_json(&value, answer_text(row, kit_text(k, "/%s", d->name)));
        k->override_field = d->name;
        k->override_value = str_done(&value).ptr;
        const char *body = kit_row_body(k, r, KIT_A, true), *there = kit_row_body(k, r, KIT_B, true);
        k->override_field = NULL;
        const char *path = kit_list_path(k, r, kit_text(k, "?on_conflict=%s", d->name));
        kit_check_admitted(k, kit_ask(k, KIT_MEMBER_A, "POST", path, body), KIT_MEMBER_A);
        must_be_as(k, r, foreign, before);
        kit_check_problem(k, kit_ask(k, KIT_MEMBER_A, "POST", path, there), 403, "organization_not_permitted");
        must_be_as(k, r, foreign, before);
        return;
    }
}

void kit_attack_bulk(struct kit *k, const struct resource *r) {
    by_filter(k, r);
    if (!takes(k, r, ALEES_POST) || r->decl->scope != ALEES_SCOPE_ORGANIZATION || !kit_row(k, r, KIT_A)) {
        return;
    }
    k->attack = "T39";
    into_foreign(k, r, true);
    upsert(k, r);
    k->attack = "T41";
    into_foreign(k, r, false);
}

/* ---- T18: another's Idempotency-Key ---- */

void kit_attack_idempotency(struct kit *k, const struct resource *r) {
    static const char key[] = "the-kit-sends-this-one";
    const char *path = kit_list_path(k, r, "");
    if (!takes(k, r, ALEES_POST) || r->decl->scope != ALEES_SCOPE_ORGANIZATION || !kit_row(k, r, KIT_A)) {
        return;
    }
    const char *body = kit_row_body(k, r, KIT_A, true);
    const char *mine = kit_text(k, "%s-%s", key, r->full_name);
    const struct answer *a = kit_ask_with(k, KIT_MEMBER_A, "POST", path, body, "Idempotency-Key", mine);
    if (a->status != 201) {
        return; /* a rule of the resource's own: nothing is kept of a refusal */
    }
    const struct answer *again = kit_ask_with(k, KIT_MEMBER_A, "POST", path, body, "Idempotency-Key", mine);
    kit_check(k, again->status == 201 && alees_equal(again->body, a->body), "must be answered as before");
    for (size_t user = 0; user < KIT_USERS; user++) {
        if (user == KIT_MEMBER_A) {
            continue;
        }
        const struct answer *b = kit_ask_with(k, user, "POST", path, body, "Idempotency-Key", mine);
        kit_check(k, !answer_header(b, "Idempotency-Replayed").ptr && !alees_equal(b->body, a->body),
                  "must not be answered with another's reply");
    }
}

/* ---- T21: exports ---- */

static uint32_t lines_of(alees_str body) {
    uint32_t count = 0;
    for (size_t i = 0; i < body.len; i++) {
        count += body.ptr[i] == '\n';
    }
    return count;
}

void kit_attack_export(struct kit *k, const struct resource *r) {
    for (size_t user = 0; user < KIT_USERS; user++) {
        kit_attack_by(k, user, "T21");
        const char *path = kit_list_path(k, r, "");
        const struct answer *a = kit_ask_with(k, user, "GET", path, NULL, "Accept", "application/x-ndjson");
        if (user >= KIT_SEEN || (kit_is_key(user) && r->decl->scope == ALEES_SCOPE_OWN)) {
            kit_check(k, a->status == 401 || a->status == 403, "must be refused");
            continue;
        }
        const char *right = kit_visible(k, r, user);
        kit_check(k, a->status == 200, "must be 200");
        kit_check(k, !right || strcmp(right, kit_text(k, "%u", lines_of(a->body))) == 0, "has %u rows, must have %s",
                  lines_of(a->body), right ? right : "any");
        a = kit_ask_with(k, user, "GET", path, NULL, "Accept", "text/csv");
        kit_check(k, a->status == 200, "must be 200");
    }
}
