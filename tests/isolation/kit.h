/* SPDX-License-Identifier: MIT
 * kit.h - the isolation kit: the whole server in this process on a scratch database, a world of organizations and users of
 * every kind, and every attack of README.md against every resource and route of the catalogue.
 *
 * Read main.c first. One thread; texts live in k->arena until the end, answers until the next attack. */
#ifndef KIT_H
#define KIT_H

#include <stdio.h>

#include "app.h"
#include "db.h"
#include "loopback.h"
#include "resource.h"

/* ---- the world (world.c) ---- */

enum kit_place { /* organizations, and what lies beyond them */
                 KIT_A,
                 KIT_A_CHILD,      /* below A */
                 KIT_A_GRANDCHILD, /* below that */
                 KIT_A_SIBLING,    /* below A, too */
                 KIT_B,
                 KIT_OFF,       /* inactive */
                 KIT_OFF_CHILD, /* active, below it */
                 KIT_PLACES,
                 KIT_NOWHERE = KIT_PLACES, /* rows of no organization: GLOBAL, OPTIONAL */
                 KIT_TARGETS
};

enum kit_access { /* to the rows of the resource under test */
                  KIT_NONE,
                  KIT_OTHER, /* everything but to view it; to other resources all */
                  KIT_VIEW,
                  KIT_MANAGE
};

enum kit_user {
    KIT_ROOT,
    KIT_OWNER_A,
    KIT_MEMBER_A,
    KIT_VIEWER_A,
    KIT_MEMBER_B,
    KIT_BOTH,      /* views A, manages B */
    KIT_INHERITED, /* manages A and, by inheritance, all below */
    KIT_CHILD,
    KIT_SIBLING,
    KIT_BLIND, /* in A everything but to view the resource under test */
    KIT_MIXED, /* views A; in B as blind */
    KIT_EXPIRED,
    KIT_FUTURE,
    KIT_SUSPENDED, /* the membership is inactive */
    KIT_IN_OFF,    /* manages OFF and what is below */
    KIT_GLOBAL,    /* manages what belongs to no organization */
    KIT_NOBODY,
    KIT_KEY,             /* an API key of inherited, made for A */
    KIT_KEY_VIEW,        /* of member_a, made for viewing */
    KIT_KEY_ROOT,        /* of root, made for A */
    KIT_SEEN,            /* those before it are answered; those from here on are refused: */
    KIT_GONE = KIT_SEEN, /* inactive user, member of A */
    KIT_EXROOT,          /* inactive superuser */
    KIT_DELETED,         /* was a member of A */
    KIT_KEY_EXPIRED,     /* an API key of member_a */
    KIT_USERS
};

struct kit_person {
    const char *name;
    const char *attack; /* what its being refused proves; NULL: that of the request */
    enum kit_access access[KIT_PLACES];
};
extern const struct kit_person kit_people[KIT_USERS];
bool kit_is_key(size_t user); /* not a user in person */

/* What is under test: a resource, or one route of a plugin's own. */
struct kit_subject {
    const char *name;
    const struct resource *resource; /* of a route: its object, or NULL */
    const struct route *route;       /* NULL: the resource itself */
};

struct kit_row;
struct kit_styles;
struct kit_results;

struct kit_options {
    const char *admin_url, *password, *database, *module_dir, *plugin;
    bool is_json, is_kept, is_verbose;
};

struct kit {
    struct kit_options options;
    struct app *app;
    struct loopback *loopback;
    const struct catalogue *catalogue;
    struct arena *arena;
    struct db *admin;
    char database[64], configuration[64];
    bool has_database; /* made by us: dropped at the end */

    const char *place_ids[KIT_TARGETS], *place_names[KIT_TARGETS];
    const char *user_ids[KIT_USERS], *tokens[KIT_USERS];
    uint32_t serial;
    const char *owner;                           /* of the part that was made last */
    const char *override_field, *override_value; /* in the next bodies: this value, as JSON, for that field */

    struct kit_subject *subjects;
    uint32_t subject_count;
    const struct kit_subject *subject; /* under test */
    const char *attack;                /* running */
    struct kit_row **rows;             /* by hash of the id */
    struct kit_styles *styles;         /* values.c */
    struct kit_results *results;
};

