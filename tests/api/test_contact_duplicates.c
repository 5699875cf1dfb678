/* SPDX-License-Identifier: MIT
 * test_contact_duplicates.c - contacts that may be one person: found by what they share, in one organization, and only by
 * what whoever asks may read. And a server with a region for telephone numbers. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "people.h"
#include "str.h"

#define NAMES "first_name,last_name,display_name,duplicates"

static const struct {
    const char *name, *fields; /* of contacts, that they may read */
} readers[] = {
    {"mail", NAMES ",email_addresses"},
    {"phone", NAMES ",phone_numbers"},
    {"neither", NAMES},
    {"nameless", "email_addresses,phone_numbers,duplicates"},
    {"blind", "email_addresses,phone_numbers,first_name,display_name"},
};

static const char *admin, *keeper, *both, *stranger;
static const char *reader_tokens[ARRAY_LEN(readers)];

static int setup(void **state) {
    if (people_setup(state) != 0) {
        return -1;
    }
    struct people *p = *state;
    admin = people_token(p, "admin");
    keeper = people_new(p, "keeper", PEOPLE_ACME, "manager");
    stranger = people_new(p, "stranger", PEOPLE_GLOBEX, "manager");
    both = people_new(p, "twice", PEOPLE_ACME, "manager");
    people_join(p, "twice", PEOPLE_GLOBEX, "manager", false);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        const char *role = people_text(p, "01930000-0000-7000-8000-0000000000d%zu", i);
        people_add(p, readers[i].name, NULL, NULL);
        people_sql(p,
                   "INSERT INTO rbac.role (id, organization_id, name, permissions) VALUES ('%s', '%s', '%s', "
                   "'{contact.view_contact,contact.change_contact}')",
                   role, PEOPLE_ACME, readers[i].name);
        people_sql(p,
                   "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields, update_fields) "
                   "VALUES ('%s', '%s', 'contact.contact', '{%s}', '{notes}')",
                   PEOPLE_ACME, role, readers[i].fields);
        people_sql(p,
                   "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT id, '%s', '{%s}' "
                   "FROM rbac.app_user WHERE username = '%s'",
                   PEOPLE_ACME, role, readers[i].name);
        reader_tokens[i] = people_token(p, readers[i].name);
    }
    return 0;
}

static const struct answer *add(struct people *p, const char *token, const char *organization, const char *name,
                                const char *email, const char *phone) {
    const char *body =
        people_text(p, "{\"organization\":\"%s\",\"first_name\":\"%s\",\"last_name\":\"X\"", organization, name);
    const struct answer *a = people_ask(p, "POST", "/contacts", token, people_text(p, "%s}", body));
    const char *path;
    assert_status(a, 201);
    path = people_text(p, "/contacts/%s", answer_text(a, "/id").ptr);
    if (email) {
        body = people_text(p, "{\"email\":\"%s\"}", email);
        assert_status(people_ask(p, "POST", people_text(p, "%s/email-addresses", path), token, body), 201);
    }
    if (phone) {
        body = people_text(p, "{\"number\":\"%s\"}", phone);
        assert_status(people_ask(p, "POST", people_text(p, "%s/phone-numbers", path), token, body), 201);
    }
    return people_ask(p, "PATCH", path, token, "{}");
}

static const char *id_of(struct people *p, const struct answer *a) {
    return people_text(p, "%s", answer_text(a, "/id").ptr);
}

static const struct answer *duplicates(struct people *p, const char *token, const char *id) {
    const struct answer *a = people_ask(p, "GET", people_text(p, "/contacts/%s/duplicates", id), token, NULL);
    assert_status(a, 200);
    return a;
}

/* "name: reason reason; ..", as the route lists them. */
static const char *listed(struct people *p, const char *token, const char *id) {
    const struct answer *a = duplicates(p, token, id);
    const char *text = "";
    for (int i = 0; answer_at(a, people_text(p, "/results/%d", i)); i++) {
        text = people_text(p, "%s%s%s:", text, i ? "; " : "",
                           answer_text(a, people_text(p, "/results/%d/display_name", i)).ptr);
        for (int j = 0; answer_at(a, people_text(p, "/results/%d/reasons/%d", i, j)); j++) {
            text = people_text(p, "%s %s", text, answer_text(a, people_text(p, "/results/%d/reasons/%d", i, j)).ptr);
        }
    }
    return text;
}

