/* SPDX-License-Identifier: MIT
 * test_parts_many.c - parts of one owner, many at a time: arrays, upserts, filters, CSV and NDJSON; what is true of one of
 * them at most, also when many make it so at once; and the rights to the owner's list. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "migrate_impl.h"
#include "parcel.h"

#define VIEWER "00000000-0000-7000-8000-000000000004"
#define MANAGER "00000000-0000-7000-8000-000000000002"

static int setup(void **state) {
    return world_setup_with(state, "parcel");
}

/* The names of those that are first, or main: of one box at most one. */
static const char *singles(struct world *w, const char *table, const char *box) {
    bool is_item = strcmp(table, "item") == 0, is_seal = strcmp(table, "seal") == 0;
    return pg_value(&w->pg, w->arena,
                    world_text(w,
                               "SELECT coalesce(string_agg(%s::text, ',' ORDER BY 1), '-') FROM parcel.%s WHERE %s AND "
                               "box_id = '%s'",
                               is_item   ? "name"
                               : is_seal ? "number"
                                         : "text",
                               table,
                               is_item   ? "is_first"
                               : is_seal ? "is_top"
                                         : "is_main",
                               box))
        .ptr;
}

/* ---- ALEES_SINGLE ---- */

static void test_single(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *other = parcel_box(w, ACME);
    (void)parcel_part(w, other, "items", "{\"name\":\"o\",\"is_first\":true}");
    const char *a = parcel_part(w, box, "items", "{\"name\":\"a\",\"is_first\":true}");
    assert_string_equal(singles(w, "item", box), "a");
    const char *b = parcel_part(w, box, "items", "{\"name\":\"b\",\"is_first\":true}");
    assert_string_equal(singles(w, "item", box), "b");
    /* the one that lost it was changed, by the same user, and the trail says so */
    assert_int_equal(parcel_count(w, "item", world_text(w, "id = '%s' AND version = 2 AND updated_by IS NOT NULL", a)),
                     1);
    assert_int_equal(pg_count(&w->pg, world_text(w,
                                                 "SELECT count(*) FROM audit.entry WHERE object_id = '%s' AND action = "
                                                 "'update' AND changes = "
                                                 "'{\"is_first\":{\"before\":true,\"after\":false}}'",
                                                 a)),
                     1);
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, world_text(w, "items/%s", a), "{\"is_first\":true}"), 200);
    assert_string_equal(singles(w, "item", box), "a");
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, world_text(w, "items/%s", a), "{\"is_first\":true}"), 200);
    assert_string_equal(singles(w, "item", box), "a");
    assert_status(
        parcel_ask(w, ACME_MANAGER, "PUT", box, world_text(w, "items/%s", b), "{\"name\":\"b\",\"is_first\":true}"),
        200);
    assert_string_equal(singles(w, "item", box), "b");
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, world_text(w, "items/%s", b), "{\"is_first\":false}"), 200);
    assert_string_equal(singles(w, "item", box), "-"); /* the only one may go */
    assert_string_equal(singles(w, "item", other), "o");
    /* what is refused changes nothing */
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, world_text(w, "items/%s", b), "{\"is_first\":true}"), 200);
    assert_problem(parcel_ask(w, ACME_MANAGER, "POST", box, "items", "{\"quantity\":0,\"is_first\":true}"), 422,
                   "invalid");
    assert_problem(parcel_ask(w, ACME_MANAGER, "POST", box, "items", "{\"name\":\"c\",\"is_first\":null}"), 422,
                   "invalid");
    assert_status(parcel_ask_with(w, ACME_MANAGER, "POST", box, "items", "{\"name\":\"c\",\"is_first\":true}", "Prefer",
                                  "tx=rollback"),
                  201);
    assert_string_equal(singles(w, "item", box), "b");
}

