/* SPDX-License-Identifier: MIT
 * test_parts.c - rows that are parts of others, under the path of their owner: what each operation gives, who may, whose
 * parts are reached, and what becomes of the owner. With tests/plugins/parcel.c. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "parcel.h"

static int setup(void **state) {
    return world_setup_with(state, "parcel");
}

static const char *item_path(struct world *w, const char *id) {
    return world_text(w, "items/%s", id);
}

static const char *tag_of(struct world *w, const struct answer *a) {
    alees_str tag = answer_header(a, "ETag");
    assert_non_null(tag.ptr);
    return world_text(w, "%.*s", STR_FMT(tag));
}

/* ---- each operation ---- */

static void test_operations(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME);
    const struct answer *a = parcel_ask(w, ACME_MANAGER, "POST", box, "items", "{\"name\":\"bolt\",\"quantity\":3}");
    assert_status(a, 201);
    const char *id = world_text(w, "%s", answer_text(a, "/id").ptr);
    assert_text(answer_header(a, "Location"), parcel_path(w, box, item_path(w, id)));
    assert_text(answer_text(a, "/box"), box);
    assert_text(answer_text(a, "/organization"), ACME);
    assert_int_equal(answer_integer(a, "/quantity"), 3);
    a = parcel_ask(w, ACME_MANAGER, "GET", box, item_path(w, id), NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/name"), "bolt");
    a = parcel_ask(w, ACME_MANAGER, "PATCH", box, item_path(w, id), "{\"quantity\":4}");
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/quantity"), 4);
    a = parcel_ask(w, ACME_MANAGER, "PUT", box, item_path(w, id), "{\"name\":\"nut\"}");
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/quantity"), 1);
    assert_int_equal(parcel_count(w, "item", world_text(w, "id = '%s' AND name = 'nut' AND version = 3", id)), 1);
    a = parcel_ask_with(w, ACME_MANAGER, "GET", box, item_path(w, id), NULL, "If-None-Match", tag_of(w, a));
    assert_status(a, 304);
    assert_status(parcel_ask(w, ACME_MANAGER, "DELETE", box, item_path(w, id), NULL), 204);
    assert_problem(parcel_ask(w, ACME_MANAGER, "GET", box, item_path(w, id), NULL), 404, "not_found");
    assert_problem(parcel_ask(w, ACME_MANAGER, "DELETE", box, item_path(w, id), NULL), 404, "not_found");
}

static void test_list(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *other = parcel_box(w, ACME);
    (void)parcel_part(w, other, "items", "{\"name\":\"elsewhere\"}");
    for (unsigned i = 1; i <= 5; i++) {
        (void)parcel_part(w, box, "items", world_text(w, "{\"name\":\"thing %u\",\"quantity\":%u}", i, i));
    }
    const struct answer *a = parcel_ask(w, ACME_VIEWER, "GET", box, "items?ordering=-quantity&page_size=2", NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), 2);
    assert_text(answer_text(a, "/results/0/name"), "thing 5");
    alees_str next = answer_text(a, "/next");
    assert_true(str_starts(next, parcel_path(w, box, "items?")));
    a = world_ask(w, ACME_VIEWER, "GET", next.ptr, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/results/0/name"), "thing 3");
    const char *cursor = strstr(next.ptr, "cursor=");
    assert_non_null(cursor); /* of this box's items, not of others' */
    a = parcel_ask(w, ACME_VIEWER, "GET", other, world_text(w, "items?ordering=-quantity&page_size=2&%s", cursor),
                   NULL);
    assert_problem(a, 400, "invalid_cursor");
    a = parcel_ask(w, ACME_VIEWER, "GET", box, "items?quantity__gte=4&count=exact&fields=id,name", NULL);
    assert_int_equal(answer_integer(a, "/count"), 2);
    assert_null(answer_at(a, "/results/0/quantity"));
    a = parcel_ask(w, ACME_VIEWER, "GET", box, "items?name=elsewhere", NULL);
    assert_int_equal(jx_size(answer_at(a, "/results")), 0);
    a = parcel_ask(w, ADMIN, "GET", box, "items?page=1&count=exact", NULL);
    assert_int_equal(answer_integer(a, "/count"), 5);
    a = parcel_ask(w, ACME_VIEWER, "GET", box, "items?expand=box&page_size=1", NULL);
    assert_text(answer_text(a, "/results/0/box/id"), box);
    assert_problem(parcel_ask(w, ACME_VIEWER, "GET", box, "items?organization=" ACME, NULL), 400, "unknown_parameter");
    a = parcel_ask(w, ACME_VIEWER, "GET", parcel_box(w, ACME), "items", NULL);
    assert_status(a, 200);
    assert_int_equal(jx_size(answer_at(a, "/results")), 0);
}

