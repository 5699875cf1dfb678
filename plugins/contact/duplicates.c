/* SPDX-License-Identifier: MIT
 * duplicates.c - contacts of one organization that share an e-mail address or a telephone number, as far as whoever asks
 * may read those: what may not be read is not looked at. */
#include <stdio.h>

#include "contact.h"

enum { MOST_SHOWN = 10, MOST_LISTED = 100 };
enum { ID, FIRST_NAME, LAST_NAME, BY_EMAIL, BY_PHONE }; /* columns of the statement */

struct rights { /* of a caller, in one organization */
    int email, phone, first_name, last_name;
};

static int has(const struct alees_fields *fields, uint32_t at) {
    return fields->all || (fields->bits[at / 64] >> (at % 64) & 1);
}

static alees_rc read_rights(const struct contact *me, alees_ctx *ctx, const alees_id *organization,
                            struct rights *ret_rights) {
    const uint32_t view = me->rbac->permission(me->rbac, "contact.view_contact");
    const struct alees_fields *fields;
    const alees_rc rc = me->rbac->fields(me->rbac, ctx, me->host->principal(ctx), view, organization, &fields);
    if (rc == ALEES_OK) {
        *ret_rights = (struct rights){has(fields, me->email_addresses), has(fields, me->phone_numbers),
                                      has(fields, me->first_name), has(fields, me->last_name)};
    }
    return rc;
}

/* No rows without a right: *ret_rows is NULL. */
static alees_rc find(const struct contact *me, alees_ctx *ctx, const alees_id *id, const alees_id *organization,
                     const struct rights *rights, unsigned most, alees_rows **ret_rows) {
    char contact[37], owner[37], limit[16];
    if (!rights->email && !rights->phone) {
        *ret_rows = NULL;
        return ALEES_OK;
    }
    snprintf(limit, sizeof limit, "%u", most);
    const alees_str params[] = {
        alees_text(alees_id_format(id, contact)), alees_text(alees_id_format(organization, owner)),
        alees_text(rights->email ? "true" : "false"), alees_text(rights->phone ? "true" : "false"), alees_text(limit)};
    return contact_run(me, ctx, CONTACT_DUPLICATES, params, ret_rows);
}

alees_rc contact_show_duplicates(const struct contact *me, alees_ctx *ctx, alees_page *page) {
    const alees_id id = me->resource->page_id(page, 0), organization = me->resource->page_organization(page, 0);
    char text[MOST_SHOWN * 39 + 3] = "[";
    struct rights rights;
    alees_rows *rows = NULL;
    size_t len = 1;
    alees_rc rc = read_rights(me, ctx, &organization, &rights);
    rc = rc == ALEES_OK ? find(me, ctx, &id, &organization, &rights, MOST_SHOWN, &rows) : rc;
    if (rc != ALEES_OK) {
        return rc;
    }
    for (uint32_t i = 0; rows && i < me->db->count(rows); i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\"%.36s\"", i > 0 ? "," : "",
                                me->db->text(rows, i, ID).ptr);
    }
    text[len++] = ']';
    return me->resource->page_set(page, 0, "duplicates", (alees_str){text, len});
}

static alees_rc put_one(const struct contact *me, alees_ctx *ctx, const alees_rows *rows, uint32_t row,
                        const struct rights *rights, alees_json *list) {
    static const struct {
        uint32_t column;
        const char *reason;
    } all[] = {{BY_EMAIL, "email"}, {BY_PHONE, "phone_number"}};
    const alees_str none = {NULL, 0};
    alees_json *one = me->json->object(ctx), *reasons = me->json->array(ctx);
    alees_str name;
    if (!one || !reasons) {
        return ALEES_E_NOMEM;
    }
    alees_rc rc = contact_display_name(me, ctx, rights->first_name ? me->db->text(rows, row, FIRST_NAME) : none,
                                       rights->last_name ? me->db->text(rows, row, LAST_NAME) : none, &name);
    rc = rc == ALEES_OK ? me->json->put_text(one, "id", me->db->text(rows, row, ID)) : rc;
    rc = rc == ALEES_OK ? me->json->put_text(one, "display_name", name) : rc;
    for (size_t i = 0; i < sizeof all / sizeof *all && rc == ALEES_OK; i++) {
        if (alees_equal(me->db->text(rows, row, all[i].column), alees_text("t"))) {
            rc = me->json->put_text(reasons, NULL, alees_text(all[i].reason));
        }
    }
    rc = rc == ALEES_OK ? me->json->put(one, "reasons", reasons) : rc;
    return rc == ALEES_OK ? me->json->put(list, NULL, one) : rc;
}

/* The host has seen to it that the contact is there and may be viewed. */
alees_rc contact_list_duplicates(void *state, alees_ctx *ctx) {
    const struct contact *me = state;
    const alees_str param = me->http->parameter(ctx, "id");
    alees_json *answer = me->json->object(ctx), *list = me->json->array(ctx);
    alees_id id, organization;
    struct rights rights;
    alees_rows *rows;
    if (!answer || !list) {
        return ALEES_E_NOMEM;
    }
    alees_rc rc = contact_run(me, ctx, CONTACT_ORGANIZATION, &param, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (me->db->count(rows) == 0 || alees_id_parse(param, &id) != ALEES_OK) {
        return ALEES_E_NOT_FOUND; /* gone in between */
    }
    rc = alees_id_parse(me->db->text(rows, 0, 0), &organization) == ALEES_OK ? ALEES_OK : ALEES_E_INTERNAL;
    rc = rc == ALEES_OK ? read_rights(me, ctx, &organization, &rights) : rc;
    rc = rc == ALEES_OK ? find(me, ctx, &id, &organization, &rights, MOST_LISTED, &rows) : rc;
    for (uint32_t i = 0; rc == ALEES_OK && rows && i < me->db->count(rows); i++) {
        rc = put_one(me, ctx, rows, i, &rights, list);
    }
    rc = rc == ALEES_OK ? me->json->put(answer, "results", list) : rc;
    return rc == ALEES_OK ? me->http->reply_json(ctx, 200, answer) : rc;
}
