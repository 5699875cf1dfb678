/* SPDX-License-Identifier: MIT
 *
 * alees/resource.h - what a plugin serves: resources with their fields, and routes of its own. All constant data: the
 * host serves, validates, scopes and documents from the same rows.
 */
#ifndef ALEES_RESOURCE_H
#define ALEES_RESOURCE_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Types of fields, parameters and settings, with the column they need. */
enum {
    ALEES_TEXT = 1,   /* text; min and max count characters */
    ALEES_BOOLEAN,    /* boolean */
    ALEES_INTEGER,    /* smallint, integer or bigint; min and max bound the value */
    ALEES_DECIMAL,    /* numeric; a JSON number or a string in, a string out: nothing is rounded */
    ALEES_DATE,       /* date; "2026-11-22" */
    ALEES_TIMESTAMP,  /* timestamptz; RFC 3339, out always in UTC with microseconds */
    ALEES_UUID,       /* uuid */
    ALEES_CHOICE,     /* text; one of choices */
    ALEES_REFERENCE,  /* uuid; the id of a row of another resource */
    ALEES_JSON,       /* jsonb; any object */
    ALEES_TAGS,       /* text[]; a list of short strings; max bounds how many (0: 50) */
    ALEES_REFERENCES, /* uuid[]; ids of rows of another resource, each once; max bounds how many (0: 50). The host looks
                         whether they are there; as PostgreSQL keeps no keys of lists, one that goes later stays named */
    ALEES_PARTS /* no column; the rows of another resource of the same plugin (`reference`) that are parts of this row (its
                   `owner` is this resource), as a list of objects, read and written with it; max bounds how many (0: 50) */
};

enum {
    ALEES_REQUIRED = 1u << 0,   /* must be given on create, never null */
    ALEES_READ_ONLY = 1u << 1,  /* a client may not send it */
    ALEES_WRITE_ONCE = 1u << 2, /* on create only */
    ALEES_WRITE_ONLY = 1u << 3, /* never shown (a secret) */
    ALEES_UNIQUE = 1u << 4, /* within the organization or (OWN) the user; else everywhere; of a body: in descriptions */
    ALEES_FILTER = 1u << 5, /* ?name=value and the operators of its type */
    ALEES_SORT = 1u << 6,   /* ?ordering=name; the column must be NOT NULL */
    ALEES_SEARCH = 1u << 7, /* its words are found by ?search= */
    ALEES_NULLABLE = 1u << 8,   /* null may be sent and may come */
    ALEES_IN_PATH = 1u << 9,    /* parameter of a route: {name} in its path */
    ALEES_IN_QUERY = 1u << 10,  /* parameter of a route: ?name= */
    ALEES_SUBSTRING = 1u << 11, /* with SEARCH: found anywhere in the text, not at the beginnings of its words alone */
    ALEES_COMPUTED = 1u << 12,  /* has no column: the resource's hook `represent` makes it for each answer; read-only */
    /* BOOLEAN of a part: true in one of its owner's parts at most. Who makes one true makes the others false, in the same
     * transaction. Needs a unique index on (organization_id, the owner's column) WHERE the column is true. */
    ALEES_SINGLE = 1u << 13,
    ALEES_CUSTOM = 1u << 14, /* JSON: values of custom fields, checked against /custom-field-definitions */
    /* REFERENCE without a foreign key: the row that it names may go, and so may its plugin. With a plugin that is not loaded
     * it cannot be set. */
    ALEES_WEAK = 1u << 15
};

/* A field of a resource, a parameter of a route, or a member of its body or answer. */
struct alees_field {
    const char *name;   /* "sku" */
    const char *column; /* NULL: as name, with _id added for a reference */
    uint32_t type;
    uint32_t flags;
    int64_t min, max;        /* both 0: no bounds of its own (text is still at most 65,535 characters) */
    const char *choices;     /* "draft|active|discontinued" */
    const char *reference;   /* ALEES_REFERENCE: "product.category" */
    const char *fallback;    /* the value when it is not sent, as JSON text; NULL: the column's default */
    const char *description; /* one sentence */
    const char *example;     /* JSON text: "\"M8-40\"", "12" */
    const char
        *schema; /* JSON of a body, an answer or COMPUTED: its JSON Schema (2020-12) as JSON text, for descriptions
                                alone; NULL: a body is any object, an answer any value */
};

