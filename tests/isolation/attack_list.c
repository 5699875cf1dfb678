/* SPDX-License-Identifier: MIT
 * attack_list.c - lists: what comes, what a filter or an ordering tells, whose cursor it is. */
#include "kit.h"

#include <string.h>

#include "alees/util.h"
#include "jx.h"
#include "str.h"

/* ---- T10 and its kin: everybody's whole list ---- */

/* Where a row of a list belongs to, as far as it says so. */
static bool place_of(struct kit *k, const struct resource *r, const alees_json *row, size_t *ret_place) {
    const struct resource *known;
    alees_str id = jx_text(jx_get(row, "id"));
    if (r->decl->scope != ALEES_SCOPE_ORGANIZATION) {
        return id.len == 36 && kit_row_find(k, id.ptr, &known, ret_place) && known == r;
    }
    alees_str organization = jx_text(jx_get(row, "organization"));
    *ret_place = KIT_NOWHERE;
    for (size_t place = 0; organization.ptr && place < KIT_PLACES; place++) {
        if (str_equal(organization, k->place_ids[place])) {
            *ret_place = place;
            return true;
        }
    }
    return organization.ptr == NULL;
}

/* Each row must be one that the user may view; how many there are. */
static uint32_t walk(struct kit *k, const struct resource *r, size_t user, const char *path, size_t only,
                     uint32_t most_pages) {
    uint32_t count = 0;
    for (uint32_t page = 0; path && page < most_pages; page++) {
        const struct answer *a = kit_ask(k, user, "GET", path, NULL);
        if (!kit_check(k, a->status == 200, "must be 200")) {
            return count;
        }
        const alees_json *rows = answer_at(a, "/results");
        for (uint32_t i = 0; i < jx_size(rows); i++, count++) {
            size_t place;
            if (place_of(k, r, jx_at(rows, i), &place)) {
                kit_check(k, kit_access(k, r, user, place) >= KIT_VIEW && (only == KIT_TARGETS || only == place),
                          "shows a row of %s", place < KIT_PLACES ? k->place_names[place] : "no organization");
            }
        }
        kit_check(k, jx_kind(answer_at(a, "/count")) == ALEES_JSON_NULL, "counts what the kit does not know to count");
        path = arena_str(k->arena, answer_text(a, "/next")).ptr;
    }
    return count;
}

const char *kit_visible(struct kit *k, const struct resource *r, size_t user) {
    const char *column = r->decl->scope == ALEES_SCOPE_ORGANIZATION ? "organization_id" : "id", *comma = "";
    struct str ids;
    bool is_all = user == KIT_ROOT || r->decl->scope == ALEES_SCOPE_GLOBAL ||
                  (user == KIT_GLOBAL && r->decl->scope == ALEES_SCOPE_SEVERAL);
    str_init(&ids, k->arena, 256);
    for (size_t place = 0; place < KIT_PLACES; place++) {
        if (kit_access(k, r, user, place) >= KIT_VIEW) {
            str_printf(&ids, "%s%s", comma, k->place_ids[place]);
            comma = ",";
        }
    }
    const char *list = ids.len ? str_done(&ids).ptr : "", *table = r->decl->table;
    if (resource_is_soft(r)) {
        table = kit_text(k, "(SELECT * FROM %s WHERE deleted_at IS NULL) t", table);
    }
    if (is_all) {
        return kit_sql(k, "SELECT count(*) FROM %s", table);
    }
    switch (r->decl->scope) {
    case ALEES_SCOPE_OWN: return kit_sql(k, "SELECT count(*) FROM %s WHERE user_id = '%s'", table, k->user_ids[user]);
    case ALEES_SCOPE_SEVERAL:
        return kit_sql(k, "SELECT count(*) FROM %s WHERE scope_ids && '{%s%s%s}'", table, list, comma,
                       kit_is_key(user) ? KIT_UNKNOWN : k->user_ids[user]);
    default:
        if (r->decl->scope == ALEES_SCOPE_SELF && user == KIT_INHERITED) {
            return NULL; /* and those below that were made meanwhile */
        }
        return kit_sql(k, "SELECT count(*) FROM %s WHERE %s = ANY ('{%s}')%s", table, column, list,
                       kit_has_place(k, r, KIT_NOWHERE) && kit_access(k, r, user, KIT_NOWHERE) >= KIT_VIEW
                           ? " OR organization_id IS NULL"
                           : "");
    }
}

