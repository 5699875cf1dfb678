/* SPDX-License-Identifier: MIT
 * describe_component.c - what stands under components/schemas: of each resource the row, its bodies and lists, of a plugin's
 * own route its body and answer, and what all of them share. */
#include <stdio.h>
#include <string.h>

#include "describe.h"

static void put_row(struct describe *d, const struct resource *r, enum describe_use use) {
    char key[160];
    (void)snprintf(key, sizeof key, "%s%s", describe_schema_name(d, r), describe_uses[use]);
    describe_members(d, key, r, (alees_list){NULL, 0, 0}, use);
}

enum part { /* as it stands within its owner: */
            PART_READ,
            PART_CREATE, /* of a new row */
            PART_WRITE   /* one that is there, named by its id, or a new one */
};

static bool is_of_part(const struct resource *r, const struct resource_field *f, enum part part) {
    bool is_taken = !f->is_standard && f != r->owner_field && engine_change_takes(r, ALEES_CREATE, f);
    return part == PART_READ ? engine_nested_shows(r, f)
                             : is_taken || (part == PART_WRITE && engine_nested_shows(r, f));
}

static void put_part_required(struct describe *d, const char *key, const struct resource *r) {
    jw_array(&d->w, key);
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_of_part(r, &r->fields[i], PART_CREATE) && describe_is_required(r->fields[i].decl, DESCRIBE_CREATE)) {
            jw_words(&d->w, NULL, r->fields[i].decl->name);
        }
    }
    jw_end(&d->w);
}

static void put_part(struct describe *d, const struct resource *r, enum part part) {
    static const char *const tails[] = {"Part", "PartCreate", "PartWrite"};
    static const enum describe_use uses[] = {DESCRIBE_ROW, DESCRIBE_CREATE, DESCRIBE_CHANGE};
    char key[160];
    (void)snprintf(key, sizeof key, "%s%s", describe_schema_name(d, r), tails[part]);
    jw_object(&d->w, key);
    jw_words(&d->w, "type", "object");
    jw_boolean(&d->w, "additionalProperties", false);
    jw_object(&d->w, "properties");
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (is_of_part(r, &r->fields[i], part)) {
            describe_field_of(d, &r->fields[i], uses[part]);
        }
    }
    jw_end(&d->w);
    if (part == PART_CREATE) {
        put_part_required(d, "required", r);
    } else if (part == PART_WRITE) {
        jw_array(&d->w, "anyOf");
        jw_json(&d->w, NULL, "{\"required\":[\"id\"]}");
        jw_object(&d->w, NULL);
        put_part_required(d, "required", r);
        jw_end(&d->w);
        jw_end(&d->w);
    }
    jw_end(&d->w);
}

static bool is_served(const struct resource *r, enum describe_use use) {
    const uint32_t flags = r->decl->flags;
    return use == DESCRIBE_ROW ||
           (use == DESCRIBE_CREATE ? (flags & ALEES_RESOURCE_NO_CREATE) == 0 : (flags & ALEES_RESOURCE_NO_CHANGE) == 0);
}

/* ---- what all resources share ---- */

static const struct {
    const char *name, *json;
} shared[] = {
    {"Problem",
     "{\"type\":\"object\",\"description\":\"An error (RFC "
     "9457).\",\"required\":[\"type\",\"title\",\"status\",\"code\","
     "\"request_id\"],\"additionalProperties\":false,\"properties\":{"
     "\"type\":{\"type\":\"string\",\"format\":\"uri-reference\",\"description\":\"Where the code is explained.\"},"
     "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
     "\"code\":{\"type\":\"string\",\"description\":\"Stable; what programs look at.\"},"
     "\"detail\":{\"type\":\"string\",\"description\":\"What to do.\"},"
     "\"errors\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/ProblemItem\"}},"
     "\"permission\":{\"type\":\"string\",\"description\":\"That is missing.\"},"
     "\"organization\":{\"type\":\"string\",\"description\":\"In which it is missing.\"},"
     "\"request_id\":{\"type\":\"string\"}}}"},
    {"ProblemItem",
     "{\"type\":\"object\",\"required\":[\"pointer\"],\"additionalProperties\":false,\"properties\":{"
     "\"row\":{\"type\":\"integer\",\"description\":\"Of an import, from 1.\"},"
     "\"pointer\":{\"type\":\"string\",\"description\":\"Into the body (RFC 6901), or the name of a parameter.\"},"
     "\"code\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"}}}"},
    {"History", "{\"type\":\"object\",\"required\":[\"results\",\"next\",\"previous\"],\"additionalProperties\":false,"
                "\"properties\":{"
                "\"results\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/HistoryEntry\"}},"
                "\"next\":{\"type\":[\"string\",\"null\"]},\"previous\":{\"type\":[\"string\",\"null\"]}}}"},
    {"HistoryEntry",
     "{\"type\":\"object\",\"required\":[\"id\",\"at\",\"action\",\"user\",\"key\",\"request_id\",\"changes\"],"
     "\"additionalProperties\":false,\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"},"
     "\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"action\":{\"type\":\"string\",\"enum\":[\"create\","
     "\"update\",\"delete\",\"restore\",\"move_out\",\"move_in\"]},"
     "\"user\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},"
     "\"key\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},\"request_id\":{\"type\":[\"string\",\"null\"]},"
     "\"changes\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\",\"additionalProperties\":false,"
     "\"properties\":{\"before\":{},\"after\":{}}}}}}"},
    {"TagCounts", "{\"type\":\"object\",\"required\":[\"results\"],\"additionalProperties\":false,\"properties\":{"
                  "\"results\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"tag\",\"count\"],"
                  "\"additionalProperties\":false,\"properties\":{\"tag\":{\"type\":\"string\"},\"count\":{\"type\":"
                  "\"integer\"}}}}}}"},
    {"ImportResult",
     "{\"type\":\"object\",\"required\":[\"rows\",\"created\",\"updated\"],\"additionalProperties\":false,"
     "\"properties\":{"
     "\"rows\":{\"type\":\"integer\"},\"created\":{\"type\":\"integer\"},\"updated\":{\"type\":\"integer\"}}}"},
};

