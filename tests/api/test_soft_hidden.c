/* SPDX-License-Identifier: MIT
 * test_soft_hidden.c - rows that are marked as deleted do not show in what is made of many rows: tags, lists of what is below
 * an organization, lists of parts, duplicates of contacts; and the history of one that came back is whole. */
#include "test.h"

#include <stdio.h>

#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

static const struct answer *ask(struct world *w, const char *method, const char *path, const char *body) {
    return world_ask(w, ACME_MANAGER, method, world_text(w, "/api/v1%s", path), body);
}

/* The path of a new row of Acme. */
static const char *make(struct world *w, const char *path, const char *body) {
    const struct answer *a = ask(w, "POST", path, body);
    world_must(a, 201, ACME_MANAGER, path);
    return world_text(w, "%s/%s", path, answer_text(a, "/id").ptr);
}

static bool shows(const struct answer *a, const char *text) {
    assert_status(a, 200);
    return strstr(a->body.ptr, text) != NULL;
}

/* Whether the row is shown: deleted it is not, and once restored it is again. */
static void check_lists(struct world *w, const char *row, const char *const *lists, size_t count, const char *text) {
    const char *restore = world_text(w, "%s/restore", row);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < count; i++) {
            if (shows(ask(w, "GET", lists[i], NULL), text) != (round != 1)) {
                fail_msg("%s, round %d: %s", lists[i], round, text);
            }
        }
        if (round < 2) {
            assert_status(round == 0 ? ask(w, "DELETE", row, NULL) : ask(w, "POST", restore, NULL),
                          round == 0 ? 204 : 200);
        }
    }
}

static void test_tags_and_below(void **state) {
    struct world *w = *state;
    const char *row = make(w, "/folders", "{\"title\":\"tagged\",\"tags\":[\"tagged\",\"other\"]}");
    const char *in = world_organizations[WORLD_ACME].id;
    const char *const lists[] = {"/folders/tags",
                                 "/folders/tags?search=tagg",
                                 world_text(w, "/folders/tags?organization=%s", in),
                                 world_text(w, "/folders/tags?organization=%s&below=true", in),
                                 "/folders?tags=tagged",
                                 world_text(w, "/folders?organization=%s&below=true", in)};
    check_lists(w, row, lists, ARRAY_LEN(lists), "\"tagged\"");
    assert_problem(ask(w, "GET", "/folders/tags?deleted=true", NULL), 400, "unknown_parameter");
}

static void test_parts(void **state) {
    struct world *w = *state;
    const char *row = make(w, "/folders", "{\"title\":\"of parts\",\"sheets\":[{\"title\":\"first\"}]}");
    const struct answer *a = ask(w, "GET", row, NULL);
    const char *sheets = world_text(w, "%s/sheets", row);
    const char *sheet = world_text(w, "%s/%s", sheets, answer_text(a, "/sheets/0/id").ptr);
    const char *const lists[] = {"/folders?sheets__title=first", "/folders?filter={\"sheets__title\":\"first\"}"};
    static const char body[] = "{\"title\":\"second\"}";
    check_lists(w, row, lists, ARRAY_LEN(lists), "\"first\"");
    assert_status(ask(w, "GET", sheet, NULL), 200);
    assert_status(ask(w, "DELETE", row, NULL), 204);
    const struct {
        const char *method, *path, *body;
    } gone[] = {{"GET", sheets, NULL},
                {"GET", sheet, NULL},
                {"GET", world_text(w, "%s/history", sheet), NULL},
                {"POST", sheets, body},
                {"PATCH", sheet, body},
                {"PUT", sheet, body},
                {"DELETE", sheet, NULL},
                {"PATCH", world_text(w, "%s?title=first", sheets), body},
                {"DELETE", world_text(w, "%s?title=first", sheets), NULL}};
    for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
        a = ask(w, gone[i].method, gone[i].path, gone[i].body);
        world_must(a, 404, ACME_MANAGER, world_text(w, "%s %s", gone[i].method, gone[i].path));
    }
    a = ask(w, "GET", world_text(w, "%s?deleted=true", row), NULL);
    assert_text(answer_text(a, "/sheets/0/title"), "first"); /* with all that it had */
    assert_status(ask(w, "POST", world_text(w, "%s/restore", row), NULL), 200);
    a = ask(w, "GET", sheet, NULL);
    assert_text(answer_text(a, "/title"), "first");
}

static void test_history(void **state) {
    struct world *w = *state;
    static const char *const actions[] = {"update", "restore", "delete", "create"};
    const char *row = make(w, "/folders", "{\"title\":\"of the past\"}"), *history = world_text(w, "%s/history", row);
    assert_status(ask(w, "DELETE", row, NULL), 204);
    assert_status(ask(w, "POST", world_text(w, "%s/restore", row), NULL), 200);
    assert_status(ask(w, "PATCH", row, "{\"title\":\"of now\"}"), 200);
    const struct answer *a = ask(w, "GET", history, NULL);
    assert_status(a, 200);
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        assert_text(answer_text(a, world_text(w, "/results/%zu/action", i)), actions[i]);
    }
    assert_null(answer_text(a, "/results/4/action").ptr);
    assert_status(world_ask(w, ACME_VIEWER, "GET", world_text(w, "/api/v1%s", history), NULL), 200);
    assert_problem(world_ask(w, GLOBEX_MANAGER, "GET", world_text(w, "/api/v1%s", history), NULL), 404, "not_found");
}

static void test_duplicates(void **state) {
    struct world *w = *state;
    static const char body[] = "{\"first_name\":\"%s\",\"last_name\":\"X\","
                               "\"email_addresses\":[{\"email\":\"twice@example.com\"}]}";
    char one[160], other[160];
    snprintf(one, sizeof one, body, "Una");
    snprintf(other, sizeof other, body, "Duo");
    const char *kept = make(w, "/contacts", one), *gone = make(w, "/contacts", other);
    const char *const lists[] = {world_text(w, "%s/duplicates", kept),
                                 "/contacts?email_addresses__email=twice@example.com&fields=id"};
    check_lists(w, gone, lists, ARRAY_LEN(lists), strrchr(gone, '/') + 1);
    assert_status(ask(w, "DELETE", gone, NULL), 204);
    assert_problem(ask(w, "GET", world_text(w, "%s/duplicates", gone), NULL), 404, "not_found");
    assert_problem(ask(w, "GET", world_text(w, "%s/email-addresses", gone), NULL), 404, "not_found");
    assert_false(shows(ask(w, "PATCH", kept, "{\"notes\":\"n\"}"), strrchr(gone, '/') + 1));
    assert_status(ask(w, "POST", world_text(w, "%s/restore", gone), NULL), 200);
    assert_true(shows(ask(w, "PATCH", kept, "{\"notes\":\"m\"}"), strrchr(gone, '/') + 1));
}

static int setup(void **state) {
    return world_setup_with(state, "archive");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags_and_below),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_duplicates),
    };
    return cmocka_run_group_tests_name("soft_hidden", tests, setup, world_teardown);
}