/* A hook makes it true, nobody sent it. */
static void test_single_by_hooks(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *other = parcel_box(w, GLOBEX);
    (void)parcel_part(w, box, "labels", "{\"text\":\"x\",\"is_main\":true}");
    const char *id = parcel_part(w, box, "labels", "{\"text\":\"main\"}");
    assert_string_equal(singles(w, "label", box), "main");
    (void)parcel_part(w, box, "labels", "{\"text\":\"y\",\"is_main\":true}");
    assert_string_equal(singles(w, "label", box), "y");
    assert_status(parcel_ask(w, ADMIN, "PATCH", box, world_text(w, "labels/%s", id), "{\"text\":\"main\"}"), 200);
    assert_string_equal(singles(w, "label", box), "main");
    const struct answer *a =
        parcel_ask(w, ADMIN, "POST", other, "labels", "[{\"text\":\"main\"},{\"text\":\"z\",\"is_main\":true}]");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/1/is_main");
    assert_text(answer_text(a, "/errors/0/code"), "several_is_main");
    a = parcel_ask(w, ADMIN, "POST", other, "labels", "[{\"text\":\"main\"},{\"text\":\"z\"}]");
    assert_status(a, 201);
    assert_string_equal(singles(w, "label", other), "main");
    assert_status(parcel_ask(w, ADMIN, "PATCH", other, "labels?text=z", "{\"is_main\":true}"), 200);
    assert_string_equal(singles(w, "label", other), "z");
}

static void test_single_of_many(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME);
    (void)parcel_part(w, box, "items", "{\"name\":\"a\",\"serial\":\"1\",\"is_first\":true}");
    const struct answer *a = parcel_ask(w, ACME_MANAGER, "POST", box, "items",
                                        "[{\"name\":\"b\",\"is_first\":true},{\"name\":\"c\"},"
                                        "{\"name\":\"d\",\"is_first\":true}]");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/2/is_first");
    assert_text(answer_text(a, "/errors/0/code"), "several_is_first");
    assert_int_equal(jx_size(answer_at(a, "/errors")), 1);
    assert_string_equal(singles(w, "item", box), "a");
    a = parcel_ask(w, ACME_MANAGER, "POST", box, "items",
                   "[{\"name\":\"b\",\"serial\":\"2\"},{\"name\":\"c\",\"serial\":\"3\",\"is_first\":true}]");
    assert_status(a, 201);
    assert_string_equal(singles(w, "item", box), "c");
    /* one that is there, and a new one; and the one that has it loses it, though it is merged as well */
    a = parcel_ask(w, ACME_MANAGER, "POST", box, "items?on_conflict=serial",
                   "[{\"name\":\"c2\",\"serial\":\"3\"},{\"name\":\"b2\",\"serial\":\"2\",\"is_first\":true},"
                   "{\"name\":\"new\",\"serial\":\"4\"}]");
    assert_status(a, 201);
    assert_string_equal(singles(w, "item", box), "b2");
    a = parcel_ask(w, ACME_MANAGER, "POST", box, "items?on_conflict=serial",
                   "[{\"serial\":\"1\",\"name\":\"a\",\"is_first\":true},"
                   "{\"serial\":\"5\",\"name\":\"e\",\"is_first\":true}]");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/1/is_first");
    a = parcel_ask_with(w, ACME_MANAGER, "POST", box, "items?on_conflict=serial",
                        "[{\"serial\":\"1\",\"name\":\"a\",\"is_first\":true},"
                        "{\"serial\":\"6\",\"name\":\"f\",\"is_first\":true}]",
                        "Prefer", "resolution=ignore-duplicates");
    assert_status(a, 201); /* the first of them stays as it is */
    assert_string_equal(singles(w, "item", box), "f");
    assert_problem(parcel_ask(w, ACME_MANAGER, "PATCH", box, "items?all=true", "{\"is_first\":true}"), 422, "invalid");
    assert_string_equal(singles(w, "item", box), "f");
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, "items?serial=1", "{\"is_first\":true}"), 200);
    assert_string_equal(singles(w, "item", box), "a");
    assert_status(parcel_ask(w, ACME_MANAGER, "PATCH", box, "items?all=true", "{\"is_first\":false}"), 200);
    assert_string_equal(singles(w, "item", box), "-");
}

/* ---- many ---- */

