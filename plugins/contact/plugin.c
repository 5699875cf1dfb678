/* SPDX-License-Identifier: MIT
 *
 * contact - the people that an organization deals with, and how to reach them.
 *
 * Declarations first; what they cannot say is in rules.c and duplicates.c. */
#include "contact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contact_sql.h"
#include "errors.h"
#include "fields.h"

const struct alees_statement contact_statements[CONTACT_STATEMENTS] = {
    [CONTACT_DEMO] = {.name = "demo_contacts", .sql = sql_demo_contacts, .nparams = 1},
    [CONTACT_DEMO_LARGE] = {.name = "demo_large", .sql = sql_demo_large, .nparams = 2},
    [CONTACT_ORGANIZATION] = {.name = "organization",
                              .sql = "SELECT organization_id FROM contact.contact WHERE id = $1::uuid",
                              .nparams = 1},
    [CONTACT_DUPLICATES] = {.name = "duplicates", .sql = sql_duplicates, .nparams = 5},
};

static const struct alees_migration migrations[] = {
    {.version = 1, .name = "create tables", .sql = sql_0001_tables},
    {.version = 2, .name = "e-mail addresses, telephone numbers, addresses", .sql = sql_0002_parts},
    {.version = 3, .name = "a deleted contact can be brought back", .sql = sql_0003_deleted},
    {.version = 4, .name = "a contact takes its parts along", .sql = sql_0004_moved},
};

static const struct alees_setting settings[] = {
    {.name = "phone_region",
     .type = ALEES_TEXT,
     .fallback = "",
     .description =
         "The country whose numbers are taken as they are dialled there, by its two letters in ISO 3166-1, such "
         "as DE; empty: every number begins with + and its country."},
};

alees_rc contact_run(const struct contact *me, alees_ctx *ctx, enum contact_statement statement,
                     const alees_str *params, alees_rows **ret_rows) {
    return me->db->run(me->self, ctx, &contact_statements[statement], params, contact_statements[statement].nparams,
                       ret_rows);
}

alees_rc contact_display_name(const struct contact *me, alees_ctx *ctx, alees_str first, alees_str last,
                              alees_str *ret_name) {
    char *name = me->host->alloc(ctx, first.len + last.len + 1);
    size_t len = 0;
    if (!name) {
        return ALEES_E_NOMEM;
    }
    if (first.len > 0) {
        memcpy(name, first.ptr, first.len);
        len = first.len;
    }
    if (last.len > 0) {
        name[len] = ' ';
        len += len > 0;
        memcpy(name + len, last.ptr, last.len);
        len += last.len;
    }
    *ret_name = (alees_str){name, len};
    return ALEES_OK;
}

static alees_rc show_names(const struct contact *me, alees_ctx *ctx, alees_page *page) {
    const uint32_t count = me->resource->page_count(page);
    alees_rc rc = ALEES_OK;
    for (uint32_t row = 0; row < count && rc == ALEES_OK; row++) {
        alees_str name;
        rc = contact_display_name(me, ctx, me->resource->page_value(page, row, "first_name"),
                                  me->resource->page_value(page, row, "last_name"), &name);
        rc = rc == ALEES_OK ? me->resource->page_set(page, row, "display_name", name) : rc;
    }
    return rc;
}

static alees_rc represent(void *state, alees_ctx *ctx, alees_page *page) {
    const struct contact *me = state;
    alees_rc rc = me->resource->page_shows(page, "display_name") ? show_names(me, ctx, page) : ALEES_OK;
    if (rc == ALEES_OK && me->resource->page_is_written(page) && me->resource->page_count(page) == 1 &&
        me->resource->page_shows(page, "duplicates")) {
        rc = contact_show_duplicates(me, ctx, page);
    }
    return rc;
}

static alees_rc demo_contacts(void *data, alees_ctx *ctx, const struct alees_organization *organization) {
    const struct contact *me = data;
    char text[37];
    alees_str id = alees_text(alees_id_format(&organization->id, text));
    alees_rows *rows;
    if (alees_is_demo_large(&organization->id)) {
        return ALEES_OK;
    }
    return contact_run(me, ctx, CONTACT_DEMO, &id, &rows);
}

static alees_rc demo_large(void *state, alees_ctx *ctx, const struct alees_demo *demo) {
    const struct contact *me = state;
    char id[37], number[16];
    alees_rows *rows;
    if (demo->phase != ALEES_DEMO_ROWS) {
        return ALEES_OK;
    }
    (void)snprintf(number, sizeof number, "%u", (unsigned)demo->number);
    const alees_str params[] = {alees_text(alees_id_format(&demo->organization, id)), alees_text(number)};
    return contact_run(me, ctx, CONTACT_DEMO_LARGE, params, &rows);
}

static alees_rc demo(void *state, alees_ctx *ctx) {
    struct contact *me = state;
    return me->organizations ? me->organizations->each(me->organizations, ctx, demo_contacts, me) : ALEES_OK;
}

static uint32_t place_of(const char *field) {
    uint32_t at = 0;
    while (at < sizeof contact_fields / sizeof *contact_fields && strcmp(contact_fields[at].name, field) != 0) {
        at++;
    }
    return at;
}

