/* SPDX-License-Identifier: MIT
 * test_contacts.c - e-mail addresses, telephone numbers and addresses of contacts: every rule with its message, under their
 * own URLs and within the contact. */
#include "test.h"

#include <string.h>

#include "people.h"
#include "str.h"

static const struct kind {
    const char *path, *list, *good, *other; /* two bodies */
} kinds[] = {
    {"email-addresses", "email_addresses", "{\"email\":\"a@example.com\"}", "{\"email\":\"b@example.com\"}"},
    {"phone-numbers", "phone_numbers", "{\"number\":\"+4930901820\"}", "{\"number\":\"+442079460000\"}"},
    {"addresses", "addresses", "{\"city\":\"Berlin\"}", "{\"city\":\"Leeds\"}"},
};
enum { EMAIL, PHONE, ADDRESS };

#define NO_NUMBER \
    "is not a number that can be called; begin with + and the country, such as +49 30 901820, and give no extension"
#define NO_EMAIL "must be an address such as lena@example.com"
#define BOTH_OR_NONE "is needed together with the other one; give both or none"

/* What each kind refuses: the body, the member, the code, the message (NULL: the engine's own, tested elsewhere). */
static const struct rule {
    int kind;
    const char *body, *member, *code, *detail;
} rules[] = {
    {EMAIL, "{\"email\":\"nobody\"}", "email", "invalid_email", NO_EMAIL},
    {EMAIL, "{\"email\":\"a b@example.com\"}", "email", "invalid_email", NO_EMAIL},
    {EMAIL, "{\"email\":\"a@b@c\"}", "email", "invalid_email", NO_EMAIL},
    {EMAIL, "{\"email\":\"a@\"}", "email", "too_short", NULL},
    {EMAIL, "{\"email\":null}", "email", "null", NULL},
    {EMAIL, "{\"email\":\"a@example.com\",\"type\":\"private\"}", "type", "not_a_choice",
     "must be one of work, home, billing, other"},
    {EMAIL, "{\"email\":\"a@example.com\",\"is_primary\":null}", "is_primary", "null", NULL},
    {EMAIL, "{\"email\":\"a@example.com\",\"is_primary\":\"yes\"}", "is_primary", "wrong_type", NULL},
    {PHONE, "{\"number\":\"030 901820\"}", "number", "invalid_phone_number", NO_NUMBER},
    {PHONE, "{\"number\":\"+49 30 901820 ext. 5\"}", "number", "invalid_phone_number", NO_NUMBER},
    {PHONE, "{\"number\":\"+1 800 FLOWERS\"}", "number", "invalid_phone_number", NO_NUMBER},
    {PHONE, "{\"number\":\"+999 12345678\"}", "number", "invalid_phone_number", NO_NUMBER},
    {PHONE, "{\"number\":\"110\"}", "number", "invalid_phone_number", NO_NUMBER},
    {PHONE, "{\"number\":\"+4930901820\",\"type\":\"pager\"}", "type", "not_a_choice",
     "must be one of mobile, work, home, fax, other"},
    {ADDRESS, "{\"country\":\"XX\"}", "country", "not_a_choice", NULL},
    {ADDRESS, "{\"country\":\"de\"}", "country", "not_a_choice", NULL},
    {ADDRESS, "{\"latitude\":90.5,\"longitude\":0}", "latitude", "too_large", NULL},
    {ADDRESS, "{\"latitude\":-90.5,\"longitude\":0}", "latitude", "too_small", NULL},
    {ADDRESS, "{\"latitude\":0,\"longitude\":180.5}", "longitude", "too_large", NULL},
    {ADDRESS, "{\"latitude\":1,\"longitude\":null}", "longitude", "incomplete_position", BOTH_OR_NONE},
    {ADDRESS, "{\"latitude\":null,\"longitude\":1}", "latitude", "incomplete_position", BOTH_OR_NONE},
    {ADDRESS, "{\"type\":\"office\"}", "type", "not_a_choice",
     "must be one of billing, shipping, visiting, home, other"},
};

