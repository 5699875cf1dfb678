/* SPDX-License-Identifier: MIT
 * test_plans_large.c - with 1,000,000 products and 200,000 contacts, which have their parts, in 1,000 organizations, of
 * which one has a tenth of all, every declared filter, order and search is found by an index, under the role of the plugin
 * and row-level security; those that are selective touch few rows of the large organization. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alees/util.h"
#include "db.h"
#include "engine_filter.h"
#include "engine_list.h"
#include "engine_nested.h"
#include "sys.h"
#include "world.h"

#define LARGE "01930000-0000-7000-9000-000000000001"
#define SMALL "01930000-0000-7000-9000-000000000100"
#define UNKNOWN "01930000-0000-7000-9000-00000000ffff"

enum { MOST_REMOVED = 2000, MOST_BUFFERS = 3000 };

static const char *const modes[] = {"force_custom_plan", "force_generic_plan"};

/* ---- the rows ---- */

/* Which organization row n belongs to. */
#define OWNER \
    "('01930000-0000-7000-9000-' || lpad(to_hex(CASE WHEN n % 10 = 0 THEN 1 ELSE 2 + (n * 7919::bigint) % 999 END), " \
    "12, '0'))::uuid"

static const char products[] =
    "INSERT INTO product.product (organization_id, name, sku, description, base_uom_id, tags, created_at, updated_at) "
    "SELECT " OWNER ", (ARRAY['Hex bolt','Hex nut','Washer','Wood screw','Drill bit','Cable','Gear motor','Cleaner',"
    "'Sheet','Paint'])[1 + n / 10 % 10] || ' M' || n / 100 % 40 || ' ' || substr(md5(n::text), 1, 6), 'SKU-' || n, "
    "'Article ' || n || ', ' || (ARRAY['zinc plated','stainless','brass'])[1 + n / 10 % 3], u.id, "
    "ARRAY['t' || n / 10 % 1000], now() - n * interval '1 minute', now() - n * interval '1 minute' "
    "FROM generate_series(0, 999999) n, (SELECT id FROM product.unit_of_measure WHERE code = 'EA') u";

static const char contacts[] =
    "INSERT INTO contact.contact (organization_id, first_name, last_name, title, organization_name, source, notes, "
    "tags, "
    "created_at, updated_at) SELECT " OWNER ", 'First' || n % 997, 'Last' || n % 49999, 'Title ' || n % 50, "
    "'Company ' || md5(n::text), 'source ' || n % 5000, 'Met at fair ' || n, ARRAY['t' || n / 10 % 1000], "
    "now() - n * interval '1 minute', now() - n * interval '1 minute' FROM generate_series(0, 199999) n";

static const char parts[] =
    "CREATE TEMPORARY TABLE person AS SELECT organization_id, id, row_number() OVER () AS n FROM contact.contact "
    "WHERE starts_with(notes, 'Met at fair ');"
    "INSERT INTO contact.email_address (organization_id, contact_id, email, type, is_primary) "
    "SELECT organization_id, id, 'person' || n || '@example.com', 'work', true FROM person;"
    "INSERT INTO contact.phone_number (organization_id, contact_id, number, type, is_primary) "
    "SELECT organization_id, id, '+4930' || 1000000 + n, 'mobile', true FROM person;"
    "INSERT INTO contact.address (organization_id, contact_id, street_address_1, city, postal_code, country) "
    "SELECT organization_id, id, 'Street ' || n, 'City ' || n % 5000, (10000 + n % 80000)::text, 'DE' FROM person;";

static void step(struct world *w, const char *what, const char *sql) {
    uint64_t start = sys_monotonic_us();
    pg_exec(&w->pg, sql);
    print_message("%s: %.1f s\n", what, (double)(sys_monotonic_us() - start) / 1e6);
}

