/* SPDX-License-Identifier: MIT
 * rules.c - of an organization: rules across fields, and those that a type cannot say. */
#include "plugin.h"

#include <string.h>

static alees_rc check_timezone(struct organization *me, alees_ctx *ctx, alees_change *change) {
    alees_str name = me->resource->value(change, "timezone");
    alees_rows *rows;
    if (!name.ptr) {
        return ALEES_OK;
    }
    alees_rc rc = me->db->run(me->self, ctx, &organization_statements[TIMEZONE], &name, 1, &rows);
    if (rc == ALEES_OK && me->db->count(rows) == 0) {
        rc = me->resource->refuse(change, "timezone", "unknown_timezone",
                                  alees_text("Use the IANA name of a time zone, such as Europe/Berlin."));
    }
    return rc;
}

/* The trigger on the table has told rbac's tables; whoever made an organization may go on below it at once. */
alees_rc organization_after(void *state, alees_ctx *ctx, alees_change *change) {
    struct organization *me = state;
    (void)change;
    return me->rbac->tree_changed(me->rbac, ctx);
}

/* Days as "2026-01-31" compare like their text. */
static uint32_t is_before(alees_str day, alees_str other) {
    return day.len == 10 && other.len == 10 && memcmp(day.ptr, other.ptr, 10) < 0;
}

/* One of the two days is sent, the other is the row's. Its value is not told: the caller need not be one who may read it. */
alees_rc organization_before(void *state, alees_ctx *ctx, alees_change *change) {
    const struct organization *me = state;
    const struct alees_resource_v1 *resource = me->resource;
    (void)ctx;
    uint32_t has_from = resource->is_sent(change, "effective_date"), has_until = resource->is_sent(change, "end_date");
    if (has_from == has_until) {
        return ALEES_OK;
    }
    if (has_until && is_before(resource->value(change, "end_date"), resource->before(change, "effective_date"))) {
        return resource->refuse(change, "end_date", "before_effective_date",
                                alees_text("Use a day that is not before effective_date, or send an earlier "
                                           "effective_date with it."));
    }
    if (has_from && is_before(resource->before(change, "end_date"), resource->value(change, "effective_date"))) {
        return resource->refuse(change, "effective_date", "after_end_date",
                                alees_text("Use a day that is not after end_date, or send a later end_date with it."));
    }
    return ALEES_OK;
}

alees_rc organization_validate(void *state, alees_ctx *ctx, alees_change *change) {
    struct organization *me = state;
    alees_str from = me->resource->value(change, "effective_date");
    alees_str until = me->resource->value(change, "end_date");
    alees_str language = me->resource->value(change, "language");
    alees_rc rc = ALEES_OK;
    if (is_before(until, from)) {
        rc = me->resource->refuse(change, "end_date", "before_effective_date",
                                  alees_text("Use a day that is not before effective_date."));
    }
    if (language.ptr && !alees_is_language(language)) {
        rc = me->resource->refuse(change, "language", "unknown_language",
                                  alees_text("Use a BCP 47 language tag, such as de or de-DE."));
    }
    alees_rc timezone_rc = check_timezone(me, ctx, change);
    return timezone_rc == ALEES_OK ? rc : timezone_rc;
}