bool kit_world_make(struct kit *k); /* false: said why */
/* Members hold exactly the `manage` permissions from now on, viewers `view`, and "other" all but `hidden`. Names, NULL at
 * the end. Waits until the server knows. */
void kit_world_point(struct kit *k, const char *const *manage, const char *view, const char *hidden);
enum kit_access kit_access(const struct kit *k, const struct resource *r, size_t user, size_t place);
/* Whether the planted secret, or the id, of a row of r in place may come before the eyes of user. */
bool kit_may_see_secret(const struct kit *k, const struct resource *r, size_t user, size_t place);
bool kit_may_see_id(const struct kit *k, const struct resource *r, size_t user, size_t place);

/* ---- a scratch database, and the server on it (scratch.c) ---- */

bool kit_scratch_open(struct kit *k); /* false: said why */
void kit_scratch_close(struct kit *k);
/* Its first value, or NULL; what PostgreSQL refuses ends the kit. */
const char *kit_sql(struct kit *k, const char *format, ...) PRINTF_LIKE(2, 3);
const char *kit_try_sql(struct kit *k, const char *format, ...) PRINTF_LIKE(2, 3); /* NULL also when it is refused */

/* ---- rows (rows.c) ---- */

const char *kit_text(struct kit *k, const char *format, ...) PRINTF_LIKE(2, 3);
/* Of r; of parts, of those of that owner. */
const char *kit_path_below(struct kit *k, const struct resource *r, const char *owner);
const char *kit_list_path(struct kit *k, const struct resource *r, const char *query);
const char *kit_row_path(struct kit *k, const struct resource *r, const char *id);
bool kit_is_scoped(const struct resource *r); /* its rows belong to organizations, or users */
bool kit_has_place(const struct kit *k, const struct resource *r, size_t place); /* can there be rows of it? */
/* A body for POST in that place, with secrets in every text; has_place: naming it. */
const char *kit_row_body(struct kit *k, const struct resource *r, size_t place, bool has_place);
/* The required fields by column, as PostgreSQL's jsonb_populate_record takes them. */
const char *kit_column_body(struct kit *k, const struct resource *r, size_t place);
/* Learns from a refusal how to make a body that is taken. False: there is nothing to learn. */
bool kit_row_learn(struct kit *k, const struct resource *r, const struct answer *refusal);
/* The id of a fresh row there (of an organization: the place itself), made by the superuser; NULL if there can be none. */
const char *kit_row(struct kit *k, const struct resource *r, size_t place);
/* Members of the body of a route, from examples. */
const char *kit_body_of(struct kit *k, const struct alees_field *fields, uint32_t count, size_t place);
/* A row to refer to; NULL if there is none. */
const char *kit_target(struct kit *k, const struct resource *r, size_t place);
/* A change that the row takes: a text of its own, to what it is already. */
const char *kit_change_body(struct kit *k, const struct resource *r, const char *id);
const char *kit_secret(struct kit *k, const struct resource *r, size_t place);
/* Reads a secret: the resource and the place it was planted in. */
bool kit_secret_read(const struct kit *k, const char *text, const struct resource **ret_resource, size_t *ret_place);
#define KIT_SECRET "zzqx" /* in front of two digits of the resource and a letter of the place */
#define KIT_UNKNOWN "01930000-0000-7000-8000-0000deadbeef"
/* Which known row has this id? */
bool kit_row_find(const struct kit *k, const char *id, const struct resource **ret_resource, size_t *ret_place);
void kit_row_note(struct kit *k, const struct resource *r, size_t place, const char *id);

/* ---- asking (ask.c): every answer is searched for secrets, foreign ids, SQL (T31) ---- */

const struct answer *kit_ask(struct kit *k, size_t user, const char *method, const char *path, const char *body);
const struct answer *kit_ask_with(struct kit *k, size_t user, const char *method, const char *path, const char *body,
                                  const char *header, const char *value);
