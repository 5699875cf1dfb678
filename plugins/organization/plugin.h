/* SPDX-License-Identifier: MIT
 * plugin.h - what the files of this plugin share. Read plugin.c first. */
#ifndef ORGANIZATION_PLUGIN_H
#define ORGANIZATION_PLUGIN_H

#include "alees/abi.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/organization.h"
#include "alees/rbac.h"
#include "alees/resource.h"
#include "alees/util.h"

struct organization {
    alees_self *self;
    const struct alees_host *host;
    const struct alees_db_v1 *db;
    const struct alees_http_v1 *http;
    const struct alees_json_v1 *json;
    const struct alees_resource_v1 *resource;
    const struct alees_rbac_v1 *rbac;
    struct alees_organization_v1 service;
};

enum { TIMEZONE, ACTIVE, DEMO, DEMO_LARGE, LOCK_MOVES, LOCK, MOVE, NODES, ORGANIZATION_STATEMENTS };
extern const struct alees_statement organization_statements[ORGANIZATION_STATEMENTS];
extern const alees_list organization_field_list; /* of struct alees_field */

#define ORGANIZATION_MOVES "4711202611220001" /* the advisory lock of all moves, as in sql/0002_cycles.sql */
#define ORGANIZATION_MOVE "organization.move_organization"

#define ORGANIZATION_VIEW "organization.view_organization"

/* rules.c: the hooks of the resource. */
alees_rc organization_validate(void *state, alees_ctx *ctx, alees_change *change);
alees_rc organization_before(void *state, alees_ctx *ctx, alees_change *change);
alees_rc organization_after(void *state, alees_ctx *ctx, alees_change *change);

/* move.c: POST /organizations/{id}/move. */
alees_rc organization_move(void *state, alees_ctx *ctx);

/* tree.c: GET /organizations/{id}/children and so on. */
enum { ORGANIZATION_DEPTH = 50, ORGANIZATION_NODES = 10000 };
alees_rc organization_children(void *state, alees_ctx *ctx);
alees_rc organization_descendants(void *state, alees_ctx *ctx);
alees_rc organization_ancestors(void *state, alees_ctx *ctx);
alees_rc organization_tree(void *state, alees_ctx *ctx);

#endif
