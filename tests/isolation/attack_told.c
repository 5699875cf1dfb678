/* SPDX-License-Identifier: MIT
 * attack_told.c - what is told beside the rows themselves: their history, their tags, deleted rows, parts below owners. All
 * answers are searched for text and ids of others as ever (ask.c); here it is who is answered at all. */
#include "kit.h"

#include <string.h>

#include "jx.h"

/* ---- T25: history ---- */

static const char *below(struct kit *k, const struct resource *r, const char *id, const char *tail) {
    return kit_text(k, "%s%s", kit_row_path(k, r, id), tail);
}

static void check_history(struct kit *k, const struct resource *r, size_t user, size_t place, const char *id) {
    const struct answer *unknown = kit_ask(k, user, "GET", below(k, r, KIT_UNKNOWN, "/history"), NULL), *a;
    a = kit_ask(k, user, "GET", below(k, r, id, "/history"), NULL);
    if (user >= KIT_SEEN) {
        kit_check_problem(k, a, 401, "unauthenticated");
    } else if (kit_access(k, r, user, place) < KIT_VIEW) {
        kit_check_unknown(k, a, unknown);
    } else if (kit_check(k, a->status == 200, "%s may be told its history", kit_people[user].name)) {
        bool is_told = jx_size(answer_at(a, "/results")) > 0 || r->decl->scope == ALEES_SCOPE_SELF;
        kit_check(k, is_told || r->decl->scope == ALEES_SCOPE_SEVERAL,
                  "it has entries"); /* made before it came there */
    }
}

/* While it is there, and when it has gone: a change and the delete are told to the same users. */
static void attack_history(struct kit *k, const struct resource *r, size_t place, const char *id) {
    const char *body = kit_change_body(k, r, id);
    (void)kit_ask(k, KIT_ROOT, "PATCH", kit_row_path(k, r, id), body);
    for (int is_gone = 0; is_gone < 2; is_gone++) {
        for (size_t user = 0; user < KIT_USERS; user++) {
            kit_attack_by(k, user, "T25");
            if (!(kit_is_key(user) && user < KIT_SEEN && r->decl->scope == ALEES_SCOPE_OWN)) {
                check_history(k, r, user, place, id);
            }
        }
        bool can_go = kit_has_route(k, r, ROUTE_CREATE) && kit_has_route(k, r, ROUTE_REMOVE) &&
                      r->decl->scope != ALEES_SCOPE_SELF; /* not somebody's session */
        if (is_gone || !can_go || kit_ask(k, KIT_ROOT, "DELETE", kit_row_path(k, r, id), NULL)->status != 204) {
            return;
        }
    }
}

void kit_attack_history(struct kit *k, const struct resource *r) {
    for (size_t place = 0; place < KIT_TARGETS && kit_has_route(k, r, ROUTE_HISTORY); place++) {
        const char *id = kit_has_place(k, r, place) ? kit_row(k, r, place) : NULL;
        if (id) {
            attack_history(k, r, place, id);
        }
    }
}

/* ---- T11: tags ---- */

static bool has_tag(const struct answer *a, const char *tag) {
    return a->body.ptr && strstr(a->body.ptr, tag) != NULL;
}

/* Each place has a tag of its own (values.c): it is there for those who view the place, with all its rows. */
void kit_attack_tags(struct kit *k, const struct resource *r) {
    for (size_t user = 0; user < KIT_USERS && kit_has_route(k, r, ROUTE_TAGS); user++) {
        kit_attack_by(k, user, "T11");
        if (kit_is_key(user) && user < KIT_SEEN && r->decl->scope == ALEES_SCOPE_OWN) {
            continue;
        }
        const struct answer *a = kit_ask(k, user, "GET", kit_list_path(k, r, "/tags?page_size=200"), NULL);
        if (user >= KIT_SEEN) {
            kit_check_problem(k, a, 401, "unauthenticated");
            continue;
        }
        kit_check(k, a->status == 200, "is for everybody who is logged in");
        for (size_t place = 0; place < KIT_PLACES && r->decl->scope == ALEES_SCOPE_ORGANIZATION; place++) {
            const char *tag = kit_secret(k, r, place);
            bool is_there =
                kit_sql(k, "SELECT 1 FROM %s WHERE \"%s\" @> ARRAY['%s'] AND organization_id = '%s' LIMIT 1",
                        r->decl->table, resource_tags(r)->column, tag, k->place_ids[place]) != NULL;
            bool may = kit_access(k, r, user, place) >= KIT_VIEW;
            kit_check(k, has_tag(a, tag) == (is_there && may), "the tag of %s %s", k->place_names[place],
                      may ? "must be there" : "must not");
            const char *narrowed = kit_text(k, "/tags?organization=%s&search=%s", k->place_ids[place], KIT_SECRET);
            const struct answer *one = kit_ask(k, user, "GET", kit_list_path(k, r, narrowed), NULL);
            kit_check(k, one->status == 200 && (may || jx_size(answer_at(one, "/results")) == 0),
                      "an organization of others has no tags");
        }
    }
}

/* ---- T43: deleted rows ---- */