typedef struct alees_change alees_change; /* one row about to be written, or just written; lives as long as its ctx */
typedef struct alees_page alees_page;     /* rows about to be shown; lives as long as the call of represent */

/* Of a resource with SOFT_DELETE a row is deleted when it is marked (DELETE_ROW), and can come back (RESTORE_ROW). One that
 * was marked goes for good without a word. */
enum { ALEES_CREATE = 1, ALEES_UPDATE, ALEES_DELETE_ROW, ALEES_RESTORE_ROW };

enum {
    /* Each row belongs to one organization. */
    ALEES_SCOPE_ORGANIZATION = 1,
    /* Read by every user who is logged in; written by superusers, and by those who hold the permission in a membership
     * without an organization: one in an organization, with whatever role, gives no right here. */
    ALEES_SCOPE_GLOBAL = 2,
    /* Each row is an organization: its own id is the scope (plugins/organization). */
    ALEES_SCOPE_SELF = 3,
    /* Each row belongs to the user in its column user_id, which the host writes: the user sees and writes it without any
     * permission, but not by an API key; superusers see all. */
    ALEES_SCOPE_OWN = 4,
    /* Each row belongs to the organizations and users in its column scope_ids uuid[], kept by the plugin: seen where the
     * caller may view rows of one of them or, unless by an API key, is one of them; changed where they may also change
     * rows of that one, or are it; deleted where they may in an organization. Created, and all of them reached, by a
     * membership without an organization. */
    ALEES_SCOPE_SEVERAL = 5
};

enum { /* of a resource */
       ALEES_RESOURCE_NO_CREATE =
           1, /* no such route and no such permission; the plugin may have a route of its own there */
       ALEES_RESOURCE_NO_CHANGE = 2,
       ALEES_RESOURCE_NO_DELETE = 4,
       /* ALEES_SCOPE_ORGANIZATION only: organization may be null. Superusers alone write such rows, and see them: */
       ALEES_RESOURCE_OPTIONAL = 8,
       ALEES_RESOURCE_SHARED = 16, /* with OPTIONAL: rows of no organization are seen by every user who is logged in */
       /* With all three of NO_*: statements may only read the table as well. Its rows come from functions of the plugin's
        * migrations that run as their owner (SECURITY DEFINER), and are not audited. */
       ALEES_RESOURCE_READ_ONLY = 32,
       /* DELETE marks the row in its columns deleted_at timestamptz, deleted_by uuid; it is then seen only by ?deleted=true,
        * and POST .../{id}/restore brings it back. Unique indexes leave such rows out (WHERE deleted_at IS NULL). */
       ALEES_RESOURCE_SOFT_DELETE = 64,
       /* ALEES_SCOPE_ORGANIZATION, not OPTIONAL, no part: a row goes to another organization, with its parts, by PATCH or PUT
        * of `organization`. Whoever does it changes it in the one, and adds and views in the other. Hooks see the field
        * as sent, and organization() is the new one. Keys of its parts to it are ON UPDATE CASCADE. */
       ALEES_RESOURCE_MOVABLE = 128
};

/* A table served as list, create, get, patch and delete. Its permissions are <plugin>.view_<name>, add_, change_ and
 * delete_. Columns that every table has, not declared: id uuid, created_at, updated_at timestamptz, created_by,
 * updated_by uuid, version integer; and organization_id uuid when scoped, with PRIMARY KEY (organization_id, id) and a
 * unique index on (id). With OPTIONAL, and for OWN and SEVERAL, PRIMARY KEY (id) and an index that begins with the scope's
 * column (SEVERAL: GIN). */
