/* SPDX-License-Identifier: MIT
 * test_tags.c - the tags of a list's rows, counted: which, in what order, for whom, by which filters. */
#include "world.h"

enum { ADMIN, ACME_MANAGER, ACME_VIEWER, GLOBEX_MANAGER, BOTH, NOBODY };

#define VIEWER "00000000-0000-7000-8000-000000000004"

static void put_contact(struct world *w, size_t organization, const char *name, const char *tags) {
    const char *body =
        world_text(w, "{\"organization\":\"%s\",\"first_name\":\"%s\",\"last_name\":\"tagged\",\"tags\":%s}",
                   world_organizations[organization].id, name, tags);
    const struct answer *a = world_ask(w, ADMIN, "POST", "/api/v1/contacts", body);
    world_must(a, 201, ADMIN, body);
}

/* "a=2 b=1" */
static const char *tags(struct world *w, size_t user, const char *query) {
    const char *path = world_text(w, "/api/v1/contacts/tags?last_name=tagged%s", query);
    const struct answer *a = world_ask(w, user, "GET", path, NULL);
    struct str text;
    world_must(a, 200, user, path);
    assert_int_equal(jx_size(a->json), 1);
    str_init(&text, w->arena, 64);
    for (uint32_t i = 0; i < jx_size(answer_at(a, "/results")); i++) {
        str_puts(&text, i > 0 ? " " : "");
        str_view(&text, answer_text(a, world_text(w, "/results/%u/tag", i)));
        str_printf(&text, "=%lld", (long long)answer_integer(a, world_text(w, "/results/%u/count", i)));
    }
    return str_done(&text).ptr;
}

static void test_counts(void **state) {
    struct world *w = *state;
    put_contact(w, WORLD_ACME, "a", "[\"vip\",\"Fair 2026\",\"new\"]");
    put_contact(w, WORLD_ACME, "b", "[\"vip\",\"new\",\"a,b \\\"q\\\"\"]");
    put_contact(w, WORLD_ACME_BERLIN, "c", "[\"vip\",\"fair 2027\"]");
    put_contact(w, WORLD_GLOBEX, "d", "[\"vip\",\"secret of globex\"]");
    put_contact(w, WORLD_GLOBEX, "e", "[]");
    assert_string_equal(tags(w, ADMIN, ""), "vip=4 new=2 Fair 2026=1 a,b \"q\"=1 fair 2027=1 secret of globex=1");
    assert_string_equal(tags(w, ACME_MANAGER, ""), "new=2 vip=2 Fair 2026=1 a,b \"q\"=1");
    assert_string_equal(tags(w, ACME_VIEWER, ""), "vip=3 new=2 Fair 2026=1 a,b \"q\"=1 fair 2027=1"); /* and Berlin */
    assert_string_equal(tags(w, GLOBEX_MANAGER, ""), "secret of globex=1 vip=1");
    assert_string_equal(tags(w, NOBODY, ""), "");
    assert_problem(loopback_request(w->loopback, "GET", "/api/v1/contacts/tags", NULL, NULL), 401, "unauthenticated");
}