/* Rows first, then the indexes, exactly as `alees migrate` had made them. */
static int setup(void **state) {
    assert_int_equal(world_setup(state), 0);
    struct world *w = *state;
    pg_exec(&w->pg, "SET session_replication_role = replica; SET maintenance_work_mem = '256MB'");
    pg_exec(&w->pg, "CREATE TEMPORARY TABLE index AS SELECT schemaname || '.' || indexname AS name, indexdef FROM "
                    "pg_indexes WHERE starts_with(indexname, 'alees_ix_') AND (schemaname = 'contact' OR "
                    "tablename = 'product')");
    pg_exec(&w->pg, "DO $$ DECLARE i text; BEGIN FOR i IN SELECT name FROM index LOOP EXECUTE 'DROP INDEX ' || i; "
                    "END LOOP; END $$");
    step(w, "1,000,000 products", products);
    step(w, "200,000 contacts", contacts);
    step(w, "an e-mail address, a telephone number and an address of each", parts);
    step(w, "their indexes",
         "DO $$ DECLARE i text; BEGIN FOR i IN SELECT indexdef FROM index LOOP EXECUTE i; END LOOP; END $$");
    step(w, "statistics",
         "ANALYZE product.product, contact.contact, contact.email_address, "
         "contact.phone_number, contact.address");
    return 0;
}

/* ---- plans ---- */

struct looking {
    struct world *w;
    struct db *db;
    const struct resource *r;
    const char *organization;
    const char *mode;
    uint32_t count;
};

static void must(struct db *db, const char *sql) {
    struct db_result *result = NULL;
    if (db_query(db, sql, NULL, 0, &result) != ALEES_OK) {
        fail_msg("%s: %s", sql, db_error(result, DB_MESSAGE));
    }
    db_result_free(result);
}

static const char *values_of(struct looking *l, const struct engine_sql *sql) {
    struct str s;
    str_init(&s, l->w->arena, 256);
    for (uint32_t i = 0; i < sql->count; i++) {
        str_puts(&s, i > 0 ? ", '" : "'");
        for (size_t k = 0; k < sql->params[i].len; k++) {
            str_puts(&s, sql->params[i].ptr[k] == '\'' ? "'" : "");
            str_putc(&s, sql->params[i].ptr[k]);
        }
        str_putc(&s, '\'');
    }
    return str_done(&s).ptr;
}

/* The plan of the list that q asks for; is_run: with what it took. */
static const char *plan_of(struct looking *l, const struct engine_query *q, bool is_run) {
    struct engine_place place = {.reach = ENGINE_ONE,
                                 .id = alees_text(l->organization),
                                 .ids = alees_text(world_text(l->w, "{%s}", l->organization))};
    struct engine_sql sql;
    struct db_result *result = NULL;
    struct str plan;
    place.scope = (struct store_scope){.plugin = l->r->plugin, .organizations = place.ids};
    engine_select_init(&sql, l->w->arena, q);
    engine_select_sql(l->r, q, &place, &sql);
    assert_non_null(str_done(&sql.text).ptr);
    must(l->db, "BEGIN");
    must(l->db, world_text(l->w, "SET LOCAL plan_cache_mode = %s", l->mode));
    must(l->db,
         world_text(l->w, "SELECT set_config('alees.organizations', '{%s}', true), set_config('role', '%s', true)",
                    l->organization, l->r->plugin->role));
    must(l->db, world_text(l->w, "PREPARE p AS %s", sql.text.ptr));
    must(l->db, "DEALLOCATE p");
    must(l->db, world_text(l->w, "PREPARE p AS %s", sql.text.ptr));
    const char *explain =
        world_text(l->w, "EXPLAIN (COSTS off%s) EXECUTE p%s%s%s", is_run ? ", ANALYZE, BUFFERS, TIMING off" : "",
                   sql.count > 0 ? "(" : "", sql.count > 0 ? values_of(l, &sql) : "", sql.count > 0 ? ")" : "");
    if (db_query(l->db, explain, NULL, 0, &result) != ALEES_OK) {
        fail_msg("%s: %s", explain, db_error(result, DB_MESSAGE));
    }
    str_init(&plan, l->w->arena, 1024);
    str_printf(&plan, "%s, %s: %s\n", l->organization, l->mode, explain);
    for (uint32_t i = 0; i < db_rows(result); i++) {
        str_view(&plan, db_value(result, i, 0));
        str_putc(&plan, '\n');
    }
    db_result_free(result);
    must(l->db, "DEALLOCATE p");
    must(l->db, "ROLLBACK");
    l->count++;
    return str_done(&plan).ptr;
}

