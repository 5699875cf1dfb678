/* SPDX-License-Identifier: MIT
 * people.h - the whole server with the rows of `alees demo`, and users that a test makes for itself alone, logged in
 * without the time that a password takes. */
#ifndef PEOPLE_H
#define PEOPLE_H

#include "test.h"

#include "loopback.h"
#include "pg.h"

#define PEOPLE_ACME "01930000-0000-7000-8000-000000000001"
#define PEOPLE_BERLIN "01930000-0000-7000-8000-000000000002" /* below Acme */
#define PEOPLE_GLOBEX "01930000-0000-7000-8000-000000000003"
#define PEOPLE_NOWHERE "01930000-0000-7000-8000-00000000ffff"
#define PEOPLE_PASSWORD "demo-password"
#define PEOPLE_OWNER "00000000-0000-7000-8000-000000000001"
#define PEOPLE_MANAGER "00000000-0000-7000-8000-000000000002"
#define PEOPLE_EDITOR "00000000-0000-7000-8000-000000000003"
#define PEOPLE_VIEWER "00000000-0000-7000-8000-000000000004"

struct people {
    struct pg pg;
    struct loopback *loopback;
    struct arena *arena;
};

/* Of a group. */
int people_setup(void **state);
int people_teardown(void **state);

const char *people_text(struct people *p, const char *format, ...) PRINTF_LIKE(2, 3);
void people_sql(struct people *p, const char *format, ...) PRINTF_LIKE(2, 3); /* as the superuser of the database */
/* path: without /api/v1. */
const struct answer *people_ask(struct people *p, const char *method, const char *path, const char *token,
                                const char *body);
/* The body without its request_id. */
const char *people_stable(struct people *p, const struct answer *a);

/* A user NAME with the address NAME@example.com and the password above; a member of organization (NULL: nowhere) with the
 * system role of that name. */
void people_add(struct people *p, const char *name, const char *organization, const char *role);
void people_join(struct people *p, const char *name, const char *organization, const char *role, bool inherit);
const char *people_token(struct people *p, const char *name);
const char *people_id(struct people *p, const char *name);
/* People_add and people_token. */
const char *people_new(struct people *p, const char *name, const char *organization, const char *role);

/* Asks until the status is this one, two seconds at most: for what another connection has changed. */
void people_soon(struct people *p, uint32_t status, const char *method, const char *path, const char *token,
                 const char *body);

#endif
