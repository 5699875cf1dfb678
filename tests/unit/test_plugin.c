/* SPDX-License-Identifier: MIT
 * test_plugin.c - the handshake: every refusal with its line, what is accepted, the order, start and stop. */
#include "test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixtures.h"
#include "plugin_private.h"

static void check_contains(const char *text, const char *part, int line) {
    if (!strstr(text, part)) {
        print_error("\"%s\" is not in:\n%s\n", part, text);
        _fail(__FILE__, line);
    }
}
#define assert_says(text, part) check_contains((text), (part), __LINE__)

/* --- refusals --------------------------------------------------------------------------------------------------- */

static const struct {
    const char *names; /* loaded together with rbac_stub, unless it is there */
    const char *says[4];
} refusals[] = {
    {"bad_magic", {"bad_magic.so: plugin bad_magic: begins with 0x12345678 instead of 0x53454c41"}},
    {"short_struct", {"plugin short_struct: says that its alees_plugin_v1 has 32 bytes, ABI 1.0 has "}},
    {"newer_min_minor", {"newer_min_minor: needs ABI 1.77 or newer, this server speaks 1.0: install a newer server"}},
    {"v2_only", {"plugin v2_only: built for ABI 2, this server speaks 1"}},
    {"no_symbol", {"plugin no_symbol: has no symbol alees_plugin_v1"}},
    {"nowhere", {"nowhere.so: plugin nowhere: cannot be found: No such file"}},
    {"bad_name", {"\"Bad-Name\" is no name for a plugin"}},
    {"other_name", {"plugin other_name: calls itself another: name its section [plugin another]"}},
    {"bad_lists",
     {"list permissions has 1 items of 4 bytes", "list routes has 2 items of ", " at NULL, ",
      "list statements has 4000000000 items"}},
    {"cycle_a,cycle_b,cycle_c",
     {"its needs go in a circle: cycle_a needs fixture.cycle_b/1 of cycle_b, cycle_b needs fixture.cycle_c/1 of "
      "cycle_c, "
      "cycle_c needs fixture.cycle_a/1 of cycle_a;"}},
    {"missing_need", {"plugin missing_need: needs fixture.nobody/1, which nobody offers"}},
    {"duplicate_offer", {"plugin rbac_stub: offers alees.rbac/1, which plugin duplicate_offer offers too"}},
    {"no_permission", {"route POST /no-permission/act has no permission"}},
    {"bad_statement", {"statement one uses $2 but declares nparams = 1"}},
    {"foreign_schema", {"statement one names the schema rbac, which is not its own"}},
    {"set_config", {"statement one uses set_config"}},
};

static void test_refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct fixtures f;
        char names[256];
        (void)snprintf(names, sizeof names, "%s,rbac_stub", refusals[i].names);
        print_message("  %s\n", refusals[i].names);
        assert_err(fixtures_load(&f, names, NULL, true), ALEES_E_INVALID);
        for (size_t j = 0; j < ARRAY_LEN(refusals[i].says) && refusals[i].says[j]; j++) {
            assert_says(f.errors, refusals[i].says[j]);
        }
        fixtures_end(&f);
    }
}

static void test_no_provider_of_rbac(void **state) {
    struct fixtures f;
    (void)state;
    assert_err(fixtures_load(&f, "no_rbac", NULL, true), ALEES_E_INVALID);
    assert_says(f.errors, "no plugin offers alees.rbac/1");
    fixtures_end(&f);
    assert_ok(fixtures_load(&f, "no_rbac", NULL, false));
    assert_string_equal(f.errors, "");
    fixtures_end(&f);
    assert_err(fixtures_load(&f, "", NULL, true), ALEES_E_INVALID);
    fixtures_end(&f);
}

/* Every fault of every plugin in one go, not the first one. */
static void test_all_faults_at_once(void **state) {
    struct fixtures f;
    (void)state;
    assert_err(fixtures_load(&f, "set_config,bad_magic,no_permission,rbac_stub", NULL, true), ALEES_E_INVALID);
    assert_says(f.errors, "plugin set_config: ");
    assert_says(f.errors, "plugin bad_magic: ");
    assert_says(f.errors, "plugin no_permission: ");
    fixtures_end(&f);
}

static void test_offering_what_the_server_offers(void **state) {
    static const uint32_t table[] = {64, 0};
    struct fixtures f;
    (void)state;
    plugin_offer_service("alees.rbac/1", table);
    assert_err(fixtures_load(&f, "rbac_stub", NULL, true), ALEES_E_INVALID);
    assert_says(f.errors, "plugin rbac_stub: offers alees.rbac/1, which the server itself offers");
    fixtures_end(&f);
    assert_ptr_equal(plugin_service("alees.rbac/1"), table);
    assert_int_equal(plugin_service_size("alees.rbac/1"), 64);
    plugin_withdraw_service("alees.rbac/1");
    assert_null(plugin_service("alees.rbac/1"));
    assert_int_equal(plugin_service_size("alees.rbac/1"), 0);
}