/* Those who may delete there see it among the deleted ones and bring it back; to all others it is not there. */
static void attack_deleted(struct kit *k, const struct resource *r, size_t user, size_t place, const char *id) {
    static const char *const tails[] = {"?deleted=true", "/restore", "?permanent=true"};
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    bool may = user < KIT_SEEN && kit_access(k, r, user, place) == KIT_MANAGE;
    bool is_seen = user < KIT_SEEN && kit_access(k, r, user, place) >= KIT_VIEW;
    const struct answer *a = kit_ask(k, user, "GET", kit_row_path(k, r, id), NULL);
    kit_check(k, a->status == (user < KIT_SEEN ? 404 : 401), "a deleted row is not there");
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        const char *body = i == 1 ? "{}" : NULL;
        if (may && i == 2) {
            continue; /* it would be gone for those behind */
        }
        const struct answer *unknown = kit_ask(k, user, methods[i], below(k, r, KIT_UNKNOWN, tails[i]), body);
        a = kit_ask(k, user, methods[i], below(k, r, id, tails[i]), body);
        if (user >= KIT_SEEN) {
            kit_check_problem(k, a, 401, "unauthenticated");
        } else if (!may && !is_seen) { /* who may delete nowhere is told that, whatever the id */
            kit_check_same(k, a, unknown);
            kit_check(k, a->status == 403 || a->status == 404, "%s may not", kit_people[user].name);
        } else if (!may) {
            kit_check(k, a->status == 403 || a->status == 404, "%s may not", kit_people[user].name);
        } else {
            kit_check_admitted(k, a, user);
        }
    }
    if (may) {
        (void)kit_ask(k, KIT_ROOT, "DELETE", kit_row_path(k, r, id), NULL);
    }
}

void kit_attack_deleted(struct kit *k, const struct resource *r) {
    for (size_t place = 0; place < KIT_PLACES && kit_has_route(k, r, ROUTE_RESTORE); place++) {
        const char *id = kit_has_place(k, r, place) ? kit_row(k, r, place) : NULL;
        if (!id || kit_ask(k, KIT_ROOT, "DELETE", kit_row_path(k, r, id), NULL)->status != 204) {
            continue;
        }
        for (size_t user = 0; user < KIT_USERS; user++) {
            kit_attack_by(k, user, "T43");
            attack_deleted(k, r, user, place, id);
            const struct answer *a = kit_ask(k, user, "GET", kit_list_path(k, r, "?deleted=true&page_size=200"), NULL);
            kit_check(k, a->status == (user < KIT_SEEN ? 200 : 401) || a->status == 403, "a list like any other");
        }
        (void)kit_ask(k, KIT_ROOT, "DELETE", below(k, r, id, "?permanent=true"), NULL);
        kit_check(k, kit_sql(k, "SELECT 1 FROM %s WHERE id = '%s'", r->decl->table, id) == NULL, "it is gone for good");
    }
}

/* ---- T13: two ids in a path ---- */

/* A part below an owner that is not its own is nobody's, whoever asks; the owner's and the part's organization do not add. */
static void attack_crossed(struct kit *k, const struct resource *r, const char *owner, const char *id) {
    static const struct {
        const char *method, *tail, *body;
    } asks[] = {{"GET", "", NULL},    {"GET", "/history", NULL}, {"PATCH", "", "{}"},
                {"DELETE", "", NULL}, {"PUT", "", "{}"},         {"HEAD", "", NULL}};
    for (size_t user = 0; user < KIT_SEEN; user++) {
        kit_attack_by(k, user, "T13");
        for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
            const char *list = kit_path_below(k, r, owner);
            const struct answer *unknown = kit_ask(
                k, user, asks[i].method, kit_text(k, "/api/v1%s/%s%s", list, KIT_UNKNOWN, asks[i].tail), asks[i].body);
            const struct answer *a =
                kit_ask(k, user, asks[i].method, kit_text(k, "/api/v1%s/%s%s", list, id, asks[i].tail), asks[i].body);
            kit_check_same(k, a, unknown);
            kit_check(k, a->status >= 400, "a part is found below its own owner alone");
        }
    }
}

/* The list of one owner: for those who see the owner, else as that of an owner that nobody has. */
static void attack_list(struct kit *k, const struct resource *r, size_t place, const char *owner, const char *id) {
    static const char *const tails[] = {"", "?count=exact", "?fields=id"};
    for (size_t user = 0; user < KIT_USERS; user++) {
        kit_attack_by(k, user, "T13");
        for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
            const char *path = kit_text(k, "/api/v1%s%s", kit_path_below(k, r, owner), tails[i]);
            const char *other = kit_text(k, "/api/v1%s%s", kit_path_below(k, r, KIT_UNKNOWN), tails[i]);
            const struct answer *unknown = kit_ask(k, user, "GET", other, NULL),
                                *a = kit_ask(k, user, "GET", path, NULL);
            if (user >= KIT_SEEN) {
                kit_check_problem(k, a, 401, "unauthenticated");
            } else if (kit_access(k, r, user, place) < KIT_VIEW) {
                kit_check_unknown(k, a, unknown);
            } else {
                kit_check(k, a->status == 200 && strstr(a->body.ptr, id) != NULL, "%s sees it", kit_people[user].name);
            }
        }
    }
}

void kit_attack_parts(struct kit *k, const struct resource *r) {
    const char *mine = r->owner ? kit_row(k, r->owner, KIT_A) : NULL;
    for (size_t place = 0; mine && place < KIT_PLACES; place++) {
        const char *id = kit_row(k, r, place);
        if (id) {
            attack_list(k, r, place, k->owner, id);
            attack_crossed(k, r, mine, id);
        }
    }
}
