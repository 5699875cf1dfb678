/* SPDX-License-Identifier: MIT
 * parcel.c - see parcel.h. */
#include "parcel.h"

const char *parcel_box(struct world *w, const char *organization) {
    const char *body =
        world_text(w, "{\"name\":\"box %u\",\"organization\":\"%s\"}", (unsigned)++w->serial, organization);
    const struct answer *a = world_ask(w, ADMIN, "POST", "/api/v1/boxes", body);
    world_must(a, 201, ADMIN, "POST /boxes");
    return world_text(w, "%s", answer_text(a, "/id").ptr);
}

const char *parcel_path(struct world *w, const char *box, const char *tail) {
    return world_text(w, "/api/v1/boxes/%s/%s", box, tail);
}

const struct answer *parcel_ask(struct world *w, size_t user, const char *method, const char *box, const char *tail,
                                const char *body) {
    return world_ask(w, user, method, parcel_path(w, box, tail), body);
}

const struct answer *parcel_ask_with(struct world *w, size_t user, const char *method, const char *box,
                                     const char *tail, const char *body, const char *header, const char *value) {
    const struct loopback_request request = {.method = method,
                                             .path = parcel_path(w, box, tail),
                                             .token = w->tokens[user],
                                             .body = body,
                                             .headers = {{header, value}}};
    return loopback_send(w->loopback, &request);
}

const char *parcel_part(struct world *w, const char *box, const char *parts, const char *body) {
    const struct answer *a = parcel_ask(w, ADMIN, "POST", box, parts, body);
    world_must(a, 201, ADMIN, parts);
    return world_text(w, "%s", answer_text(a, "/id").ptr);
}

int64_t parcel_version(struct world *w, const char *box) {
    return pg_count(&w->pg, world_text(w, "SELECT version FROM parcel.box WHERE id = '%s'", box));
}

int64_t parcel_count(struct world *w, const char *table, const char *condition) {
    return pg_count(&w->pg, world_text(w, "SELECT count(*) FROM parcel.%s WHERE %s", table, condition));
}
