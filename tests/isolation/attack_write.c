/* SPDX-License-Identifier: MIT
 * attack_write.c - creating where one may not, moving, referring to what is not one's own, members that nobody may send. */
#include "kit.h"

#include <string.h>

#include "alees/util.h"
#include "jx.h"
#include "str.h"

/* Who gets as far as the members of a body. */
static size_t writer(const struct resource *r) {
    return r->decl->scope == ALEES_SCOPE_SEVERAL || r->decl->scope == ALEES_SCOPE_SELF ? KIT_ROOT : kit_manager(r);
}

/* ---- T32: a new row where one may not ---- */

/* Of an organization, below which the new one shall be. */
static const char *body_in(struct kit *k, const struct resource *r, size_t place, const char *id) {
    if (r->parent) {
        k->override_field = r->parent->decl->name;
        k->override_value = kit_text(k, "\"%s\"", id);
    }
    const char *body = kit_row_body(k, r, place, false);
    k->override_field = NULL;
    if (r->decl->scope == ALEES_SCOPE_ORGANIZATION) {
        body = kit_text(k, "{\"organization\":\"%s\"%s%s", id, body[1] == '}' ? "" : ",", body + 1);
    }
    return body;
}

/* Once the superuser can make such a row, so that a refusal is of the caller and not of the body. */
static bool is_possible(struct kit *k, const struct resource *r) {
    return kit_has_route(k, r, ROUTE_CREATE) &&
           (r->decl->scope == ALEES_SCOPE_SELF || kit_row(k, r, kit_home(r)) != NULL);
}

static void create_in(struct kit *k, const struct resource *r, size_t user, size_t place) {
    const char *path = kit_list_path(k, r, "");
    const struct answer *a = kit_ask(k, user, "POST", path, body_in(k, r, place, k->place_ids[place]));
    switch (kit_access(k, r, user, place)) {
    case KIT_MANAGE: kit_check_admitted(k, a, user); break;
    case KIT_VIEW: kit_check_denied(k, a, r->add_name, place); break;
    case KIT_OTHER: kit_check(k, a->status != 404 && a->status < 500, "must be decided"); break;
    case KIT_NONE:
    default:
        if (kit_check_problem(k, a, 403, "organization_not_permitted")) {
            kit_check_same(k, a, kit_ask(k, user, "POST", path, body_in(k, r, place, KIT_UNKNOWN)));
        }
        break;
    }
}

/* Without saying where: in the only place there is, or not at all. */
static void create_unnamed(struct kit *k, const struct resource *r, size_t user) {
    uint32_t managed = 0, others = 0;
    for (size_t place = 0; place < KIT_PLACES; place++) {
        enum kit_access access = kit_access(k, r, user, place);
        managed += access == KIT_MANAGE;
        others += access == KIT_OTHER;
    }
    if (others || user == KIT_ROOT) {
        return;
    }
    const struct answer *a = kit_ask(k, user, "POST", kit_list_path(k, r, ""), kit_row_body(k, r, KIT_A, false));
    if (r->decl->scope == ALEES_SCOPE_SELF || managed == 0) {
        kit_check_denied(k, a, r->add_name, KIT_NOWHERE);
    } else if (managed == 1) {
        kit_check_admitted(k, a, user);
    } else {
        kit_check(k, a->status == 422 && str_equal(answer_text(a, "/errors/0/pointer"), "/organization"),
                  "must ask for the organization");
    }
}

static void create_globally(struct kit *k, const struct resource *r, size_t user) {
    size_t place = r->decl->scope == ALEES_SCOPE_OWN ? KIT_A : KIT_NOWHERE;
    const struct answer *a = kit_ask(k, user, "POST", kit_list_path(k, r, ""), kit_row_body(k, r, place, false));
    if (user == KIT_ROOT || user == KIT_GLOBAL || r->decl->scope == ALEES_SCOPE_OWN) {
        kit_check_admitted(k, a, user);
    } else {
        kit_check_denied(k, a, r->add_name, KIT_NOWHERE);
    }
}

