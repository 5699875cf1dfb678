/* SPDX-License-Identifier: MIT
 * move.c - an organization goes below another one, with everything that is below it.
 *
 * The rights of many people change with it, so the mover must hold rights at both ends, at the moment of the move. What
 * the pipeline decided before the handler ran is not enough: another server may have taken a right away or moved
 * something since. Hence this order, all in one transaction:
 *
 *   1. the lock of all moves: moves come one after the other, so that no two can cross, and none waits for another
 *      while it holds a row that the other wants;
 *   2. the lock of the row, and its parent as it is then; until the commit nobody else can change it;
 *   3. alees.rbac/1 refresh: from here on decisions rest on rows read after both locks. Whatever was committed before,
 *      wherever, counts; what is committed later comes after this move;
 *   4. the decisions, then the write. A cycle is refused by the trigger on the table (SQLSTATE AL002), whose walk
 *      upwards runs under the same lock. */
#include "plugin.h"

struct move {
    struct organization *me;
    alees_ctx *ctx;
    const struct alees_principal *who;
    alees_str id_text, parent_text; /* parent: absent for a root */
    alees_id id, parent, old_parent;
    uint32_t has_parent, had_parent;
};

static alees_rc decide(const struct move *m, const char *permission, const alees_id *where) {
    const struct alees_rbac_v1 *rbac = m->me->rbac;
    return rbac->decide(rbac, m->ctx, m->who, rbac->permission(rbac, permission), where, NULL);
}

/* Where may be seen, or is not to be named. */
static alees_rc must_hold(const struct move *m, const char *permission, const alees_id *where) {
    alees_rc rc = decide(m, permission, where);
    if (rc != ALEES_E_DENIED) {
        return rc;
    }
    rc = decide(m, "organization.view_organization", where);
    return rc == ALEES_OK || rc == ALEES_E_DENIED ? m->me->host->deny(m->ctx, permission, rc == ALEES_OK ? where : NULL)
                                                  : rc;
}

static alees_rc read_request(struct move *m) {
    const struct alees_json_v1 *json = m->me->json;
    const alees_json *parent = json->get(m->me->http->json(m->ctx), "parent");
    if (json->kind(parent) == ALEES_JSON_ABSENT) { /* null says something else */
        return m->me->http->refuse(m->ctx, "parent", "required", alees_text("is required"));
    }
    m->id_text = m->me->http->parameter(m->ctx, "id");
    m->parent_text = json->text(parent);
    m->has_parent = m->parent_text.ptr != NULL;
    if (alees_id_parse(m->id_text, &m->id) != ALEES_OK ||
        (m->has_parent && alees_id_parse(m->parent_text, &m->parent) != ALEES_OK)) {
        return ALEES_E_INTERNAL; /* the host has validated both */
    }
    return ALEES_OK;
}

static alees_rc not_found(const struct move *m) {
    return m->me->host->fail(m->ctx, ALEES_E_NOT_FOUND, "not_found",
                             alees_text("There is no such row, or you may not see it."));
}

static alees_rc lock(struct move *m) {
    struct organization *me = m->me;
    alees_rows *rows;
    alees_rc rc = me->db->run(me->self, m->ctx, &organization_statements[LOCK_MOVES], NULL, 0, &rows);
    rc = rc == ALEES_OK ? me->db->run(me->self, m->ctx, &organization_statements[LOCK], &m->id_text, 1, &rows) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (me->db->count(rows) == 0) {
        return not_found(m); /* deleted since the host found it */
    }
    m->had_parent = alees_id_parse(me->db->text(rows, 0, 0), &m->old_parent) == ALEES_OK;
    return me->rbac->refresh(me->rbac, m->ctx, m->who);
}

/* Of the organization itself: not seen is not there. */
static alees_rc check_itself(const struct move *m) {
    alees_rc rc = decide(m, "organization.view_organization", &m->id);
    if (rc == ALEES_E_DENIED) {
        return not_found(m);
    }
    return rc == ALEES_OK ? must_hold(m, "organization.change_organization", &m->id) : rc;
}

/* A root is nobody's to take or to make but a superuser's. */
static alees_rc check_old_parent(const struct move *m) {
    if (m->had_parent) {
        return must_hold(m, ORGANIZATION_MOVE, &m->old_parent);
    }
    return m->who->flags & ALEES_SUPERUSER ? ALEES_OK : m->me->host->deny(m->ctx, ORGANIZATION_MOVE, NULL);
}

/* One that may not be viewed looks like one that does not exist. */
static alees_rc check_new_parent(const struct move *m) {
    static const char add[] = "organization.add_organization";
    if (!m->has_parent) {
        return m->who->flags & ALEES_SUPERUSER ? ALEES_OK : m->me->host->deny(m->ctx, add, NULL);
    }
    alees_rc rc = decide(m, "organization.view_organization", &m->parent);
    if (rc == ALEES_E_DENIED) {
        return m->me->http->refuse(m->ctx, "parent", "invalid_reference",
                                   alees_text("does not name a row that can be used here"));
    }
    return rc == ALEES_OK ? must_hold(m, add, &m->parent) : rc;
}

static alees_rc write(const struct move *m) {
    struct organization *me = m->me;
    char user[37];
    const alees_str params[3] = {m->id_text, m->parent_text, alees_text(alees_id_format(&m->who->id, user))};
    alees_rows *rows;
    if (m->has_parent &&
        alees_id_compare(&m->id, &m->parent) == 0) { /* as the trigger would, but for the CHECK before it */
        return me->host->fail(
            m->ctx, ALEES_E_CONFLICT, "organization_cycle",
            alees_text("The new parent is the organization itself or is below it; choose another one."));
    }
    alees_rc rc = me->db->run(me->self, m->ctx, &organization_statements[MOVE], params, 3, &rows);
    return rc == ALEES_OK ? me->rbac->tree_changed(me->rbac, m->ctx) : rc;
}

alees_rc organization_move(void *state, alees_ctx *ctx) {
    struct organization *me = state;
    struct move m = {.me = me, .ctx = ctx, .who = me->host->principal(ctx)};
    alees_rc rc = read_request(&m);
    rc = rc == ALEES_OK ? lock(&m) : rc;
    rc = rc == ALEES_OK ? check_itself(&m) : rc;
    rc = rc == ALEES_OK ? check_old_parent(&m) : rc;
    rc = rc == ALEES_OK ? check_new_parent(&m) : rc;
    rc = rc == ALEES_OK ? write(&m) : rc;
    return rc == ALEES_OK ? me->http->reply_row(ctx, 200, "organization.organization", m.id) : rc;
}
