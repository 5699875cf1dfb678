/* SPDX-License-Identifier: MIT
 * describe.h - the API as documents tell it, all of it from the catalogue that requests are served by: what a route takes and
 * answers, what a field may hold. Level 4. Split by task:
 *   describe_name.c      names in documents: of schemas, operations, groups
 *   describe_schema.c    a field, an object of them -> JSON Schema (2020-12)
 *   describe_component.c all of those that have a name
 *   describe_query.c     the parameters of a route
 *   describe_header.c    the headers of its requests
 *   describe_answer.c    the statuses of a route, with what each has
 *   describe_example.c   a row, a body that a request could have
 *   describe_openapi.c   OpenAPI 3.1: /openapi.json, `alees openapi`
 *   describe_postman.c   a Postman collection: /postman.json, `alees postman`
 *   describe_markdown.c  docs/api.md: `alees apidoc` */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <stdio.h>

#include "engine_filter.h"
#include "engine_nested.h"
#include "jw.h"

/* One document while it is made. Memory is that of arena; whether there was enough, arena_is_exhausted and str_done say. */
struct describe {
    struct jw w;
    struct arena *arena;
    const struct catalogue *catalogue;
    const bool *told; /* by place in catalogue->routes; NULL: all of them */
};

/* ---- describe_name.c ---- */

/* "EmailAddress", as components/schemas call a row; of two plugins' resources of one name the second is "CrmContact". */
const char *describe_schema_name(struct describe *d, const struct resource *r);
/* "listProducts", "getProduct", "postOrganizationsMove": one for each route. */
const char *describe_operation_id(struct describe *d, const struct route *route);
/* "PostAuthLoginBody": what a plugin's own route reads, "Body", or answers, "Answer". */
const char *describe_shape_name(struct describe *d, const struct route *route, const char *tail);
/* The group that a route stands in: "Email addresses". */
const char *describe_group(struct describe *d, const struct route *route);
struct describe_group {
    const char *name, *description;
    const struct resource *resource; /* whose rows it is about; NULL: of none */
};
/* Calls each for every group, in the order of their first routes. */
void describe_groups(struct describe *d, void (*each)(struct describe *d, const struct describe_group *group));

/* ---- describe_schema.c ---- */

enum describe_use { /* what a schema is for */
                    DESCRIBE_ROW,
                    DESCRIBE_CREATE,  /* a body of POST */
                    DESCRIBE_REPLACE, /* of PUT: what was read may be sent back whole */
                    DESCRIBE_CHANGE,  /* of PATCH */
                    DESCRIBE_USES
};

/* "" for a row, "Create" .. behind the schema's name. */
extern const char *const describe_uses[DESCRIBE_USES];
/* Is it there at all? */
bool describe_has(const struct resource_field *f, const struct resource *r, enum describe_use use);
bool describe_is_required(const struct alees_field *f, enum describe_use use);
/* The schema of one value, with its description. */
void describe_field(struct describe *d, const char *key, const struct alees_field *f, enum describe_use use);
/* That of a resource: columns that hold the id of a user are no declared references, and yet expanded. */
void describe_field_of(struct describe *d, const struct resource_field *f, enum describe_use use);
/* An object of these members and, unless row is NULL, those of its rows. */
void describe_members(struct describe *d, const char *key, const struct resource *row, alees_list fields,
                      enum describe_use use);
void describe_reference(struct describe *d, const char *key, const char *place, const char *format, ...)
    PRINTF_LIKE(4, 5); /* {"$ref": "#/components/PLACE/.."} */

/* ---- describe_component.c ---- */

/* components/schemas: of every resource and use, of every route of a plugin's own, and what all of them share. */
void describe_schemas(struct describe *d);

/* ---- describe_query.c ---- */

/* Calls each for every parameter in the query of a route, in an order that does not change. */
struct describe_parameter {
    const char *name, *description;
    const char *shared; /* the name under components/parameters; NULL: it is told where it stands */
    bool is_required;
    bool is_list; /* values separated by commas */
    bool is_json; /* the value is JSON, as text */
    bool
        is_open; /* stands for all names that begin as this one does before its *, by which members of JSON are reached */
    void (*schema)(struct describe *d, const char *key, const struct describe_parameter *p);
    const struct resource *resource;
    const struct resource_field *field, *nested; /* of a filter */
    const struct alees_field *decl;              /* of a plugin's own */
    const struct engine_filter_form *form;
    enum engine_operator op; /* of a filter */
    const char *json;        /* the schema, where it is the same for every resource */
};
void describe_query(struct describe *d, const struct route *route,
                    void (*each)(struct describe *d, const struct describe_parameter *p));
/* Members of components/parameters: all that are shared. */
void describe_parameters(struct describe *d);