static void test_what_cannot_be_sent(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *other = parcel_box(w, ACME);
    const char *id = parcel_part(w, box, "items", "{\"name\":\"a\"}");
    const struct {
        const char *method, *tail, *body, *pointer;
    } bad[] = {
        {"POST", "items", "{\"name\":\"a\",\"organization\":\"" ACME "\"}", "/organization"},
        {"POST", "items", world_text(w, "{\"name\":\"a\",\"box\":\"%s\"}", box), "/box"},
        {"PATCH", item_path(w, id), world_text(w, "{\"box\":\"%s\"}", other), "/box"},
        {"PATCH", item_path(w, id), "{\"organization\":\"" ACME "\"}", "/organization"},
        {"PUT", item_path(w, id), world_text(w, "{\"name\":\"a\",\"box\":\"%s\"}", other), "/box"},
        {"PUT", item_path(w, id), "{\"name\":\"a\",\"organization\":\"" GLOBEX "\"}", "/organization"},
        {"POST", "items", world_text(w, "[{\"name\":\"a\",\"box\":\"%s\"}]", box), "/0/box"},
        {"PATCH", "items?all=true", world_text(w, "{\"box\":\"%s\"}", other), "/box"},
        {"PATCH", "items?all=true", "{\"organization\":\"" GLOBEX "\"}", "/organization"},
    };
    int64_t version = parcel_version(w, box);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct answer *a = parcel_ask(w, ADMIN, bad[i].method, box, bad[i].tail, bad[i].body);
        assert_problem(a, 400, "read_only_field");
        assert_text(answer_text(a, "/errors/0/pointer"), bad[i].pointer);
    }
    const struct answer *a =
        parcel_ask(w, ADMIN, "PUT", box, item_path(w, id),
                   world_text(w, "{\"name\":\"a\",\"box\":\"%s\",\"organization\":\"" ACME "\"}", box));
    assert_status(a, 200);
    assert_int_equal(parcel_version(w, box), version); /* nothing differs */
    const char *seal = parcel_part(w, box, "seals", "{\"number\":7}");
    a = parcel_ask(w, ADMIN, "PATCH", box, world_text(w, "seals/%s", seal), "{\"number\":8}");
    assert_status(a, 405);
    assert_status(parcel_ask(w, ADMIN, "DELETE", box, world_text(w, "seals/%s", seal), NULL), 204);
    assert_int_equal(parcel_version(w, box), version + 2);
}

/* ---- whose ---- */