/* How many the computed field names in the answer to a write that changes nothing; -1: null, -2: it is not there. */
static int shown(struct people *p, const char *token, const char *id) {
    const struct answer *a = people_ask(p, "PATCH", people_text(p, "/contacts/%s", id), token, "{}");
    const alees_json *value = answer_at(a, "/duplicates");
    assert_status(a, 200);
    return jx_kind(value) == ALEES_JSON_ARRAY ? (int)jx_size(value) : jx_kind(value) == ALEES_JSON_NULL ? -1 : -2;
}

static void test_found(void **state) {
    struct people *p = *state;
    const char *one = id_of(p, add(p, keeper, PEOPLE_ACME, "One", "Same@Example.com", "+49 30 901820"));
    assert_string_equal(listed(p, keeper, one), "");
    assert_int_equal(shown(p, keeper, one), 0);
    const struct answer *a = add(p, keeper, PEOPLE_ACME, "Two", "sAME@example.COM", NULL); /* told at once */
    assert_text(answer_text(a, "/duplicates/0"), one);
    const char *two = id_of(p, a);
    a = add(p, keeper, PEOPLE_ACME, "Three", NULL, "+49 (0)30 90 18 20");
    assert_text(answer_text(a, "/duplicates/0"), one);
    a = add(p, keeper, PEOPLE_ACME, "Four", "same@example.com", "+4930901820");
    assert_int_equal(jx_size(answer_at(a, "/duplicates")), 3);
    const char *four = id_of(p, a);
    assert_string_equal(listed(p, keeper, one), "Four X: email phone_number; Two X: email; Three X: phone_number");
    assert_string_equal(listed(p, keeper, two), "One X: email; Four X: email");
    people_sql(p, "DELETE FROM contact.email_address WHERE contact_id = '%s'", four);
    assert_int_equal(shown(p, keeper, four), 2);
    assert_string_equal(listed(p, keeper, one), "Two X: email; Three X: phone_number; Four X: phone_number");
    /* what is read tells none, nor does an answer with several */
    a = people_ask(p, "GET", people_text(p, "/contacts/%s", one), keeper, NULL);
    assert_int_equal(jx_kind(answer_at(a, "/duplicates")), ALEES_JSON_NULL);
    a = people_ask(p, "GET", "/contacts?page_size=2", keeper, NULL);
    assert_int_equal(jx_kind(answer_at(a, "/results/1/duplicates")), ALEES_JSON_NULL);
    a = people_ask(p, "PATCH", people_text(p, "/contacts/%s?fields=first_name", one), keeper, "{\"notes\":\"n\"}");
    assert_text(answer_text(a, "/first_name"), "One");
    assert_null(answer_at(a, "/duplicates"));
    assert_status(people_ask(p, "DELETE", people_text(p, "/contacts/%s", two), keeper, NULL), 204);
    assert_string_equal(listed(p, keeper, one), "Three X: phone_number; Four X: phone_number");
}

/* The same address in two organizations: neither tells of the other, to nobody. */
static void test_other_organizations(void **state) {
    struct people *p = *state;
    const char *here = id_of(p, add(p, keeper, PEOPLE_ACME, "Here", "leak@example.com", "+442079460000"));
    const char *there = id_of(p, add(p, stranger, PEOPLE_GLOBEX, "There", "leak@example.com", "+442079460000"));
    const char *below = id_of(p, add(p, admin, PEOPLE_BERLIN, "Below", "leak@example.com", "+442079460000"));
    const char *const tokens[] = {keeper, both, admin};
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        assert_string_equal(listed(p, tokens[i], here), "");
        assert_int_equal(shown(p, tokens[i], here), 0);
    }
    assert_string_equal(listed(p, both, there), "");
    assert_string_equal(listed(p, admin, below), "");
    assert_int_equal(shown(p, stranger, there), 0);
    /* a contact that one may not see is unknown here, too */
    const char *path = people_text(p, "/contacts/%s/duplicates", here);
    const struct answer *a = people_ask(p, "GET", path, stranger, NULL);
    assert_problem(a, 404, "not_found");
    const char *foreign = people_stable(p, a);
    a = people_ask(p, "GET", people_text(p, "/contacts/%s/duplicates", PEOPLE_NOWHERE), stranger, NULL);
    assert_string_equal(foreign, people_stable(p, a));
    assert_problem(people_ask(p, "GET", path, people_token(p, "nobody"), NULL), 404, "not_found");
    assert_problem(people_ask(p, "GET", path, NULL, NULL), 401, "unauthenticated");
}