/* What is counted is what is shown. */
static void check_counts(struct kit *k, const struct resource *r, size_t user, uint32_t count) {
    static const char *const queries[] = {"?count=exact&page_size=1", "?count=estimated&page_size=1",
                                          "?page=1&page_size=1", "?page=2&page_size=1"};
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        const struct answer *a = kit_ask(k, user, "GET", kit_list_path(k, r, queries[i]), NULL);
        int64_t said = -1;
        kit_check(k, jx_integer(answer_at(a, "/count"), &said) == ALEES_OK && said == (int64_t)count, "must count %u",
                  count);
    }
}

void kit_attack_list(struct kit *k, const struct resource *r) {
    for (size_t place = 0; place < KIT_TARGETS; place++) {
        (void)(kit_has_place(k, r, place) ? kit_row(k, r, place) : NULL);
    }
    for (size_t user = 0; user < KIT_USERS; user++) {
        kit_attack_by(k, user, "T10");
        if (user >= KIT_SEEN) {
            kit_check_problem(k, kit_ask(k, user, "GET", kit_list_path(k, r, ""), NULL), 401, "unauthenticated");
            continue;
        }
        if (kit_is_key(user) && r->decl->scope == ALEES_SCOPE_OWN) {
            kit_check_problem(k, kit_ask(k, user, "GET", kit_list_path(k, r, ""), NULL), 403, "not_by_api_key");
            continue;
        }
        const char *right = kit_visible(k, r, user);
        uint32_t count = walk(k, r, user, kit_list_path(k, r, "?page_size=200"), KIT_TARGETS, 1000);
        kit_check(k, !right || strcmp(right, kit_text(k, "%u", count)) == 0, "has %u rows, must have %s", count,
                  right ? right : "any");
        check_counts(k, r, user, count);
        (void)walk(k, r, user, kit_list_path(k, r, "?page_size=1"), KIT_TARGETS, 12);
    }
}

static bool is_empty(const struct answer *a) {
    return a->status == 200 && answer_at(a, "/results") && jx_size(answer_at(a, "/results")) == 0;
}

/* Asking for one organization widens nothing (T04). */
void kit_attack_organization(struct kit *k, const struct resource *r) {
    for (size_t user = 0; r->decl->scope == ALEES_SCOPE_ORGANIZATION && user < KIT_SEEN; user++) {
        const struct answer *unknown = kit_ask(k, user, "GET", kit_list_path(k, r, "?organization=" KIT_UNKNOWN), NULL);
        kit_check(k, is_empty(unknown), "must be empty");
        for (size_t place = 0; place < KIT_PLACES; place++) {
            const char *path = kit_list_path(k, r, kit_text(k, "?organization=%s", k->place_ids[place]));
            if (kit_access(k, r, user, place) >= KIT_VIEW) {
                (void)walk(k, r, user, path, place, 1000);
            } else {
                kit_check_same(k, kit_ask(k, user, "GET", path, NULL), unknown);
            }
        }
    }
}

void kit_attack_id_filter(struct kit *k, const struct resource *r) {
    const char *foreign = kit_is_scoped(r) ? kit_row(k, r, KIT_B) : NULL, *own = kit_row(k, r, KIT_A);
    if (!foreign || !own) {
        return;
    }
    const struct answer *unknown = kit_ask(k, KIT_MEMBER_A, "GET", kit_list_path(k, r, "?id=" KIT_UNKNOWN), NULL);
    kit_check(k, is_empty(unknown), "must be empty");
    kit_check_same(k, kit_ask(k, KIT_MEMBER_A, "GET", kit_list_path(k, r, kit_text(k, "?id=%s", foreign)), NULL),
                   unknown);
    const struct answer *a = kit_ask(k, KIT_MEMBER_A, "GET", kit_list_path(k, r, kit_text(k, "?id=%s", own)), NULL);
    kit_check(k, jx_size(answer_at(a, "/results")) == 1, "must show one's own");
    a = kit_ask(k, KIT_MEMBER_A, "GET", kit_list_path(k, r, kit_text(k, "?id__in=%s,%s", own, foreign)), NULL);
    kit_check(k, a->status == 200 && jx_size(answer_at(a, "/results")) == 1, "must show one's own");
}

/* ---- filters and orderings that are none ---- */

static void must_be_400(struct kit *k, const struct resource *r, const char *query) {
    const struct answer *a = kit_ask(k, kit_manager(r), "GET", kit_list_path(k, r, query), NULL);
    kit_check(k, a->status == 400, "must be 400");
}