/* Every operation on the parts of that box, and on that part of them. */
static void check_all(struct world *w, size_t user, const char *box, const char *id, uint32_t status,
                      const char *code) {
    const struct {
        const char *method, *tail, *body;
    } all[] = {
        {"GET", "items", NULL},
        {"GET", "items?count=exact", NULL},
        {"POST", "items", "{\"name\":\"new\"}"},
        {"POST", "items", "[{\"name\":\"new\"}]"},
        {"POST", "items?on_conflict=serial", "{\"name\":\"new\",\"serial\":\"s\"}"},
        {"PATCH", "items?all=true", "{\"quantity\":9}"},
        {"DELETE", "items?all=true", NULL},
        {"GET", item_path(w, id), NULL},
        {"PATCH", item_path(w, id), "{\"quantity\":9}"},
        {"PATCH", item_path(w, id), "{}"},
        {"PUT", item_path(w, id), "{\"name\":\"new\"}"},
        {"DELETE", item_path(w, id), NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bool is_reading = strcmp(all[i].method, "GET") == 0;
        if (status != 404 && is_reading) {
            assert_status(parcel_ask(w, user, all[i].method, box, all[i].tail, all[i].body), 200);
        } else {
            const struct answer *a = parcel_ask(w, user, all[i].method, box, all[i].tail, all[i].body);
            world_must(a, status, user, world_text(w, "%s %s", all[i].method, all[i].tail));
            assert_problem(a, status, code);
            assert_null(strstr(a->body.ptr, box));
        }
    }
}

static void test_owner_is_not_seen(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *id = parcel_part(w, box, "items", "{\"name\":\"a\"}");
    int64_t version = parcel_version(w, box);
    check_all(w, GLOBEX_MANAGER, box, id, 404, "not_found");
    check_all(w, NOBODY, box, id, 404, "not_found");
    check_all(w, ACME_MANAGER, UNKNOWN, id, 404, "not_found");
    check_all(w, ADMIN, UNKNOWN, id, 404, "not_found");
    check_all(w, ADMIN, "nonsense", id, 404, "not_found");
    const struct answer *hidden = parcel_ask(w, GLOBEX_MANAGER, "GET", box, "items", NULL),
                        *unknown = parcel_ask(w, GLOBEX_MANAGER, "GET", UNKNOWN, "items", NULL);
    assert_string_equal(world_stable(w, hidden), world_stable(w, unknown));
    assert_status(loopback_request(w->loopback, "GET", parcel_path(w, box, "items"), NULL, NULL), 401);
    assert_int_equal(parcel_version(w, box), version);
    assert_int_equal(parcel_count(w, "item", world_text(w, "box_id = '%s' AND version = 1", box)), 1);
}

/* A part is found below its own owner only, whoever asks. */
static void test_part_of_another(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *other = parcel_box(w, ACME), *foreign = parcel_box(w, GLOBEX);
    const char *id = parcel_part(w, other, "items", "{\"name\":\"a\",\"serial\":\"taken\"}");
    const char *mine = parcel_part(w, box, "items", "{\"name\":\"b\"}");
    const size_t users[] = {ADMIN, ACME_MANAGER};
    (void)parcel_part(w, foreign, "items", "{\"name\":\"c\",\"serial\":\"taken\"}");
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        int64_t version = parcel_version(w, box);
        assert_problem(parcel_ask(w, users[i], "GET", box, item_path(w, id), NULL), 404, "not_found");
        assert_problem(parcel_ask(w, users[i], "PATCH", box, item_path(w, id), "{\"quantity\":9}"), 404, "not_found");
        assert_problem(parcel_ask(w, users[i], "PATCH", box, item_path(w, id), "{}"), 404, "not_found");
        assert_problem(parcel_ask(w, users[i], "PUT", box, item_path(w, id), "{\"name\":\"x\"}"), 404, "not_found");
        assert_problem(parcel_ask(w, users[i], "DELETE", box, item_path(w, id), NULL), 404, "not_found");
        assert_int_equal(parcel_version(w, box), version);
        /* nor by its key, which is taken in the organization */
        const struct answer *a = parcel_ask(w, users[i], "POST", box, "items?on_conflict=serial",
                                            "{\"name\":\"mine now\",\"serial\":\"taken\"}");
        assert_problem(a, 409, "not_unique");
        a = parcel_ask(w, users[i], "PATCH", box, "items?all=true", "{\"quantity\":5}");
        assert_text(a->body, "{\"count\":1}");
        a = parcel_ask(w, users[i], "DELETE", box, "items?name__in=a,c", NULL);
        assert_text(a->body, "{\"count\":0}");
        a = parcel_ask(w, users[i], "GET", box, "items", NULL);
        assert_int_equal(jx_size(answer_at(a, "/results")), 1);
        assert_text(answer_text(a, "/results/0/id"), mine);
    }
    assert_int_equal(parcel_count(w, "item", world_text(w, "id = '%s' AND version = 1 AND quantity = 1", id)), 1);
    assert_int_equal(parcel_count(w, "item", world_text(w, "box_id = '%s' AND version = 1", foreign)), 1);
}

