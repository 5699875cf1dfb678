/* SPDX-License-Identifier: MIT
 * attack_row.c - one row by its id: every user against every place, and every way to ask for it. */
#include "kit.h"

#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "str.h"

bool kit_has_route(const struct kit *k, const struct resource *r, enum route_operation operation) {
    for (uint32_t i = 0; i < k->catalogue->route_count; i++) {
        if (k->catalogue->routes[i].resource == r && k->catalogue->routes[i].operation == operation) {
            return true;
        }
    }
    return false;
}

size_t kit_manager(const struct resource *r) {
    return r->decl->scope == ALEES_SCOPE_GLOBAL ? KIT_GLOBAL : KIT_MEMBER_A;
}

size_t kit_home(const struct resource *r) {
    return r->decl->scope == ALEES_SCOPE_GLOBAL ? KIT_NOWHERE : KIT_A;
}

void kit_attack_by(struct kit *k, size_t user, const char *attack) {
    k->attack = kit_people[user].attack ? kit_people[user].attack : attack;
}

/* ---- T01 and its kin: everybody against everything ---- */

/* What a user gets who may not do this to that row. */
static void check_refused(struct kit *k, const struct resource *r, size_t user, size_t place, const char *method,
                          const char *id, const char *body, const char *permission) {
    enum kit_access access = kit_access(k, r, user, place);
    const struct answer *unknown = NULL, *a;
    if (user < KIT_SEEN && access < KIT_VIEW) {
        unknown = kit_ask(k, user, method, kit_row_path(k, r, KIT_UNKNOWN), body);
    }
    a = kit_ask(k, user, method, kit_row_path(k, r, id), body);
    if (user >= KIT_SEEN) {
        kit_check_problem(k, a, 401, "unauthenticated");
    } else if (unknown) {
        kit_check_unknown(k, a, unknown);
    } else {
        kit_check_denied(k, a, permission, r->decl->scope == ALEES_SCOPE_SEVERAL ? KIT_NOWHERE : place);
    }
}

static void check_get(struct kit *k, const struct resource *r, size_t user, size_t place, const char *id) {
    if (user >= KIT_SEEN || kit_access(k, r, user, place) < KIT_VIEW) {
        check_refused(k, r, user, place, "GET", id, NULL, r->view_name);
        return;
    }
    const struct answer *a = kit_ask(k, user, "GET", kit_row_path(k, r, id), NULL);
    if (kit_check(k, a->status == 200 && str_equal(answer_text(a, "/id"), id), "%s may see it",
                  kit_people[user].name) &&
        r->decl->scope == ALEES_SCOPE_ORGANIZATION && place < KIT_PLACES) {
        kit_check(k, str_equal(answer_text(a, "/organization"), k->place_ids[place]), "must be of %s",
                  k->place_names[place]);
    }
}

/* The row as PostgreSQL has it; of what one owns only whether it is there: a token knows when it was used. */
static const char *state_of(struct kit *k, const struct resource *r, const char *id) {
    const char *what = r->decl->scope == ALEES_SCOPE_OWN ? "1" : "md5(t::text)";
    const char *state = kit_sql(k, "SELECT %s FROM %s t WHERE id = '%s'", what, r->decl->table, id);
    return state ? state : "gone";
}

static void attack_place(struct kit *k, const struct resource *r, size_t place, const char *id) {
    bool has_patch = kit_has_route(k, r, ROUTE_PATCH), has_delete = kit_has_route(k, r, ROUTE_REMOVE);
    const char *body = kit_change_body(k, r, id), *before = state_of(k, r, id);
    for (size_t user = 0; user < KIT_USERS; user++) {
        kit_attack_by(k, user, "T01");
        if (kit_is_key(user) && user < KIT_SEEN && r->decl->scope == ALEES_SCOPE_OWN) {
            continue; /* refused as such: kit_attack_list */
        }
        check_get(k, r, user, place, id);
        if (user < KIT_SEEN && kit_access(k, r, user, place) == KIT_MANAGE) {
            continue;
        }
        if (has_patch) {
            check_refused(k, r, user, place, "PATCH", id, body, r->change_name);
        }
        if (has_delete) {
            check_refused(k, r, user, place, "DELETE", id, NULL, r->remove_name);
        }
    }
    kit_check(k, strcmp(state_of(k, r, id), before) == 0, "the row must be as before");
    for (size_t user = 0; user < KIT_SEEN; user++) {
        kit_attack_by(k, user, "T01");
        if (kit_access(k, r, user, place) == KIT_MANAGE && has_patch) {
            kit_check_admitted(k, kit_ask(k, user, "PATCH", kit_row_path(k, r, id), body), user);
        }
        if (kit_access(k, r, user, place) == KIT_MANAGE && has_delete && r->decl->scope != ALEES_SCOPE_SELF) {
            const char *fresh = kit_has_route(k, r, ROUTE_CREATE) ? kit_row(k, r, place) : NULL;
            if (fresh) {
                kit_check_admitted(k, kit_ask(k, user, "DELETE", kit_row_path(k, r, fresh), NULL), user);
            }
        }
    }
}

