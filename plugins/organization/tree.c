/* SPDX-License-Identifier: MIT
 * tree.c - what is above and below an organization: as lists, and nested.
 *
 * Who is related to whom plugins/rbac has in memory, as its decisions need it; it names those alone that the caller may
 * view. Their fields come from the table, in one statement. */
#include "plugin.h"

#include <stdio.h>

static alees_rc find(struct organization *me, alees_ctx *ctx, const alees_id *id, uint32_t which, uint32_t depth,
                     const struct alees_relatives **ret_found) {
    const struct alees_rbac_v1 *rbac = me->rbac;
    return rbac->relatives(rbac, ctx, me->host->principal(ctx), rbac->permission(rbac, ORGANIZATION_VIEW), id, which,
                           depth, ret_found);
}

static alees_rc reply(struct organization *me, alees_ctx *ctx, uint32_t which, uint32_t flags) {
    const struct alees_relatives *found;
    alees_id id;
    alees_rc rc = alees_id_parse(me->http->parameter(ctx, "id"), &id);
    rc = rc == ALEES_OK ? find(me, ctx, &id, which, 0, &found) : rc;
    return rc == ALEES_OK ? me->http->reply_list(ctx, "organization.organization", found->ids, found->count, flags)
                          : rc;
}

alees_rc organization_children(void *state, alees_ctx *ctx) {
    return reply(state, ctx, ALEES_CHILDREN, 0);
}

alees_rc organization_descendants(void *state, alees_ctx *ctx) {
    return reply(state, ctx, ALEES_DESCENDANTS, 0);
}

alees_rc organization_ancestors(void *state, alees_ctx *ctx) {
    return reply(state, ctx, ALEES_ANCESTORS, ALEES_IN_THIS_ORDER);
}

/* ---- nested ----
 *
 * The JSON text is put together here from the values that PostgreSQL has written as JSON: a tree may be deeper than what
 * alees.json/1 reads or writes. */

enum { NAME, CODE, STATUS, SHOWN };
static const char *const shown[SHOWN] = {"name", "code", "status"};
#define NONE UINT32_MAX

struct node { /* 0 is the one at the top */
    alees_id id;
    alees_str values[SHOWN]; /* as JSON; absent: not there any more */
    uint32_t above, level;
    uint32_t first, next; /* below it; beside it */
    uint8_t may[SHOWN];
    uint8_t is_cut; /* there is something below it that is not shown */
};

struct tree {
    struct organization *me;
    alees_ctx *ctx;
    struct node *nodes;
    uint32_t count;
    uint8_t may_all_names;
};

static alees_rc not_found(const struct tree *t) {
    return t->me->host->fail(t->ctx, ALEES_E_NOT_FOUND, "not_found",
                             alees_text("There is no such row, or you may not see it."));
}

static alees_rc too_many(const struct tree *t, uint32_t depth) {
    char text[160];
    snprintf(text, sizeof text,
             "There are more than %d organizations within %u levels; ask for less depth, or further below.",
             ORGANIZATION_NODES, (unsigned)depth);
    return t->me->host->fail(t->ctx, ALEES_E_INVALID, "too_many_nodes", alees_text(text));
}

/* Asks for one level more than is shown, to know what is cut off. */
static alees_rc plant(struct tree *t, const alees_id *top, uint32_t depth) {
    const struct alees_relatives *found;
    alees_rc rc = find(t->me, t->ctx, top, ALEES_DESCENDANTS, depth + 1, &found);
    if (rc != ALEES_OK) {
        return rc;
    }
    uint32_t *places = t->me->host->alloc(t->ctx, ((size_t)found->count + 1) * sizeof *places); /* of them in nodes */
    t->nodes = t->me->host->alloc(t->ctx, (ORGANIZATION_NODES + 1) * sizeof *t->nodes);
    if (!places || !t->nodes) {
        return ALEES_E_NOMEM;
    }
    t->nodes[t->count++] = (struct node){.id = *top, .above = NONE, .first = NONE, .next = NONE};
    for (uint32_t i = 0; i < found->count; i++) {
        uint32_t above = found->above[i] == ALEES_NO_PLACE ? 0 : places[found->above[i]];
        uint32_t level = t->nodes[above].level + 1;
        places[i] = t->count;
        if (level > depth) {
            t->nodes[above].is_cut = 1;
        } else if (t->count == ORGANIZATION_NODES) {
            return too_many(t, depth);
        } else {
            t->nodes[t->count++] =
                (struct node){.id = found->ids[i], .above = above, .level = level, .first = NONE, .next = NONE};
        }
    }
    return ALEES_OK;
}

/* ---- rights to fields, as lists have them ---- */

static uint8_t has(const struct alees_fields *fields, const char *name) {
    const struct alees_field *declared = organization_field_list.items;
    for (uint32_t i = 0; i < organization_field_list.count; i++) {
        if (strcmp(declared[i].name, name) == 0) {
            return fields->all || (fields->bits[i / 64] >> (i % 64) & 1);
        }
    }
    return 0;
}

static alees_rc ask(const struct tree *t, const alees_id *organization, uint8_t may[SHOWN]) {
    const struct alees_rbac_v1 *rbac = t->me->rbac;
    const struct alees_fields *fields;
    alees_rc rc = rbac->fields(rbac, t->ctx, t->me->host->principal(t->ctx), rbac->permission(rbac, ORGANIZATION_VIEW),
                               organization, &fields);
    for (uint32_t i = 0; rc == ALEES_OK && i < SHOWN; i++) {
        may[i] = has(fields, shown[i]);
    }
    return rc;
}

