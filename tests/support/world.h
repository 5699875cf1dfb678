/* SPDX-License-Identifier: MIT
 * world.h - the whole server with its four plugins and the rows of `alees demo`, and what its users may do there: for tests
 * that walk the catalogue. One thing is added: acme-viewer's membership is inherited by Acme Berlin. */
#ifndef WORLD_H
#define WORLD_H

#include "test.h"

#include "loopback.h"
#include "pg.h"
#include "resource.h"

enum world_access { WORLD_NONE, WORLD_VIEW, WORLD_MANAGE };

/* The organizations, and behind them one that nobody has. */
enum {
    WORLD_ACME,
    WORLD_ACME_BERLIN,
    WORLD_GLOBEX,
    WORLD_ORGANIZATIONS,
    WORLD_UNKNOWN = WORLD_ORGANIZATIONS,
    WORLD_TARGETS
};
struct world_organization {
    const char *id, *name;
};
extern const struct world_organization world_organizations[WORLD_TARGETS];

/* What each may do in each, and what comes of a create that names no organization: 201 in the only one where they may add,
 * 422 where there are several, 403 where there is none. */
enum { WORLD_ADMIN = 0, WORLD_USERS = 6 };
struct world_user {
    const char *name;
    enum world_access access[WORLD_TARGETS];
    uint32_t unnamed;
};
extern const struct world_user world_users[WORLD_USERS];

struct world {
    struct pg pg;
    struct loopback *loopback;
    const struct catalogue *catalogue;
    struct arena *arena; /* of all texts below */
    const char *tokens[WORLD_USERS];
    uint32_t serial;
};

/* Of a group: a fresh database with the demonstration rows, the server on it, every user logged in. */
int world_setup(void **state);
int world_setup_with(void **state, const char *plugin); /* and one of tests/plugins, migrated; NULL: none */
int world_teardown(void **state);

const char *world_text(struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);
const struct answer *world_ask(struct world *w, size_t user, const char *method, const char *path, const char *body);
/* Ends the test with all there is to know, unless the status is the one that must come. */
void world_must(const struct answer *a, uint32_t status, size_t user, const char *what);
/* The body without what differs from request to request. */
const char *world_stable(struct world *w, const struct answer *a);

const char *world_list_path(struct world *w, const struct resource *r, const char *query);
const char *world_row_path(struct world *w, const struct resource *r, const char *id);
/* The id of a row that is there: something to refer to. */
const char *world_any_row(struct world *w, const struct resource *r, size_t organization);
/* A body with all that is required, made from the declaration; is_named: and with its organization. */
const char *world_row_body(struct world *w, const struct resource *r, size_t organization, bool is_named);
/* The id of a new row of that organization; of organizations themselves: that organization. */
const char *world_make_row(struct world *w, const struct resource *r, size_t organization);
/* Every resource whose rows belong to organizations and, unless is_scoped_only, that of organizations themselves; but those
 * of rbac, which the users of this world, managers and viewers, may not write: they have tests of their own. */
void world_each_resource(struct world *w, bool is_scoped_only, void (*test)(struct world *w, const struct resource *r));

#endif