struct alees_resource {
    const char *name;   /* "product" */
    const char *path;   /* "/products" */
    const char *table;  /* "product.product" */
    uint32_t scope;     /* ALEES_SCOPE_* */
    uint32_t flags;     /* ALEES_RESOURCE_* */
    const char *order;  /* default ordering: "name" or "-created_at"; NULL: by id, which is by age */
    const char *parent; /* ALEES_SCOPE_SELF: the reference field in whose organization a create is judged */
    const char *description;
    alees_list fields; /* of struct alees_field */
    /* Rules across fields: refuse() for each field that is wrong, or fail(). NULL: none. [owner] */
    alees_rc (*validate)(void *state, alees_ctx *ctx, alees_change *change);
    /* In the transaction of the write, before and after it. A failure rolls back. NULL: none. [owner] */
    alees_rc (*before_write)(void *state, alees_ctx *ctx, alees_change *change);
    alees_rc (*after_write)(void *state, alees_ctx *ctx, alees_change *change);
    /* Sets the fields that are ALEES_COMPUTED, of all rows of an answer (of an export: of some hundreds) at once; not called
     * when none of them is shown. It writes nothing. A failure is answered with 500, or as the problem it set. Required with
     * such fields, else NULL. [owner] */
    alees_rc (*represent)(void *state, alees_ctx *ctx, alees_page *page);
    /* NULL, or the REFERENCE field, READ_ONLY, that names the row of the same plugin that this one is a part of: an email
     * address of its contact. Both are ALEES_SCOPE_ORGANIZATION and not OPTIONAL. Then it is served below it, path "/email-addresses" at /contacts/{contact}/email-addresses; it belongs to the
     * owner's organization, goes with it (ON DELETE CASCADE), and has no permissions of its own: to view the owner is to view
     * its parts, to change the owner is to create, change and delete them; rights to fields are those to the owner's field of ALEES_PARTS.
     * Each such write locks the owner and raises its version; the host writes the column. */
    const char *owner;
    /* As validate and after it, for rules that need the database: of all rows of an array, an import or a change by filters
     * at once (some hundreds at a time), or of the only one. refuse() says of each what is wrong. NULL: none. [owner] */
    alees_rc (*validate_all)(void *state, alees_ctx *ctx, alees_change *const *changes, uint32_t count);
    /* One row and several in a sentence, for descriptions: "API key", "API keys". NULL: the words of name, and of path. */
    const char *label, *labels;
};

/* What a hook may ask about the row. */
#define ALEES_RESOURCE_V1 "alees.resource/1"
struct alees_resource_v1 {
    uint32_t struct_size, reserved0;
    uint32_t (*action)(const alees_change *change); /* ALEES_CREATE, .. ALEES_RESTORE_ROW. [owner] */
    alees_id (*id)(const alees_change *change);     /* [owner] */
    /* Was this field sent? Of a PUT: does it differ from what the row has? [owner] */
    uint32_t (*is_sent)(const alees_change *change, const char *field);
    /* The value sent, as text the column understands; absent if null or not sent. [owner] */
    alees_str (*value)(const alees_change *change, const char *field);
    /* Replaces the value; absent writes NULL. The text is copied. In validate and before_write only. [owner] */
    alees_rc (*set)(alees_change *change, const char *field, alees_str value);
    /* Refuses one field with 422: code is snake_case, detail tells what to do. Gives ALEES_E_INVALID. [owner] */
    alees_rc (*refuse)(alees_change *change, const char *field, const char *code, alees_str detail);
    /* The organization that the row belongs to, or is, or goes to; zero if there is none, and in validate of a change that
     * does not move it. [owner] */
    alees_id (*organization)(const alees_change *change);
    /* What the field held in the database before a change or a delete, as PostgreSQL writes it; absent if NULL or
     * WRITE_ONLY, on create, in validate, and without before_write. Then the row is locked until the end of the
     * transaction. [owner] */
    alees_str (*before)(const alees_change *change, const char *field);
    /* Rows from 0 to count - 1; at least one. [owner] */
    uint32_t (*page_count)(const alees_page *page);
    alees_id (*page_id)(const alees_page *page, uint32_t row); /* [owner] */
    /* The organization that the row belongs to, or is; zero if there is none. [owner] */
    alees_id (*page_organization)(const alees_page *page, uint32_t row);
    /* What the field holds, as PostgreSQL writes it, of PARTS as JSON; absent if NULL, computed, or not to be read by the
     * caller: what is made of it would tell it. [owner] */
    alees_str (*page_value)(const alees_page *page, uint32_t row, const char *field);
    /* What a computed field shows: text of its type, for JSON any JSON value; absent is null, and so is what is never set.
     * ALEES_E_INVALID if it is not of that type. The text is copied. [owner] */
    alees_rc (*page_set)(alees_page *page, uint32_t row, const char *field, alees_str value);
    /* Is this computed field shown? One that is not need not be set. [owner] */
    uint32_t (*page_shows)(const alees_page *page, const char *field);
    /* Has the request just written these rows? Else it reads them. [owner] */
    uint32_t (*page_is_written)(const alees_page *page);
};

