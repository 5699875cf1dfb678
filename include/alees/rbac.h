/* SPDX-License-Identifier: MIT
 *
 * alees/rbac.h - who asks, and what they may do where. Offered by one plugin (plugins/rbac), used by the host for every
 * request and by any plugin for finer questions.
 */
#ifndef ALEES_RBAC_H
#define ALEES_RBAC_H

#include "alees/abi.h"
#include "alees/resource.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ALEES_SUPERUSER = 1,
    ALEES_API_KEY =
        2 /* not the user in person but a program with a key of theirs, never together with ALEES_SUPERUSER */
};

/* Who asks. Made by the provider, lives as long as its ctx. */
struct alees_principal {
    uint32_t struct_size;
    uint32_t flags; /* ALEES_SUPERUSER, ALEES_API_KEY */
    alees_id id;
    alees_str username;
    const void *provider; /* the provider's own */
    alees_id key;         /* ALEES_API_KEY: which; else zero */
};

/* Why. Only ALEES_GRANTED and ALEES_BY_SUPERUSER go together with ALEES_OK. */
enum {
    ALEES_GRANTED = 1,
    ALEES_BY_SUPERUSER,
    ALEES_INACTIVE_USER,
    ALEES_UNKNOWN_PERMISSION,
    ALEES_UNKNOWN_ORGANIZATION,
    ALEES_INACTIVE_ORGANIZATION,
    ALEES_NO_MEMBERSHIP,
    ALEES_INACTIVE_MEMBERSHIP,
    ALEES_EXPIRED_MEMBERSHIP,
    ALEES_ROLE_LACKS_PERMISSION,
    ALEES_UNKNOWN_USER,
    ALEES_BEYOND_KEY /* the user may, but the API key is not made for it */
};

/* A decision with its grounds. Lives as long as its ctx. */
struct alees_decision {
    uint32_t struct_size;
    uint32_t reason;
    alees_id membership; /* zero unless ALEES_GRANTED */
    alees_id through;    /* the organization the membership is in: the one asked for, or one above it */
    alees_id role;
};

/* The organizations in which a user holds a permission. Lives as long as its ctx. */
struct alees_organizations {
    uint32_t struct_size;
    uint32_t all;   /* 1: every one (a superuser); ids and text are empty */
    uint32_t count; /* 0 and all == 0: none, which never means "no filter" */
    uint32_t reserved0;
    const alees_id *ids; /* in rising order */
    alees_str text;      /* the same as PostgreSQL reads a uuid[]: "{...,...}" */
};

enum { ALEES_CHILDREN = 1, ALEES_DESCENDANTS, ALEES_ANCESTORS };
#define ALEES_NO_PLACE UINT32_MAX

/* Organizations around one. Lives as long as its ctx. */
struct alees_relatives {
    uint32_t struct_size;
    uint32_t count;
    const alees_id *ids;   /* each before those below it: of ancestors the root is the first */
    const uint32_t *above; /* as ids: the place of the nearest one among them that is above it, or ALEES_NO_PLACE */
};

/* Which fields of a resource a user may use, as their roles restrict them. Lives as long as its ctx. */
struct alees_fields {
    uint32_t struct_size;
    uint32_t all;         /* 1: every field; bits is NULL */
    const uint64_t *bits; /* field i of the resource's own list: bits[i / 64] >> (i % 64) & 1 */
};

/* A resource by its plugin. */
struct alees_resource_of {
    const char *plugin;
    const struct alees_resource *resource;
};

#define ALEES_RBAC_V1 "alees.rbac/1"
struct alees_rbac_v1 {
    uint32_t struct_size, reserved0;
    void *state; /* the provider's own; pass the table itself as me */
    /* Every permission of every plugin (struct alees_permission), once, after start and before serving. From then on a
     * permission's number is its place in this list plus one; 0 is unknown. Static data: may be kept. [boot] */
    alees_rc (*catalogue)(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_list permissions);
    /* The number of a permission by its whole name; 0 if nobody declared it. [any] */
    uint32_t (*permission)(const struct alees_rbac_v1 *me, const char *name);
    /* Whose token is this? E_UNAUTHENTICATED if nobody's now; E_UNAVAILABLE if that cannot be known. [owner] */
    alees_rc (*authenticate)(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str token,
                             const struct alees_principal **ret_who);
    /* ALEES_OK allows; every other value, known or not, refuses. organization NULL asks for a global resource.
     * ret_why may be NULL; else it is written on ALEES_OK and on ALEES_E_DENIED. [owner] */
    alees_rc (*decide)(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                       uint32_t permission, const alees_id *organization, const struct alees_decision **ret_why);
    /* Where may this user do this? The same function as decide, turned round. [owner] */
    alees_rc (*organizations)(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                              uint32_t permission, const struct alees_organizations **ret_where);
    /* A user by name, to ask about somebody else. E_NOT_FOUND. [owner] */
    alees_rc (*user)(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str username,
                     const struct alees_principal **ret_who);
    /* What an organization is called; absent if unknown. For messages to those who may know it. [owner] */
    alees_str (*organization_name)(const struct alees_rbac_v1 *me, alees_ctx *ctx, const alees_id *organization);
    /* The tree of organizations was changed in the ctx's transaction (by the trigger on plugins/organization's table):
     * after its commit this process remembers nothing older. Others hear of it by notification. [owner] */
    alees_rc (*tree_changed)(const struct alees_rbac_v1 *me, alees_ctx *ctx);
    /* Gives a role, by name, to a user, by name, in an organization; inherit: also below it. For demonstration data and
     * commands; the caller has been authorized. In the ctx's transaction. [owner] */
    alees_rc (*grant)(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_str username, const alees_id *organization,
                      alees_str role, uint32_t inherit);
    /* Every resource of every plugin (struct alees_resource_of), once, before catalogue. Static data: may be kept. [boot] */
    alees_rc (*resources)(const struct alees_rbac_v1 *me, alees_ctx *ctx, alees_list resources);
    /* Which fields may be read, given or changed by somebody who holds the permission (that of a resource to view, add or
     * change) in an organization; organization NULL: in each of those in which they hold it. A permission of another kind,
     * or one not held, gives no field. A role that says nothing of a resource permits all of its fields. [owner] */
    alees_rc (*fields)(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                       uint32_t permission, const alees_id *organization, const struct alees_fields **ret_fields);
    /* What is decided about who from now on rests on rows read after this call, whatever was remembered before. For code
     * that has locked what it is about to change: a right that was taken away before the lock was had is gone then, also
     * if another server took it. Reads the tree and the roles: not for every request. E_UNAVAILABLE, E_NOMEM. [owner] */
    alees_rc (*refresh)(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who);
    /* The organizations around one, which: ALEES_CHILDREN and so on, without itself, as far as decide allows in each of them;
     * none around an unknown one. What is not allowed hides nothing that lies behind it. depth, of descendants: those that
     * so many of the answer lie above at most, itself included; 0: all. From memory. [owner] */
    alees_rc (*relatives)(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                          uint32_t permission, const alees_id *organization, uint32_t which, uint32_t depth,
                          const struct alees_relatives **ret_relatives);
};

#ifdef __cplusplus
}
#endif
#endif
