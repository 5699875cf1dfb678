/* SPDX-License-Identifier: MIT
 * mutate.h - requests that are nearly right: made from the catalogue, then damaged. The same seed gives the same ones. */
#ifndef MUTATE_H
#define MUTATE_H

#include "loopback.h"
#include "world.h"

enum { MUTATE_HEADERS = 4, MUTATE_TEXT = 8192 };

struct mutate {
    struct world *w;
    uint64_t state;                    /* of the generator */
    const char **known[WORLD_TARGETS]; /* a row to aim at, by organization and resource */
};

struct mutate_request {
    size_t user; /* WORLD_USERS: nobody is logged in; one more: with a token that nobody has */
    char method[16];
    char path[MUTATE_TEXT], body[MUTATE_TEXT];
    bool has_body;
    char headers[MUTATE_HEADERS][2][256];
    uint32_t header_count;
};

void mutate_init(struct mutate *m, struct world *w, uint64_t seed);
uint32_t mutate_below(struct mutate *m, uint32_t bound);
/* The next one, whole. */
void mutate_make(struct mutate *m, struct mutate_request *ret_request);
/* Damages it in up to four places. */
void mutate_damage(struct mutate *m, struct mutate_request *request);
/* Does any part of it hold this word, in whatever case? */
bool mutate_holds(const struct mutate_request *request, const char *word);

#endif
