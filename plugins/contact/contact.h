/* SPDX-License-Identifier: MIT
 * contact.h - what the files of this plugin share. */
#ifndef CONTACT_H
#define CONTACT_H

#include "alees/abi.h"
#include "alees/db.h"
#include "alees/http.h"
#include "alees/json.h"
#include "alees/organization.h"
#include "alees/rbac.h"
#include "alees/resource.h"
#include "alees/util.h"
#include "phone.h"

enum contact_statement {
    CONTACT_DEMO,
    CONTACT_DEMO_LARGE,
    CONTACT_ORGANIZATION,
    CONTACT_DUPLICATES,
    CONTACT_STATEMENTS
};
extern const struct alees_statement contact_statements[CONTACT_STATEMENTS];

struct contact {
    alees_self *self;
    const struct alees_host *host;
    const struct alees_db_v1 *db;
    const struct alees_resource_v1 *resource;
    const struct alees_http_v1 *http;
    const struct alees_json_v1 *json;
    const struct alees_rbac_v1 *rbac;
    const struct alees_organization_v1 *organizations; /* NULL: that plugin is not enabled */
    const char *region;                                /* setting phone_region; NULL: none */
    const char *path;                                  /* of contact.so; NULL: nobody knows */
    /* their places among the fields of a contact */
    uint32_t email_addresses, phone_numbers, first_name, last_name;
};

alees_rc contact_run(const struct contact *me, alees_ctx *ctx, enum contact_statement statement,
                     const alees_str *params, alees_rows **ret_rows);
/* "Lena Müller"; with one name alone, that one. E_NOMEM. */
alees_rc contact_display_name(const struct contact *me, alees_ctx *ctx, alees_str first, alees_str last,
                              alees_str *ret_name);

/* rules.c: what types and flags of fields cannot say. */
alees_rc contact_check_email(void *state, alees_ctx *ctx, alees_change *change);
alees_rc contact_check_phone(void *state, alees_ctx *ctx, alees_change *change);
alees_rc contact_check_address(void *state, alees_ctx *ctx, alees_change *change);

/* duplicates.c: contacts of one organization that may be one person. */
alees_rc contact_list_duplicates(void *state, alees_ctx *ctx); /* the route */
/* Their ids, into the field `duplicates` of the only row of a page, which has just been written. */
alees_rc contact_show_duplicates(const struct contact *me, alees_ctx *ctx, alees_page *page);

#endif
