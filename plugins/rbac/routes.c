/* SPDX-License-Identifier: MIT
 * routes.c - the routes of this plugin's own, with what they take and answer. */
#include "rbac.h"
#include "schema.h"

static const struct alees_field login_body[] = {
    {.name = "username",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .min = 1,
     .max = RBAC_MOST_NAME,
     .description = "The user's name.",
     .example = "\"admin\""},
    {.name = "password",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONLY,
     .min = 1,
     .max = RBAC_MOST_PASSWORD,
     .description = "The user's password.",
     .example = "\"demo-password\""},
};
static const struct alees_field login_response[] = {
    {.name = "token",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .description = "To be sent as Authorization: Bearer TOKEN.",
     .example = "\"alees_6nqWc0V3l2R1mJx9d8uYtB7sKpEoAfGhZiLzQwXyCvM\""},
    {.name = "token_type",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .description = "Always Bearer.",
     .example = "\"Bearer\""},
    {.name = "expires_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_REQUIRED,
     .description = "When the token ends, whatever happens in between.",
     .example = "\"2026-11-22T20:15:00.000000Z\""},
    {.name = "user",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED,
     .description = "Who has logged in: id, username, is_superuser.",
     .example = "{\"id\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\",\"username\":\"acme-manager\","
                "\"is_superuser\":false}",
     .schema = RBAC_SCHEMA_LOGIN},
};
static const struct alees_field password_body[] = {
    {.name = "current_password",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONLY,
     .min = 1,
     .max = RBAC_MOST_PASSWORD,
     .description = "The password until now.",
     .example = "\"demo-password\""},
    {.name = "new_password",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONLY,
     .min = 1,
     .max = RBAC_MOST_PASSWORD,
     .description = "The password from now on, 8 to 1024 bytes.",
     .example = "\"correct horse battery staple\""},
};
static const struct alees_field me_response[] = {
    {.name = "user",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED,
     .description = "id, username, is_superuser, last_login, and the profile: email, first_name, last_name, job_title, "
                    "phone_number, language, timezone. It is changed by PATCH /users/{id}.",
     .example = "{\"id\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\",\"username\":\"acme-manager\","
                "\"is_superuser\":false,\"email\":null,\"last_login\":\"2026-11-22T08:15:00.000000Z\","
                "\"first_name\":\"Ann\",\"last_name\":\"Baker\",\"job_title\":\"Buyer\","
                "\"phone_number\":\"+44 20 7946 0000\",\"language\":\"en-GB\",\"timezone\":\"Europe/London\"}",
     .schema = RBAC_SCHEMA_ME},
    {.name = "memberships",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED,
     .description = "A list: id, organization (id and name; null for global resources), names of the roles, inherit, "
                    "is_active (now, with its time), and the names of the permissions held in that organization.",
     .example = "[{\"id\":\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\",\"organization\":{\"id\":"
                "\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\",\"name\":\"Acme\"},\"roles\":[\"manager\"],\"inherit\":true,"
                "\"is_active\":true,\"permissions\":[\"product.view_product\",\"product.add_product\"]}]",
     .schema = RBAC_SCHEMA_MEMBERSHIPS},
};
/* What each question is about. place: ALEES_IN_QUERY, or 0 in a body. */
#define PERMISSION_AND_ORGANIZATION(place) \
    {.name = "permission", \
     .type = ALEES_TEXT, \
     .flags = ALEES_REQUIRED | (place), \
     .min = 1, \
     .max = 200, \
     .description = "A permission by its whole name.", \
     .example = "\"product.add_product\""}, \
    { \
        .name = "organization", .type = ALEES_REFERENCE, .reference = "organization.organization", .flags = (place), \
        .description = "Where; without it, of resources that belong to no organization.", \
        .example = "\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\"" \
    }