/* The sum of the numbers behind every such word. */
static uint64_t sum(const char *plan, const char *word) {
    uint64_t total = 0;
    for (const char *p = strstr(plan, word); p != NULL; p = strstr(p + 1, word)) {
        total += strtoull(p + strlen(word), NULL, 10);
    }
    return total;
}

/* Those of the whole plan stand first. */
static uint64_t buffers(const char *plan) {
    const char *p = strstr(plan, "Buffers: "), *end = p != NULL ? strchr(p, '\n') : NULL;
    char line[160] = "";
    if (end != NULL && (size_t)(end - p) < sizeof line) {
        memcpy(line, p, (size_t)(end - p));
    }
    return sum(line, "hit=") + sum(line, "read=");
}

static bool is_indexed(const char *plan) {
    return strstr(plan, "Seq Scan") == NULL && strstr(plan, "Index Cond") != NULL;
}

static bool is_small(const char *plan) {
    return is_indexed(plan) &&
           sum(plan, "Rows Removed by Filter: ") + sum(plan, "Rows Removed by Index Recheck: ") <= MOST_REMOVED &&
           buffers(plan) <= MOST_BUFFERS;
}

static void default_order(const struct resource *r, struct engine_query *q) {
    memcpy(q->keys, r->shapes->order, sizeof q->keys);
    q->key_count = r->shapes->order_count;
    q->page_size = 50;
}

/* ---- the walk ---- */

static void check_order(struct looking *l, const struct resource_field *f, bool is_descending) {
    struct engine_query q = {.page_size = 50, .key_count = 2};
    q.keys[0] = (struct engine_key){f, is_descending};
    q.keys[1] = (struct engine_key){resource_field(l->r, STR_LIT("id")), is_descending};
    if (strcmp(f->decl->name, "id") == 0) {
        q.key_count = 1;
    }
    const char *plan = plan_of(l, &q, true);
    if (!is_small(plan)) {
        fail_msg("ordering=%s%s\n%s", is_descending ? "-" : "", f->decl->name, plan);
    }
}

static const char *sample(const struct alees_field *f) {
    static const char *const samples[] = {
        [ALEES_TEXT] = "Last1",     [ALEES_BOOLEAN] = "true",    [ALEES_INTEGER] = "5",
        [ALEES_DECIMAL] = "5",      [ALEES_DATE] = "2026-01-02", [ALEES_TIMESTAMP] = "2026-01-02T03:04:05Z",
        [ALEES_UUID] = UNKNOWN,     [ALEES_CHOICE] = "active",   [ALEES_REFERENCE] = UNKNOWN,
        [ALEES_JSON] = "{\"a\":1}", [ALEES_TAGS] = "{t120}",     [ALEES_REFERENCES] = "{" UNKNOWN "}",
    };
    return samples[f->type];
}

static void check_leaf(struct looking *l, struct engine_filter *leaf) {
    struct engine_query q = {.filters = leaf, .filter_count = 1, .filter_values = 2};
    default_order(l->r, &q);
    const char *plan = plan_of(l, &q, false);
    if (!is_indexed(plan)) {
        fail_msg("%s%s%s__%s\n%s", leaf->nested != NULL ? leaf->nested->decl->name : "",
                 leaf->nested != NULL ? "__" : "", leaf->field->decl->name, engine_filter_word(leaf->op), plan);
    }
}