/* What happened to a part is told below its owner, to whom that is shown; of another owner's nothing is. */
static void test_history(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *other = parcel_box(w, ACME), *foreign = parcel_box(w, GLOBEX);
    const char *id = parcel_part(w, box, "items", "{\"name\":\"secret bolt\"}");
    const char *path = world_text(w, "items/%s/history", id);
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, item_path(w, id), "{\"quantity\":4}"), 200);
    for (uint32_t is_gone = 0; is_gone < 2; is_gone++) {
        const struct answer *a = parcel_ask(w, ACME_VIEWER, "GET", box, path, NULL);
        assert_status(a, 200);
        assert_int_equal(jx_size(answer_at(a, "/results")), 2 + is_gone);
        assert_int_equal(answer_integer(a, world_text(w, "/results/%u/changes/quantity/after", is_gone)), 4);
        assert_text(answer_text(a, world_text(w, "/results/%u/changes/name/after", 1 + is_gone)), "secret bolt");
        for (size_t user = 0; user < WORLD_USERS; user++) {
            assert_problem(parcel_ask(w, user, "GET", other, path, NULL), 404, "not_found");
            assert_problem(parcel_ask(w, user, "GET", foreign, path, NULL), 404, "not_found");
            assert_problem(parcel_ask(w, user, "GET", UNKNOWN, path, NULL), 404, "not_found");
        }
        assert_problem(parcel_ask(w, GLOBEX_MANAGER, "GET", box, path, NULL), 404, "not_found");
        assert_problem(parcel_ask(w, NOBODY, "GET", box, path, NULL), 404, "not_found");
        a = parcel_ask(w, ACME_VIEWER, "GET", box, world_text(w, "%s?page_size=1", path), NULL);
        assert_memory_equal(answer_text(a, "/next").ptr, parcel_path(w, box, path), strlen(parcel_path(w, box, path)));
        a = loopback_request(w->loopback, "GET", answer_text(a, "/next").ptr, w->tokens[ACME_VIEWER], NULL);
        assert_status(a, 200);
        assert_int_equal(parcel_ask(w, ACME_MANAGER, "DELETE", box, item_path(w, id), NULL)->status,
                         is_gone ? 404 : 204);
    }
}

/* ---- who ---- */

static void test_rights(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *id = parcel_part(w, box, "items", "{\"name\":\"a\"}");
    int64_t version = parcel_version(w, box);
    check_all(w, ACME_VIEWER, box, id, 403, "permission_denied");
    check_all(w, BOTH, box, id, 403, "permission_denied"); /* a manager, but of Globex */
    const struct answer *a = parcel_ask(w, ACME_VIEWER, "POST", box, "items", "{\"name\":\"b\"}");
    assert_non_null(strstr(a->body.ptr, "parcel.change_box"));
    assert_int_equal(parcel_version(w, box), version);
    assert_int_equal(parcel_count(w, "item", world_text(w, "box_id = '%s'", box)), 1);
    assert_int_equal(catalogue_permission(w->catalogue, "parcel.change_item"), 0);
}

/* With the host's own condition off, PostgreSQL shows nobody the rows of others, and takes none. */
static void test_second_lock(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *id = parcel_part(w, box, "items", "{\"name\":\"a\"}");
    const char *mine = parcel_box(w, GLOBEX);
    assert_int_equal(setenv("ALEES_TEST_LOCK_OFF", "host", 1), 0);
    check_all(w, GLOBEX_MANAGER, box, id, 404, "not_found");
    assert_problem(parcel_ask(w, GLOBEX_MANAGER, "GET", mine, item_path(w, id), NULL), 404, "not_found");
    assert_status(parcel_ask(w, GLOBEX_MANAGER, "POST", mine, "items", "{\"name\":\"b\"}"), 201);
    const struct answer *a = parcel_ask(w, GLOBEX_MANAGER, "GET", mine, "items", NULL);
    assert_int_equal(unsetenv("ALEES_TEST_LOCK_OFF"), 0);
    assert_int_equal(jx_size(answer_at(a, "/results")), 1);
    assert_int_equal(parcel_count(w, "item", world_text(w, "id = '%s' AND version = 1", id)), 1);
}

