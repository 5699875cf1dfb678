/* SPDX-License-Identifier: MIT
 * test_catalogue.c - what plugins declare together: numbers, fields, routes, and the faults that only two can make. */
#include "test.h"

#include <stdio.h>

#include "catalogue.h"
#include "fixtures.h"
#include "resource.h"

static alees_rc run_plugin(alees_ctx *ctx) {
    (void)ctx;
    return ALEES_OK;
}

static alees_rc run_host(alees_ctx *ctx) {
    (void)ctx;
    return ALEES_OK;
}

static const struct route host_routes[] = {
    {.method = ALEES_GET, .operation = ROUTE_HOST, .path = "/healthz", .run = run_host, .summary = "Alive?"},
};

static alees_rc build(struct fixtures *f, struct catalogue *ret_catalogue) {
    FILE *errors = fmemopen(f->errors, sizeof f->errors, "w");
    alees_rc rc;
    assert_non_null(errors);
    rc = catalogue_build(f->arena, &f->plugins, run_plugin, host_routes, ARRAY_LEN(host_routes), errors, ret_catalogue);
    (void)fclose(errors);
    return rc;
}

static void load(struct fixtures *f, const char *names) {
    if (fixtures_load(f, names, NULL, false) != ALEES_OK) {
        print_error("%s", f->errors);
        fail();
    }
}

static const struct route *find_route(const struct catalogue *c, uint32_t method, const char *path) {
    for (uint32_t i = 0; i < c->route_count; i++) {
        if (c->routes[i].method == method && strcmp(c->routes[i].path, path) == 0) {
            return &c->routes[i];
        }
    }
    print_error("no route %s\n", path);
    fail();
    return NULL;
}

static void test_permissions(void **state) {
    static const char *const names[] = {"good.view_thing",
                                        "good.add_thing",
                                        "good.change_thing",
                                        "good.delete_thing",
                                        "good.view_unit_of_measure",
                                        "good.add_unit_of_measure",
                                        "good.change_unit_of_measure",
                                        "good.delete_unit_of_measure",
                                        "good.count_things"};
    struct fixtures f;
    struct catalogue c;
    (void)state;
    load(&f, "rbac_stub,good");
    assert_ok(build(&f, &c));
    assert_int_equal(c.permission_count, ARRAY_LEN(names));
    for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_string_equal(c.permissions[i].name, names[i]);
        assert_int_equal(catalogue_permission(&c, names[i]), i + 1);
        assert_string_equal(c.permission_plugins[i]->decl.name, "good");
    }
    assert_string_equal(c.permissions[4].description, "See units of measure");
    assert_string_equal(c.permissions[8].description, "Count things");
    /* whole names only */
    assert_int_equal(catalogue_permission(&c, "view_thing"), 0);
    assert_int_equal(catalogue_permission(&c, "other.view_thing"), 0);
    assert_int_equal(catalogue_permission(&c, "good.view_thing "), 0);
    assert_int_equal(catalogue_permission(&c, ""), 0);
    fixtures_end(&f);
}

static void check_field(const struct resource *r, const char *name, const char *column, uint32_t type, uint32_t flags) {
    const struct resource_field *field = resource_field(r, test_view(name));
    if (!field) {
        print_error("no field %s\n", name);
        fail();
        return;
    }
    assert_string_equal(field->column, column);
    assert_int_equal(field->decl->type, type);
    assert_int_equal(field->decl->flags, flags);
}

static void test_fields(void **state) {
    const uint32_t seen = ALEES_READ_ONLY | ALEES_FILTER | ALEES_SORT;
    struct fixtures f;
    struct catalogue c;
    const struct resource *thing, *unit;
    (void)state;
    load(&f, "rbac_stub,good");
    assert_ok(build(&f, &c));
    thing = catalogue_resource(&c, "good.thing");
    unit = catalogue_resource(&c, "good.unit_of_measure");
    assert_non_null(thing);
    assert_non_null(unit);
    assert_null(catalogue_resource(&c, "thing"));
    assert_string_equal(thing->scope_column, "organization_id");
    assert_null(unit->scope_column);
    assert_int_equal(thing->field_count, 6 + 4);
    assert_int_equal(unit->field_count, 5 + 4);
    check_field(thing, "id", "id", ALEES_UUID, seen);
    check_field(thing, "organization", "organization_id", ALEES_UUID, ALEES_WRITE_ONCE | ALEES_FILTER);
    check_field(thing, "created_at", "created_at", ALEES_TIMESTAMP, seen);
    check_field(thing, "updated_at", "updated_at", ALEES_TIMESTAMP, seen);
    check_field(thing, "created_by", "created_by", ALEES_UUID, ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER);
    check_field(thing, "updated_by", "updated_by", ALEES_UUID, ALEES_READ_ONLY | ALEES_NULLABLE | ALEES_FILTER);
    check_field(thing, "parent", "parent_id", ALEES_REFERENCE, ALEES_NULLABLE);
    assert_true(resource_field(thing, test_view("id"))->is_standard);
    assert_false(resource_field(thing, test_view("name"))->is_standard);
    assert_ptr_equal(resource_field(thing, test_view("parent"))->target, thing);
    assert_null(resource_field(thing, test_view("elsewhere"))->target); /* its plugin is not loaded */
    assert_null(resource_field(unit, test_view("organization")));
    assert_null(resource_field(thing, test_view("nam")));
    assert_null(resource_field(thing, test_view("names")));
    assert_null(resource_field(thing, (alees_str){NULL, 0}));
    fixtures_end(&f);
}