static const char *token; /* of a manager in Acme */

static const struct answer *ask(struct people *p, const char *method, const char *path, const char *body) {
    return people_ask(p, method, path, token, body);
}

static int setup(void **state) {
    if (people_setup(state) != 0) {
        return -1;
    }
    token = people_new(*state, "keeper", PEOPLE_ACME, "manager");
    return 0;
}

static const char *id_of(struct people *p, const struct answer *a) {
    assert_true(a->status / 100 == 2);
    return people_text(p, "%s", answer_text(a, "/id").ptr);
}

/* The path of a new contact; more: further members of the body. */
static const char *new_contact(struct people *p, const char *more) {
    const struct answer *a = ask(p, "POST", "/contacts", people_text(p, "{\"first_name\":\"Lena\"%s}", more));
    if (a->status != 201) {
        fail_msg("%u %.*s", a->status, STR_FMT(a->body));
    }
    return people_text(p, "/contacts/%s", id_of(p, a));
}

static void check_refused(struct people *p, const struct answer *a, const char *before, const struct rule *r,
                          const char *what) {
    print_message("%s %s\n", what, r->body);
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), people_text(p, "%s/%s", before, r->member));
    assert_text(answer_text(a, "/errors/0/code"), r->code);
    if (r->detail) {
        assert_text(answer_text(a, "/errors/0/detail"), r->detail);
    }
    assert_null(answer_at(a, "/errors/1"));
}

static void test_every_rule(void **state) {
    struct people *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const struct rule *r = &rules[i];
        const struct kind *k = &kinds[r->kind];
        const char *contact = new_contact(p, ""), *parts = people_text(p, "%s/%s", contact, k->path);
        const char *part = people_text(p, "%s/%s", parts, id_of(p, ask(p, "POST", parts, k->good)));
        check_refused(p, ask(p, "POST", parts, r->body), "", r, "POST");
        check_refused(p, ask(p, "PATCH", part, r->body), "", r, "PATCH");
        if (strcmp(r->code, "incomplete_position") == 0) { /* of a change of one of the two the table tells */
            assert_problem(ask(p, "PUT", part, r->body), 422, "invalid");
        } else {
            check_refused(p, ask(p, "PUT", part, r->body), "", r, "PUT");
        }
        check_refused(p, ask(p, "POST", parts, people_text(p, "[%s,%s]", k->other, r->body)), "/1", r, "POST of many");
        check_refused(p,
                      ask(p, "POST", "/contacts",
                          people_text(p, "{\"first_name\":\"B\",\"%s\":[%s,%s]}", k->list, k->other, r->body)),
                      people_text(p, "/%s/1", k->list), r, "POST of a contact");
        check_refused(p, ask(p, "PATCH", contact, people_text(p, "{\"%s\":[%s]}", k->list, r->body)),
                      people_text(p, "/%s/0", k->list), r, "PATCH of a contact");
        /* nothing of all that was written */
        const struct answer *a = ask(p, "GET", people_text(p, "%s?count=exact", parts), NULL);
        assert_int_equal(answer_integer(a, "/count"), 1);
    }
}

static void test_positions(void **state) {
    struct people *p = *state;
    const char *parts = people_text(p, "%s/addresses", new_contact(p, ""));
    const struct answer *a = ask(
        p, "POST", parts, "{\"country\":\"DE\",\"latitude\":52.517,\"longitude\":\"13.3888\",\"type\":\"visiting\"}");
    const char *part = people_text(p, "%s/%s", parts, id_of(p, a));
    assert_text(answer_text(a, "/latitude"), "52.517"); /* nothing is rounded */
    assert_text(answer_text(a, "/longitude"), "13.3888");
    assert_text(answer_text(a, "/street_address_1"), "");
    assert_status(ask(p, "PATCH", part, "{\"latitude\":-90}"), 200); /* the other one is there */
    a = ask(p, "PATCH", part, "{\"latitude\":null}");
    assert_problem(a, 422, "invalid");
    assert_status(ask(p, "PATCH", part, "{\"latitude\":null,\"longitude\":null}"), 200);
    assert_problem(ask(p, "PATCH", part, "{\"longitude\":1}"), 422, "invalid");
    a = ask(p, "PUT", part, "{\"city\":\"Berlin\",\"latitude\":1,\"longitude\":2}");
    assert_status(a, 200);
    assert_absent(answer_text(a, "/country"));
    a = ask(p, "PUT", part, "{\"city\":\"Berlin\",\"latitude\":3,\"longitude\":2}"); /* one of the two differs */
    assert_status(a, 200);
    assert_text(answer_text(a, "/latitude"), "3");
}

