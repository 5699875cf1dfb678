/* SPDX-License-Identifier: MIT
 * test_shapes.c - more kinds of lists than there is room for prepared statements. */
#include "test.h"

#include "unit.h"
#include "world.h"

enum { ACME_MANAGER = 1, BOTH = 4 }; /* of world_users */

/* A client that asks in more ways than there is room for statements is answered all the same. */
static void test_more_shapes_than_statements(void **state) {
    static const char *const keys[] = {"name",       "-name",       "sku",        "-sku",
                                       "created_at", "-created_at", "updated_at", "-updated_at"};
    static const char *const filters[] = {"", "&is_sellable=true", "&status=active"};
    struct world *w = *state;
    uint32_t shapes = 0;
    for (size_t a = 0; a < ARRAY_LEN(keys); a++) {
        for (size_t b = 0; b < ARRAY_LEN(keys); b++) {
            for (size_t c = 0; c < ARRAY_LEN(keys); c++) {
                if (a / 2 == b / 2 || b / 2 == c / 2 || a / 2 == c / 2) {
                    continue;
                }
                for (size_t f = 0; f < ARRAY_LEN(filters); f++, shapes += 2) {
                    const char *path = world_text(w, "/api/v1/products?page_size=1&ordering=%s,%s,%s%s", keys[a],
                                                  keys[b], keys[c], filters[f]);
                    assert_status(world_ask(w, ACME_MANAGER, "GET", path, NULL), 200);
                    assert_status(world_ask(w, BOTH, "GET", path, NULL), 200);
                }
            }
        }
    }
    assert_true(shapes > UNIT_MAX_STATEMENTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_shapes_than_statements),
    };
    return cmocka_run_group_tests_name("shapes", tests, world_setup, world_teardown);
}