static const struct alees_field can_parameters[] = {
    PERMISSION_AND_ORGANIZATION(ALEES_IN_QUERY),
    {.name = "user",
     .type = ALEES_TEXT,
     .flags = ALEES_IN_QUERY,
     .min = 1,
     .max = RBAC_MOST_NAME,
     .description = "Somebody else, by name or id: needs rbac.explain_decision there.",
     .example = "\"acme-viewer\""},
};
#define REASONS \
    "granted|superuser|inactive_user|unknown_permission|unknown_organization|inactive_organization|no_membership|" \
    "inactive_membership|expired_membership|role_lacks_permission|unknown_user|beyond_key"
static const struct alees_field can_response[] = {
    {.name = "allowed",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_REQUIRED,
     .description = "Whether it is.",
     .example = "false"},
    {.name = "reason",
     .type = ALEES_CHOICE,
     .flags = ALEES_REQUIRED,
     .choices = REASONS,
     .description = "Why.",
     .example = "\"role_lacks_permission\""},
};
static const struct alees_field explain_body[] = {
    {.name = "user",
     .type = ALEES_TEXT,
     .min = 1,
     .max = RBAC_MOST_NAME,
     .description = "Somebody else, by name or id: needs rbac.explain_decision there. Without it: whoever asks.",
     .example = "\"acme-viewer\""},
    PERMISSION_AND_ORGANIZATION(0),
};
static const struct alees_field explain_response[] = {
    {.name = "allowed",
     .type = ALEES_BOOLEAN,
     .flags = ALEES_REQUIRED,
     .description = "Whether it is.",
     .example = "true"},
    {.name = "reason",
     .type = ALEES_CHOICE,
     .flags = ALEES_REQUIRED,
     .choices = REASONS,
     .description = "Why.",
     .example = "\"granted\""},
    {.name = "membership",
     .type = ALEES_UUID,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "The membership that gives it.",
     .example = "\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\""},
    {.name = "through",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "The organization that the membership is in, id and name: the one asked for or one above it. Null, "
                    "with membership and role, if it is none that whoever asks knows.",
     .example = "{\"id\":\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\",\"name\":\"Acme\"}",
     .schema = RBAC_SCHEMA_NAMED_OR_NULL},
    {.name = "role",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "The role that permits it, id and name.",
     .example = "{\"id\":\"00000000-0000-7000-8000-000000000002\",\"name\":\"manager\"}",
     .schema = RBAC_SCHEMA_NAMED_OR_NULL},
    {.name = "limited_by",
     .type = ALEES_UUID,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "The API key of this request, if the user may and the key may not (beyond_key).",
     .example = "null"},
};
static const struct alees_field who_parameters[] = {
    PERMISSION_AND_ORGANIZATION(ALEES_IN_QUERY),
    {.name = "page_size",
     .type = ALEES_INTEGER,
     .flags = ALEES_IN_QUERY,
     .min = 1,
     .max = RBAC_MOST_WHO_PAGE,
     .description = "How many members are looked at for a page; 50 unless told.",
     .example = "50"},
    {.name = "after",
     .type = ALEES_UUID,
     .flags = ALEES_IN_QUERY,
     .description = "The last user of the page before, as in `next`.",
     .example = "\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\""},
};
static const struct alees_field who_response[] = {
    {.name = "results",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED,
     .description = "A list by the ids of users: user (id and username), reason, membership, through and role as in "
                    "/rbac/explain. Superusers are listed for superusers.",
     .example = "[{\"user\":{\"id\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\",\"username\":\"acme-manager\"},"
                "\"reason\":\"granted\",\"membership\":\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\",\"through\":{\"id\":"
                "\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\",\"name\":\"Acme\"},\"role\":{\"id\":"
                "\"00000000-0000-7000-8000-000000000002\",\"name\":\"manager\"}}]",
     .schema = RBAC_SCHEMA_WHO},
    {.name = "next",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "The next page; null after the last. A page may be short, even empty, and not be the last.",
     .example = "null"},
    {.name = "previous",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "Always null.",
     .example = "null"},
    {.name = "count",
     .type = ALEES_INTEGER,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "Always null.",
     .example = "null"},
};
static const struct alees_field permissions_response[] = {
    {.name = "results",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED,
     .description = "A list: name, description, plugin.",
     .example = "[{\"name\":\"product.view_product\",\"description\":\"See products.\",\"plugin\":\"product\"}]",
     .schema = RBAC_SCHEMA_PERMISSIONS},
    {.name = "next",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "Always null.",
     .example = "null"},
    {.name = "previous",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_NULLABLE,
     .description = "Always null.",
     .example = "null"},
    {.name = "count",
     .type = ALEES_INTEGER,
     .flags = ALEES_REQUIRED,
     .description = "How many there are.",
     .example = "1"},
};

