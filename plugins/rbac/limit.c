/* SPDX-License-Identifier: MIT
 * limit.c - the limit of an API key, as policy.h says. */
#include <stdlib.h>

#include "policy_parts.h"

/* Lays the parts out in a block: the limit, the ids, the set. */
static struct policy_limit *lay_out(void *memory, uint32_t organizations, uint32_t words, alees_id **ret_ids,
                                    uint64_t **ret_set) {
    struct policy_limit *limit = memory;
    uint64_t *set = (uint64_t *)(void *)(limit + 1);
    alees_id *ids = (alees_id *)(void *)(set + words);
    limit->words = words;
    limit->permissions = set;
    limit->organizations = ids;
    limit->bytes = sizeof *limit + words * sizeof *set + organizations * sizeof *ids;
    *ret_ids = ids;
    *ret_set = set;
    return limit;
}

struct policy_limit *policy_limit_new(const struct policy_catalogue *c, alees_str names, alees_str organizations) {
    enum { ID_AND_COMMA = 37 };
    uint32_t most = (uint32_t)(organizations.len / ID_AND_COMMA), words = policy_words(c);
    alees_str name;
    alees_id *ids;
    uint64_t *set;
    void *memory = calloc(1, sizeof(struct policy_limit) + words * sizeof *set + most * sizeof *ids);
    if (!memory) {
        return NULL;
    }
    struct policy_limit *limit = lay_out(memory, most, words, &ids, &set);
    limit->is_everywhere = !organizations.ptr;
    while (policy_next_name(&names, &name)) {
        (void)policy_set_add(c, set, name, false);
    }
    while (limit->organization_count < most && policy_next_name(&organizations, &name)) {
        if (alees_id_parse(name, &ids[limit->organization_count]) != ALEES_OK) {
            limit->organization_count = 0;
            break;
        }
        limit->organization_count++;
    }
    qsort(ids, limit->organization_count, sizeof *ids, policy_compare_ids);
    return limit;
}

struct policy_limit *policy_limit_copy(void *memory, const struct policy_limit *from) {
    alees_id *ids;
    uint64_t *set;
    struct policy_limit *limit = lay_out(memory, from->organization_count, from->words, &ids, &set);
    memcpy(set, from->permissions, from->words * sizeof *set);
    memcpy(ids, from->organizations, from->organization_count * sizeof *ids);
    limit->is_everywhere = from->is_everywhere;
    limit->organization_count = from->organization_count;
    return limit;
}

bool policy_limit_has(const struct policy_limit *limit, const alees_id *organization) {
    return limit->is_everywhere || bsearch(organization, limit->organizations, limit->organization_count,
                                           sizeof *organization, policy_compare_ids) != NULL;
}
