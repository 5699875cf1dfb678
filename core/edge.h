/* SPDX-License-Identifier: MIT
 * edge.h - who is believed at the edge: web pages of which origins may ask (CORS), which proxies tell the truth about their
 * clients, who may read the figures. Level 2. Pure, made at boot. */
#ifndef EDGE_H
#define EDGE_H

#include "config.h"

struct edge;

/* From http.cors_origins, http.trusted_proxies and http.metrics_from. A value that is none is one line on errors, and E_INVALID. E_NOMEM. */
alees_rc edge_new(struct arena *arena, const struct config *c, FILE *errors, struct edge **ret_edge) MUST_CHECK;

bool edge_has_origins(const struct edge *e); /* else the rest about origins need not be asked */
/* How Access-Control-Allow-Origin answers this origin: "*", the origin itself, or absent: it is none of them. */
alees_str edge_allowed_origin(const struct edge *e, alees_str origin) MUST_CHECK;
/* Do answers differ between origins? */
bool edge_varies(const struct edge *e);

bool edge_has_proxies(const struct edge *e); /* else every peer is the client itself */
/* The address of the client: peer, unless that is a trusted proxy; then the last in list (X-Forwarded-For) that is none.
 * What is no address ends the search: the proxy before it is as far as can be seen. */
alees_str edge_client(const struct edge *e, alees_str peer, alees_str list) MUST_CHECK;

/* May this address read /metrics? */
bool edge_may_read_metrics(const struct edge *e, alees_str address) MUST_CHECK;

#endif