static void test_upsert(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *other = parcel_box(w, ACME);
    (void)parcel_part(w, other, "items", "{\"name\":\"theirs\",\"serial\":\"u-1\"}");
    const struct answer *a = parcel_ask(w, ACME_MANAGER, "POST", box, "items?on_conflict=serial",
                                        "[{\"name\":\"x\",\"serial\":\"u-2\"},{\"name\":\"y\",\"serial\":\"u-3\"}]");
    assert_status(a, 201);
    a = parcel_ask(w, ACME_MANAGER, "POST", box, "items?on_conflict=serial",
                   "[{\"name\":\"x2\",\"serial\":\"u-2\"},{\"name\":\"z\",\"serial\":\"u-4\"}]");
    assert_status(a, 201);
    assert_int_equal(answer_integer(a, "/count"), 2);
    assert_int_equal(parcel_count(w, "item", world_text(w, "box_id = '%s'", box)), 3);
    a = parcel_ask(w, ACME_MANAGER, "POST", box, "items?on_conflict=serial",
                   "[{\"name\":\"x3\",\"serial\":\"u-2\"},{\"name\":\"z\",\"serial\":\"u-1\"}]");
    assert_problem(a, 409, "not_unique");
    assert_text(answer_text(a, "/errors/0/pointer"), "/1/serial");
    assert_int_equal(parcel_count(w, "item", "name IN ('x2', 'theirs')"), 2);
}

static const struct answer *import(struct world *w, size_t user, const char *path, const char *type, const char *body) {
    const struct loopback_request request = {
        .method = "POST", .path = path, .token = w->tokens[user], .body = body, .headers = {{"Content-Type", type}}};
    return loopback_send(w->loopback, &request);
}

static void test_import_and_export(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *path = parcel_path(w, box, "items");
    int64_t version = parcel_version(w, box);
    const struct answer *a = import(w, ACME_MANAGER, path, "text/csv",
                                    "name,quantity,is_first\r\nbolt,3,false\r\nnut,4,true\r\nwasher,,\r\n");
    assert_status(a, 201);
    assert_int_equal(answer_integer(a, "/created"), 3);
    assert_int_equal(parcel_version(w, box), version + 1);
    assert_string_equal(singles(w, "item", box), "nut");
    a = import(w, ACME_MANAGER, path, "application/x-ndjson",
               "{\"name\":\"p\",\"is_first\":true}\n{\"name\":\"q\",\"is_first\":true}\n");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/code"), "several_is_first");
    assert_int_equal(answer_integer(a, "/errors/0/row"), 2);
    assert_problem(import(w, ACME_MANAGER, path, "text/csv", "name,box\nx,y\n"), 400, "read_only_field");
    a = import(w, ACME_MANAGER, world_text(w, "%s?organization=" ACME, path), "text/csv", "name\nx\n");
    assert_problem(a, 400, "unknown_parameter");
    assert_problem(import(w, ACME_VIEWER, path, "text/csv", "name\nx\n"), 403, "permission_denied");
    assert_problem(import(w, GLOBEX_MANAGER, path, "text/csv", "name\nx\n"), 404, "not_found");
    assert_int_equal(parcel_version(w, box), version + 1);
    (void)parcel_part(w, parcel_box(w, ACME), "items", "{\"name\":\"elsewhere\"}");
    const struct loopback_request request = {.method = "GET",
                                             .path = world_text(w, "%s?fields=name,quantity&ordering=name", path),
                                             .token = w->tokens[ACME_VIEWER],
                                             .headers = {{"Accept", "text/csv"}}};
    a = loopback_send(w->loopback, &request);
    assert_status(a, 200);
    assert_true(str_starts(a->body, "name,quantity\r\nbolt,3\r\nnut,4\r\nwasher,1\r\n"));
    assert_null(strstr(a->body.ptr, "elsewhere"));
    assert_non_null(strstr(a->head.ptr, "filename=\"items.csv\""));
}

/* More rows than are written at once, of which one takes it. */
static void test_long_import(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *path = parcel_path(w, box, "seals");
    struct str csv;
    str_init(&csv, w->arena, 32768);
    str_puts(&csv, "number,is_top\n");
    for (unsigned i = 0; i < 1200; i++) {
        str_printf(&csv, "%u,%s\n", i, i == 700 ? "true" : "false");
    }
    (void)parcel_part(w, box, "seals", "{\"number\":5000,\"is_top\":true}");
    int64_t version = parcel_version(w, box);
    assert_status(import(w, ACME_MANAGER, path, "text/csv", str_done(&csv).ptr), 201);
    assert_string_equal(singles(w, "seal", box), "700");
    assert_int_equal(parcel_count(w, "seal", world_text(w, "box_id = '%s'", box)), 1201);
    assert_int_equal(parcel_version(w, box), version + 1);
}

