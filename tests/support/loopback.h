/* SPDX-License-Identifier: MIT
 * loopback.h - requests without a socket: method, path, token and body go into the pipeline, and what would have gone on
 * the wire comes back. */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include "app.h"
#include "jx.h"

struct loopback;

/* Boots the whole server, up to SERVER_STARTED, on the database that the configuration names; fails the test otherwise. */
struct loopback *loopback_open(const char *config_path, const char *module_dir);
/* The same on a process that the caller has put together itself and keeps, or gives away (made by malloc). */
struct loopback *loopback_on(struct app *app);
void loopback_own(struct loopback *l);
void loopback_close(struct loopback *l);
struct app *loopback_app(struct loopback *l);
struct answer;
/* Is shown every answer from now on. loopback_open gives one that fails the test for an error code that nobody has
 * declared, so that /docs/errors has them all. */
void loopback_judge(struct loopback *l, void (*judge)(const struct app *app, const struct answer *a));

struct loopback_request {
    const char *method, *path; /* path: with its query */
    const char *token;         /* NULL: none */
    const char *body;          /* NULL: none; sent as application/json unless a header says otherwise */
    const char *headers[8][2]; /* further ones */
};

/* All of it lives until loopback_forget or loopback_close. */
struct answer {
    uint32_t status;
    alees_str wire;         /* everything */
    alees_str head, body;   /* its two parts */
    const alees_json *json; /* of the body; NULL if it is not JSON */
};

const struct answer *loopback_send(struct loopback *l, const struct loopback_request *request);
const struct answer *loopback_request(struct loopback *l, const char *method, const char *path, const char *token,
                                      const char *body);

void loopback_forget(struct loopback *l); /* every answer so far */

alees_str answer_header(const struct answer *a, const char *name); /* absent if there is none */
/* By JSON pointer: "/results/0/name", "" for the whole. NULL if there is none. */
const alees_json *answer_at(const struct answer *a, const char *pointer);
alees_str answer_text(const struct answer *a, const char *pointer);  /* absent unless a string */
int64_t answer_integer(const struct answer *a, const char *pointer); /* fails the test unless one */

void answer_check_status(const struct answer *a, uint32_t status, const char *file, int line);
void answer_check_problem(const struct answer *a, uint32_t status, const char *code, const char *file, int line);
#define assert_status(answer, status) answer_check_status((answer), (status), __FILE__, __LINE__)
/* The status, the form of RFC 9457 with all its members, and the code. */
#define assert_problem(answer, status, code) answer_check_problem((answer), (status), (code), __FILE__, __LINE__)

#endif