void kit_attack_create(struct kit *k, const struct resource *r) {
    bool has_places = r->decl->scope == ALEES_SCOPE_ORGANIZATION || r->decl->scope == ALEES_SCOPE_SELF;
    if (!is_possible(k, r)) {
        return;
    }
    for (size_t user = 0; user < KIT_USERS; user++) {
        kit_attack_by(k, user, "T32");
        if (user >= KIT_SEEN) {
            kit_check_problem(k, kit_ask(k, user, "POST", kit_list_path(k, r, ""), "{}"), 401, "unauthenticated");
        } else if (kit_is_key(user) && r->decl->scope == ALEES_SCOPE_OWN) {
            kit_check_problem(k, kit_ask(k, user, "POST", kit_list_path(k, r, ""), "{}"), 403, "not_by_api_key");
        } else if (has_places) {
            for (size_t place = 0; place < KIT_PLACES; place++) {
                create_in(k, r, user, place);
            }
            create_unnamed(k, r, user);
        } else {
            create_globally(k, r, user);
        }
    }
}

/* ---- values of other organizations ---- */

/* What is taken in B is free in A (T28). */
void kit_attack_unique(struct kit *k, const struct resource *r) {
    const char *own = NULL, *foreign = NULL;
    for (uint32_t i = 0; r->decl->scope == ALEES_SCOPE_ORGANIZATION && i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if (!(d->flags & ALEES_UNIQUE) || d->type != ALEES_TEXT || (d->flags & (ALEES_READ_ONLY | ALEES_WRITE_ONLY)) ||
            !kit_has_route(k, r, ROUTE_CREATE)) {
            continue;
        }
        foreign = foreign ? foreign : kit_row(k, r, KIT_B);
        own = own ? own : kit_row(k, r, KIT_A);
        if (!foreign || !own) {
            return;
        }
        const struct answer *row = kit_ask(k, KIT_ROOT, "GET", kit_row_path(k, r, foreign), NULL);
        struct str value;
        str_init(&value, k->arena, 64);
        str_json(&value, answer_text(row, kit_text(k, "/%s", d->name)));
        k->override_field = d->name;
        k->override_value = str_done(&value).ptr;
        const char *body = kit_row_body(k, r, KIT_A, true);
        k->override_field = NULL;
        kit_check_admitted(k, kit_ask(k, KIT_MEMBER_A, "POST", kit_list_path(k, r, ""), body), KIT_MEMBER_A);
        const struct answer *a = kit_ask(k, KIT_MEMBER_A, "POST", kit_list_path(k, r, ""), body);
        kit_check(k, a->status != 201 && !strstr(a->body.ptr, foreign), "is taken in A from now on");
    }
}

static const struct answer *go(struct kit *k, const struct resource *r, size_t user, const char *id,
                               const char *organization) {
    const char *body = kit_text(k, "{\"organization\":\"%s\"}", organization);
    return kit_ask(k, user, "PATCH", kit_row_path(k, r, id), body);
}

/* Who manages rows where it is: it arrives as a new one would. */
static void arrive(struct kit *k, const struct resource *r, size_t user, const char *id, const struct answer *a) {
    switch (kit_access(k, r, user, KIT_A)) {
    case KIT_MANAGE:
        kit_check_admitted(k, a, user);
        if (a->status == 200) {
            kit_check_admitted(k, go(k, r, user, id, k->place_ids[KIT_B]), user);
        }
        break;
    case KIT_VIEW: kit_check_denied(k, a, r->add_name, KIT_A); break;
    case KIT_OTHER: kit_check(k, a->status != 404 && a->status < 500, "must be decided"); break;
    case KIT_NONE:
    default:
        if (kit_check_problem(k, a, 403, "organization_not_permitted")) {
            kit_check_same(k, a, go(k, r, user, id, KIT_UNKNOWN));
        }
        break;
    }
}