/* ---- the command line ---- */

struct line {
    const char *words[7];
};

static int run_alees(void *data) {
    char *words[8] = {NULL};
    for (size_t i = 0; i < ARRAY_LEN(words) - 1 && ((struct line *)data)->words[i]; i++) {
        words[i] = strdup(((struct line *)data)->words[i]);
    }
    execv(ALEES_BINARY, words);
    return 127;
}

static void test_command_line(void **state) {
    static struct child child;
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *path = world_text(w, "boxes/%s/items", box);
    struct line line = {{ALEES_BINARY, "-c", w->pg.conf, "export", path}};
    (void)parcel_part(w, box, "items", "{\"name\":\"only\"}");
    (void)parcel_part(w, parcel_box(w, ACME), "items", "{\"name\":\"elsewhere\"}");
    child_run(run_alees, &line, &child);
    assert_int_equal(child.status, 0);
    assert_non_null(strstr(child.out, ",only,"));
    assert_null(strstr(child.out, "elsewhere"));
    const char *const wrong[] = {"parcel.item", "boxes/" UNKNOWN "/items", "boxes//items", "items"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        line.words[4] = wrong[i];
        child_run(run_alees, &line, &child);
        assert_int_not_equal(child.status, 0);
        assert_string_equal(child.out, "");
    }
    line = (struct line){{ALEES_BINARY, "-c", w->pg.conf, "import", path, NULL}};
    char file[] = "/tmp/alees-parts-XXXXXX";
    FILE *csv = fdopen(mkstemp(file), "w");
    assert_non_null(csv);
    fprintf(csv, "name,is_first\nfrom a file,true\n");
    fclose(csv);
    line.words[5] = file;
    child_run(run_alees, &line, &child);
    unlink(file);
    assert_int_equal(child.status, 0);
    assert_string_equal(singles(w, "item", box), "from a file");
    assert_int_equal(parcel_version(w, box), 3);
}

/* ---- the rights to the owner's list ---- */

static void restart(struct world *w) {
    for (size_t i = 0; i < WORLD_USERS; i++) {
        w->tokens[i] = world_text(w, "%s", w->tokens[i]);
    }
    loopback_close(w->loopback);
    w->loopback = loopback_open(w->pg.conf, NULL);
    w->catalogue = &loopback_app(w->loopback)->catalogue;
}

