/* SPDX-License-Identifier: MIT
 * newer_struct.c - compiled with a later header: every structure has a tail that this host does not know. It must load,
 * and every item of every list must be found at the larger stride. */
#include "fixture.h"

#define TAIL(type) \
    struct { \
        struct type known; \
        uint64_t tail[3]; \
    }
#define NOISE \
    { 0xdeadbeefdeadbeefu, 0xdeadbeefdeadbeefu, 0xdeadbeefdeadbeefu }

static const TAIL(alees_permission) permissions[] = {
    {{"newer_struct.first", "The first"}, NOISE},
    {{"newer_struct.second", "The second"}, NOISE},
};
static const TAIL(alees_field) fields[] = {
    {{.name = "name", .type = ALEES_TEXT, .description = "The first."}, NOISE},
    {{.name = "size", .type = ALEES_INTEGER, .description = "The second."}, NOISE},
};
static const TAIL(alees_resource) resources[] = {
    {{.name = "one",
      .path = "/ones",
      .table = "newer_struct.one",
      .scope = ALEES_SCOPE_GLOBAL,
      .description = "Ones.",
      .fields = ALEES_LIST(fields)},
     NOISE},
    {{.name = "two",
      .path = "/twos",
      .table = "newer_struct.two",
      .scope = ALEES_SCOPE_GLOBAL,
      .description = "Twos.",
      .fields = ALEES_LIST(fields)},
     NOISE},
};
static const TAIL(alees_statement) statements[] = {
    {{"first", "SELECT 1", 0, 0}, NOISE},
    {{"second", "SELECT $1::text", 1, 0}, NOISE},
};
static const TAIL(alees_migration) migrations[] = {
    {{1, 0, "create tables", "CREATE TABLE newer_struct.one ()"}, NOISE},
    {{2, 0, "more tables", "CREATE TABLE newer_struct.two ()"}, NOISE},
};

struct newer_plugin {
    struct alees_plugin known;
    uint64_t tail[16];
};

/* The same symbol, larger: the loader sees the four first words, then as much as it knows. */
extern ALEES_EXPORT const struct newer_plugin newer_plugin_v1 __asm__("alees_plugin_v1");
const struct newer_plugin newer_plugin_v1 = {
    .known =
        {
            .magic = ALEES_MAGIC,
            .struct_size = sizeof(struct newer_plugin),
            .abi_minor = ALEES_ABI_MINOR + 5,
            .min_minor = 0,
            .name = "newer_struct",
            .version = "9.0.0",
            .summary = "From the future",
            .permissions = ALEES_LIST(permissions),
            .resources = ALEES_LIST(resources),
            .statements = ALEES_LIST(statements),
            .migrations = ALEES_LIST(migrations),
        },
    .tail = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
};
