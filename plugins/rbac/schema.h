/* SPDX-License-Identifier: MIT
 * schema.h - JSON Schemas of what routes.c answers and no type describes: each says what the code that writes it does. */
#ifndef RBAC_SCHEMA_H
#define RBAC_SCHEMA_H

/* Everything in properties, JSON text, is always there, and nothing else; required names all of it. */
#define RBAC_SCHEMA_OBJECT(type, required, properties) \
    "{\"type\":" type ",\"additionalProperties\":false,\"required\":[" required "],\"properties\":{" properties "}}"
#define RBAC_SCHEMA_LIST(items) "{\"type\":\"array\",\"items\":" items "}"

#define RBAC_SCHEMA_ID "{\"type\":\"string\",\"format\":\"uuid\"}"
#define RBAC_SCHEMA_TEXT "{\"type\":\"string\"}"
#define RBAC_SCHEMA_TEXTS "{\"type\":\"array\",\"items\":" RBAC_SCHEMA_TEXT "}"
#define RBAC_SCHEMA_TRUTH "{\"type\":\"boolean\"}"

/* An organization, a role. */
#define RBAC_SCHEMA_NAMED(type) \
    RBAC_SCHEMA_OBJECT(type, "\"id\",\"name\"", "\"id\":" RBAC_SCHEMA_ID ",\"name\":" RBAC_SCHEMA_TEXT)
#define RBAC_SCHEMA_NAMED_OR_NULL RBAC_SCHEMA_NAMED("[\"object\",\"null\"]")

/* A user, as others see them. */
#define RBAC_SCHEMA_USER \
    RBAC_SCHEMA_OBJECT("\"object\"", "\"id\",\"username\"", "\"id\":" RBAC_SCHEMA_ID ",\"username\":" RBAC_SCHEMA_TEXT)

#define RBAC_SCHEMA_LOGIN \
    RBAC_SCHEMA_OBJECT("\"object\"", "\"id\",\"username\",\"is_superuser\"", \
                       "\"id\":" RBAC_SCHEMA_ID ",\"username\":" RBAC_SCHEMA_TEXT \
                       ",\"is_superuser\":" RBAC_SCHEMA_TRUTH)

#define RBAC_SCHEMA_ME \
    RBAC_SCHEMA_OBJECT( \
        "\"object\"", \
        "\"id\",\"username\",\"is_superuser\",\"email\",\"last_login\",\"first_name\",\"last_name\",\"job_title\"," \
        "\"phone_number\",\"language\",\"timezone\"", \
        "\"id\":" RBAC_SCHEMA_ID ",\"username\":" RBAC_SCHEMA_TEXT ",\"is_superuser\":" RBAC_SCHEMA_TRUTH \
        ",\"email\":{\"type\":[\"string\",\"null\"]},\"last_login\":{\"type\":[\"string\",\"null\"],\"format\":" \
        "\"date-time\"},\"first_name\":" RBAC_SCHEMA_TEXT ",\"last_name\":" RBAC_SCHEMA_TEXT \
        ",\"job_title\":" RBAC_SCHEMA_TEXT ",\"phone_number\":" RBAC_SCHEMA_TEXT ",\"language\":" RBAC_SCHEMA_TEXT \
        ",\"timezone\":" RBAC_SCHEMA_TEXT)

#define RBAC_SCHEMA_MEMBERSHIPS \
    RBAC_SCHEMA_LIST(RBAC_SCHEMA_OBJECT( \
        "\"object\"", "\"id\",\"organization\",\"roles\",\"inherit\",\"is_active\",\"permissions\"", \
        "\"id\":" RBAC_SCHEMA_ID ",\"organization\":" RBAC_SCHEMA_NAMED_OR_NULL ",\"roles\":" RBAC_SCHEMA_TEXTS \
        ",\"inherit\":" RBAC_SCHEMA_TRUTH ",\"is_active\":" RBAC_SCHEMA_TRUTH ",\"permissions\":" RBAC_SCHEMA_TEXTS))

/* Those alone who may. */
#define RBAC_SCHEMA_WHO \
    RBAC_SCHEMA_LIST(RBAC_SCHEMA_OBJECT( \
        "\"object\"", "\"user\",\"reason\",\"membership\",\"through\",\"role\"", \
        "\"user\":" RBAC_SCHEMA_USER ",\"reason\":{\"type\":\"string\",\"enum\":[\"granted\",\"superuser\"]}" \
        ",\"membership\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},\"through\":" RBAC_SCHEMA_NAMED_OR_NULL \
        ",\"role\":" RBAC_SCHEMA_NAMED_OR_NULL))

#define RBAC_SCHEMA_PERMISSIONS \
    RBAC_SCHEMA_LIST(RBAC_SCHEMA_OBJECT("\"object\"", "\"name\",\"description\",\"plugin\"", \
                                        "\"name\":" RBAC_SCHEMA_TEXT ",\"description\":" RBAC_SCHEMA_TEXT \
                                        ",\"plugin\":" RBAC_SCHEMA_TEXT))

#endif
