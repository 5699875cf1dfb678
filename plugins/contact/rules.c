/* SPDX-License-Identifier: MIT
 * rules.c - what types and flags of fields cannot say of an e-mail address, a telephone number and an address. */
#include "contact.h"

alees_rc contact_check_email(void *state, alees_ctx *ctx, alees_change *change) {
    const struct contact *me = state;
    const alees_str email = me->resource->value(change, "email");
    (void)ctx;
    if (email.ptr && !alees_is_email(email)) {
        return me->resource->refuse(change, "email", "invalid_email",
                                    alees_text("must be an address such as lena@example.com"));
    }
    return ALEES_OK;
}

/* The start has seen the file: an installation that broke since is the operator's to mend, and nothing the client can. */
static alees_rc open_phone(const struct contact *me, alees_ctx *ctx, const struct phone_library **ret_library) {
    struct phone_fault fault;
    const alees_rc rc = phone_open(me->path, ret_library, &fault);
    if (rc == ALEES_OK) {
        return rc;
    }
    me->host->log(me->self, ctx, ALEES_LOG_ERROR, alees_text(fault.text));
    return me->host->fail(
        ctx, rc, "phone_numbers_unavailable",
        alees_text("The server cannot check telephone numbers now; send it again later, or without."));
}

alees_rc contact_check_phone(void *state, alees_ctx *ctx, alees_change *change) {
    const struct contact *me = state;
    const alees_str number = me->resource->value(change, "number");
    const struct phone_library *library;
    char standard[PHONE_SIZE];
    if (!number.ptr) {
        return ALEES_OK;
    }
    alees_rc rc = open_phone(me, ctx, &library);
    if (rc != ALEES_OK) {
        return rc;
    }
    rc = library->normalize(number, me->region, standard);
    if (rc == ALEES_E_INVALID) {
        return me->resource->refuse(
            change, "number", "invalid_phone_number",
            alees_text(me->region
                           ? "is not a number that can be called; begin with + and the country, such as "
                             "+49 30 901820, unless it is one of this server's region, and give no extension"
                           : "is not a number that can be called; begin with + and the country, such as +49 30 901820, "
                             "and give no extension"));
    }
    return rc == ALEES_OK ? me->resource->set(change, "number", alees_text(standard)) : rc;
}

/* With only one of the two sent in a change, the table's CHECK decides. */
alees_rc contact_check_address(void *state, alees_ctx *ctx, alees_change *change) {
    const struct contact *me = state;
    const struct alees_resource_v1 *r = me->resource;
    const int has_latitude = r->value(change, "latitude").ptr != NULL,
              has_longitude = r->value(change, "longitude").ptr != NULL;
    const int is_known =
        r->action(change) == ALEES_CREATE || (r->is_sent(change, "latitude") && r->is_sent(change, "longitude"));
    (void)ctx;
    if (is_known && has_latitude != has_longitude) {
        return r->refuse(change, has_latitude ? "longitude" : "latitude", "incomplete_position",
                         alees_text("is needed together with the other one; give both or none"));
    }
    return ALEES_OK;
}
