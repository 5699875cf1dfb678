/* SPDX-License-Identifier: MIT
 * describe_postman.h - what the files that write the Postman collection share. Level 4. Split by task:
 *   describe_postman.c          the collection: its folders, in an order in which what is referred to comes first
 *   describe_postman_step.c     the requests of a folder: one table for what the engine serves, a rule for plugins' own
 *   describe_postman_request.c  a request: address, headers, body
 *   describe_postman_test.c     what is expected of its answer, and the answer as an example
 *   describe_postman_value.c    values to send, and the variables that hold ids */
#ifndef DESCRIBE_POSTMAN_H
#define DESCRIBE_POSTMAN_H

#include "describe.h"

/* d is the first member: visitors get it, and are in one of these. */
struct postman {
    struct describe d;
    const struct route *login;        /* the public route that answers a token; NULL: there is none */
    const char *folder, *folder_text; /* one that begins with the next request; NULL: it has begun */
    const struct postman_step *step;  /* what is being written */
    const struct resource *of;        /* and of whose rows */
    const struct route *route;        /* while its parameters or its answers are visited */
    struct describe_answer answer;    /* the one that was looked for; status 0: not met */
    uint32_t wanted;                  /* its status; 0: the first success */
    const char *type;                 /* the first type that it can have; NULL: it has no body */
    struct str raw;                   /* an address that parameters are put behind */
    bool is_first;                    /* none has been */
};

/* An id that no row has, and a version that none has: what variables hold until there is a better one. */
#define POSTMAN_NOBODY "00000000-0000-4000-8000-000000000000"
#define POSTMAN_NO_VERSION "\"none\""

enum postman_body {
    POSTMAN_NONE,
    POSTMAN_ROW,     /* a row of the run's own */
    POSTMAN_ROWS,    /* an array of them */
    POSTMAN_IMPORT,  /* one as CSV */
    POSTMAN_CHANGE,  /* one field */
    POSTMAN_EMPTY,   /* {}: what is required is missing */
    POSTMAN_UNKNOWN, /* a member that there is not */
    POSTMAN_ROUTE,   /* of a plugin's own */
    POSTMAN_WRONG    /* the same with credentials that nobody has */
};

enum {                        /* what becomes of an answer, and which of them there are at all */
       POSTMAN_FIRST = 1,     /* the first row of a list is one to refer to */
       POSTMAN_NEW = 2,       /* the row is the run's own: to refer to, and to change */
       POSTMAN_MANY = 4,      /* so are these */
       POSTMAN_ETAG = 8,      /* it has a new version */
       POSTMAN_SHOWS = 16,    /* the request has all its parameters, most of them switched off */
       POSTMAN_STRANGER = 32, /* sent without a login */
       POSTMAN_BEGINS = 64    /* the run: it gets an id of its own, and the token */
};

/* A request of one route. Values: "@row" the id of a row to refer to, "@new" that of the run's own, "@many" the ids of
 * several, "@etag" and "@version" what is known of the first and of the second, "@nobody" an id that no row has. */
struct postman_step {
    enum route_operation operation;
    const char *title; /* behind the summary of the route; NULL: nothing */
    const char *id;    /* {id} in the path */
    const char *query; /* "page_size=2&id__in=@many" */
    const char *header, *header_value;
    enum postman_body body;
    uint32_t status;
    const char *code; /* of the problem that it is answered with; NULL: it succeeds */
    uint32_t does;
    bool (*is_there)(struct postman *p, const struct route *route); /* NULL: always */
};

/* ---- describe_postman_step.c ---- */

enum postman_part {
    POSTMAN_USE,    /* everything but: */
    POSTMAN_DELETE, /* the run's own row goes */
};
/* Writes the requests of one resource, in the order of the table. */
void postman_put_resource(struct postman *p, const struct resource *r, enum postman_part part);
/* That of another route, with those that fail on purpose. */
void postman_put_route(struct postman *p, const struct route *route);
/* is_first: the run begins with it. Else the token of before has ended. */
void postman_put_login(struct postman *p, bool is_first);
/* The engine's route of a resource; NULL: it is not told of. */
const struct route *postman_route(struct postman *p, const struct resource *r, enum route_operation operation);
/* Who makes rows of it: the engine's route, or a plugin's own at the same address; NULL: nobody does. */
const struct route *postman_maker(struct postman *p, const struct resource *r);

/* ---- describe_postman_request.c ---- */

/* "request", or with key "originalRequest" the same without what is switched off. */
void postman_put_request(struct postman *p, const char *key, const struct route *route);

/* ---- describe_postman_test.c ---- */

/* p->answer becomes the answer of that status, as p->wanted says. */
void postman_find_answer(struct postman *p, const struct route *route, uint32_t status);

void postman_put_scripts(struct postman *p, const struct route *route);
void postman_put_responses(struct postman *p, const struct route *route);

/* ---- describe_postman_value.c ---- */

/* "product" of product.product, also in front of "_id" and the like in the names of variables. */
const char *postman_name(struct postman *p, const struct resource *r);
/* The same in words. */
const char *postman_words(struct postman *p, const struct resource *r);
/* "@row" -> "{{product_id}}"; other text as it is. */
const char *postman_value(struct postman *p, const struct resource *r, const char *text);
/* The resource whose rows stand at the path in front of at, such as "/api/v1/contacts"; NULL. */
const struct resource *postman_resource_at(struct postman *p, const char *path, size_t len);
/* Writes a member for the field as it is sent, or nothing if it is left out. About the rows of `of`; place: which of
 * several rows, 0: there is one. */
void postman_put_value(struct postman *p, const struct route *route, const struct alees_field *f, uint32_t place);
/* The value alone, without quotes, for a query or a path; "" if it is left out. */
const char *postman_plain(struct postman *p, const struct route *route, const struct alees_field *f);
/* The whole body, as JSON text or CSV. */
alees_str postman_body(struct postman *p, const struct route *route);
/* The field that POSTMAN_CHANGE changes; NULL: there is none. */
const struct resource_field *postman_changed(const struct resource *r);
/* The name of the variable that keeps what a route answers in this member, because another route of its group takes it;
 * NULL: none does. */
const char *postman_kept(struct postman *p, const struct route *route, const struct alees_field *member);

#endif
