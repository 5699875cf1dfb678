/* SPDX-License-Identifier: MIT
 * plugin_service.c - the table of services by id: the host's own, then those of plugins as they start. Written at
 * boot by one thread, read by any afterwards. */
#include <string.h>

#include "plugin_private.h"

enum { SERVICES = 128 };

static struct {
    const char *id;
    const void *table;
} services[SERVICES];
static uint32_t service_count;

static uint32_t find(const char *id) {
    uint32_t i = 0;
    while (i < service_count && strcmp(services[i].id, id) != 0) {
        i++;
    }
    return i;
}

void plugin_offer_service(const char *id, const void *table) {
    uint32_t place = find(id);
    ASSERT(table != NULL);
    ASSERT(place < SERVICES);
    services[place].id = id;
    services[place].table = table;
    if (place == service_count) {
        service_count++;
    }
}

void plugin_withdraw_service(const char *id) {
    uint32_t place = find(id);
    if (place < service_count) {
        services[place] = services[--service_count];
    }
}

const void *plugin_service(const char *id) {
    uint32_t place = id ? find(id) : service_count;
    return place < service_count ? services[place].table : NULL;
}

uint32_t plugin_service_size(const char *id) {
    const void *table = plugin_service(id);
    uint32_t size = 0;
    if (table) {
        memcpy(&size, table, sizeof size); /* every table begins with its struct_size */
    }
    return size;
}