/* ---- the owner ---- */

static void test_owner_version(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *owner = world_text(w, "/api/v1/boxes/%s", box);
    int64_t version = parcel_version(w, box);
    const char *id = parcel_part(w, box, "items", "{\"name\":\"a\"}");
    assert_int_equal(parcel_version(w, box), ++version);
    const struct {
        const char *method, *tail, *body;
        uint32_t status, raised;
    } steps[] = {
        {"PATCH", item_path(w, id), "{\"quantity\":2}", 200, 1},
        {"PATCH", item_path(w, id), "{}", 200, 0},
        {"PUT", item_path(w, id), "{\"name\":\"a\",\"quantity\":2}", 200, 0},
        {"PUT", item_path(w, id), "{\"name\":\"a\",\"quantity\":3}", 200, 1},
        {"PATCH", item_path(w, id), "{\"quantity\":0}", 422, 0},
        {"POST", "items", "{\"name\":\"b\",\"quantity\":0}", 422, 0},
        {"POST", "items", "[{\"name\":\"b\"},{\"name\":\"c\"}]", 201, 1},
        {"POST", "items", "[{\"name\":\"b\"},{\"nme\":\"c\"}]", 400, 0},
        {"PATCH", "items?name=b", "{\"quantity\":7}", 200, 1},
        {"PATCH", "items?name=nobody", "{\"quantity\":7}", 200, 0},
        {"DELETE", "items?name=b", NULL, 200, 1},
        {"DELETE", "items?name=b", NULL, 200, 0},
        {"POST", "items?on_conflict=serial", "{\"name\":\"s\",\"serial\":\"ver\"}", 201, 1},
        {"POST", "items?on_conflict=serial", "{\"serial\":\"ver\",\"name\":\"t\"}", 200, 1},
        {"POST", "items?on_conflict=serial", "{\"serial\":\"ver\"}", 200, 0},
        {"DELETE", item_path(w, id), NULL, 204, 1},
        {"DELETE", item_path(w, id), NULL, 404, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const struct answer *a = parcel_ask(w, ACME_MANAGER, steps[i].method, box, steps[i].tail, steps[i].body);
        world_must(a, steps[i].status, ACME_MANAGER, world_text(w, "%s %s", steps[i].method, steps[i].tail));
        version += steps[i].raised;
        if (parcel_version(w, box) != version) {
            fail_msg("%s %s %s: version %d", steps[i].method, steps[i].tail, steps[i].body, (int)version);
        }
    }
    assert_int_equal(pg_count(&w->pg, world_text(w,
                                                 "SELECT count(*) FROM parcel.box WHERE id = '%s' AND updated_by = "
                                                 "(SELECT id FROM rbac.app_user WHERE username = 'acme-manager')",
                                                 box)),
                     1);
    const struct answer *a =
        parcel_ask_with(w, ACME_MANAGER, "POST", box, "items", "{\"name\":\"x\"}", "Prefer", "tx=rollback");
    assert_status(a, 201);
    assert_int_equal(parcel_version(w, box), version);
    /* the trail tells of parts, not of a version */
    assert_int_equal(pg_count(&w->pg, world_text(w, "SELECT count(*) FROM audit.entry WHERE object_id = '%s'", box)),
                     1);
    a = world_ask(w, ADMIN, "GET", owner, NULL);
    const char *tag = tag_of(w, a);
    (void)parcel_part(w, box, "items", "{\"name\":\"late\"}");
    const struct loopback_request stale = {.method = "PATCH",
                                           .path = owner,
                                           .token = w->tokens[ADMIN],
                                           .body = "{\"note\":\"n\"}",
                                           .headers = {{"If-Match", tag}}};
    assert_problem(loopback_send(w->loopback, &stale), 412, "precondition_failed");
}

static void test_if_match(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *id = parcel_part(w, box, "items", "{\"name\":\"a\"}");
    const char *tail = item_path(w, id);
    const struct answer *a = parcel_ask(w, ACME_MANAGER, "GET", box, tail, NULL);
    const char *first = tag_of(w, a);
    a = parcel_ask_with(w, ACME_MANAGER, "PATCH", box, tail, "{\"quantity\":2}", "If-Match", first);
    assert_status(a, 200);
    const char *second = tag_of(w, a);
    int64_t version = parcel_version(w, box);
    const char *const methods[] = {"PATCH", "PUT", "DELETE"};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        const char *body = strcmp(methods[i], "DELETE") == 0 ? NULL : "{\"name\":\"b\"}";
        a = parcel_ask_with(w, ACME_MANAGER, methods[i], box, tail, body, "If-Match", first);
        assert_problem(a, 412, "precondition_failed");
    }
    assert_int_equal(parcel_version(w, box), version);
    a = parcel_ask_with(w, ACME_MANAGER, "PUT", box, tail, "{\"name\":\"b\"}", "If-Match", second);
    assert_status(a, 200);
    a = parcel_ask_with(w, ACME_MANAGER, "DELETE", box, tail, NULL, "If-Match", tag_of(w, a));
    assert_status(a, 204);
}