static alees_rc judge(struct tree *t) {
    uint8_t everywhere[SHOWN];
    alees_rc rc = ask(t, NULL, everywhere);
    uint8_t is_all = rc == ALEES_OK && everywhere[NAME] && everywhere[CODE] && everywhere[STATUS];
    t->may_all_names = rc == ALEES_OK && everywhere[NAME];
    for (uint32_t i = 0; i < t->count && rc == ALEES_OK; i++) {
        if (is_all) {
            memcpy(t->nodes[i].may, everywhere, sizeof everywhere);
        } else {
            rc = ask(t, &t->nodes[i].id, t->nodes[i].may);
        }
    }
    return rc;
}

/* ---- their values ---- */

static alees_str ids_text(const struct tree *t) {
    char *text = t->me->host->alloc(t->ctx, (size_t)t->count * 37 + 3), *p = text;
    if (!text) {
        return (alees_str){NULL, 0};
    }
    for (uint32_t i = 0; i < t->count; i++) {
        *p++ = i > 0 ? ',' : '{';
        alees_id_format(&t->nodes[i].id, p);
        p += 36;
    }
    *p++ = '}';
    return (alees_str){text, (size_t)(p - text)};
}

static uint32_t number(alees_str text) {
    uint32_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        n = n * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    return n;
}

/* The rows come in the order of the answer; each goes before those that came after it. */
static alees_rc read_values(struct tree *t) {
    const struct alees_db_v1 *db = t->me->db;
    const alees_str params[2] = {ids_text(t), alees_text(t->may_all_names ? "true" : "false")};
    alees_rows *rows;
    alees_rc rc =
        params[0].ptr ? db->run(t->me->self, t->ctx, &organization_statements[NODES], params, 2, &rows) : ALEES_E_NOMEM;
    for (uint32_t row = rc == ALEES_OK ? db->count(rows) : 0; row-- > 0;) {
        uint32_t place = number(db->text(rows, row, 0)) - 1;
        struct node *n = &t->nodes[place];
        for (uint32_t i = 0; i < SHOWN; i++) {
            n->values[i] = db->text(rows, row, 1 + i);
        }
        if (n->above != NONE) {
            n->next = t->nodes[n->above].first;
            t->nodes[n->above].first = place;
        }
    }
    return rc == ALEES_OK && !t->nodes[0].values[NAME].ptr ? not_found(t) : rc;
}

/* ---- the answer ---- */

/* Only counts while there is no memory to write to. */
struct writer {
    char *to;
    size_t length;
};

static void put(struct writer *w, const char *text, size_t length) {
    if (w->to) {
        memcpy(w->to + w->length, text, length);
    }
    w->length += length;
}

static void puts_to(struct writer *w, const char *text) {
    put(w, text, strlen(text));
}

static void open_node(struct writer *w, const struct node *n) {
    char id[37];
    puts_to(w, "{\"id\":\"");
    puts_to(w, alees_id_format(&n->id, id));
    puts_to(w, "\"");
    for (uint32_t i = 0; i < SHOWN; i++) {
        if (n->may[i]) {
            puts_to(w, ",\"");
            puts_to(w, shown[i]);
            puts_to(w, "\":");
            put(w, n->values[i].ptr, n->values[i].len);
        }
    }
    puts_to(w, n->is_cut ? "" : ",\"children\":[");
}

static void write_tree(struct writer *w, const struct tree *t) {
    uint32_t at = 0;
    open_node(w, &t->nodes[at]);
    for (;;) {
        if (t->nodes[at].first != NONE) {
            at = t->nodes[at].first;
            open_node(w, &t->nodes[at]);
            continue;
        }
        for (;;) { /* up to one that has another beside it */
            puts_to(w, t->nodes[at].is_cut ? "}" : "]}");
            if (at == 0) {
                return;
            }
            if (t->nodes[at].next != NONE) {
                puts_to(w, ",");
                at = t->nodes[at].next;
                open_node(w, &t->nodes[at]);
                break;
            }
            at = t->nodes[at].above;
        }
    }
}

static alees_rc answer(const struct tree *t) {
    struct writer w = {NULL, 0};
    write_tree(&w, t);
    const size_t length = w.length;
    w = (struct writer){t->me->host->alloc(t->ctx, length + 1), 0};
    if (!w.to) {
        return ALEES_E_NOMEM;
    }
    write_tree(&w, t);
    return t->me->http->reply(t->ctx, 200, "application/json", (alees_str){w.to, length});
}

alees_rc organization_tree(void *state, alees_ctx *ctx) {
    struct tree t = {.me = state, .ctx = ctx};
    const struct alees_rbac_v1 *rbac = t.me->rbac;
    uint32_t depth = number(t.me->http->parameter(ctx, "depth"));
    alees_id top;
    alees_rc rc = alees_id_parse(t.me->http->parameter(ctx, "id"), &top);
    if (rc == ALEES_OK) {
        rc = rbac->decide(rbac, ctx, t.me->host->principal(ctx), rbac->permission(rbac, ORGANIZATION_VIEW), &top, NULL);
        rc = rc == ALEES_E_DENIED ? not_found(&t) : rc;
    }
    rc = rc == ALEES_OK ? plant(&t, &top, depth) : rc;
    rc = rc == ALEES_OK ? judge(&t) : rc;
    rc = rc == ALEES_OK ? read_values(&t) : rc;
    return rc == ALEES_OK ? answer(&t) : rc;
}