/* From B to A, which both must be the caller's. */
static void move_by(struct kit *k, const struct resource *r, size_t user, const char *id) {
    const struct answer *a = go(k, r, user, id, k->place_ids[KIT_A]);
    if (user >= KIT_SEEN) {
        kit_check_problem(k, a, 401, "unauthenticated");
        return;
    }
    switch (kit_access(k, r, user, KIT_B)) {
    case KIT_MANAGE: arrive(k, r, user, id, a); break;
    case KIT_VIEW: kit_check_denied(k, a, r->change_name, KIT_B); break;
    case KIT_OTHER: kit_check(k, a->status >= 400 && a->status < 500, "must be refused"); break;
    case KIT_NONE:
    default: kit_check_unknown(k, a, go(k, r, user, KIT_UNKNOWN, k->place_ids[KIT_A])); break;
    }
}

static void attack_movable(struct kit *k, const struct resource *r, const char *id) {
    for (size_t user = 0; user < KIT_USERS; user++) {
        kit_attack_by(k, user, "T33");
        move_by(k, r, user, id);
        const char *place = kit_sql(k, "SELECT organization_id FROM %s WHERE id = '%s'", r->decl->table, id);
        kit_check(k, strcmp(place, k->place_ids[KIT_B]) == 0, "must be where it was");
    }
}

/* A row stays where it is, whoever asks, unless its kind can move (T33, T37). */
void kit_attack_move(struct kit *k, const struct resource *r) {
    const char *name = r->parent ? r->parent->decl->name : "organization";
    const char *id = kit_is_scoped(r) && kit_has_route(k, r, ROUTE_PATCH) ? kit_row(k, r, KIT_B) : NULL;
    static const size_t users[] = {KIT_BOTH, KIT_MEMBER_B, KIT_ROOT};
    if (!id || (r->decl->scope != ALEES_SCOPE_ORGANIZATION && r->decl->scope != ALEES_SCOPE_SELF)) {
        return;
    }
    if (r->is_movable) {
        attack_movable(k, r, id);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        const char *body = kit_text(k, "{\"%s\":\"%s\"}", name, k->place_ids[KIT_A]);
        kit_check_problem(k, kit_ask(k, users[i], "PATCH", kit_row_path(k, r, id), body), 400, "read_only_field");
        body = kit_text(k, "{\"%s\":null}", name);
        kit_check_problem(k, kit_ask(k, users[i], "PATCH", kit_row_path(k, r, id), body), 400, "read_only_field");
    }
}

/* ---- T34: references ---- */

static const struct answer *refer(struct kit *k, const struct resource *r, const struct resource_field *f, size_t user,
                                  const char *own, const char *id) {
    const char *value = kit_text(k, f->decl->type == ALEES_REFERENCES ? "[\"%s\"]" : "\"%s\"", id);
    if (own && !(f->decl->flags & ALEES_WRITE_ONCE)) {
        return kit_ask(k, user, "PATCH", kit_row_path(k, r, own), kit_text(k, "{\"%s\":%s}", f->decl->name, value));
    }
    k->override_field = f->decl->name;
    k->override_value = value;
    const char *body = kit_row_body(k, r, KIT_A, r->decl->scope == ALEES_SCOPE_ORGANIZATION);
    k->override_field = NULL;
    return kit_ask(k, user, "POST", kit_list_path(k, r, ""), body);
}

static bool is_attacked(const struct kit *k, const struct resource *r, const struct resource_field *f,
                        const char *own) {
    bool is_patched = own && !(f->decl->flags & ALEES_WRITE_ONCE);
    return !f->is_standard && f->target && f->decl->type != ALEES_PARTS && kit_is_scoped(f->target) && f != r->parent &&
           !(f->decl->flags & ALEES_READ_ONLY) && (is_patched || kit_has_route(k, r, ROUTE_CREATE));
}