/* Parts are served below their owner, under its permissions; they have none of their own. */
static void test_parts(void **state) {
    struct fixtures f;
    struct catalogue c;
    (void)state;
    load(&f, "rbac_stub,parcel");
    assert_ok(build(&f, &c));
    const struct resource *box = catalogue_resource(&c, "parcel.box"), *item = catalogue_resource(&c, "parcel.item"),
                          *seal = catalogue_resource(&c, "parcel.seal");
    assert_int_equal(c.permission_count, 4);
    assert_int_equal(catalogue_permission(&c, "parcel.view_item"), 0);
    assert_ptr_equal(item->owner, box);
    assert_null(box->owner);
    assert_ptr_equal(item->owner_field, resource_field(item, test_view("box")));
    assert_ptr_equal(item->owner_list, resource_field(box, test_view("items")));
    assert_ptr_equal(item->owner_list->target, item);
    assert_null(seal->owner_list);
    assert_string_equal(box->path, "/boxes");
    assert_string_equal(item->path, "/boxes/{box}/items");
    assert_int_equal(item->view, box->view);
    assert_int_equal(item->add, box->change);
    assert_int_equal(item->change, box->change);
    assert_int_equal(item->remove, box->change);
    assert_string_equal(item->remove_name, "parcel.change_box");
    assert_int_equal(seal->add, box->change);
    assert_int_equal(seal->change, 0);
    assert_null(seal->change_name);
    assert_string_equal(find_route(&c, ALEES_GET, "/api/v1/boxes/{box}/items")->permission_name, "parcel.view_box");
    const struct route *remove = find_route(&c, ALEES_DELETE, "/api/v1/boxes/{box}/items/{id}");
    assert_string_equal(remove->permission_name, "parcel.change_box");
    assert_int_equal(remove->permission, box->change);
    fixtures_end(&f);
}

/* With a plugin whose rows are organizations the field becomes a reference to it. */
static void test_organization_is_a_reference(void **state) {
    struct fixtures f;
    struct catalogue c;
    const struct resource *thing, *tenant;
    const struct resource_field *field;
    (void)state;
    load(&f, "good,rbac_stub,tenants");
    assert_ok(build(&f, &c));
    thing = catalogue_resource(&c, "good.thing");
    tenant = catalogue_resource(&c, "tenants.tenant");
    field = resource_field(thing, test_view("organization"));
    assert_int_equal(field->decl->type, ALEES_REFERENCE);
    assert_string_equal(field->decl->reference, "tenants.tenant");
    assert_string_equal(field->column, "organization_id");
    assert_ptr_equal(field->target, tenant);
    assert_string_equal(tenant->scope_column, "id");
    assert_null(resource_field(tenant, test_view("organization")));
    assert_non_null(tenant->parent);
    assert_string_equal(tenant->parent->column, "parent_id");
    fixtures_end(&f);
}