/* What may not be read is no reason, is not counted and names nobody. */
static void test_field_rights(void **state) {
    struct people *p = *state;
    const char *one = id_of(p, add(p, keeper, PEOPLE_ACME, "Uno", "rights@example.com", "+33612345678"));
    (void)add(p, keeper, PEOPLE_ACME, "Mailer", "rights@example.com", NULL);
    (void)add(p, keeper, PEOPLE_ACME, "Caller", NULL, "+33612345678");
    static const struct {
        const char *listed;
        int shown;
    } expected[ARRAY_LEN(readers)] = {{"Mailer X: email", 1},
                                      {"Caller X: phone_number", 1},
                                      {"", 0},
                                      {": email; : phone_number", 2},
                                      {"Mailer: email; Caller: phone_number", -2}};
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        print_message("%s\n", readers[i].name);
        assert_string_equal(listed(p, reader_tokens[i], one), expected[i].listed);
        assert_int_equal(shown(p, reader_tokens[i], one), expected[i].shown);
    }
}

/* At most ten and a hundred, and those that share both first. */
static void test_bounds(void **state) {
    struct people *p = *state;
    const char *one = id_of(p, add(p, keeper, PEOPLE_ACME, "First", "many@example.com", "+12125550123"));
    people_sql(p,
               "WITH c AS (INSERT INTO contact.contact (organization_id, first_name) SELECT '%s', 'Many' || n "
               "FROM generate_series(1, 150) n RETURNING organization_id, id) INSERT INTO contact.email_address "
               "(organization_id, contact_id, email) SELECT organization_id, id, 'Many@example.com' FROM c",
               PEOPLE_ACME);
    const char *most = id_of(p, add(p, keeper, PEOPLE_ACME, "Zoe", "many@example.com", "+12125550123"));
    assert_int_equal(shown(p, keeper, one), 10);
    const struct answer *a = duplicates(p, keeper, one);
    assert_int_equal(jx_size(answer_at(a, "/results")), 100);
    assert_text(answer_text(a, "/results/0/id"), most);
}

/* ---- a server with a region ---- */

static void test_region(void **state) {
    struct people *p = *state;
    char path[600];
    snprintf(path, sizeof path, "%s.region", p->pg.conf);
    FILE *in = fopen(p->pg.conf, "re"), *out = fopen(path, "we");
    char line[1000];
    assert_true(in && out);
    while (fgets(line, sizeof line, in)) {
        fputs(line, out);
        if (strcmp(line, "[plugin contact]\n") == 0) {
            fputs("phone_region = DE\n", out);
        }
    }
    fclose(in);
    assert_int_equal(fclose(out), 0);
    loopback_close(p->loopback);
    p->loopback = loopback_open(path, NULL);
    const struct answer *a = add(p, keeper, PEOPLE_ACME, "National", NULL, "030 901821");
    const char *parts = people_text(p, "/contacts/%s/phone-numbers", id_of(p, a));
    assert_text(answer_text(people_ask(p, "GET", parts, keeper, NULL), "/results/0/number"), "+4930901821");
    a = people_ask(p, "POST", parts, keeper, "{\"number\":\"030 1\"}");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/code"), "invalid_phone_number");
    assert_text(
        answer_text(a, "/errors/0/detail"),
        "is not a number that can be called; begin with + and the country, such as +49 30 901820, unless it is one "
        "of this server's region, and give no extension");
    a = people_ask(p, "POST", parts, keeper, "{\"number\":\"00 44 20 7946 0000\"}");
    assert_text(answer_text(a, "/number"), "+442079460000");
    assert_int_equal(remove(path), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),        cmocka_unit_test(test_other_organizations),
        cmocka_unit_test(test_field_rights), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_region),
    };
    return cmocka_run_group_tests_name("contact_duplicates", tests, setup, people_teardown);
}