static alees_rc log_fault(const struct contact *me, const char *text, alees_rc rc) {
    me->host->log(me->self, NULL, ALEES_LOG_ERROR, alees_text(text));
    return rc;
}

/* Both are proven at the start: nobody would see a file that is missing before the first number cannot be written, nor a
 * wrong region before it is refused. The file is opened only for the region. */
static alees_rc prepare_phone(struct contact *me) {
    const char *region = me->host->setting(me->self, "phone_region").ptr;
    const struct phone_library *library;
    struct phone_fault fault;
    me->path = phone_plugin();
    alees_rc rc = region[0] == '\0' ? phone_look(me->path, &fault) : phone_open(me->path, &library, &fault);
    if (rc != ALEES_OK) {
        return log_fault(me, fault.text, rc);
    }
    if (region[0] == '\0') {
        return ALEES_OK;
    }
    me->region = region;
    rc = library->check_region(region);
    return rc != ALEES_E_INVALID
               ? rc
               : log_fault(me, "phone_region must be the two capital letters of a country, such as DE, or empty", rc);
}

static alees_rc start(alees_self *self, const struct alees_host *host, alees_ctx *ctx, void **state) {
    struct contact *me = calloc(1, sizeof *me);
    (void)ctx;
    if (!me) {
        return ALEES_E_NOMEM;
    }
    me->self = self;
    me->host = host;
    me->resource = host->service(self, ALEES_RESOURCE_V1);
    me->db = host->service(self, ALEES_DB_V1);
    me->http = host->service(self, ALEES_HTTP_V1);
    me->json = host->service(self, ALEES_JSON_V1);
    me->rbac = host->service(self, ALEES_RBAC_V1);
    me->organizations = host->service(self, ALEES_ORGANIZATION_V1);
    me->email_addresses = place_of("email_addresses");
    me->phone_numbers = place_of("phone_numbers");
    me->first_name = place_of("first_name");
    me->last_name = place_of("last_name");
    const alees_rc rc = prepare_phone(me);
    if (rc != ALEES_OK) {
        free(me);
        return rc;
    }
    *state = me;
    return ALEES_OK;
}

static void stop(void *state) {
    free(state);
}

/* Scope and permissions are those of the contact. */
#define PART(title, where, text, list, rule) \
    { \
        .name = (title), .path = (where), .table = "contact." title, .scope = ALEES_SCOPE_ORGANIZATION, \
        .description = (text), .fields = ALEES_LIST(list), .validate = (rule), .owner = "contact" \
    }

static const struct alees_resource resources[] = {
    {.name = "contact",
     .path = "/contacts",
     .table = "contact.contact",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_SOFT_DELETE | ALEES_RESOURCE_MOVABLE,
     .description = "People that an organization deals with.",
     .fields = ALEES_LIST(contact_fields),
     .represent = represent},
    PART("email_address", "/email-addresses", "Where to write to a contact.", email_address_fields,
         contact_check_email),
    PART("phone_number", "/phone-numbers", "Where to call a contact.", phone_number_fields, contact_check_phone),
    PART("address", "/addresses", "Where to send to, or to visit, a contact.", address_fields, contact_check_address),
};

static const struct alees_route routes[] = {
    {.method = ALEES_GET,
     .flags = ALEES_ROUTE_READ,
     .path = "/contacts/{id}/duplicates",
     .permission = "contact.view_contact",
     .object = "contact.contact",
     .summary = "List contacts that may be the same person",
     .description =
         "Contacts of the same organization that have an e-mail address, in upper or lower case, or a telephone "
         "number of this one, as far as you may read those.",
     .parameters = ALEES_LIST(id_parameter),
     .response = ALEES_LIST(duplicates_response),
     .response_example = "{\"results\":[{\"id\":\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\",\"display_name\":"
                         "\"Lena Müller\",\"reasons\":[\"email\"]}]}",
     .handle = contact_list_duplicates},
};

static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, text), 0},
    {ALEES_HTTP_V1, ALEES_UPTO(struct alees_http_v1, reply_json), 0},
    {ALEES_JSON_V1, ALEES_UPTO(struct alees_json_v1, put_text), 0},
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, page_is_written), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, fields), 0}, /* our tables reference rbac.organization, too */
    {ALEES_ORGANIZATION_V1, ALEES_UPTO(struct alees_organization_v1, each), ALEES_NEED_OPTIONAL}, /* demo rows only */
};

ALEES_EXPORT const struct alees_plugin alees_plugin_v1 = {
    .magic = ALEES_MAGIC,
    .struct_size = sizeof(struct alees_plugin),
    .abi_minor = ALEES_ABI_MINOR,
    .min_minor = 0,
    .name = "contact",
    .version = "0.1.0",
    .summary = "Contacts",
    .needs = ALEES_LIST(needs),
    .settings = ALEES_LIST(settings),
    .resources = ALEES_LIST(resources),
    .routes = ALEES_LIST(routes),
    .statements = ALEES_LIST(contact_statements),
    .migrations = ALEES_LIST(migrations),
    .start = start,
    .stop = stop,
    .demo = demo,
    .demo_large = demo_large,
    .errors = ALEES_LIST(errors),
};