void kit_attack_filters(struct kit *k, const struct resource *r) {
    static const char *const paths[] = {"organization__name", "organization__code", "created_by__username",
                                        "created_by__password_hash__startswith", "organization__parent"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        must_be_400(k, r, kit_text(k, "?%s=x", paths[i]));
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if (!(d->flags & ALEES_FILTER) || (d->flags & ALEES_WRITE_ONLY)) {
            must_be_400(k, r, kit_text(k, "?%s=x", d->name));
        }
        if (d->type == ALEES_REFERENCE) {
            must_be_400(k, r, kit_text(k, "?%s__id=%s", d->name, KIT_UNKNOWN));
            must_be_400(k, r, kit_text(k, "?%s__name=x", d->name));
            must_be_400(k, r, kit_text(k, "?%s.name=x", d->name));
        }
    }
}

void kit_attack_aliases(struct kit *k, const struct resource *r) {
    static const char *const names[] = {
        "t.id",    "t1.password", "%22id%22", "id::text", "organization_id", "rbac.app_user.id",
        "id%3B--", "id)",         "1%3D1",    "version"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        must_be_400(k, r, kit_text(k, "?%s=x", names[i]));
        must_be_400(k, r, kit_text(k, "?ordering=%s", names[i]));
    }
}

void kit_attack_ordering(struct kit *k, const struct resource *r) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if (!(d->flags & ALEES_SORT) || (d->flags & ALEES_WRITE_ONLY)) {
            must_be_400(k, r, kit_text(k, "?ordering=%s", d->name));
            must_be_400(k, r, kit_text(k, "?ordering=-%s", d->name));
        }
        must_be_400(k, r, kit_text(k, "?ordering=%s__name", d->name));
    }
}

static const char *encoded(struct kit *k, alees_str text) {
    struct str out;
    str_init(&out, k->arena, 64);
    for (size_t i = 0; i < text.len; i++) {
        str_printf(&out, "%%%02X", (unsigned)(unsigned char)text.ptr[i]);
    }
    alees_str done = str_done(&out);
    return done.ptr ? done.ptr : "";
}

/* By the word that all rows of B share, and by that of each place: nobody finds more than they see. */
static void search_foreign(struct kit *k, const struct resource *r) {
    bool has_search = false;
    for (uint32_t i = 0; i < r->field_count; i++) {
        has_search = has_search || (r->fields[i].decl->flags & ALEES_SEARCH);
    }
    if (!has_search) {
        must_be_400(k, r, "?search=" KIT_SECRET);
        return;
    }
    const char *query = kit_text(k, "?search=%s", kit_secret(k, r, KIT_B));
    kit_check(k, is_empty(kit_ask(k, KIT_MEMBER_A, "GET", kit_list_path(k, r, query), NULL)), "must be empty");
    (void)walk(k, r, KIT_MEMBER_A, kit_list_path(k, r, "?page_size=200&search=" KIT_SECRET), KIT_TARGETS, 100);
}

/* What stands in B only is found by nobody else (T09). */
void kit_attack_foreign_text(struct kit *k, const struct resource *r) {
    const char *id = kit_is_scoped(r) ? kit_row(k, r, KIT_B) : NULL;
    if (!id) {
        return;
    }
    const struct answer *row = kit_ask(k, KIT_ROOT, "GET", kit_row_path(k, r, id), NULL);
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        alees_str value = answer_text(row, kit_text(k, "/%s", d->name));
        if (d->type != ALEES_TEXT || !(d->flags & ALEES_FILTER) || !value.ptr || !strstr(value.ptr, KIT_SECRET)) {
            continue;
        }
        const struct answer *a = kit_ask(k, KIT_MEMBER_A, "GET",
                                         kit_list_path(k, r, kit_text(k, "?%s=%s", d->name, encoded(k, value))), NULL);
        kit_check(k, is_empty(a), "must be empty");
    }
    search_foreign(k, r);
}

/* ---- T12: what a reference leads to ---- */

static void expand_as(struct kit *k, const struct resource *r, size_t user, const char *path) {
    if (kit_is_key(user) && r->decl->scope == ALEES_SCOPE_OWN) {
        return;
    }
    const struct answer *a = kit_ask(k, user, "GET", kit_list_path(k, r, kit_text(k, "?expand=%s", path)), NULL);
    kit_check(k, a->status == 200, "must be 200"); /* ask.c looks at what came */
}

