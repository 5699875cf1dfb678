/* SPDX-License-Identifier: MIT
 * attack_route.c - routes of a plugin's own, by everybody and with rows of every place. What a handler answers is its own
 * matter; whom it is run for, and whose rows it shows, is not. */
#include "kit.h"

#include <string.h>

#include "str.h"

static const char *method_of(const struct route *route) {
    static const char *const methods[] = {"", "GET", "POST", "PUT", "PATCH", "DELETE"};
    return methods[route->method];
}

/* "/api/v1/things/{id}/close?x=1": id for every {..}, and what the query must have. */
static const char *path_of(struct kit *k, const struct route *route, const char *id, size_t place) {
    const struct alees_field *parameters = route->decl->parameters.items;
    const char *separator = "?";
    struct str path;
    str_init(&path, k->arena, 128);
    for (const char *at = route->path; *at; at++) {
        if (*at == '{') {
            str_puts(&path, id);
            at += strcspn(at, "}");
        } else {
            str_putc(&path, *at);
        }
    }
    for (uint32_t i = 0; i < route->decl->parameters.count; i++) {
        const struct alees_field *d = &parameters[i];
        bool is_organization = strcmp(d->name, "organization") == 0;
        if (!(d->flags & ALEES_IN_QUERY) || !((d->flags & ALEES_REQUIRED) || is_organization)) {
            continue;
        }
        str_printf(&path, "%s%s=", separator, d->name);
        separator = "&";
        if (is_organization) {
            str_puts(&path, place < KIT_PLACES ? k->place_ids[place] : KIT_UNKNOWN);
        } else if (d->example && d->example[0] == '"') {
            str_printf(&path, "%.*s", (int)strlen(d->example) - 2, d->example + 1);
        } else {
            str_puts(&path, d->example ? d->example : id);
        }
    }
    return str_done(&path).ptr;
}

static const char *body_of(struct kit *k, const struct route *route, size_t place) {
    return route->method == ALEES_GET || route->method == ALEES_DELETE
               ? NULL
               : kit_body_of(k, route->decl->body.items, route->decl->body.count, place);
}

static const struct answer *ask(struct kit *k, const struct route *route, size_t user, const char *id, size_t place) {
    return kit_ask(k, user, method_of(route), path_of(k, route, id, place), body_of(k, route, place));
}

/* ---- with an object: as its row's own routes ---- */

static void attack_object(struct kit *k, const struct kit_subject *s, size_t user, size_t place, const char *id) {
    const struct resource *r = s->resource;
    const struct route *route = s->route;
    enum kit_access access = kit_access(k, r, user, place);
    bool is_view = strcmp(route->permission_name, r->view_name) == 0;
    kit_attack_by(k, user, "T01");
    if (user >= KIT_SEEN) {
        kit_check_problem(k, ask(k, route, user, id, place), 401, "unauthenticated");
    } else if (access == KIT_MANAGE || (access == KIT_VIEW && is_view)) {
        kit_check_admitted(k, ask(k, route, user, id, place), user);
    } else if (access == KIT_VIEW) {
        kit_check_denied(k, ask(k, route, user, id, place), route->permission_name, place);
    } else {
        const char *body = body_of(k, route, place);
        const struct answer *unknown = kit_ask(k, user, method_of(route), path_of(k, route, KIT_UNKNOWN, place), body);
        kit_check_unknown(k, kit_ask(k, user, method_of(route), path_of(k, route, id, place), body), unknown);
    }
}

static void attack_objects(struct kit *k, const struct kit_subject *s) {
    for (size_t place = 0; place < KIT_TARGETS; place++) {
        const char *id = kit_has_place(k, s->resource, place) ? kit_row(k, s->resource, place) : NULL;
        for (size_t user = KIT_USERS; id && user-- > 0;) { /* the superuser last, on a fresh row */
            bool is_fresh = user < KIT_SEEN && kit_access(k, s->resource, user, place) == KIT_MANAGE;
            const char *fresh = is_fresh ? kit_row(k, s->resource, place) : NULL;
            attack_object(k, s, user, place, fresh ? fresh : id);
        }
    }
}