static const struct alees_field key_body[] = {
    {.name = "name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .min = 1,
     .max = 100,
     .description = "What it is for.",
     .example = "\"nightly export\""},
    {.name = "permissions",
     .type = ALEES_TAGS,
     .flags = ALEES_REQUIRED,
     .min = 1,
     .max = 50,
     .description =
         "What it may do: names, or patterns such as product.view_*, which stand for the names that they match "
         "now. All of them must be held by the user in each of the organizations; without organizations, in any.",
     .example = "[\"product.view_product\"]"},
    {.name = "organizations",
     .type = ALEES_REFERENCES,
     .reference = "organization.organization",
     .flags = ALEES_NULLABLE,
     .min = 1,
     .max = 50,
     .description = "Where; null or absent: wherever the user may. What lies below them is not meant.",
     .example = "null"},
    {.name = "expires_at",
     .type = ALEES_TIMESTAMP,
     .flags = ALEES_NULLABLE,
     .description = "When it ends; null or absent: when it is deleted.",
     .example = "\"2027-11-22T00:00:00Z\""},
};
#define ROW_ID "\"id\":\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\""
#define ROW_STANDARD \
    "\"created_at\":\"2026-11-22T08:15:00.000000Z\",\"updated_at\":\"2026-11-22T08:15:00.000000Z\"," \
    "\"created_by\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\",\"updated_by\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\""
static const struct alees_field key_response[] = {
    {.name = "secret",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .description = "The key itself, to be sent as Authorization: Bearer SECRET. It is never shown again.",
     .example = "\"alees_key_6nqWc0V3l2R1mJx9d8uYtB7sKpEoAfGhZiLzQwXyCvM\""},
};
static const struct alees_field invitation_body[] = {
    {.name = "organization",
     .type = ALEES_REFERENCE,
     .reference = "organization.organization",
     .description = "Where; absent: the only organization in which the user may invite.",
     .example = "\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\""},
    {.name = "email",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .min = 3,
     .max = 254,
     .description = "Who: the address of the account that may accept it.",
     .example = "\"ann@example.com\""},
    {.name = "roles",
     .type = ALEES_REFERENCES,
     .reference = "rbac.role",
     .flags = ALEES_REQUIRED,
     .min = 1,
     .max = 50,
     .description = "The roles that it gives.",
     .example = "[\"00000000-0000-7000-8000-000000000004\"]"},
    {.name = "inherit",
     .type = ALEES_BOOLEAN,
     .description = "Also in the organizations below; false if absent.",
     .example = "false"},
    {.name = "expires_at",
     .type = ALEES_TIMESTAMP,
     .description = "When it ends: 30 days ahead at most; 7 if absent.",
     .example = "\"2026-11-29T08:15:00Z\""},
};
static const struct alees_field invitation_response[] = {
    {.name = "token",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED,
     .description = "For the person who is invited. The server sends no mail and never shows it again.",
     .example = "\"alees_invitation_6nqWc0V3l2R1mJx9d8uYtB7sKpEoAfGhZiLzQwXyCvM\""},
};
static const struct alees_field accept_body[] = {
    {.name = "token",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_WRITE_ONLY,
     .min = 1,
     .max = 200,
     .description = "The token of the invitation.",
     .example = "\"alees_invitation_6nqWc0V3l2R1mJx9d8uYtB7sKpEoAfGhZiLzQwXyCvM\""},
    {.name = "username",
     .type = ALEES_TEXT,
     .flags = ALEES_UNIQUE,
     .min = 1,
     .max = RBAC_MOST_NAME,
     .description = "Of a new account, when not logged in.",
     .example = "\"ann.archer\""},
    {.name = "password",
     .type = ALEES_TEXT,
     .flags = ALEES_WRITE_ONLY,
     .min = 1,
     .max = RBAC_MOST_PASSWORD,
     .description = "Of a new account, 8 to 1024 bytes.",
     .example = "\"correct horse battery staple\""},
    {.name = "first_name",
     .type = ALEES_TEXT,
     .max = RBAC_MOST_NAME,
     .description = "Of a new account.",
     .example = "\"Ann\""},
    {.name = "last_name",
     .type = ALEES_TEXT,
     .max = RBAC_MOST_NAME,
     .description = "Of a new account.",
     .example = "\"Archer\""},
};
static const struct alees_field accept_response[] = {
    {.name = "membership",
     .type = ALEES_UUID,
     .flags = ALEES_REQUIRED,
     .description = "The membership that was made, or that got the roles.",
     .example = "\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\""},
    {.name = "organization",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED,
     .description = "Its id and name.",
     .example = "{\"id\":\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\",\"name\":\"Acme\"}",
     .schema = RBAC_SCHEMA_NAMED("\"object\"")},
    {.name = "user",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED,
     .description = "Who accepted: id, username.",
     .example = "{\"id\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\",\"username\":\"ann\"}",
     .schema = RBAC_SCHEMA_USER},
};