void kit_attack_expand(struct kit *k, const struct resource *r) {
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct resource_field *f = &r->fields[i];
        if (!f->target || f->is_deletion || f->decl->type == ALEES_PARTS || (f->decl->flags & ALEES_WRITE_ONLY)) {
            continue;
        }
        for (size_t user = 0; user < KIT_SEEN; user++) {
            expand_as(k, r, user, f->decl->name);
            for (uint32_t n = 0; n < f->target->field_count; n++) {
                const struct resource_field *next = &f->target->fields[n];
                if (next->target && next->decl->type != ALEES_PARTS && !next->is_standard &&
                    !(next->decl->flags & ALEES_WRITE_ONLY)) {
                    expand_as(k, r, user, kit_text(k, "%s.%s", f->decl->name, next->decl->name));
                }
            }
        }
        must_be_400(k, r, kit_text(k, "?expand=%s.password", f->decl->name));
    }
}

/* A cursor is of one user, one list, one query (T14). */
void kit_attack_cursor(struct kit *k, const struct resource *r) {
    static const size_t holders[] = {KIT_BOTH, KIT_MEMBER_A, KIT_ROOT};
    size_t user = KIT_USERS;
    const char *next = NULL;
    for (size_t i = 0; i < 2; i++) {
        (void)kit_row(k, r, kit_home(r));
    }
    for (size_t i = 0; !next && i < ARRAY_LEN(holders); i++) {
        user = holders[i];
        const struct answer *a = kit_ask(k, user, "GET", kit_list_path(k, r, "?page_size=1&ordering=-id"), NULL);
        next = arena_str(k->arena, answer_text(a, "/next")).ptr;
    }
    const char *cursor = next ? strstr(next, "cursor=") : NULL;
    if (!cursor) {
        return;
    }
    for (size_t other = 0; other < KIT_SEEN; other++) {
        if (other != user && !(kit_is_key(other) && r->decl->scope == ALEES_SCOPE_OWN)) {
            kit_check_problem(k, kit_ask(k, other, "GET", next, NULL), 400, "invalid_cursor");
        }
    }
    const char *const queries[] = {kit_text(k, "?%s", cursor), kit_text(k, "?ordering=id&%s", cursor),
                                   kit_text(k, "?ordering=-id&id=%s&%s", KIT_UNKNOWN, cursor),
                                   kit_text(k, "?ordering=-id&%sAA", cursor)};
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        kit_check_problem(k, kit_ask(k, user, "GET", kit_list_path(k, r, queries[i]), NULL), 400, "invalid_cursor");
    }
    for (uint32_t i = 0; i < k->catalogue->resource_count; i++) {
        const struct resource *other = k->catalogue->resources[i];
        if (other != r && !other->owner) { /* below an owner that is not there nothing is looked at */
            const char *path = kit_list_path(k, other, kit_text(k, "?ordering=-id&%s", cursor));
            kit_check_problem(k, kit_ask(k, user, "GET", path, NULL), 400, "invalid_cursor");
        }
    }
    kit_check(k, kit_ask(k, user, "GET", next, NULL)->status == 200, "works for its owner");
}

/* Headers that others take for an order (T27). */
void kit_attack_headers(struct kit *k, const struct resource *r) {
    const char *b = k->place_ids[KIT_B];
    const char *const headers[][2] = {{"X-Organization-Id", b},         {"X-Tenant", b},
                                      {"X-Forwarded-User", "kit-root"}, {"X-Original-URL", "/api/v1/users"},
                                      {"Cookie", "organization=B"},     {"Host", "b.example.com"}};
    const char *paths[] = {kit_list_path(k, r, ""), NULL};
    const char *id = kit_is_scoped(r) ? kit_row(k, r, KIT_B) : NULL;
    paths[1] = id ? kit_row_path(k, r, id) : NULL;
    for (size_t p = 0; p < ARRAY_LEN(paths) && paths[p]; p++) {
        const struct answer *plain = kit_ask(k, KIT_MEMBER_A, "GET", paths[p], NULL);
        for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
            const struct answer *a = kit_ask_with(k, KIT_MEMBER_A, "GET", paths[p], NULL, headers[i][0], headers[i][1]);
            kit_check(k, a->status == plain->status, "must be answered as without the header");
            if (a->status == 200) {
                kit_check(k, alees_equal(a->body, plain->body), "must be answered as without the header");
            }
        }
    }
}