/* ---- without: whoever holds the permission nowhere is refused; nobody is shown what is not theirs ---- */

static bool holds_nowhere(size_t user) {
    for (size_t place = 0; place < KIT_PLACES; place++) {
        if (kit_people[user].access[place] == KIT_MANAGE || kit_people[user].access[place] == KIT_OTHER) {
            return false;
        }
    }
    return user != KIT_ROOT && user != KIT_GLOBAL && user != KIT_KEY_VIEW; /* its key has what is for viewing */
}

static void attack_as(struct kit *k, const struct kit_subject *s, size_t user, const char *id, size_t place) {
    const struct answer *a = ask(k, s->route, user, id, place);
    kit_attack_by(k, user, "T11");
    if (user >= KIT_SEEN) {
        kit_check_problem(k, a, 401, "unauthenticated");
    } else if (s->route->permission_name && holds_nowhere(user)) {
        kit_check_denied(k, a, s->route->permission_name, KIT_NOWHERE);
    } else {
        kit_check(k, a->status != 401 && a->status < 500, "must be handled");
    }
}

/* To who has nothing there, an id of that place is as good as one that nobody has. */
static void attack_id(struct kit *k, const struct kit_subject *s, const struct resource *r, size_t user, size_t place,
                      const char *id) {
    if (user < KIT_SEEN && kit_people[user].access[place % KIT_PLACES] == KIT_NONE && place < KIT_PLACES &&
        kit_access(k, r, user, place) == KIT_NONE && !kit_may_see_id(k, r, user, place)) {
        k->attack = "T13";
        const char *body = body_of(k, s->route, place);
        const struct answer *unknown =
            kit_ask(k, user, method_of(s->route), path_of(k, s->route, KIT_UNKNOWN, place), body);
        kit_check_same(k, kit_ask(k, user, method_of(s->route), path_of(k, s->route, id, place), body), unknown);
    }
    attack_as(k, s, user, id, place);
}

/* Rows of everything the plugin has are there, in every place, and their ids are tried. */
static void attack_freely(struct kit *k, const struct kit_subject *s) {
    bool has_id = strchr(s->route->path, '{') != NULL;
    for (uint32_t i = 0; i < k->catalogue->resource_count; i++) {
        const struct resource *r = k->catalogue->resources[i];
        for (size_t place = 0; r->plugin == s->route->plugin && place < KIT_TARGETS; place++) {
            const char *id = kit_has_place(k, r, place) ? kit_row(k, r, place) : NULL;
            for (size_t user = 0; id && has_id && user < KIT_USERS; user++) {
                attack_id(k, s, r, user, place, id);
            }
        }
    }
    for (size_t user = 0; user < KIT_USERS; user++) {
        attack_as(k, s, user, KIT_UNKNOWN, KIT_TARGETS);
        attack_as(k, s, user, KIT_UNKNOWN, KIT_B);
    }
}

void kit_attack_route(struct kit *k, const struct kit_subject *s) {
    const struct route *route = s->route;
    const char *const manage[] = {route->permission_name, s->resource ? s->resource->view_name : NULL, NULL};
    bool is_view = s->resource && route->permission_name && strcmp(route->permission_name, s->resource->view_name) == 0;
    const char *const only[] = {route->permission_name, NULL};
    if (route->permission_name) {
        kit_world_point(k, is_view ? only : manage, s->resource ? s->resource->view_name : NULL,
                        s->resource ? s->resource->view_name : NULL);
    }
    k->attack = "T45";
    const struct answer *a = ask(k, route, KIT_USERS, KIT_UNKNOWN, KIT_B);
    kit_check_problem(k, a, 401, "unauthenticated");
    if (s->resource && route->permission_name) {
        attack_objects(k, s);
    } else {
        attack_freely(k, s);
    }
}