static void test_field_rights(void **state) {
    struct world *w = *state;
    const char *box = parcel_box(w, ACME), *id = parcel_part(w, box, "items", "{\"name\":\"a\"}");
    const char *label = parcel_part(w, box, "labels", "{\"text\":\"l\"}");
    const char *item = world_text(w, "items/%s", id);
    int64_t version = parcel_version(w, box);
    pg_exec(&w->pg, "INSERT INTO rbac.field_permission "
                    "(organization_id, role_id, resource, read_fields, create_fields, update_fields) VALUES "
                    "(NULL, '" VIEWER "', 'parcel.box', '{name,items}', '{}', '{}'), "
                    "(NULL, '" MANAGER "', 'parcel.box', '{name,note,items,labels}', '{name}', '{note,labels}')");
    restart(w);
    /* may not be read: as if it were not there; else as ever */
    assert_status(parcel_ask(w, ACME_VIEWER, "GET", box, item, NULL), 200);
    assert_status(parcel_ask(w, ACME_VIEWER, "GET", box, "items?name=a&ordering=name", NULL), 200);
    assert_problem(parcel_ask(w, ACME_VIEWER, "GET", box, "labels", NULL), 404, "not_found");
    assert_problem(parcel_ask(w, ACME_VIEWER, "GET", box, world_text(w, "labels/%s", label), NULL), 404, "not_found");
    assert_problem(parcel_ask(w, ACME_VIEWER, "DELETE", box, world_text(w, "labels/%s", label), NULL), 404,
                   "not_found");
    assert_status(parcel_ask(w, ACME_VIEWER, "GET", box, "seals", NULL), 200); /* of no list */
    /* may not be changed: 403 that names the list */
    const struct {
        const char *method, *tail, *body;
    } writes[] = {
        {"POST", "items", "{\"name\":\"b\"}"},
        {"POST", "items", "[{\"name\":\"b\"}]"},
        {"PATCH", item, "{\"quantity\":2}"},
        {"PUT", item, "{\"name\":\"b\"}"},
        {"DELETE", item, NULL},
        {"PATCH", "items?all=true", "{\"quantity\":2}"},
        {"DELETE", "items?all=true", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        const struct answer *a = parcel_ask(w, ACME_MANAGER, writes[i].method, box, writes[i].tail, writes[i].body);
        assert_problem(a, 403, "field_not_permitted");
        assert_non_null(strstr(answer_text(a, "/errors/0/detail").ptr, "items"));
    }
    assert_int_equal(parcel_version(w, box), version);
    assert_status(parcel_ask(w, ACME_MANAGER, "GET", box, "items", NULL), 200);
    assert_status(parcel_ask(w, ACME_MANAGER, "POST", box, "labels", "{\"text\":\"m\"}"), 201);
    assert_status(parcel_ask(w, ACME_MANAGER, "POST", box, "seals", "{\"number\":1}"), 201);
    assert_status(parcel_ask(w, ADMIN, "PATCH", box, item, "{\"quantity\":2}"), 200);
    /* parts are no resource of their own to give rights to */
    const struct answer *a =
        world_ask(w, ADMIN, "POST", "/api/v1/field-permissions",
                  "{\"role\":\"" VIEWER "\",\"resource\":\"parcel.item\",\"read_fields\":[\"name\"]}");
    assert_true(a->status == 422 || a->status == 400);
    pg_exec(&w->pg, "DELETE FROM rbac.field_permission WHERE resource = 'parcel.box'");
    restart(w);
}

/* ---- all at once ---- */

enum { CLIENTS = 6, ROUNDS = 40, BATCH = 20 };

struct race {
    struct world *world;
    const char *box, *ids[CLIENTS];
    pthread_barrier_t barrier;
    uint32_t wrong;
    char fault[512];
};

struct client {
    struct race *race;
    uint32_t place;
    pthread_t thread;
};

/* Each makes its own part first, in its own way, or changes the owner itself. */
static void ask_once(const struct client *c, struct loopback *l, uint32_t round) {
    struct race *race = c->race;
    char path[160], body[128];
    const char *method = "PATCH";
    uint32_t way = (c->place + round) % 4;
    snprintf(path, sizeof path, "/api/v1/boxes/%s/items/%s", race->box, race->ids[c->place]);
    snprintf(body, sizeof body, "{\"is_first\":true}");
    if (way == 1) {
        method = "PUT";
        snprintf(body, sizeof body, "{\"name\":\"c%u\",\"serial\":\"race-%u\",\"is_first\":true}", c->place, c->place);
    } else if (way == 2) {
        method = "POST";
        snprintf(path, sizeof path, "/api/v1/boxes/%s/items?on_conflict=serial", race->box);
        snprintf(body, sizeof body, "[{\"name\":\"c%u\",\"serial\":\"race-%u\",\"is_first\":true}]", c->place,
                 c->place);
    } else if (way == 3) {
        snprintf(path, sizeof path, "/api/v1/boxes/%s/items?serial=race-%u", race->box, c->place);
    }
    const struct answer *a = loopback_request(l, method, path, race->world->tokens[ADMIN], body);
    if (a->status != 200) {
        snprintf(race->fault, sizeof race->fault, "%s %u %.400s", method, a->status, a->body.ptr);
    }
}

static void *run_client(void *data) {
    struct client *c = data;
    struct race *race = c->race;
    struct loopback *l = NULL;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (round % BATCH == 0) {
            if (l) {
                loopback_close(l);
            }
            l = loopback_on(loopback_app(race->world->loopback));
        }
        pthread_barrier_wait(&race->barrier);
        ask_once(c, l, round);
        pthread_barrier_wait(&race->barrier);
        if (c->place == 0) {
            race->wrong += parcel_count(race->world, "item", "serial LIKE 'race-%' AND is_first") != 1;
        }
    }
    loopback_close(l);
    return NULL;
}