static void test_owner_goes(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *id = parcel_part(w, box, "items", "{\"name\":\"a\"}");
    (void)parcel_part(w, box, "labels", "{\"text\":\"goes\"}");
    assert_status(world_ask(w, ACME_MANAGER, "DELETE", world_text(w, "/api/v1/boxes/%s", box), NULL), 204);
    assert_int_equal(parcel_count(w, "item", world_text(w, "box_id = '%s'", box)), 0);
    assert_int_equal(parcel_count(w, "label", world_text(w, "box_id = '%s'", box)), 0);
    check_all(w, ACME_MANAGER, box, id, 404, "not_found");
    assert_int_equal(pg_count(&w->pg, world_text(w,
                                                 "SELECT count(*) FROM audit.entry WHERE object_id = '%s' AND "
                                                 "action = 'delete' AND user_id IS NOT NULL",
                                                 id)),
                     1);
}

/* ---- hooks ---- */

static const char *trail(struct world *w, const char *id) {
    return pg_value(&w->pg, w->arena, world_text(w, "SELECT trail FROM parcel.label WHERE id = '%s'", id)).ptr;
}

static void test_hooks(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *id = parcel_part(w, box, "labels", "{\"text\":\"first\"}");
    assert_string_equal(trail(w, id), "1|" ACME "|-|-");
    const char *tail = world_text(w, "labels/%s", id);
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, tail, "{\"text\":\"second\"}"), 200);
    assert_string_equal(trail(w, id), world_text(w, "2|" ACME "|first|%s", box));
    const struct answer *a = parcel_ask(w, ACME_MANAGER, "PATCH", box, tail, "{\"text\":\"wrong\"}");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/code"), "wrong_label");
    int64_t version = parcel_version(w, box);
    assert_problem(parcel_ask(w, ACME_MANAGER, "PATCH", box, tail, "{\"text\":\"late\"}"), 409, "late");
    assert_problem(parcel_ask(w, ACME_MANAGER, "POST", box, "labels", "[{\"text\":\"x\"},{\"text\":\"late\"}]"), 409,
                   "late");
    assert_int_equal(parcel_version(w, box), version); /* and all is as before */
    assert_int_equal(parcel_count(w, "label", world_text(w, "box_id = '%s' AND text = 'second'", box)), 1);
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, tail, "{\"text\":\"keep\"}"), 200);
    assert_problem(parcel_ask(w, ACME_MANAGER, "DELETE", box, tail, NULL), 409, "kept");
    assert_problem(parcel_ask(w, ACME_MANAGER, "DELETE", box, "labels?all=true", NULL), 409, "kept");
    assert_int_equal(parcel_version(w, box), version + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_what_cannot_be_sent),
        cmocka_unit_test(test_owner_is_not_seen),
        cmocka_unit_test(test_part_of_another),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_second_lock),
        cmocka_unit_test(test_owner_version),
        cmocka_unit_test(test_if_match),
        cmocka_unit_test(test_owner_goes),
        cmocka_unit_test(test_hooks),
    };
    return cmocka_run_group_tests_name("parts", tests, setup, world_teardown);
}
