/* SPDX-License-Identifier: MIT
 * svc.h - the tables handed to plugins: thin forwards that check handles, threads and arguments. Level 4; the svc_*.c are
 * the only files that see both sides of the ABI. */
#ifndef SVC_H
#define SVC_H

#include "alees/cred.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/resource.h"
#include "app.h"

extern const struct alees_host svc_host;            /* svc_host.c */
extern const struct alees_http_v1 svc_http;         /* svc_http.c */
extern const struct alees_db_v1 svc_db;             /* svc_db.c */
extern const struct alees_json_v1 svc_json;         /* svc_json.c */
extern const struct alees_cred_v1 svc_cred;         /* svc_cred.c */
extern const struct alees_resource_v1 svc_resource; /* engine_change.c */

/* The process whose tables these are; before plugin_start_all. listen: host->listen_address, NULL if none. */
void svc_init(struct app *app, const char *listen);
/* Registers them all with plugin_offer_service. Before plugin_load_all. */
void svc_offer(void);
struct app *svc_app(void);

#endif