/* Each counts one check of the running attack; what was asked last is shown when it fails. */
bool kit_check(struct kit *k, bool is_right, const char *format, ...) PRINTF_LIKE(3, 4);
bool kit_check_problem(struct kit *k, const struct answer *a, uint32_t status, const char *code);
bool kit_check_same(struct kit *k, const struct answer *a, const struct answer *b); /* but for the request's id */
/* 404, and the same as for an id that nobody has. */
void kit_check_unknown(struct kit *k, const struct answer *a, const struct answer *unknown);
/* 403 that names the permission and, where the row has one, the organization. */
void kit_check_denied(struct kit *k, const struct answer *a, const char *permission, size_t place);
/* Not kept out: a success, or a refusal for a rule of the resource's own. */
void kit_check_admitted(struct kit *k, const struct answer *a, size_t user);
bool kit_is_code(const struct answer *a, const char *code);

/* ---- results (report.c) ---- */

struct kit_results *kit_results_new(struct kit *k);
void kit_count(struct kit *k, const char *attack, bool is_right);
int kit_report(struct kit *k); /* prints; the exit status */

/* ---- attacks (attack_*.c) ---- */

/* Is there a route of the engine's for this operation of r? */
bool kit_has_route(const struct kit *k, const struct resource *r, enum route_operation operation);
/* Who manages rows of r, and where: the ordinary attacker at home. */
size_t kit_manager(const struct resource *r);
size_t kit_home(const struct resource *r);
/* The attack that a refusal of this user proves. */
void kit_attack_by(struct kit *k, size_t user, const char *attack);

struct kit_attack {
    const char *name;
    const char *title;
    void (*run)(struct kit *k, const struct resource *r); /* NULL: counted by others */
};
extern const struct kit_attack kit_attacks[];
extern const size_t kit_attack_count;

void kit_attack_rows(struct kit *k, const struct resource *r);
void kit_attack_methods(struct kit *k, const struct resource *r);
void kit_attack_preconditions(struct kit *k, const struct resource *r);
void kit_attack_spellings(struct kit *k, const struct resource *r);
void kit_attack_statements(struct kit *k, const struct resource *r);
void kit_attack_no_token(struct kit *k, const struct resource *r);
void kit_attack_list(struct kit *k, const struct resource *r);
void kit_attack_organization(struct kit *k, const struct resource *r);
void kit_attack_id_filter(struct kit *k, const struct resource *r);
void kit_attack_filters(struct kit *k, const struct resource *r);
void kit_attack_aliases(struct kit *k, const struct resource *r);
void kit_attack_ordering(struct kit *k, const struct resource *r);
void kit_attack_foreign_text(struct kit *k, const struct resource *r);
void kit_attack_expand(struct kit *k, const struct resource *r);
void kit_attack_cursor(struct kit *k, const struct resource *r);
void kit_attack_headers(struct kit *k, const struct resource *r);
void kit_attack_create(struct kit *k, const struct resource *r);
void kit_attack_unique(struct kit *k, const struct resource *r);
void kit_attack_own_id(struct kit *k, const struct resource *r);
void kit_attack_move(struct kit *k, const struct resource *r);
void kit_attack_reference(struct kit *k, const struct resource *r);
void kit_attack_mass_assignment(struct kit *k, const struct resource *r);
void kit_attack_duplicate_keys(struct kit *k, const struct resource *r);
void kit_attack_bulk(struct kit *k, const struct resource *r);
void kit_attack_idempotency(struct kit *k, const struct resource *r);
void kit_attack_export(struct kit *k, const struct resource *r);
/* How many rows the user may view, as PostgreSQL counts; NULL if that cannot be said. */
const char *kit_visible(struct kit *k, const struct resource *r, size_t user);
void kit_attack_failed_transaction(struct kit *k, const struct resource *r);
void kit_attack_history(struct kit *k, const struct resource *r);
void kit_attack_tags(struct kit *k, const struct resource *r);
void kit_attack_deleted(struct kit *k, const struct resource *r);
void kit_attack_parts(struct kit *k, const struct resource *r);
void kit_attack_route(struct kit *k, const struct kit_subject *s);

#endif