void kit_attack_rows(struct kit *k, const struct resource *r) {
    for (size_t place = 0; place < KIT_TARGETS; place++) {
        const char *id = kit_has_place(k, r, place) ? kit_row(k, r, place) : NULL;
        if (id) {
            attack_place(k, r, place, id);
        }
    }
}

/* ---- a foreign row: member_a against B ---- */

static const char *foreign_row(struct kit *k, const struct resource *r) {
    return kit_is_scoped(r) ? kit_row(k, r, KIT_B) : NULL;
}

void kit_attack_methods(struct kit *k, const struct resource *r) {
    static const char *const methods[] = {"HEAD", "OPTIONS", "PUT", "POST", "TRACE", "get", "PROPFIND", ""};
    const char *id = foreign_row(k, r);
    for (size_t i = 0; id && i < ARRAY_LEN(methods); i++) {
        const char *body = methods[i][0] == 'P' ? "{}" : NULL;
        const struct answer *unknown = kit_ask(k, KIT_MEMBER_A, methods[i], kit_row_path(k, r, KIT_UNKNOWN), body);
        const struct answer *a = kit_ask(k, KIT_MEMBER_A, methods[i], kit_row_path(k, r, id), body);
        kit_check_same(k, a, unknown);
        kit_check(k, a->status >= 400 || strcmp(methods[i], "OPTIONS") == 0, "must be refused");
    }
}

void kit_attack_preconditions(struct kit *k, const struct resource *r) {
    static const struct {
        const char *attack, *method, *header;
    } tries[] = {{"T16", "GET", "If-None-Match"},   {"T16", "HEAD", "If-None-Match"}, {"T16", "GET", "If-Match"},
                 {"T17", "PATCH", "If-Match"},      {"T17", "DELETE", "If-Match"},    {"T17", "PATCH", "If-None-Match"},
                 {"T17", "DELETE", "If-None-Match"}};
    const char *id = foreign_row(k, r);
    if (!id) {
        return;
    }
    const struct answer *row = kit_ask(k, KIT_ROOT, "GET", kit_row_path(k, r, id), NULL);
    const char *tag = arena_str(k->arena, answer_header(row, "ETag")).ptr;
    const char *const values[] = {tag ? tag : "\"1\"", "*", "\"x\"", kit_text(k, "W/%s", tag ? tag : "\"1\""), "\""};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        const char *body = strcmp(tries[i].method, "PATCH") == 0 ? "{}" : NULL;
        k->attack = tries[i].attack;
        for (size_t v = 0; v < ARRAY_LEN(values); v++) {
            const struct answer *unknown = kit_ask_with(
                k, KIT_MEMBER_A, tries[i].method, kit_row_path(k, r, KIT_UNKNOWN), body, tries[i].header, values[v]);
            const struct answer *a = kit_ask_with(k, KIT_MEMBER_A, tries[i].method, kit_row_path(k, r, id), body,
                                                  tries[i].header, values[v]);
            kit_check_same(k, a, unknown);
            kit_check(k, a->status == 404 || a->status == 405 || a->status == 400, "must be 404");
        }
    }
}

/* As many statements for a row that one may not see as for one that nobody has: their time tells nothing. */
void kit_attack_statements(struct kit *k, const struct resource *r) {
    static const char *const methods[] = {"GET", "PATCH", "DELETE"};
    const struct metric *ran = metrics_register(METRICS_COUNTER, "alees_db_statements_total", "", "");
    const char *id = foreign_row(k, r);
    for (size_t i = 0; id && ran && i < ARRAY_LEN(methods); i++) {
        const char *paths[] = {kit_row_path(k, r, KIT_UNKNOWN), kit_row_path(k, r, id)};
        const char *body = i == 1 ? "{}" : NULL;
        int64_t counts[2] = {0, 1};
        for (int again = 0; again < 4 && counts[0] != counts[1]; again++) { /* the first may load what is remembered */
            for (size_t p = 0; p < 2; p++) {
                int64_t before = metrics_value(ran);
                (void)kit_ask(k, KIT_MEMBER_A, methods[i], paths[p], body);
                counts[p] = metrics_value(ran) - before;
            }
        }
        kit_check(k, counts[0] == counts[1], "takes %lld statements, an unknown row %lld", (long long)counts[1],
                  (long long)counts[0]);
    }
}