static void test_routes(void **state) {
    struct fixtures f;
    struct catalogue c;
    const struct route *r;
    (void)state;
    load(&f, "rbac_stub,good");
    assert_ok(build(&f, &c));
    assert_int_equal(c.route_count, 1 + 2 * 9 + 3);
    r = find_route(&c, ALEES_GET, "/healthz");
    assert_ptr_equal(r->run, run_host);
    assert_null(r->plugin);
    r = find_route(&c, ALEES_GET, "/api/v1/things");
    assert_int_equal(r->operation, ROUTE_LIST);
    assert_ptr_equal(r->run, engine_list);
    assert_string_equal(r->permission_name, "good.view_thing");
    assert_int_equal(r->permission, r->resource->view);
    r = find_route(&c, ALEES_POST, "/api/v1/things");
    assert_ptr_equal(r->run, engine_create);
    assert_int_equal(r->permission, r->resource->add);
    r = find_route(&c, ALEES_GET, "/api/v1/things/{id}");
    assert_ptr_equal(r->run, engine_get);
    assert_int_equal(r->permission, r->resource->view);
    r = find_route(&c, ALEES_PATCH, "/api/v1/things/{id}");
    assert_ptr_equal(r->run, engine_patch);
    assert_int_equal(r->permission, r->resource->change);
    r = find_route(&c, ALEES_PUT, "/api/v1/things/{id}");
    assert_ptr_equal(r->run, engine_put);
    assert_int_equal(r->permission, r->resource->change);
    r = find_route(&c, ALEES_DELETE, "/api/v1/units-of-measure/{id}");
    assert_ptr_equal(r->run, engine_remove);
    assert_int_equal(r->permission, r->resource->remove);
    assert_string_equal(r->summary, "Delete a unit of measure");
    r = find_route(&c, ALEES_PATCH, "/api/v1/things");
    assert_ptr_equal(r->run, engine_patch_many);
    assert_int_equal(r->permission, r->resource->change);
    r = find_route(&c, ALEES_DELETE, "/api/v1/things");
    assert_ptr_equal(r->run, engine_remove_many);
    assert_int_equal(r->permission, r->resource->remove);
    r = find_route(&c, ALEES_GET, "/api/v1/things/{id}/count");
    assert_int_equal(r->operation, ROUTE_PLUGIN);
    assert_ptr_equal(r->run, run_plugin);
    assert_int_equal(r->permission, catalogue_permission(&c, "good.count_things"));
    assert_ptr_equal(r->resource, catalogue_resource(&c, "good.thing"));
    assert_string_equal(r->decl->summary, "Count");
    for (size_t i = 0; i < ARRAY_LEN(r->requests); i++) {
        assert_non_null(r->requests[i]);
        for (size_t j = 0; j < i; j++) {
            assert_ptr_not_equal(r->requests[i], r->requests[j]);
        }
    }
    assert_non_null(r->latency);
    assert_int_equal(find_route(&c, ALEES_GET, "/api/v1/good/me")->permission, 0);
    fixtures_end(&f);
}