/* Each way of writing one gives the same number. */
static void test_numbers_become_one(void **state) {
    struct people *p = *state;
    static const char *const ways[] = {"+49 (0)30 901820", "+49-30-901820", "+49.30.901820", "(+49) 30/901820",
                                       "+4930901820"};
    const char *contact = new_contact(p, ""), *parts = people_text(p, "%s/phone-numbers", contact);
    const char *part = people_text(p, "%s/%s", parts, id_of(p, ask(p, "POST", parts, kinds[PHONE].other)));
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        const char *body = people_text(p, "{\"number\":\"%s\"}", ways[i]);
        assert_text(answer_text(ask(p, "POST", parts, body), "/number"), "+4930901820");
        assert_text(answer_text(ask(p, "PATCH", part, body), "/number"), "+4930901820");
        assert_text(answer_text(ask(p, "PUT", part, body), "/number"), "+4930901820");
        const struct answer *a = ask(p, "POST", parts, people_text(p, "[%s]", body));
        assert_text(answer_text(a, "/results/0/number"), "+4930901820");
        a = ask(p, "POST", "/contacts", people_text(p, "{\"first_name\":\"B\",\"phone_numbers\":[%s]}", body));
        assert_text(answer_text(a, "/phone_numbers/0/number"), "+4930901820");
        assert_text(answer_text(a, "/phone_numbers/0/type"), "mobile");
        const struct answer *found = ask(
            p, "GET", people_text(p, "/contacts?phone_numbers__number=%%2B4930901820&id=%s", answer_text(a, "/id").ptr),
            NULL);
        assert_non_null(answer_at(found, "/results/0"));
    }
}

/* What of it is primary, by its id; fails unless it is this one alone. */
static void check_primary(struct people *p, const char *parts, const char *id) {
    const struct answer *a = ask(p, "GET", people_text(p, "%s?is_primary=true&count=exact", parts), NULL);
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/count"), id ? 1 : 0);
    if (id) {
        assert_text(answer_text(a, "/results/0/id"), id);
    }
}

static const char *with_primary(struct people *p, const char *body) {
    return people_text(p, "%.*s,\"is_primary\":true}", (int)strlen(body) - 1, body);
}

static void test_one_primary(void **state) {
    struct people *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct kind *k = &kinds[i];
        const char *contact = new_contact(p, ""), *parts = people_text(p, "%s/%s", contact, k->path);
        const char *one = id_of(p, ask(p, "POST", parts, with_primary(p, k->good)));
        check_primary(p, parts, one);
        const char *two = id_of(p, ask(p, "POST", parts, with_primary(p, k->other)));
        check_primary(p, parts, two);
        const struct answer *a = ask(p, "PATCH", people_text(p, "%s/%s", parts, one), "{\"is_primary\":true}");
        assert_status(a, 200);
        check_primary(p, parts, one);
        assert_status(ask(p, "PATCH", people_text(p, "%s/%s", parts, one), "{\"is_primary\":false}"), 200);
        check_primary(p, parts, NULL);
        /* within the contact */
        a = ask(p, "PATCH", contact,
                people_text(p, "{\"%s\":[{\"id\":\"%s\",\"is_primary\":true},%s]}", k->list, two, k->good));
        assert_status(a, 200);
        check_primary(p, parts, two);
        /* two at once are a mistake, and say which */
        const char *both = people_text(p, "[%s,%s]", with_primary(p, k->good), with_primary(p, k->other));
        a = ask(p, "POST", parts, both);
        assert_problem(a, 422, "invalid");
        assert_text(answer_text(a, "/errors/0/code"), "several_is_primary");
        assert_text(answer_text(a, "/errors/0/pointer"), "/1/is_primary");
        a = ask(p, "PATCH", contact, people_text(p, "{\"%s\":%s}", k->list, both));
        assert_problem(a, 422, "invalid");
        assert_text(answer_text(a, "/errors/0/code"), "several_is_primary");
        assert_text(answer_text(a, "/errors/0/pointer"), people_text(p, "/%s/1/is_primary", k->list));
        check_primary(p, parts, two);
    }
}