static void try_spelling(struct kit *k, const char *way, const char *id, const char *path) {
    static const char *const methods[] = {"GET", "HEAD", "PATCH", "DELETE", "POST", "OPTIONS"};
    const char *marker = strstr(way, "@ID"), *base = strstr(way, "@PATH");
    const char *whole =
        kit_text(k, "%.*s%s%.*s%s%s", (int)(base - way), way, path, (int)(marker - base - 5), base + 5, id, marker + 3);
    for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
        const char *body = methods[m][0] == 'P' ? "{}" : NULL;
        const struct answer *a = kit_ask(k, KIT_MEMBER_A, methods[m], whole, body);
        bool is_fine = a->status == 404 || a->status == 405 || a->status == 400 ||
                       (a->status == 204 && strcmp(methods[m], "OPTIONS") == 0);
        kit_check(k, is_fine, "must be refused as with the plain address");
    }
}

void kit_attack_spellings(struct kit *k, const struct resource *r) {
    static const char *const ways[] = {"/api/v1@PATH/@ID/",     "/api/v1/@PATH/@ID",
                                       "/api/v1@PATH//@ID",     "/API/v1@PATH/@ID",
                                       "/api/v1@PATH/@ID%20",   "/api/v1@PATH/@ID%2f",
                                       "/api/v1@PATH/./@ID",    "/api/v1@PATH/%2e/@ID",
                                       "/api/v1/x/..@PATH/@ID", "/api/v1/x/%2e%2E@PATH/@ID",
                                       "/api/v1@PATH/@ID%00",   "/api/v1@PATH/@ID;a=b",
                                       "/api/v1@PATH%2F@ID",    "/api/v1@PATH/@ID?",
                                       "/api/v1@PATH/@ID?id=1", "http://localhost/api/v1@PATH/@ID"};
    const char *id = foreign_row(k, r), *own = id ? kit_row(k, r, KIT_A) : NULL;
    for (size_t i = 0; id && i < ARRAY_LEN(ways); i++) {
        try_spelling(k, ways[i], id, kit_path_below(k, r, k->owner));
    }
    if (!own) {
        return;
    }
    char upper[37];
    for (size_t i = 0; i < sizeof upper; i++) {
        upper[i] = own[i] >= 'a' && own[i] <= 'f' ? (char)(own[i] - 'a' + 'A') : own[i];
    }
    const struct answer *a = kit_ask(k, KIT_MEMBER_A, "GET", kit_row_path(k, r, upper), NULL);
    kit_check(k, str_equal(answer_text(a, "/id"), own), "is the same row in capitals");
    a = kit_ask_with(k, KIT_MEMBER_A, "GET", kit_row_path(k, r, own), NULL, "X-HTTP-Method-Override", "DELETE");
    kit_check(k, a->status == 400, "a header does not change the method");
}

/* ---- nobody's requests ---- */

void kit_attack_no_token(struct kit *k, const struct resource *r) {
    static const char *const methods[] = {"", "GET", "POST", "PUT", "PATCH", "DELETE"};
    static const char *const tokens[] = {NULL, "Bearer", "Bearer alees_made-up", "Basic YTpi", "Bearer \xff"};
    for (uint32_t i = 0; i < k->catalogue->route_count; i++) {
        const struct route *route = &k->catalogue->routes[i];
        if (route->resource != r || route->operation == ROUTE_PLUGIN) {
            continue;
        }
        kit_check(k, route->permission != 0 || (r->decl->scope == ALEES_SCOPE_OWN), "must have a permission");
        const char *path = route->path;
        for (const char *at = strchr(path, '{'); at; at = strchr(path, '{')) {
            path = kit_text(k, "%.*s%s%s", (int)(at - path), path, KIT_UNKNOWN, strchr(at, '}') + 1);
        }
        for (size_t t = 0; t < ARRAY_LEN(tokens); t++) {
            const struct answer *a =
                kit_ask_with(k, KIT_USERS, methods[route->method], path, route->method == ALEES_GET ? NULL : "{}",
                             tokens[t] ? "Authorization" : NULL, tokens[t]);
            kit_check_problem(k, a, 401, "unauthenticated");
            kit_check(k, answer_header(a, "WWW-Authenticate").ptr != NULL, "must say how to log in");
        }
    }
}
