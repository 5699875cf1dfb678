/* SPDX-License-Identifier: MIT
 * shop.c - see shop.h. */
#define _GNU_SOURCE
#include "shop.h"

#include <stdio.h>

#include "log.h"

#define STANDARD \
    "id uuid NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), " \
    "created_by uuid, updated_by uuid, version integer NOT NULL DEFAULT 1, "

static const char shop_tables[] =
    "CREATE TABLE shop.kind (" STANDARD "name text NOT NULL, PRIMARY KEY (id), UNIQUE (name));"
    "CREATE TABLE shop.item (" STANDARD "organization_id uuid NOT NULL, name text NOT NULL, sku varchar(100) NOT NULL, "
    "price numeric, kind_id uuid, parent_id uuid, PRIMARY KEY (organization_id, id), UNIQUE (id), "
    "CONSTRAINT item_sku UNIQUE (organization_id, sku), CHECK (price >= 0), "
    "CONSTRAINT item_kind FOREIGN KEY (kind_id) REFERENCES shop.kind (id), "
    "CONSTRAINT item_parent FOREIGN KEY (organization_id, parent_id) REFERENCES shop.item (organization_id, id));"
    "CREATE TABLE shop.note (id integer PRIMARY KEY, text text NOT NULL, "
    "item_id uuid REFERENCES shop.item (id) DEFERRABLE INITIALLY DEFERRED);";
static const char bank_tables[] =
    "CREATE TABLE bank.account (" STANDARD "organization_id uuid NOT NULL, name text NOT NULL, "
    "PRIMARY KEY (organization_id, id), UNIQUE (id));";

/* Row n of organization A is named "A-n", of B "B-n". */
static const char rows[] =
    "INSERT INTO shop.kind (id, name) VALUES ('00000000-0000-7000-8000-0000000000c0', 'Tool');"
    "INSERT INTO shop.item (organization_id, id, name, sku, price) SELECT '" SHOP_ORG_A "', alees.new_id(), 'A-' || n, "
    "'sku-' || n, n FROM generate_series(1, 30) n;"
    "INSERT INTO shop.item (organization_id, id, name, sku, price) SELECT '" SHOP_ORG_B "', alees.new_id(), 'B-' || n, "
    "'sku-' || n, n FROM generate_series(1, 20) n;"
    "INSERT INTO bank.account (organization_id, id, name) SELECT '" SHOP_ORG_A "', alees.new_id(), 'account ' || n "
    "FROM generate_series(1, 3) n;";

static const struct alees_field id_field = {.name = "id", .type = ALEES_UUID};
static const struct alees_field organization_field = {.name = "organization", .type = ALEES_UUID};
static const struct alees_field created_field = {.name = "created_at", .type = ALEES_TIMESTAMP, .flags = ALEES_SORT};
static const struct alees_field name_field = {.name = "name", .type = ALEES_TEXT, .flags = ALEES_SORT};
static const struct alees_field kind_name_field = {.name = "name", .type = ALEES_TEXT, .flags = ALEES_UNIQUE};
static const struct alees_field sku_field = {.name = "sku", .type = ALEES_TEXT, .flags = ALEES_UNIQUE | ALEES_SORT};
static const struct alees_field price_field = {.name = "price", .type = ALEES_DECIMAL, .flags = ALEES_NULLABLE};
static const struct alees_field kind_field = {.name = "kind", .type = ALEES_REFERENCE, .reference = "shop.kind"};
static const struct alees_field parent_field = {.name = "parent", .type = ALEES_REFERENCE, .reference = "shop.item"};

static const struct alees_resource item_decl = {
    .name = "item", .table = "shop.item", .path = "/items", .scope = ALEES_SCOPE_ORGANIZATION};
static const struct alees_resource kind_decl = {
    .name = "kind", .table = "shop.kind", .path = "/kinds", .scope = ALEES_SCOPE_GLOBAL};
static const struct alees_resource account_decl = {
    .name = "account", .table = "bank.account", .path = "/accounts", .scope = ALEES_SCOPE_ORGANIZATION};

static void add_field(struct resource *r, const struct alees_field *decl, const char *column, bool is_standard,
                      const struct resource *target) {
    r->fields[r->field_count++] =
        (struct resource_field){.decl = decl, .column = column, .is_standard = is_standard, .target = target};
}

static void make_resource(struct resource *r, struct resource_field *fields, struct alees_self *plugin,
                          const struct alees_resource *decl, const char *full_name) {
    *r = (struct resource){.plugin = plugin, .decl = decl, .full_name = full_name, .fields = fields};
    add_field(r, &id_field, "id", true, NULL);
    if (decl->scope == ALEES_SCOPE_ORGANIZATION) {
        r->scope_column = "organization_id";
        add_field(r, &organization_field, "organization_id", true, NULL);
    }
    add_field(r, &created_field, "created_at", true, NULL);
}

static void make_catalogue(struct shop *s) {
    make_resource(&s->item, s->fields[0], &s->shop, &item_decl, "shop.item");
    add_field(&s->item, &name_field, "name", false, NULL);
    add_field(&s->item, &sku_field, "sku", false, NULL);
    add_field(&s->item, &price_field, "price", false, NULL);
    add_field(&s->item, &kind_field, "kind_id", false, &s->kind);
    add_field(&s->item, &parent_field, "parent_id", false, &s->item);
    make_resource(&s->kind, s->fields[1], &s->shop, &kind_decl, "shop.kind");
    add_field(&s->kind, &kind_name_field, "name", false, NULL);
    make_resource(&s->account, s->fields[2], &s->bank, &account_decl, "bank.account");
    add_field(&s->account, &name_field, "name", false, NULL);
    s->resources[0] = &s->item;
    s->resources[1] = &s->kind;
    s->resources[2] = &s->account;
    s->catalogue = (struct catalogue){.resources = s->resources, .resource_count = 3};
}