static void test_parameters(void **state) {
    struct world *w = *state;
    const char *acme = world_organizations[WORLD_ACME].id, *globex = world_organizations[WORLD_GLOBEX].id;
    assert_string_equal(tags(w, ADMIN, "&search=FAIR"), "Fair 2026=1 fair 2027=1");
    assert_string_equal(tags(w, ADMIN, "&search=air"), ""); /* from the beginning */
    assert_string_equal(tags(w, ADMIN, "&search=%25"), "");
    assert_string_equal(tags(w, ADMIN, "&search=fair_2026"), "");
    assert_string_equal(tags(w, ACME_MANAGER, "&search=secret"), "");
    assert_string_equal(tags(w, ADMIN, "&page_size=2"), "vip=4 new=2");
    assert_string_equal(tags(w, ADMIN, world_text(w, "&organization=%s", globex)), "secret of globex=1 vip=1");
    assert_string_equal(tags(w, ACME_MANAGER, world_text(w, "&organization=%s", globex)), "");
    assert_string_equal(tags(w, ADMIN, world_text(w, "&organization=%s&below=true&search=fair", acme)),
                        "Fair 2026=1 fair 2027=1");
    assert_string_equal(tags(w, ADMIN, world_text(w, "&organization=%s&below=true", globex)),
                        "secret of globex=1 vip=1");
    assert_string_equal(tags(w, ACME_MANAGER, world_text(w, "&organization=%s&below=true", acme)),
                        "new=2 vip=2 Fair 2026=1 a,b \"q\"=1"); /* sees nothing of Berlin */
    assert_string_equal(tags(w, ACME_MANAGER, world_text(w, "&organization=%s&below=true", globex)), "");
    assert_string_equal(tags(w, ADMIN, world_text(w, "&organization=%s&tags=new", acme)),
                        "new=2 vip=2 Fair 2026=1 a,b \"q\"=1");
    assert_string_equal(tags(w, ADMIN, "&first_name__in=c,d&search=v"), "vip=2");
    assert_string_equal(tags(w, ADMIN, "&filter={\"or\":[{\"first_name\":\"a\"},{\"first_name\":\"c\"}]}&search=f"),
                        "Fair 2026=1 fair 2027=1");
    static const struct {
        const char *query, *code;
    } bad[] = {{"page_size=201", "bad_parameter"},     {"search=", "bad_parameter"},
               {"search=a&search=b", "bad_parameter"}, {"ordering=id", "unknown_parameter"},
               {"cursor=x", "unknown_parameter"},      {"count=exact", "unknown_parameter"},
               {"fields=id", "unknown_parameter"},     {"expand=linked_organization", "unknown_parameter"},
               {"nonsense=1", "unknown_parameter"},    {"deleted=true", "unknown_parameter"},
               {"below=true", "bad_parameter"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_problem(world_ask(w, ADMIN, "GET", world_text(w, "/api/v1/contacts/tags?%s", bad[i].query), NULL), 400,
                       bad[i].code);
    }
}

/* Tags of deleted rows are counted nowhere, and whoever asks for them is told so. */
static void test_deleted(void **state) {
    struct world *w = *state;
    assert_problem(world_ask(w, ADMIN, "GET", "/api/v1/products/tags?deleted=true", NULL), 400, "unknown_parameter");
    assert_problem(world_ask(w, ADMIN, "GET", "/api/v1/products/tags?deleted=false", NULL), 400, "unknown_parameter");
}

/* Where tags can be filtered by, and nowhere else. */
static void test_which_resources(void **state) {
    struct world *w = *state;
    uint32_t with = 0;
    for (uint32_t i = 0; i < w->catalogue->resource_count; i++) {
        const struct resource *r = w->catalogue->resources[i];
        const struct resource_field *f = resource_field(r, STR_LIT("tags"));
        bool has = f != NULL && f->decl->type == ALEES_TAGS && (f->decl->flags & ALEES_FILTER) != 0;
        if (r->decl->owner == NULL) {
            uint32_t status = world_ask(w, ADMIN, "GET", world_text(w, "/api/v1%s/tags", r->decl->path), NULL)->status;
            assert_int_equal(status, has ? 200 : 404);
            with += has;
        }
    }
    assert_true(with >= 3);
}

/* Who may not read tags is told of none; who may in a part of the list, when it is narrowed to that part. The last: it
 * changes the rights. */
static void test_field_rights(void **state) {
    struct world *w = *state;
    const char *globex = world_organizations[WORLD_GLOBEX].id;
    assert_string_equal(tags(w, BOTH, "&search=s"), "secret of globex=1");
    assert_status(world_ask(w, ADMIN, "POST", "/api/v1/field-permissions",
                            "{\"role\":\"" VIEWER "\",\"resource\":\"contact.contact\",\"read_fields\":"
                            "[\"first_name\",\"last_name\"],\"create_fields\":[],\"update_fields\":[]}"),
                  201);
    for (int tries = 0; world_ask(w, ACME_VIEWER, "GET", "/api/v1/contacts/tags", NULL)->status == 200; tries++) {
        assert_true(tries < 2000); /* until the server has heard of it */
    }
    assert_problem(world_ask(w, ACME_VIEWER, "GET", "/api/v1/contacts/tags", NULL), 404, "not_found");
    assert_problem(world_ask(w, BOTH, "GET", "/api/v1/contacts/tags", NULL), 400, "bad_parameter");
    assert_string_equal(tags(w, BOTH, world_text(w, "&organization=%s", globex)), "secret of globex=1 vip=1");
    assert_string_equal(tags(w, ACME_MANAGER, "&search=v"), "vip=2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),          cmocka_unit_test(test_parameters),   cmocka_unit_test(test_deleted),
        cmocka_unit_test(test_which_resources), cmocka_unit_test(test_field_rights),
    };
    return cmocka_run_group_tests_name("tags", tests, world_setup, world_teardown);
}
