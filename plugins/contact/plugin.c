/* SPDX-License-Identifier: MIT
 *
 * contact - the people that an organization deals with.
 *
 * A plugin with no rules of its own: its fields are all the host needs to serve them. The little code puts the two names
 * together for display, and fills in demonstration rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alees/abi.h"
#include "alees/db.h"
#include "alees/organization.h"
#include "alees/rbac.h"
#include "alees/resource.h"
#include "alees/util.h"
#include "contact_sql.h"

static const struct alees_field contact_fields[] = {
    {.name = "first_name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH | ALEES_SUBSTRING,
     .min = 1,
     .max = 100,
     .description = "Given name.",
     .example = "\"Lena\""},
    {.name = "last_name",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER | ALEES_SORT | ALEES_SEARCH | ALEES_SUBSTRING,
     .max = 100,
     .fallback = "\"\"",
     .description = "Family name.",
     .example = "\"Müller\""},
    {.name = "display_name",
     .type = ALEES_TEXT,
     .flags = ALEES_COMPUTED,
     .description = "Both names in one, as far as you may read them.",
     .example = "\"Lena Müller\""},
    {.name = "title",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER,
     .max = 100,
     .fallback = "\"\"",
     .description = "Position at work.",
     .example = "\"Head of purchasing\""},
    {.name = "organization_name",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER | ALEES_SEARCH | ALEES_SUBSTRING,
     .max = 255,
     .fallback = "\"\"",
     .description = "The company the person works for, as they write it.",
     .example = "\"Stark Maschinenbau\""},
    {.name = "linked_organization",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE | ALEES_FILTER,
     .reference = "organization.organization",
     .description = "The same company, if it is an organization here that you may view.",
     .example = "null"},
    {.name = "contact_type",
     .type = ALEES_CHOICE,
     .flags = ALEES_FILTER,
     .choices = "PRIMARY|BILLING|SHIPPING|SUPPORT|SALES|OTHER",
     .fallback = "\"PRIMARY\"",
     .description = "What the person is asked about.",
     .example = "\"BILLING\""},
    {.name = "status",
     .type = ALEES_CHOICE,
     .flags = ALEES_FILTER,
     .choices = "active|inactive|do_not_contact",
     .fallback = "\"active\"",
     .description = "Whether the person may be contacted.",
     .example = "\"active\""},
    {.name = "source",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER,
     .max = 100,
     .fallback = "\"\"",
     .description = "Where the contact comes from.",
     .example = "\"trade fair\""},
    {.name = "notes",
     .type = ALEES_TEXT,
     .flags = ALEES_SEARCH,
     .fallback = "\"\"",
     .description = "Anything worth knowing.",
     .example = "\"Prefers phone calls.\""},
    {.name = "tags",
     .type = ALEES_TAGS,
     .flags = ALEES_FILTER,
     .fallback = "[]",
     .description = "Free labels.",
     .example = "[\"newsletter\"]"},
    {.name = "custom_fields",
     .type = ALEES_JSON,
     .fallback = "{}",
     .description = "Values of custom fields, by key.",
     .example = "{}"},
};

enum { DEMO_CONTACTS, DEMO_LARGE };

static const struct alees_statement statements[] = {
    [DEMO_CONTACTS] = {.name = "demo_contacts", .sql = sql_demo_contacts, .nparams = 1},
    [DEMO_LARGE] = {.name = "demo_large", .sql = sql_demo_large, .nparams = 2},
};

static const struct alees_migration migrations[] = {
    {.version = 1, .name = "create tables", .sql = sql_0001_tables},
};

struct contact {
    alees_self *self;
    const struct alees_host *host;
    const struct alees_db_v1 *db;
    const struct alees_resource_v1 *resource;
    const struct alees_organization_v1 *organizations; /* NULL: that plugin is not enabled */
};

/* "Lena Müller"; with one name alone, that one. */
static alees_rc put_display_name(const struct contact *me, alees_ctx *ctx, alees_page *page, uint32_t row) {
    alees_str first = me->resource->page_value(page, row, "first_name");
    alees_str last = me->resource->page_value(page, row, "last_name");
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
    return me->resource->page_set(page, row, "display_name", (alees_str){name, len});
}

static alees_rc represent(void *state, alees_ctx *ctx, alees_page *page) {
    const struct contact *me = state;
    uint32_t count = me->resource->page_count(page);
    alees_rc rc = ALEES_OK;
    for (uint32_t row = 0; row < count && rc == ALEES_OK; row++) {
        rc = put_display_name(me, ctx, page, row);
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
    return me->db->run(me->self, ctx, &statements[DEMO_CONTACTS], &id, 1, &rows);
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
    return me->db->run(me->self, ctx, &statements[DEMO_LARGE], params, 2, &rows);
}

static alees_rc demo(void *state, alees_ctx *ctx) {
    struct contact *me = state;
    return me->organizations ? me->organizations->each(me->organizations, ctx, demo_contacts, me) : ALEES_OK;
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
    me->organizations = host->service(self, ALEES_ORGANIZATION_V1);
    *state = me;
    return ALEES_OK;
}

static void stop(void *state) {
    free(state);
}

static const struct alees_resource resources[] = {
    {.name = "contact",
     .path = "/contacts",
     .table = "contact.contact",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .description = "People that an organization deals with.",
     .fields = ALEES_LIST(contact_fields),
     .represent = represent},
};

static const struct alees_need needs[] = {
    {ALEES_DB_V1, ALEES_UPTO(struct alees_db_v1, run), 0},
    {ALEES_RESOURCE_V1, ALEES_UPTO(struct alees_resource_v1, page_set), 0},
    {ALEES_RBAC_V1, ALEES_UPTO(struct alees_rbac_v1, state), 0}, /* our tables reference rbac.organization */
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
    .resources = ALEES_LIST(resources),
    .statements = ALEES_LIST(statements),
    .migrations = ALEES_LIST(migrations),
    .start = start,
    .stop = stop,
    .demo = demo,
    .demo_large = demo_large,
};