static void attack_field(struct kit *k, const struct resource *r, const struct resource_field *f, const char *own) {
    const char *foreign = kit_row(k, f->target, KIT_B), *mine = kit_target(k, f->target, KIT_A);
    if (!foreign || !mine) {
        return;
    }
    const struct answer *unknown = refer(k, r, f, KIT_MEMBER_A, own, KIT_UNKNOWN);
    const struct answer *a = refer(k, r, f, KIT_MEMBER_A, own, foreign);
    kit_check(k, a->status == 422 && strstr(a->body.ptr, "invalid_reference"), "must be 422 invalid_reference");
    kit_check_same(k, a, unknown);
    kit_check_admitted(k, refer(k, r, f, KIT_OWNER_A, own, mine), KIT_OWNER_A);
    if (f->target->decl->scope == ALEES_SCOPE_ORGANIZATION && r->decl->scope == ALEES_SCOPE_ORGANIZATION) {
        a = refer(k, r, f, KIT_ROOT, own, foreign); /* not even for who sees both */
        kit_check(k, a->status == 422 && strstr(a->body.ptr, "invalid_reference"), "must be 422 invalid_reference");
    }
}

void kit_attack_reference(struct kit *k, const struct resource *r) {
    const char *own = kit_is_scoped(r) && kit_has_route(k, r, ROUTE_PATCH) ? kit_row(k, r, KIT_A) : NULL;
    for (uint32_t i = 0; kit_is_scoped(r) && i < r->field_count; i++) {
        if (is_attacked(k, r, &r->fields[i], own)) {
            attack_field(k, r, &r->fields[i], own);
        }
    }
}

/* ---- members that nobody may send ---- */

/* Ids are the server's to give (T29). */
void kit_attack_own_id(struct kit *k, const struct resource *r) {
    size_t place = kit_is_scoped(r) ? KIT_B : KIT_NOWHERE;
    const char *id = kit_has_route(k, r, ROUTE_CREATE) ? kit_row(k, r, place) : NULL;
    if (id) {
        const char *body = kit_row_body(k, r, kit_home(r), r->decl->scope == ALEES_SCOPE_ORGANIZATION);
        const char *whole = kit_text(k, "{\"id\":\"%s\"%s%s", id, body[1] == '}' ? "" : ",", body + 1);
        kit_check_problem(k, kit_ask(k, writer(r), "POST", kit_list_path(k, r, ""), whole), 400, "read_only_field");
    }
}

static void must_refuse(struct kit *k, const struct resource *r, const char *own, const char *member) {
    const char *before = kit_sql(k, "SELECT count(*) FROM %s", r->decl->table);
    if (own) {
        const char *body = kit_text(k, "{%s}", member);
        const struct answer *a = kit_ask(k, kit_manager(r), "PATCH", kit_row_path(k, r, own), body);
        kit_check(k, a->status == 400, "must be 400");
    }
    if (kit_has_route(k, r, ROUTE_CREATE)) {
        const char *body = kit_row_body(k, r, kit_home(r), r->decl->scope == ALEES_SCOPE_ORGANIZATION);
        const char *whole = kit_text(k, "{%s%s%s", member, body[1] == '}' ? "" : ",", body + 1);
        const struct answer *a = kit_ask(k, writer(r), "POST", kit_list_path(k, r, ""), whole);
        kit_check(k, a->status == 400, "must be 400");
        const char *after = kit_sql(k, "SELECT count(*) FROM %s", r->decl->table);
        kit_check(k, strcmp(before, after) == 0, "must write nothing");
    }
}