/* nested: the field of parts whose f it is, or NULL. */
static void check_filter(struct looking *l, const struct resource_field *nested, const struct resource_field *f,
                         enum engine_operator op) {
    const struct engine_filter_form *form = engine_filter_form(f->decl, false, op);
    bool is_list = form->sql[0] != NULL && form->takes == ENGINE_TAKES_LIST && f->decl->type != ALEES_TAGS &&
                   f->decl->type != ALEES_REFERENCES;
    struct engine_filter leaf = {.field = f, .nested = nested, .op = op, .value_count = 1};
    if (form->sql[0] == NULL) {
        return;
    }
    leaf.values[0] = alees_text(is_list ? world_text(l->w, "{%s}", sample(f->decl)) : sample(f->decl));
    leaf.values[1] = leaf.values[0];
    if (form->takes == ENGINE_TAKES_RANGE) {
        leaf.value_count = 2;
    } else if (form->takes == ENGINE_TAKES_TRUTH) {
        leaf.value_count = 0;
    } else if (form->takes == ENGINE_TAKES_PATTERN) {
        leaf.values[0] = STR_LIT("%Last123%");
    }
    check_leaf(l, &leaf);
}

static void check_filters(struct looking *l, const struct resource_field *nested, const struct resource_field *f) {
    for (uint32_t op = 0; op < ENGINE_OPERATORS; op++) {
        check_filter(l, nested, f, (enum engine_operator)op);
    }
}

/* Each field of the parts, and whether there are any. */
static void check_parts(struct looking *l, const struct resource_field *nested) {
    const struct resource *part = nested->target;
    uint32_t count = l->count;
    for (uint32_t i = 0; i < part->field_count; i++) {
        if (engine_nested_filters(part, &part->fields[i])) {
            check_filters(l, nested, &part->fields[i]);
        }
    }
    assert_true(l->count > count);
    for (uint32_t variant = 0; variant < 2; variant++) {
        struct engine_filter leaf = {.field = &part->fields[ENGINE_ID],
                                     .nested = nested,
                                     .is_presence = true,
                                     .op = ENGINE_ISNULL,
                                     .variant = variant};
        check_leaf(l, &leaf);
    }
}

static struct engine_query search_for(const struct resource *r, const char *const *words) {
    struct engine_query q = {.search = {.text = alees_text(words[0])}};
    default_order(r, &q);
    for (; words[q.search.count] != NULL; q.search.count++) {
        q.search.words[q.search.count] = alees_text(words[q.search.count]);
    }
    return q;
}

static void check_everything(struct looking *l) {
    static const char *const words[] = {"hex", "777", NULL};
    for (uint32_t i = 0; i < l->r->field_count; i++) {
        const struct resource_field *f = &l->r->fields[i];
        if ((f->decl->flags & ALEES_SORT) != 0) {
            check_order(l, f, false);
            check_order(l, f, true);
        }
        if (f->decl->type == ALEES_PARTS) {
            check_parts(l, f);
        } else if (engine_filter_is_on(f)) {
            check_filters(l, NULL, f);
        }
    }
    struct engine_query q = search_for(l->r, words);
    const char *plan = plan_of(l, &q, false);
    if (!is_indexed(plan)) {
        fail_msg("%s", plan);
    }
}

static struct db *connect_app(struct world *w) {
    const struct db_options options = {.url = w->pg.app_url, .name = "plans", .connect_timeout_ms = 5000};
    char why[DB_WHY];
    struct db *db = NULL;
    assert_ok(db_connect(&options, &db, why));
    return db;
}

static void test_every_list(void **state) {
    static const char *const organizations[] = {LARGE, SMALL};
    static const char *const resources[] = {"product.product", "contact.contact"};
    struct world *w = *state;
    struct looking l = {.w = w, .db = connect_app(w)};
    for (size_t i = 0; i < 8; i++) {
        l.r = catalogue_resource(w->catalogue, resources[i / 4]);
        l.organization = organizations[i / 2 % 2];
        l.mode = modes[i % 2];
        check_everything(&l);
    }
    print_message("%u plans\n", l.count);
    assert_true(l.count > 400);
    db_close(l.db);
}

/* ---- what is selective ---- */

