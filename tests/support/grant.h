/* SPDX-License-Identifier: MIT
 * grant.h - rights given and taken by SQL, as a superuser of the database: for tests that need more than the demonstration
 * users have. The caches of servers hear of them by the triggers, as of any change. */
#ifndef GRANT_H
#define GRANT_H

#include "pg.h"

#define GRANT_OWNER "00000000-0000-7000-8000-000000000001" /* system roles */
#define GRANT_VIEWER "00000000-0000-7000-8000-000000000004"

/* A role of that organization with those permissions, "a.b,c.d". Its id lives in the arena. */
const char *grant_role(struct pg *pg, struct arena *arena, const char *organization, const char *permissions);
/* Replaces what the user was there. */
void grant_member(struct pg *pg, const char *username, const char *organization, const char *role, bool inherit);
void grant_nothing(struct pg *pg, const char *username); /* takes away every membership */
/* An organization; parent NULL: a root. Its id lives in the arena. */
const char *grant_organization(struct pg *pg, struct arena *arena, const char *code, const char *parent);

#endif