/* Another organization's parts are as unknown as those that there are not. */
static void test_foreign(void **state) {
    struct people *p = *state;
    const char *stranger = people_new(p, "stranger", PEOPLE_GLOBEX, "manager");
    const char *mine = new_contact(p, "");
    const char *other = new_contact(p, "");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct kind *k = &kinds[i];
        const char *parts = people_text(p, "%s/%s", mine, k->path);
        const char *part = id_of(p, ask(p, "POST", parts, k->good));
        const char *path = people_text(p, "%s/%s", parts, part);
        assert_problem(people_ask(p, "GET", parts, stranger, NULL), 404, "not_found");
        assert_problem(people_ask(p, "GET", path, stranger, NULL), 404, "not_found");
        assert_problem(people_ask(p, "POST", parts, stranger, k->good), 404, "not_found");
        assert_problem(people_ask(p, "PATCH", path, stranger, k->other), 404, "not_found");
        assert_problem(people_ask(p, "DELETE", path, stranger, NULL), 404, "not_found");
        path = people_text(p, "%s/%s/%s", other, k->path, part); /* of another contact */
        assert_problem(ask(p, "GET", path, NULL), 404, "not_found");
        assert_problem(ask(p, "PATCH", path, k->other), 404, "not_found");
        assert_problem(ask(p, "DELETE", path, NULL), 404, "not_found");
        const struct answer *a = ask(p, "PATCH", other, people_text(p, "{\"%s\":[{\"id\":\"%s\"}]}", k->list, part));
        assert_problem(a, 422, "invalid");
    }
}

/* With the contact its parts go. */
static void test_delete(void **state) {
    struct people *p = *state;
    const char *contact = new_contact(p, ",\"email_addresses\":[{\"email\":\"a@example.com\"}],\"phone_numbers\":["
                                         "{\"number\":\"+4930901820\"}],\"addresses\":[{\"city\":\"Berlin\"}]");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct answer *a = ask(p, "GET", people_text(p, "%s/%s?count=exact", contact, kinds[i].path), NULL);
        assert_int_equal(answer_integer(a, "/count"), 1);
    }
    assert_status(ask(p, "DELETE", contact, NULL), 204);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        assert_problem(ask(p, "GET", people_text(p, "%s/%s", contact, kinds[i].path), NULL), 404, "not_found");
    }
    const struct answer *a = ask(p, "POST", people_text(p, "%s/restore", contact), NULL); /* all of it comes back */
    assert_status(a, 200);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        assert_non_null(answer_at(a, people_text(p, "/%s/0/id", kinds[i].list)));
    }
    assert_status(ask(p, "DELETE", people_text(p, "%s?permanent=true", contact), NULL), 204);
    assert_int_equal(
        pg_count(&p->pg, people_text(p, "SELECT count(*) FROM contact.email_address WHERE contact_id = '%s'",
                                     strrchr(contact, '/') + 1)),
        0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule),  cmocka_unit_test(test_positions), cmocka_unit_test(test_numbers_become_one),
        cmocka_unit_test(test_one_primary), cmocka_unit_test(test_foreign),   cmocka_unit_test(test_delete),
    };
    return cmocka_run_group_tests_name("contacts", tests, setup, people_teardown);
}