/* Searches run where each is planned for its values (unit.c). */
static bool is_search_small(struct looking *l, const char *const *words) {
    struct engine_query q = search_for(l->r, words);
    l->mode = modes[0];
    const char *plan = plan_of(l, &q, true);
    if (!is_small(plan)) {
        print_message("%s\n", plan);
        return false;
    }
    return true;
}

static const char *const searches[][4] = {
    {"sku-777770"},        {"777770"},          {"77777"},       {"hex", "777770"},
    {"zinc", "sku-77777"}, {"nothing-like-it"}, {"bol", "7f3a"},
};

static void test_searches(void **state) {
    struct world *w = *state;
    struct looking l = {.w = w, .db = connect_app(w), .organization = LARGE};
    l.r = catalogue_resource(w->catalogue, "product.product");
    for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
        assert_true(is_search_small(&l, searches[i]));
    }
    db_close(l.db);
}

static void test_filters(void **state) {
    static const struct {
        const char *field, *first, *second;
        enum engine_operator op;
    } cases[] = {
        {"sku", "SKU-777770", NULL, ENGINE_EQ},
        {"sku", "{SKU-777770,SKU-10}", NULL, ENGINE_IN},
        {"sku", "%777770%", NULL, ENGINE_ICONTAINS},
        {"name", "Hex bolt M3 000000", NULL, ENGINE_EQ},
        {"name", "%7f3a%", NULL, ENGINE_ICONTAINS},
        {"tags", "{t120}", NULL, ENGINE_EQ},
        {"tags", "{t120,t130}", NULL, ENGINE_IN},
        {"category", UNKNOWN, NULL, ENGINE_EQ},
        {"updated_at", "2000-01-01T00:00:00Z", "2000-01-02T00:00:00Z", ENGINE_RANGE},
        {"created_at", "2000-01-01T00:00:00Z", NULL, ENGINE_LT},
        {"id", UNKNOWN, NULL, ENGINE_EQ},
    };
    struct world *w = *state;
    struct looking l = {.w = w, .db = connect_app(w), .organization = LARGE};
    l.r = catalogue_resource(w->catalogue, "product.product");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct resource_field *f = resource_field(l.r, alees_text(cases[i].field));
        struct engine_filter leaf = {.field = f, .op = cases[i].op};
        struct engine_query q = {.filters = &leaf, .filter_count = 1, .filter_values = 2};
        assert_non_null(f);
        default_order(l.r, &q);
        leaf.values[0] = alees_text(cases[i].first);
        leaf.values[1] = cases[i].second != NULL ? alees_text(cases[i].second) : (alees_str){NULL, 0};
        leaf.value_count = cases[i].second != NULL ? 2 : 1;
        l.mode = modes[0];
        const char *plan = plan_of(&l, &q, true);
        if (!is_small(plan)) {
            fail_msg("%s__%s\n%s", cases[i].field, engine_filter_word(cases[i].op), plan);
        }
    }
    db_close(l.db);
}

/* These tests can fail: without LEAKPROOF, and without the index. */
static void test_can_fail(void **state) {
    static const char *const rare[] = {"article", "777770", NULL};
    struct world *w = *state;
    struct looking l = {.w = w, .db = connect_app(w), .organization = LARGE};
    l.r = catalogue_resource(w->catalogue, "contact.contact");
    assert_true(is_search_small(&l, rare));
    pg_exec(&w->pg, "ALTER FUNCTION alees.search_document(text[]) NOT LEAKPROOF");
    assert_false(is_search_small(&l, rare));
    pg_exec(&w->pg, "ALTER FUNCTION alees.search_document(text[]) LEAKPROOF");
    assert_true(is_search_small(&l, rare));
    pg_exec(&w->pg, "DO $$ DECLARE i text; BEGIN FOR i IN SELECT name FROM index WHERE name ~ 'contact_search' LOOP "
                    "EXECUTE 'DROP INDEX ' || i; END LOOP; END $$");
    assert_false(is_search_small(&l, rare));
    db_close(l.db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_list),
        cmocka_unit_test(test_searches),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_can_fail),
    };
    return cmocka_run_group_tests_name("plans_large", tests, setup, world_teardown);
}