/* Rows of one user need no permission; what cannot be done has no route and no permission. */
static void test_kinds(void **state) {
    static const char *const names[] = {
        "kinds.view_card",    "kinds.add_card",      "kinds.change_card",   "kinds.delete_card", "kinds.view_person",
        "kinds.add_person",   "kinds.change_person", "kinds.delete_person", "kinds.view_rule",   "kinds.add_rule",
        "kinds.change_rule",  "kinds.delete_rule",   "kinds.view_draft",    "kinds.add_draft",   "kinds.change_draft",
        "kinds.delete_draft", "kinds.view_entry"};
    static const struct {
        const char *resource, *column;
        uint32_t fields; /* that are not declared */
    } kinds[] = {
        {"kinds.note", "user_id", 5},   {"kinds.person", "scope_ids", 5},      {"kinds.rule", "organization_id", 6},
        {"kinds.ticket", "user_id", 5}, {"kinds.entry", "organization_id", 6},
    };
    struct fixtures f;
    struct catalogue c;
    const struct route *r;
    (void)state;
    load(&f, "rbac_stub,kinds");
    assert_ok(build(&f, &c));
    assert_int_equal(c.permission_count, ARRAY_LEN(names));
    for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_string_equal(c.permissions[i].name, names[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct resource *resource = catalogue_resource(&c, kinds[i].resource);
        assert_string_equal(resource->scope_column, kinds[i].column);
        assert_int_equal(resource->field_count, kinds[i].fields + resource->decl->fields.count);
    }
    check_field(catalogue_resource(&c, "kinds.rule"), "organization", "organization_id", ALEES_UUID,
                ALEES_WRITE_ONCE | ALEES_FILTER | ALEES_NULLABLE);
    check_field(catalogue_resource(&c, "kinds.card"), "organization", "organization_id", ALEES_UUID,
                ALEES_WRITE_ONCE | ALEES_FILTER);
    assert_ptr_equal(resource_field(catalogue_resource(&c, "kinds.card"), test_view("parts"))->target,
                     catalogue_resource(&c, "kinds.card"));
    r = find_route(&c, ALEES_PATCH, "/api/v1/notes/{id}");
    assert_int_equal(r->permission, 0);
    assert_null(r->permission_name);
    assert_int_equal(r->flags, ALEES_ROUTE_LOGIN | ALEES_ROUTE_IN_PERSON);
    r = find_route(&c, ALEES_POST, "/api/v1/tickets");
    assert_ptr_equal(r->run, run_plugin);
    for (uint32_t i = 0; i < c.route_count; i++) {
        bool is_entry = strncmp(c.routes[i].path, "/api/v1/entries", 15) == 0;
        bool is_ticket = strcmp(c.routes[i].path, "/api/v1/tickets/{id}") == 0;
        assert_true(!is_entry || c.routes[i].method == ALEES_GET);
        assert_true(!is_ticket || c.routes[i].method == ALEES_GET || c.routes[i].method == ALEES_DELETE);
    }
    fixtures_end(&f);
}

static const struct {
    const char *names;
    const char *says[3];
} refusals[] = {
    {"good,rbac_stub,undeclared_permission",
     {"route POST /api/v1/undeclared/act: permission good.view_thingg is declared by no plugin; did you mean "
      "good.view_thing"}},
    {"good,rbac_stub,duplicate_path", {"route POST /api/v1/things is that of good already (/api/v1/things)"}},
    {"good,rbac_stub,tenants,crossed",
     {"plugin tenants: resource tenant is ALEES_SCOPE_SELF, but crossed.tenant is it already",
      "plugin crossed: resource tenant: field lost refers to good.nothing, which plugin good does not have",
      "route GET /api/v1/things/{id}/count is that of crossed already (/api/v1/things/{what}/count)"}},
    {"good,rbac_stub,tenants,crossed",
     {"resource tenant: field count cannot be filtered by: that is a parameter of lists",
      "resource tenant: field a__b cannot be filtered by: an operator stands behind two underscores"}},
    {"good,rbac_stub,crossed", {"route POST /api/v1/crossed/{id}: row crossed.nothing is no resource"}},
    {"good,rbac_stub,crossed",
     {"command greet is plugin crossed's already", "permission crossed.view_tenant is declared twice",
      "route POST /api/v1/crossed/{id}: object tenant is no resource whose rows belong to one organization"}},
};

static void test_refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct fixtures f;
        struct catalogue c;
        load(&f, refusals[i].names);
        assert_err(build(&f, &c), ALEES_E_INVALID);
        for (size_t j = 0; j < ARRAY_LEN(refusals[i].says) && refusals[i].says[j]; j++) {
            if (!strstr(f.errors, refusals[i].says[j])) {
                print_error("\"%s\" is not in:\n%s\n", refusals[i].says[j], f.errors);
                fail();
            }
        }
        fixtures_end(&f);
    }
}

static void test_printing(void **state) {
    struct fixtures f;
    struct catalogue c;
    char out[8192] = "";
    FILE *file = fmemopen(out, sizeof out, "w");
    (void)state;
    assert_non_null(file);
    load(&f, "rbac_stub,good");
    assert_ok(build(&f, &c));
    catalogue_print_routes(&c, file);
    catalogue_print_permissions(&c, file);
    (void)fclose(file);
    assert_non_null(strstr(out, "GET    /healthz                              -              (public)\n"));
    assert_non_null(strstr(out, "PATCH  /api/v1/things/{id}                   good           good.change_thing\n"));
    assert_non_null(strstr(out, "GET    /api/v1/good/hello                    good           (public)\n"));
    assert_non_null(strstr(out, "GET    /api/v1/good/me                       good           (login)\n"));
    assert_non_null(strstr(out, "good.count_things           Count things\n"));
    fixtures_end(&f);
}

/* Every allocation fails once: an error each time, and nothing is given out. */
static void test_out_of_memory(void **state) {
    struct fixtures f;
    (void)state;
    load(&f, "rbac_stub,good");
    for (uint32_t nth = 1;; nth++) {
        struct arena *whole = f.arena;
        struct catalogue c = {.route_count = 12345};
        alees_rc rc;
        f.arena = test_arena();
        arena_fail_after(f.arena, nth);
        rc = build(&f, &c);
        arena_free(f.arena);
        f.arena = whole;
        if (rc == ALEES_OK) {
            assert_true(nth > 20);
            break;
        }
        assert_int_equal(rc, ALEES_E_NOMEM);
        assert_int_equal(c.route_count, 12345);
    }
    fixtures_end(&f);
}

static int setup(void **state) {
    (void)state;
    fixtures_offer_services();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permissions),   cmocka_unit_test(test_fields),
        cmocka_unit_test(test_parts),         cmocka_unit_test(test_organization_is_a_reference),
        cmocka_unit_test(test_routes),        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_printing),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("catalogue", tests, setup, NULL);
}