const struct alees_route rbac_routes[RBAC_ROUTES] = {
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_PUBLIC,
     .path = "/auth/login",
     .group = "Authentication",
     .summary = "Log in",
     .description = "Gives a token. An unknown user, a wrong password and an account that is switched off are answered "
                    "alike. After many attempts: 429 with Retry-After.",
     .body = ALEES_LIST(login_body),
     .response = ALEES_LIST(login_response),
     .request_example = "{\"username\":\"acme-manager\",\"password\":\"demo-password\"}",
     .handle = rbac_login},
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_IN_PERSON | ALEES_ROUTE_ENDS_LOGIN,
     .path = "/auth/logout",
     .group = "Authentication",
     .summary = "Log out",
     .description = "Ends the token that the request came with.",
     .handle = rbac_logout},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/auth/me",
     .group = "Authentication",
     .summary = "Get the caller, with memberships and permissions",
     .description = "The user, the memberships and what they permit.",
     .response = ALEES_LIST(me_response),
     .handle = rbac_me},
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_IN_PERSON | ALEES_ROUTE_ENDS_LOGIN,
     .path = "/auth/password",
     .group = "Authentication",
     .summary = "Change one's own password",
     .description = "Ends every token of the user, the one of this request included.",
     .body = ALEES_LIST(password_body),
     .request_example = "{\"current_password\":\"demo-password\",\"new_password\":\"correct horse battery staple\"}",
     .handle = rbac_change_password},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/rbac/can",
     .group = "Decisions",
     .summary = "Ask whether somebody may do something",
     .description = "The decision itself, with its reason. Of an organization that the caller is no member of, the "
                    "reason is always no_membership.",
     .parameters = ALEES_LIST(can_parameters),
     .response = ALEES_LIST(can_response),
     .response_example = "{\"allowed\":false,\"reason\":\"role_lacks_permission\"}",
     .handle = rbac_can},
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/rbac/explain",
     .group = "Decisions",
     .summary = "Explain why somebody may do something, or may not",
     .description = "The decision with its grounds: the membership, the organization it came through, and the role. "
                    "Everybody may ask about themselves; about others, who holds rbac.explain_decision there.",
     .body = ALEES_LIST(explain_body),
     .response = ALEES_LIST(explain_response),
     .request_example = "{\"user\":\"acme-viewer\",\"permission\":\"product.view_product\",\"organization\":"
                        "\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\"}",
     .handle = rbac_explain},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/rbac/who-can",
     .group = "Decisions",
     .summary = "List who may do something",
     .description = "Everybody who may, by pages. Needs rbac.explain_decision there.",
     .parameters = ALEES_LIST(who_parameters),
     .response = ALEES_LIST(who_response),
     .handle = rbac_who_can},
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_READ,
     .path = "/permissions",
     .summary = "List permissions",
     .description = "Every permission of every plugin that is enabled.",
     .response = ALEES_LIST(permissions_response),
     .handle = rbac_permissions},
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_LOGIN | ALEES_ROUTE_IN_PERSON | ALEES_ROUTE_SECRET,
     .path = "/api-keys",
     .summary = "Create an API key",
     .description =
         "A key never may more than its user: what the user does not hold is refused now (grant_exceeds_own), and "
         "what the user loses later the key loses at the same time. A user may have as many as the setting "
         "api_keys_per_user says.",
     .body = ALEES_LIST(key_body),
     .response = ALEES_LIST(key_response),
     .request_example = "{\"name\":\"nightly export\",\"permissions\":[\"product.view_product\"]}",
     .response_example = "{" ROW_ID "," ROW_STANDARD ",\"user\":\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\","
                         "\"name\":\"nightly export\",\"prefix\":\"alees_key_6nqWc0\",\"permissions\":["
                         "\"product.view_product\"],\"organizations\":null,\"expires_at\":null,\"last_used_at\":null,"
                         "\"secret\":\"alees_key_6nqWc0V3l2R1mJx9d8uYtB7sKpEoAfGhZiLzQwXyCvM\"}",
     .status = 201,
     .row = "rbac.api_key",
     .handle = rbac_create_key},
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_SECRET,
     .path = "/invitations",
     .permission = "rbac.add_invitation",
     .summary = "Invite somebody",
     .description = "Follows the rules of giving that membership, now and again when it is accepted.",
     .body = ALEES_LIST(invitation_body),
     .response = ALEES_LIST(invitation_response),
     .request_example = "{\"organization\":\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\",\"email\":\"ann@example.com\","
                        "\"roles\":[\"00000000-0000-7000-8000-000000000004\"]}",
     .response_example = "{" ROW_ID ",\"organization\":\"019a0c1e-9e3d-7f74-9e4a-5b3b8c3f4d5e\"," ROW_STANDARD ","
                         "\"email\":\"ann@example.com\",\"roles\":[\"00000000-0000-7000-8000-000000000004\"],"
                         "\"inherit\":false,\"expires_at\":\"2026-11-29T08:15:00.000000Z\",\"accepted_at\":null,"
                         "\"accepted_by\":null,\"token\":"
                         "\"alees_invitation_6nqWc0V3l2R1mJx9d8uYtB7sKpEoAfGhZiLzQwXyCvM\"}",
     .status = 201,
     .row = "rbac.invitation",
     .handle = rbac_invite},
    {.method = ALEES_POST,
     .flags = ALEES_ROUTE_PUBLIC | ALEES_ROUTE_TAKES_LOGIN,
     .path = "/invitations/accept",
     .summary = "Accept an invitation",
     .description =
         "With a login: for the user, whose address must be the one invited. Without: username and password make "
         "a new account with that address. Unknown, used, revoked and expired tokens are answered alike. "
         "Attempts are bounded as logins are.",
     .body = ALEES_LIST(accept_body),
     .response = ALEES_LIST(accept_response),
     .request_example = "{\"token\":\"alees_invitation_6nqWc0V3l2R1mJx9d8uYtB7sKpEoAfGhZiLzQwXyCvM\","
                        "\"username\":\"ann.archer\",\"password\":\"correct horse battery staple\"}",
     .handle = rbac_accept},
};
