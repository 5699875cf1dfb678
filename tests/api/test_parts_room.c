/* SPDX-License-Identifier: MIT
 * test_parts_room.c - an owner is shown with all of its parts: it has no more of them than its list may hold, whichever
 * way they come. On the whole server with tests/plugins/parcel.c: ten items in a box, as many seals as one likes. */
#include "test.h"

#include "parcel.h"

static const char *items(struct world *w, unsigned count, const char *prefix) {
    struct str body;
    str_init(&body, w->arena, 64);
    for (unsigned i = 0; i < count; i++) {
        str_printf(&body, "%s{\"name\":\"i\",\"serial\":\"%s%u\"}", i > 0 ? "," : "[", prefix, i);
    }
    str_puts(&body, "]");
    return str_done(&body).ptr;
}

static int64_t count_of(struct world *w, const char *box) {
    return parcel_count(w, "item", world_text(w, "box_id = '%s'", box));
}

static void must_be_full(struct world *w, const char *box, const char *tail, const char *body) {
    int64_t count = count_of(w, box), version = parcel_version(w, box);
    const struct answer *a = parcel_ask(w, ACME_MANAGER, "POST", box, tail, body);
    world_must(a, 409, ACME_MANAGER, tail);
    assert_text(answer_text(a, "/errors/0/code"), "too_many");
    assert_text(answer_text(a, "/errors/0/detail"), "items of a box can be 10 at most");
    assert_int_equal(count_of(w, box), count);
    assert_int_equal(parcel_version(w, box), version);
}

static void test_one_by_one(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *last = NULL;
    for (unsigned i = 0; i < 10; i++) {
        last = parcel_part(w, box, "items", "{\"name\":\"i\"}");
    }
    must_be_full(w, box, "items", "{\"name\":\"i\"}");
    world_must(parcel_ask(w, ACME_MANAGER, "PATCH", box, world_text(w, "items/%s", last), "{\"name\":\"j\"}"), 200,
               ACME_MANAGER, "a change takes no room");
    world_must(parcel_ask(w, ACME_MANAGER, "DELETE", box, world_text(w, "items/%s", last), NULL), 204, ACME_MANAGER,
               "delete");
    world_must(parcel_ask(w, ACME_MANAGER, "POST", box, "items", "{\"name\":\"i\"}"), 201, ACME_MANAGER, "the tenth");
    box = parcel_box(w, ACME);
    world_must(parcel_ask(w, ACME_MANAGER, "POST", box, "items", "{\"name\":\"i\"}"), 201, ACME_MANAGER,
               "of another box");
}

static void test_arrays(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME);
    must_be_full(w, box, "items", items(w, 11, "a"));
    world_must(parcel_ask(w, ACME_MANAGER, "POST", box, "items", items(w, 7, "a")), 201, ACME_MANAGER, "seven");
    must_be_full(w, box, "items", items(w, 4, "b"));
    world_must(parcel_ask(w, ACME_MANAGER, "POST", box, "items", items(w, 3, "b")), 201, ACME_MANAGER, "three more");
}

/* Those that are there already take no room; those that are new do. */
static void test_upserts(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME);
    world_must(parcel_ask(w, ACME_MANAGER, "POST", box, "items", items(w, 8, "u")), 201, ACME_MANAGER, "eight");
    must_be_full(w, box, "items?on_conflict=serial", items(w, 11, "u"));
    world_must(parcel_ask(w, ACME_MANAGER, "POST", box, "items?on_conflict=serial", items(w, 10, "u")), 201,
               ACME_MANAGER, "eight again, and two");
    assert_int_equal(count_of(w, box), 10);
    world_must(parcel_ask(w, ACME_MANAGER, "POST", box, "items?on_conflict=serial", items(w, 10, "u")), 200,
               ACME_MANAGER, "ten again");
    must_be_full(w, box, "items?on_conflict=serial", "{\"name\":\"i\",\"serial\":\"new\"}");
}

/* What was read can be put back, because there is never more than a body may hold. */
static void test_put_back(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *path;
    const struct answer *a;
    path = world_text(w, "/api/v1/boxes/%s", box);
    world_must(parcel_ask(w, ACME_MANAGER, "POST", box, "items", items(w, 10, "p")), 201, ACME_MANAGER, "ten");
    a = world_ask(w, ACME_MANAGER, "GET", path, NULL);
    world_must(world_ask(w, ACME_MANAGER, "PUT", path, arena_str(w->arena, a->body).ptr), 200, ACME_MANAGER,
               "put back");
    assert_int_equal(count_of(w, box), 10);
}

static void test_parts_that_are_not_shown(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME);
    for (unsigned i = 0; i < 51; i++) {
        (void)parcel_part(w, box, "seals", "{\"number\":1}");
    }
    assert_int_equal(parcel_count(w, "seal", world_text(w, "box_id = '%s'", box)), 51);
}

static int setup(void **state) {
    return world_setup_with(state, "parcel");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_by_one),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_upserts),
        cmocka_unit_test(test_put_back),
        cmocka_unit_test(test_parts_that_are_not_shown),
    };
    return cmocka_run_group_tests_name("parts_room", tests, setup, world_teardown);
}