static void test_race(void **state) {
    struct world *w = *state;
    struct race race = {.world = w, .box = parcel_box(w, ACME)};
    struct client clients[CLIENTS];
    for (uint32_t i = 0; i < CLIENTS; i++) {
        race.ids[i] =
            parcel_part(w, race.box, "items", world_text(w, "{\"name\":\"c%u\",\"serial\":\"race-%u\"}", i, i));
    }
    int64_t version = parcel_version(w, race.box);
    assert_int_equal(pthread_barrier_init(&race.barrier, NULL, CLIENTS), 0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.race = &race, .place = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
    }
    pthread_barrier_destroy(&race.barrier);
    assert_string_equal(race.fault, "");
    assert_int_equal(race.wrong, 0);
    /* but for a PUT of what is so already, each of them raised it */
    assert_true(parcel_version(w, race.box) > version + (int64_t)CLIENTS * ROUNDS / 2);
    assert_true(parcel_version(w, race.box) <= version + (int64_t)CLIENTS * ROUNDS);
}

/* ---- the table ---- */

static void test_table(void **state) {
    static const struct {
        const char *sql, *told;
    } drifts[] = {
        {"DROP INDEX parcel.item_box", "an index that begins with organization_id, box_id is missing"},
        {"DROP INDEX parcel.item_first; CREATE UNIQUE INDEX item_first ON parcel.item (organization_id, box_id) WHERE "
         "is_first AND quantity > 1",
         "a unique index on (organization_id, box_id) WHERE is_first is missing"},
        {"DROP INDEX parcel.item_first; CREATE INDEX item_first ON parcel.item (organization_id, box_id) WHERE "
         "is_first",
         "a unique index on (organization_id, box_id) WHERE is_first is missing"},
        {"ALTER TABLE parcel.item DROP CONSTRAINT item_organization_id_box_id_fkey, ADD CONSTRAINT "
         "item_organization_id_box_id_fkey FOREIGN KEY (organization_id, box_id) REFERENCES parcel.box "
         "(organization_id, id)",
         "FOREIGN KEY (organization_id, box_id) REFERENCES parcel.box ON DELETE CASCADE is missing"},
        {"ALTER TABLE parcel.item DROP CONSTRAINT item_organization_id_box_id_fkey, ADD CONSTRAINT "
         "item_organization_id_box_id_fkey FOREIGN KEY (box_id) REFERENCES parcel.box (id) ON DELETE CASCADE",
         "FOREIGN KEY (organization_id, box_id) REFERENCES parcel.box ON DELETE CASCADE is missing"},
    };
    struct world *w = *state;
    struct app *app = loopback_app(w->loopback);
    const struct resource *item = catalogue_resource(w->catalogue, "parcel.item");
    assert_non_null(item);
    for (size_t i = 0; i <= ARRAY_LEN(drifts); i++) {
        struct resource *r = app->catalogue.resources[0];
        char text[4096] = "";
        FILE *errors = fmemopen(text, sizeof text, "w");
        for (uint32_t k = 0; k < app->catalogue.resource_count; k++) {
            r = app->catalogue.resources[k] == item ? app->catalogue.resources[k] : r;
        }
        pg_exec(&w->pg, world_text(w, "BEGIN; %s", i < ARRAY_LEN(drifts) ? drifts[i].sql : ""));
        alees_rc rc = migrate_check_table(w->pg.admin, w->arena, r, errors);
        fclose(errors);
        pg_exec(&w->pg, "ROLLBACK");
        if (i == ARRAY_LEN(drifts)) {
            assert_ok(rc); /* as it should be */
        } else if (rc != ALEES_E_INVALID || !strstr(text, drifts[i].told)) {
            fail_msg("%s: %s", drifts[i].sql, text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_single_by_hooks),
        cmocka_unit_test(test_single_of_many),
        cmocka_unit_test(test_upsert),
        cmocka_unit_test(test_import_and_export),
        cmocka_unit_test(test_long_import),
        cmocka_unit_test(test_field_rights),
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_race),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests_name("parts_many", tests, setup, world_teardown);
}