void kit_attack_mass_assignment(struct kit *k, const struct resource *r) {
    static const char *const names[] = {"id",        "created_at", "updated_at",      "created_by",    "updated_by",
                                        "version",   "scope_ids",  "organization_id", "user_id",       "password_hash",
                                        "is_system", "last_login", "token_epoch",     "is_superuser_", ""};
    const char *own = kit_has_route(k, r, ROUTE_PATCH) ? kit_row(k, r, kit_home(r)) : NULL;
    if (!own && !kit_has_route(k, r, ROUTE_CREATE)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct resource_field *f = resource_field(r, alees_text(names[i]));
        if (!f || (f->decl->flags & ALEES_READ_ONLY)) {
            must_refuse(k, r, own, kit_text(k, "\"%s\":null", names[i]));
            must_refuse(k, r, own, kit_text(k, "\"%s\":\"%s\"", names[i], k->user_ids[KIT_ROOT]));
        }
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        const struct alees_field *d = r->fields[i].decl;
        if ((d->flags & ALEES_READ_ONLY) || (r->fields[i].column && strcmp(r->fields[i].column, d->name) != 0)) {
            bool is_column = !(d->flags & ALEES_READ_ONLY);
            must_refuse(k, r, own, kit_text(k, "\"%s\":null", is_column ? r->fields[i].column : d->name));
        }
    }
}

/* The same key twice, also when written in another way (T36). */
void kit_attack_duplicate_keys(struct kit *k, const struct resource *r) {
    const char *a = k->place_ids[KIT_A], *b = k->place_ids[KIT_B];
    const char *own = kit_has_route(k, r, ROUTE_PATCH) ? kit_row(k, r, kit_home(r)) : NULL;
    if (!own && !kit_has_route(k, r, ROUTE_CREATE)) {
        return;
    }
    must_refuse(k, r, own, kit_text(k, "\"organization\":\"%s\",\"organization\":\"%s\"", a, b));
    must_refuse(k, r, own, kit_text(k, "\"organization\":\"%s\",\"organi\\u007aation\":\"%s\"", b, a));
    must_refuse(k, r, own, "\"id\":null,\"id\":null");
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (!r->fields[i].is_standard && r->fields[i].decl->type == ALEES_TEXT) {
            const char *name = r->fields[i].decl->name;
            must_refuse(k, r, own, kit_text(k, "\"%s\":\"a\",\"%s\":\"b\"", name, name));
            return;
        }
    }
}

/* A transaction that fails half-way leaves nothing of its scope on the connection (T79). */
void kit_attack_failed_transaction(struct kit *k, const struct resource *r) {
    const char *a = kit_is_scoped(r) ? kit_row(k, r, KIT_A) : NULL, *b = a ? kit_row(k, r, KIT_B) : NULL;
    const struct resource_field *f = NULL;
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (r->fields[i].target && !r->fields[i].is_standard && r->fields[i].decl->type == ALEES_REFERENCE &&
            !(r->fields[i].decl->flags & (ALEES_READ_ONLY | ALEES_WRITE_ONCE))) {
            f = &r->fields[i];
        }
    }
    for (int round = 0; f && b && kit_has_route(k, r, ROUTE_PATCH) && round < 6; round++) {
        const char *body = kit_text(k, "{\"%s\":\"" KIT_UNKNOWN "\"}", f->decl->name);
        kit_check(k, kit_ask(k, KIT_MEMBER_B, "PATCH", kit_row_path(k, r, b), body)->status == 422, "must be 422");
        kit_check_problem(k, kit_ask(k, KIT_MEMBER_A, "GET", kit_row_path(k, r, b), NULL), 404, "not_found");
        const struct answer *unknown = kit_ask(k, KIT_MEMBER_A, "PATCH", kit_row_path(k, r, KIT_UNKNOWN), body);
        kit_check_same(k, kit_ask(k, KIT_MEMBER_A, "PATCH", kit_row_path(k, r, b), body), unknown);
        kit_check(k, kit_ask(k, KIT_MEMBER_A, "GET", kit_row_path(k, r, a), NULL)->status == 200, "must be 200");
        kit_check_problem(k, kit_ask(k, KIT_MEMBER_B, "GET", kit_row_path(k, r, a), NULL), 404, "not_found");
    }
}