static void make_plugin(struct shop *s, struct alees_self *p, const char *name, const char *role,
                        const char *role_all) {
    p->magic = PLUGIN_MAGIC;
    p->index = s->plugins.count;
    p->decl.name = name;
    p->role = role;
    p->role_all = role_all;
    s->items[s->plugins.count++] = p;
}

void shop_new(struct shop *s, const char *name, const char *more_config) {
    memset(s, 0, sizeof *s);
    log_init(LOG_TEXT, ALEES_LOG_ERROR + 1); /* what is refused on purpose need not be read by anybody */
    s->plugins.items = s->items;
    make_plugin(s, &s->shop, "shop", "alees_plugin_shop", "alees_plugin_shop_all");
    make_plugin(s, &s->bank, "bank", "alees_plugin_bank", "alees_plugin_bank_all");
    s->shop_steps[0] = (struct alees_migration){.version = 1, .name = "create tables", .sql = shop_tables};
    s->bank_steps[0] = (struct alees_migration){.version = 1, .name = "create tables", .sql = bank_tables};
    s->shop.migrations = s->shop_steps;
    s->bank.migrations = s->bank_steps;
    s->shop.migration_count = s->bank.migration_count = 1;
    make_catalogue(s);
    pg_open(&s->pg, name, NULL);
    s->config = pg_config(&s->pg, more_config);
}

void shop_migrated(struct shop *s) {
    if (shop_bootstrap(s) != ALEES_OK || shop_migrate(s, MIGRATE_APPLY) != ALEES_OK) {
        fail_msg("%s", s->text);
    }
    pg_exec(&s->pg, rows);
    pg_exec(&s->pg, "ANALYZE");
}

void shop_opened(struct shop *s) {
    if (shop_open_store(s) != ALEES_OK) {
        fail_msg("%s", s->text);
    }
}

void shop_free(struct shop *s) {
    store_close(s->app.store);
    config_free(s->config);
    pg_close(&s->pg);
    free(s->text);
}

static FILE *printing(struct shop *s) {
    free(s->text);
    s->text = NULL;
    FILE *out = open_memstream(&s->text, &s->text_size);
    assert_non_null(out);
    return out;
}

alees_rc shop_bootstrap(struct shop *s) {
    FILE *out = printing(s);
    alees_rc rc = migrate_bootstrap(s->config, &s->plugins, out, out);
    fclose(out);
    return rc;
}

alees_rc shop_migrate(struct shop *s, enum migrate_mode mode) {
    FILE *out = printing(s);
    alees_rc rc = migrate_run(s->config, &s->plugins, &s->catalogue, mode, out, out);
    fclose(out);
    return rc;
}

alees_rc shop_verify(struct shop *s) {
    FILE *out = printing(s);
    alees_rc rc = migrate_verify(s->config, &s->plugins, &s->catalogue, out);
    fclose(out);
    return rc;
}

alees_rc shop_open_store(struct shop *s) {
    FILE *out = printing(s);
    alees_rc rc = store_open(s->config, &s->plugins, out, &s->app.store);
    fclose(out);
    return rc;
}

bool shop_printed(const struct shop *s, const char *part) {
    if (!strstr(s->text, part)) {
        print_error("expected \"%s\" in:\n%s\n", part, s->text);
        return false;
    }
    return true;
}

alees_ctx *shop_ctx(struct shop *s) {
    struct arena *arena = arena_new(TEST_MEMORY);
    alees_ctx *ctx = arena ? ctx_new(&s->app, arena) : NULL;
    ASSERT(ctx);
    return ctx;
}

void shop_ctx_end(alees_ctx *ctx) {
    struct arena *arena = ctx->arena;
    ctx_end(ctx);
    arena_free(arena);
}

struct store_scope shop_scope(struct alees_self *plugin, const char *organizations) {
    return (struct store_scope){
        .plugin = plugin, .all = !organizations, .organizations = test_view(organizations ? organizations : "{}")};
}

alees_rc shop_run(alees_ctx *ctx, struct alees_self *plugin, const char *organizations, const char *sql,
                  const char *const *params, uint32_t count, alees_rows **ret_rows) {
    const struct store_scope scope = shop_scope(plugin, organizations);
    alees_str values[16];
    ASSERT(count <= ARRAY_LEN(values));
    for (uint32_t i = 0; i < count; i++) {
        values[i] = test_view(params[i]);
    }
    const struct store_call call = {store_statement(ctx->app->store, plugin, "test", test_view(sql), count), values};
    ASSERT(call.statement);
    return store_run(ctx, &scope, &call, 1, ret_rows, NULL);
}

int64_t shop_number(alees_ctx *ctx, struct alees_self *plugin, const char *organizations, const char *sql) {
    alees_rows *rows_found = NULL;
    assert_ok(shop_run(ctx, plugin, organizations, sql, NULL, 0, &rows_found));
    assert_int_equal(store_rows_count(rows_found), 1);
    return strtoll(store_rows_text(rows_found, 0, 0).ptr, NULL, 10);
}