enum { READ_ONLY = ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE | ALEES_RESOURCE_NO_DELETE };

/* A page of rows; what a write of several answers. */
static void put_lists(struct describe *d, const struct resource *r) {
    static const struct {
        const char *tail;
        bool is_page;
    } lists[] = {{"List", true}, {"Results", false}};
    const char *name = describe_schema_name(d, r);
    char key[160];
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (!lists[i].is_page && (r->decl->flags & READ_ONLY) == READ_ONLY) {
            continue;
        }
        (void)snprintf(key, sizeof key, "%s%s", name, lists[i].tail);
        jw_object(&d->w, key);
        jw_words(&d->w, "type", "object");
        jw_boolean(&d->w, "additionalProperties", false);
        jw_json(&d->w, "required", lists[i].is_page ? "[\"results\",\"next\",\"previous\",\"count\"]" : "[\"count\"]");
        jw_object(&d->w, "properties");
        jw_object(&d->w, "results");
        jw_words(&d->w, "type", "array");
        describe_reference(d, "items", "schemas", "%s", name);
        jw_end(&d->w);
        if (lists[i].is_page) {
            jw_json(&d->w, "next",
                    "{\"type\":[\"string\",\"null\"],\"description\":\"The address of the next page.\"}");
            jw_json(&d->w, "previous", "{\"type\":[\"string\",\"null\"],\"description\":\"That of the one before.\"}");
        }
        jw_json(&d->w, "count",
                lists[i].is_page
                    ? "{\"type\":[\"integer\",\"null\"],\"description\":\"Rows of the list in all, if asked "
                      "for.\"}"
                    : "{\"type\":\"integer\",\"description\":\"Rows that were written.\"}");
        jw_end(&d->w);
        jw_end(&d->w);
    }
}

/* What a plugin's own route reads and answers. */
static void put_route(struct describe *d, const struct route *route) {
    if (!describe_tells(d, route) || route->operation != ROUTE_PLUGIN) {
        return;
    }
    if (route->decl->body.count > 0) {
        describe_members(d, describe_shape_name(d, route, "Body"), NULL, route->decl->body, DESCRIBE_CREATE);
    }
    if (route->decl->response.count > 0) {
        describe_members(d, describe_shape_name(d, route, "Answer"), route->row, route->decl->response, DESCRIBE_ROW);
    }
}

void describe_schemas(struct describe *d) {
    jw_object(&d->w, "schemas");
    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        jw_json(&d->w, shared[i].name, shared[i].json);
    }
    for (uint32_t i = 0; i < d->catalogue->resource_count; i++) {
        const struct resource *r = d->catalogue->resources[i];
        for (enum describe_use use = DESCRIBE_ROW; use < DESCRIBE_USES; use++) {
            if (is_served(r, use)) {
                put_row(d, r, use);
            }
        }
        if (r->owner) {
            put_part(d, r, PART_READ);
            put_part(d, r, PART_CREATE);
            put_part(d, r, PART_WRITE);
        }
        put_lists(d, r);
    }
    for (uint32_t i = 0; i < d->catalogue->route_count; i++) {
        put_route(d, &d->catalogue->routes[i]);
    }
    jw_end(&d->w);
}
