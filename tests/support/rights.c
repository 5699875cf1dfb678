/* SPDX-License-Identifier: MIT
 * rights.c - see rights.h. */
#include "test.h"

#include "rights.h"

#include <stdio.h>

struct rights rights;

/* As the provider sees them: places among the declared fields, which are 14. */
static uint64_t bits_of(const char *names) {
    uint64_t bits = 0;
    uint32_t place = 0;
    for (uint32_t i = 0; i < rights.resource->field_count; i++) {
        const struct resource_field *f = &rights.resource->fields[i];
        char word[40];
        snprintf(word, sizeof word, " %s ", f->decl->name);
        if (!f->is_standard) {
            bits |= names == NULL || strstr(names, word) != NULL ? (uint64_t)1 << place : 0;
            place++;
        }
    }
    return bits;
}

static alees_rc fields_of(const struct alees_rbac_v1 *me, alees_ctx *ctx, const struct alees_principal *who,
                          uint32_t permission, const alees_id *organization, const struct alees_fields **ret_fields) {
    static struct alees_fields answer;
    static uint64_t bits;
    bool is_held = organization == NULL, is_all = true;
    assert_ptr_equal(me, &rights.table);
    assert_ptr_equal(who, ctx->who);
    assert_in_range(permission, RIGHTS_VIEW, RIGHTS_CHANGE);
    bits = UINT64_MAX;
    for (uint32_t i = 0; i < rights.where.count; i++) {
        if (organization == NULL || alees_id_compare(organization, &rights.ids[i]) == 0) {
            is_held = true;
            is_all = is_all && rights.fields[permission][i] == NULL;
            bits &= bits_of(rights.fields[permission][i]);
            rights.calls[i] += organization != NULL;
        }
    }
    is_all = is_all && is_held;
    bits = is_held ? bits : 0;
    rights.everywhere_calls += organization == NULL;
    answer =
        (struct alees_fields){sizeof answer, is_all ? 1 : rights.all, is_all || rights.without_bits ? NULL : &bits};
    if (!rights.without_result) {
        *ret_fields = &answer;
    }
    return rights.rc;
}

static alees_str name_of(const struct alees_rbac_v1 *me, alees_ctx *ctx, const alees_id *organization) {
    (void)me, (void)ctx;
    return alees_id_compare(organization, &rights.ids[0]) == 0 ? STR_LIT("One") : (alees_str){NULL, 0};
}

alees_ctx *rights_request(struct arena *arena, uint32_t scope, uint32_t organizations, const char *query) {
    struct resource *r = sample_resource(arena, scope);
    alees_ctx *ctx = sample_ctx(arena, r, query);
    memset(&rights, 0, sizeof rights);
    r->view = RIGHTS_VIEW;
    r->add = RIGHTS_ADD;
    r->change = RIGHTS_CHANGE;
    for (uint32_t i = 0; i <= RIGHTS_ORGANIZATIONS; i++) {
        rights.ids[i] = (alees_id){{0x01, 0x93}};
        rights.ids[i].bytes[15] = (uint8_t)(i + 1);
    }
    rights.resource = r;
    rights.where =
        (struct alees_organizations){.struct_size = sizeof rights.where, .count = organizations, .ids = rights.ids};
    rights.table =
        (struct alees_rbac_v1){.struct_size = sizeof rights.table, .fields = fields_of, .organization_name = name_of};
    rights.app = *ctx->app;
    rights.app.rbac = &rights.table;
    ctx->app = &rights.app;
    ctx->where = &rights.where;
    return ctx;
}

bool rights_has(const bool *may, const char *field) {
    const struct resource_field *f = resource_field(rights.resource, test_view(field));
    assert_non_null(f);
    return may == NULL || may[f - rights.resource->fields];
}

uint32_t rights_asked(void) {
    uint32_t sum = rights.everywhere_calls;
    for (size_t i = 0; i < RIGHTS_ORGANIZATIONS; i++) {
        sum += rights.calls[i];
    }
    return sum;
}