static void test_server_too_old_for_a_need(void **state) {
    static const uint32_t small[] = {8, 0};
    struct fixtures f;
    (void)state;
    plugin_offer_service("alees.db/1", small);
    assert_err(fixtures_load(&f, "good,rbac_stub", NULL, true), ALEES_E_INVALID);
    assert_says(f.errors, "plugin good: needs 16 bytes of alees.db/1, this server has 8: install a newer server");
    fixtures_end(&f);
    fixtures_offer_services();
}

/* --- who may write the file --------------------------------------------------------------------------------------- */

static void copy_file(const char *from, const char *to) {
    char buffer[65536];
    size_t size;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    while ((size = fread(buffer, 1, sizeof buffer, in)) > 0) {
        assert_int_equal(fwrite(buffer, 1, size, out), size);
    }
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

static alees_rc load_file(const char *path, bool check_owner, char *errors, size_t size) {
    struct alees_self *plugin;
    struct arena *arena = test_arena();
    FILE *out = fmemopen(errors, size, "w");
    alees_rc rc;
    assert_non_null(out);
    memset(errors, 0, size);
    rc = plugin_load_file(arena, path, check_owner, out, &plugin);
    (void)fclose(out);
    arena_free(arena);
    return rc;
}

/* Under /tmp, whose sticky bit keeps others from replacing our folder in it. */
static void test_writable_by_others(void **state) {
    char folder[] = "/tmp/alees-owner-XXXXXX", path[128], link[128], errors[4096];
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/no_rbac.so", folder);
    (void)snprintf(link, sizeof link, "%s/link.so", folder);
    copy_file(fixtures_path("no_rbac"), path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_ok(load_file(path, true, errors, sizeof errors));
    assert_int_equal(chmod(path, 0664), 0);
    assert_err(load_file(path, true, errors, sizeof errors), ALEES_E_INVALID);
    assert_says(errors, "no_rbac.so can be written by its group or by others (mode 0664): chmod go-w it");
    assert_ok(load_file(path, false, errors, sizeof errors));
    assert_int_equal(symlink("no_rbac.so", link), 0); /* what counts is the file behind the link */
    assert_err(load_file(link, true, errors, sizeof errors), ALEES_E_INVALID);
    assert_int_equal(chmod(path, 0644), 0);
    assert_ok(load_file(link, true, errors, sizeof errors));
    assert_int_equal(chmod(folder, 0777), 0);
    assert_err(load_file(path, true, errors, sizeof errors), ALEES_E_INVALID);
    assert_says(errors, folder);
    assert_says(errors, "(mode 0777)");
    assert_err(load_file(folder, true, errors, sizeof errors), ALEES_E_INVALID);
    assert_says(errors, "is not a file");
    if (geteuid() == 0) { /* only root can give a file away */
        assert_int_equal(chmod(folder, 0700), 0);
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_err(load_file(path, true, errors, sizeof errors), ALEES_E_INVALID);
        assert_says(errors, "belongs to user 65534, not to root or to user 0");
    }
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* The setting is on unless the configuration says otherwise. */
static void test_owner_is_checked_by_default(void **state) {
    char folder[] = "/tmp/alees-owner-XXXXXX", path[128];
    struct fixtures f;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/no_rbac.so", folder);
    copy_file(fixtures_path("no_rbac"), path);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(setenv("ALEES_PLUGIN_NO_RBAC_MODULE", path, 1), 0);
    assert_err(fixtures_load(&f, "no_rbac", "", false), ALEES_E_INVALID);
    assert_says(f.errors, "(mode 0666)");
    fixtures_end(&f);
    assert_ok(fixtures_load(&f, "no_rbac", "check_module_owner = false", false));
    fixtures_end(&f);
    assert_int_equal(unsetenv("ALEES_PLUGIN_NO_RBAC_MODULE"), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_not_a_library(void **state) {
    char path[] = "/tmp/alees-text-XXXXXX", errors[4096];
    int descriptor = mkstemp(path);
    (void)state;
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, "not an ELF file\n", 16), 16);
    assert_int_equal(close(descriptor), 0);
    assert_err(load_file(path, true, errors, sizeof errors), ALEES_E_INVALID);
    assert_says(errors, "cannot be loaded: ");
    assert_int_equal(unlink(path), 0);
}

/* --- what is accepted --------------------------------------------------------------------------------------------- */

static void test_good(void **state) {
    struct fixtures f;
    const struct alees_self *p;
    (void)state;
    assert_ok(fixtures_load(&f, "rbac_stub,good", NULL, true));
    assert_string_equal(f.errors, "");
    assert_int_equal(f.plugins.count, 2);
    p = plugin_find(&f.plugins, "good");
    assert_non_null(p);
    assert_null(plugin_find(&f.plugins, "bad"));
    assert_int_equal(p->magic, PLUGIN_MAGIC);
    assert_int_equal(p->index, 1); /* it needs rbac_stub */
    assert_string_equal(p->role, "alees_plugin_good");
    assert_string_equal(p->role_all, "alees_plugin_good_all");
    assert_string_equal(p->setting_values[0], "hello");
    assert_string_equal(p->setting_values[1], "3");
    assert_int_equal(p->resource_count, 2);
    assert_int_equal(p->resources[0].fields.stride, sizeof(struct alees_field));
    assert_false(p->is_started);
    fixtures_end(&f);
}

static void test_statement_numbers(void **state) {
    struct fixtures f;
    const struct alees_self *p;
    const struct alees_statement *own;
    (void)state;
    assert_ok(fixtures_load(&f, "rbac_stub,good", NULL, true));
    p = plugin_find(&f.plugins, "good");
    own = p->decl.statements.items; /* what the plugin itself passes to db->run */
    assert_int_equal(plugin_statement(p, &own[0]), 0);
    assert_int_equal(plugin_statement(p, &own[1]), 1);
    assert_int_equal(plugin_statement(p, &own[2]), UINT32_MAX);
    assert_int_equal(plugin_statement(p, NULL), UINT32_MAX);
    assert_int_equal(plugin_statement(p, &p->statements[0]), UINT32_MAX); /* the host's copy is not the plugin's */
    assert_int_equal(plugin_statement(p, (const struct alees_statement *)(const void *)&own[0].sql), UINT32_MAX);
    assert_int_equal(plugin_statement(plugin_find(&f.plugins, "rbac_stub"), &own[0]), UINT32_MAX);
    fixtures_end(&f);
}

static void test_newer_header(void **state) {
    struct fixtures f;
    const struct alees_self *p;
    const struct alees_field *fields;
    (void)state;
    assert_ok(fixtures_load(&f, "newer_struct", NULL, false));
    p = f.plugins.items[0];
    assert_int_equal(p->decl.abi_minor, ALEES_ABI_MINOR + 5);
    assert_int_equal(p->permission_count, 2);
    assert_string_equal(p->permissions[1].name, "newer_struct.second");
    assert_string_equal(p->resources[1].name, "two");
    assert_int_equal(p->resources[1].fields.count, 2);
    fields = p->resources[1].fields.items;
    assert_string_equal(fields[1].name, "size");
    assert_int_equal(fields[1].type, ALEES_INTEGER);
    assert_string_equal(p->statements[1].name, "second");
    assert_int_equal(p->migrations[1].version, 2);
    assert_null(p->decl.demo); /* where the tail of the future begins, ours ends */
    fixtures_end(&f);
}

/* --- order -------------------------------------------------------------------------------------------------------- */

static void test_order_does_not_follow_the_configuration(void **state) {
    static const char *const shuffled[] = {
        "order_a,order_b,order_c,rbac_stub,good,no_rbac", "good,no_rbac,order_c,order_b,order_a,rbac_stub",
        "order_b,rbac_stub,order_a,no_rbac,good,order_c", "rbac_stub,order_c,good,order_b,no_rbac,order_a"};
    static const char *const expected[] = {"no_rbac", "order_c", "order_b", "order_a", "rbac_stub", "good"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shuffled); i++) {
        struct fixtures f;
        assert_ok(fixtures_load(&f, shuffled[i], NULL, true));
        for (uint32_t j = 0; j < ARRAY_LEN(expected); j++) {
            assert_string_equal(f.plugins.items[j]->decl.name, expected[j]);
            assert_int_equal(f.plugins.items[j]->index, j);
        }
        fixtures_end(&f);
    }
}

/* --- start and stop ----------------------------------------------------------------------------------------------- */

static int contexts, failures;

static alees_ctx *new_ctx(void *data, struct alees_self *plugin) {
    (void)plugin;
    contexts++;
    return data;
}

static alees_rc end_ctx(void *data, alees_ctx *ctx, alees_rc rc) {
    assert_ptr_equal(data, ctx);
    contexts--;
    failures += rc != ALEES_OK;
    return rc;
}

static alees_rc start_all(struct fixtures *f) {
    static const struct alees_host host = {.struct_size = sizeof host};
    int ctx = 0; /* opaque to everyone here */
    const struct plugin_boot boot = {&host, new_ctx, end_ctx, &ctx};
    FILE *errors = fmemopen(f->errors, sizeof f->errors, "w");
    alees_rc rc;
    contexts = failures = 0;
    assert_non_null(errors);
    rc = plugin_start_all(&f->plugins, &boot, errors);
    (void)fclose(errors);
    assert_int_equal(contexts, 0);
    return rc;
}

struct good_v1 {
    uint32_t struct_size, reserved0;
    const int *started;
};

static void test_start_and_stop(void **state) {
    struct fixtures f;
    const struct good_v1 *good;
    const int *started;
    (void)state;
    assert_ok(fixtures_load(&f, "good,rbac_stub", NULL, true));
    assert_null(plugin_service("fixture.good/1"));
    assert_ok(start_all(&f));
    good = plugin_service("fixture.good/1");
    assert_non_null(good);
    assert_int_equal(plugin_service_size("fixture.good/1"), sizeof *good);
    started = good->started;
    assert_int_equal(*started, 1);
    assert_true(plugin_find(&f.plugins, "good")->is_started);
    assert_non_null(plugin_find(&f.plugins, "good")->metric_series[1]);
    plugin_stop_all(&f.plugins);
    assert_int_equal(*started, 0);
    assert_null(plugin_service("fixture.good/1"));
    assert_null(plugin_service("alees.rbac/1"));
    plugin_stop_all(&f.plugins); /* a second time is nothing */
    assert_int_equal(*started, 0);
    fixtures_end(&f);
}

/* Those already started are stopped; nothing else of the one that failed is called. */
static void test_start_fails(void **state) {
    struct fixtures f;
    (void)state;
    assert_ok(fixtures_load(&f, "good,rbac_stub,start_fails", NULL, true));
    assert_err(start_all(&f), ALEES_E_CONFLICT);
    assert_int_equal(failures, 1);
    assert_says(f.errors, "plugin start_fails: its start failed");
    for (uint32_t i = 0; i < f.plugins.count; i++) {
        assert_false(f.plugins.items[i]->is_started);
    }
    assert_null(plugin_service("fixture.good/1"));
    fixtures_end(&f);
}

static void test_offer_without_table(void **state) {
    struct fixtures f;
    (void)state;
    assert_ok(fixtures_load(&f, "no_table", NULL, false));
    assert_err(start_all(&f), ALEES_E_INVALID);
    assert_says(f.errors, "plugin no_table: offers fixture.no_table/1 but gave no table for it");
    fixtures_end(&f);
}

static void test_provider_too_old(void **state) {
    struct fixtures f;
    (void)state;
    assert_ok(fixtures_load(&f, "large_need,rbac_stub", NULL, true));
    assert_err(start_all(&f), ALEES_E_INVALID);
    assert_says(f.errors, "plugin large_need: needs 60000 bytes of alees.rbac/1, its provider has ");
    fixtures_end(&f);
}

/* --- printing ----------------------------------------------------------------------------------------------------- */

static void test_printing(void **state) {
    struct fixtures f;
    char out[32768];
    FILE *file;
    (void)state;
    assert_ok(fixtures_load(&f, "good,rbac_stub", NULL, true));
    for (int json = 0; json < 2; json++) {
        memset(out, 0, sizeof out);
        file = fmemopen(out, sizeof out, "w");
        assert_non_null(file);
        plugin_print(&f.plugins, json == 1, file);
        (void)fclose(file);
        if (json == 0) {
            assert_says(out, "good             1.0.0    A fixture\n");
            assert_says(out, "needs alees.db/1\n");
            assert_says(out, "needs fixture.absent/1 (optional)\n");
        } else {
            assert_int_equal(out[0], '[');
            assert_says(out, "\"permissions\":[{\"name\":\"good.count_things\",\"description\":\"Count things\"}]");
            assert_says(out, "{\"method\":\"GET\",\"path\":\"/things/{id}/count\",\"flags\":[\"read\"],"
                             "\"permission\":\"good.count_things\",\"object\":\"good.thing\"");
            assert_says(out, "\"flags\":[\"required\",\"unique\",\"filter\",\"sort\"],\"min\":0,\"max\":100");
            assert_says(out, "\"scope\":\"global\",\"flags\":[]");
        }
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
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_provider_of_rbac),
        cmocka_unit_test(test_all_faults_at_once),
        cmocka_unit_test(test_offering_what_the_server_offers),
        cmocka_unit_test(test_server_too_old_for_a_need),
        cmocka_unit_test(test_writable_by_others),
        cmocka_unit_test(test_owner_is_checked_by_default),
        cmocka_unit_test(test_not_a_library),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_statement_numbers),
        cmocka_unit_test(test_newer_header),
        cmocka_unit_test(test_order_does_not_follow_the_configuration),
        cmocka_unit_test(test_start_and_stop),
        cmocka_unit_test(test_start_fails),
        cmocka_unit_test(test_offer_without_table),
        cmocka_unit_test(test_provider_too_old),
        cmocka_unit_test(test_printing),
    };
    return cmocka_run_group_tests_name("plugin", tests, setup, NULL);
}