void describe_parameter(struct describe *d, const char *key, const struct describe_parameter *p);

/* ---- describe_header.c ---- */

/* Calls each for every header that a request of the route may have, beside those of every request; route NULL: for all. */
struct describe_header {
    const char *name;
    const char *use; /* of which of two of one name: "read-"; NULL: there is one */
    const char *description, *schema;
};
void describe_headers(struct describe *d, const struct route *route,
                      void (*each)(struct describe *d, const struct describe_header *header));
/* Of one that needs no login: does it look at the token of those who send one? */
static inline bool describe_takes_login(const struct route *route) {
    return route->is_for_users || (route->flags & ALEES_ROUTE_TAKES_LOGIN) != 0;
}
/* Does it carry out a request with an Idempotency-Key once? */
bool describe_takes_key(const struct route *route);

/* ---- describe_answer.c ---- */

/* Types of the body that a request has; a list that ends with NULL. NULL: it has none. */
const char *const *describe_body_types(const struct route *route);
/* Of changes of many rows: can one row alone be changed so, to another organization, with its parts? As engine_many.c. */
bool describe_is_of_one_row(const struct resource *r, const struct resource_field *f);
/* The schema of a body of that type. */
void describe_body(struct describe *d, const char *key, const struct route *route, const char *type);

enum { /* headers of an answer */
       DESCRIBE_ETAG = 1,
       DESCRIBE_LOCATION = 2,
       DESCRIBE_LINK = 4,
       DESCRIBE_PREFERENCE = 8,
       DESCRIBE_REPLAYED = 16,
       DESCRIBE_FILE = 32,
       DESCRIBE_RATE_POLICY = 64,
       DESCRIBE_RATE = 128,
       DESCRIBE_HEADERS = 8
};
struct describe_answer {
    uint32_t status;
    const char *description;
    const char *const *types; /* as describe_body_types */
    void (*schema)(struct describe *d, const char *key, const struct describe_answer *a, const char *type);
    uint32_t headers;
    bool is_problem;
    const struct route *route;
};
typedef void (*describe_answer_visit)(struct describe *d, const struct describe_answer *a);
/* Calls each for every status that the route can give, successes first. */
void describe_answers(struct describe *d, const struct route *route, describe_answer_visit each);
/* And for every one that problems have, whatever the route. */
void describe_problems(struct describe *d, describe_answer_visit each);

/* ---- describe_example.c ---- */

/* An object that such a body, or a row, could be. */
void describe_example(struct describe *d, const char *key, const struct resource *r, enum describe_use use);
/* The body of a request of this route, which has one: as its plugin gives it, else one that could be. */
void describe_body_example(struct describe *d, const char *key, const struct route *route);
/* One of these members; all of them, or those alone that are required or have an example of their own. */
void describe_example_of(struct describe *d, const char *key, alees_list fields, enum describe_use use);
/* A value for one field. */
void describe_example_value(struct describe *d, const char *key, const struct alees_field *f, enum describe_use use);

/* ---- describe_openapi.c ---- */

/* Sets up d, writing to out. */
void describe_init(struct describe *d, struct str *out, struct arena *arena, const struct catalogue *catalogue,
                   const bool *told);
/* Is this route in the document? */
bool describe_tells(const struct describe *d, const struct route *route);
/* The whole document, as JSON text; absent without memory. told: by place in catalogue->routes; NULL: all of them.
 * is_indented: for people, with a line break at the end. */
alees_str describe_openapi(struct arena *arena, const struct catalogue *catalogue, const bool *told,
                           bool is_indented) MUST_CHECK;

/* ---- describe_markdown.c ---- */

/* A recording (docs/examples.json): a list of {"operationId", "method", "path", "status", "request": {"headers", "body"},
 * "response": {"headers", "body"}}. Every fault is a line on errors, path before it; ALEES_E_INVALID or ALEES_E_MALFORMED. So is an operation
 * that the catalogue does not have, which is no failure. */
alees_rc describe_examples(struct arena *arena, const struct catalogue *catalogue, const char *path, alees_str text,
                           FILE *errors, const alees_json **ret_examples) MUST_CHECK;
/* The whole document (docs/api.md); absent without memory. examples: NULL: those that are declared. */
alees_str describe_markdown(struct arena *arena, const struct catalogue *catalogue,
                            const alees_json *examples) MUST_CHECK;

/* ---- describe_postman.c ---- */

/* A Postman collection, v2.1, as describe_openapi; and the environment that fits it and the demonstration. */
alees_str describe_postman(struct arena *arena, const struct catalogue *catalogue, const bool *told,
                           bool is_indented) MUST_CHECK;
alees_str describe_postman_environment(struct arena *arena, const struct catalogue *catalogue) MUST_CHECK;

#endif