enum { ALEES_GET = 1, ALEES_POST, ALEES_PUT, ALEES_PATCH, ALEES_DELETE };

enum {
    ALEES_ROUTE_PUBLIC = 1, /* no login, no permission */
    ALEES_ROUTE_READ = 2,   /* every statement runs by itself, nothing is written: one round trip each */
    ALEES_ROUTE_LOGIN = 4,  /* any user who is logged in; no permission */
    ALEES_ROUTE_LIST =
        16, /* GET with READ: it takes the parameters of a list, and declares none in the query; `reply_list` */
    ALEES_ROUTE_IN_PERSON = 32, /* not by an API key: 403 not_by_api_key */
    ALEES_ROUTE_SECRET = 8, /* the answer holds a token, a key or the like: it is kept nowhere, so that a request that
                                 * is sent again with its Idempotency-Key is not carried out twice, but gets 409
                                 * reply_not_kept */
    ALEES_ROUTE_ENDS_LOGIN = 64,  /* for descriptions: the token that the request came with does not count afterwards */
    ALEES_ROUTE_TAKES_LOGIN = 128 /* with PUBLIC, for descriptions: it looks at the token of those who send one */
};

/* A route of the plugin's own. Before handle runs, the host has found out who asks, that they may, and that parameters
 * and body match the row. Statements see only the organizations in which the caller holds the permission; with `object`
 * they see only the organization of the row that {id} names. */
struct alees_route {
    uint32_t method;
    uint32_t flags;
    const char *path;       /* "/warehouses/{id}/close" */
    const char *permission; /* NULL only together with ALEES_ROUTE_PUBLIC or ALEES_ROUTE_LOGIN */
    const char *object;     /* NULL, or the resource whose row {id} names: not seen is 404, not permitted is 403 */
    const char *summary;    /* one line */
    const char *description;
    alees_list parameters; /* of struct alees_field, ALEES_IN_PATH or ALEES_IN_QUERY */
    alees_list body;       /* of struct alees_field: members of the JSON object that is sent */
    alees_list
        response; /* of struct alees_field: members of the JSON object that is answered; REQUIRED: always there */
    const char *request_example;  /* JSON text */
    const char *response_example; /* JSON text */
    /* In a transaction, committed on ALEES_OK, else rolled back. Many at once, one per ctx. [owner] */
    alees_rc (*handle)(void *state, alees_ctx *ctx);
    /* For descriptions: the status of success (0: 200, or 204 without `response` and `row`), and the resource whose row is
     * answered ("organization.organization"), with the members in `response` besides. NULL: those alone. */
    uint32_t status, reserved0;
    const char *row;
    /* The heading that it stands under: "Authentication". NULL: that of the resource whose path it begins with, else the first
     * word of its path. */
    const char *group;
};

#ifdef __cplusplus
}
#endif
#endif
