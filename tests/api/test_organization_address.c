/* SPDX-License-Identifier: MIT
 * test_organization_address.c - primary_address of organizations: a reference to a part of a contact. Who may view contacts
 * and read their addresses may refer to one, and see it; to others it is an id like one that names nothing. */
#include "people.h"

#include <string.h>

#include "jx.h"

#define ACME "/organizations/" PEOPLE_ACME
#define VIEW_AND_CHANGE "organization.view_organization,organization.change_organization"

static const char *admin, *own, *own_contact, *below;

static const char *copy(struct people *p, alees_str text) {
    assert_non_null(text.ptr);
    return people_text(p, "%.*s", (int)text.len, text.ptr);
}

/* A contact with one address: its id. */
static const char *make_address(struct people *p, const char *organization, const char **ret_contact) {
    const struct answer *a = people_ask(
        p, "POST", "/contacts", admin,
        people_text(
            p,
            "{\"organization\":\"%s\",\"first_name\":\"A\",\"last_name\":\"B\",\"addresses\":[{\"city\":\"Bonn\","
            "\"country\":\"DE\"}]}",
            organization));
    assert_status(a, 201);
    *ret_contact = copy(p, answer_text(a, "/id"));
    return copy(p, answer_text(a, "/addresses/0/id"));
}

static int setup(void **state) {
    const char *contact;
    if (people_setup(state) != 0) {
        return -1;
    }
    struct people *p = *state;
    admin = people_token(p, "admin");
    own = make_address(p, PEOPLE_ACME, &own_contact);
    below = make_address(p, PEOPLE_BERLIN, &contact);
    return 0;
}

static const struct answer *patch(struct people *p, const char *id, const char *token, const char *address) {
    return people_ask(p, "PATCH", people_text(p, "/organizations/%s", id), token,
                      people_text(p, "{\"primary_address\":\"%s\"}", address));
}

static void refused(const struct answer *a, const char *pointer) {
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), pointer);
    assert_text(answer_text(a, "/errors/0/code"), "invalid_reference");
    assert_text(answer_text(a, "/errors/0/detail"), "does not name a row that can be used here");
    assert_null(answer_at(a, "/errors/1"));
}

/* What is there is answered as what is not. */
static void unknown_to(struct people *p, const char *token, const char *address) {
    const struct answer *a = patch(p, PEOPLE_ACME, token, address);
    refused(a, "/primary_address");
    assert_string_equal(people_stable(p, a), people_stable(p, patch(p, PEOPLE_ACME, token, PEOPLE_NOWHERE)));
    a = people_ask(p, "PATCH", "/organizations?code=ACME", token,
                   people_text(p, "{\"primary_address\":\"%s\"}", address));
    refused(a, "/primary_address");
}

static void shows_only_the_id(struct people *p, const char *token, const char *address) {
    const struct answer *a = people_ask(p, "GET", ACME "?fields=primary_address&expand=primary_address", token, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/primary_address/id"), address);
    assert_int_equal(jx_size(answer_at(a, "/primary_address")), 1);
}

static void forget(struct people *p) {
    assert_status(people_ask(p, "PATCH", ACME, admin, "{\"primary_address\":null}"), 200);
}

static void test_of_this_very_organization(void **state) {
    struct people *p = *state;
    const struct answer *a = patch(p, PEOPLE_ACME, admin, own);
    assert_status(a, 200);
    assert_text(answer_text(a, "/primary_address"), own);
    a = people_ask(p, "GET", people_text(p, "/organizations?primary_address=%s&expand=primary_address.contact", own),
                   admin, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/results/0/code"), "ACME");
    assert_text(answer_text(a, "/results/0/primary_address/city"), "Bonn");
    assert_text(answer_text(a, "/results/0/primary_address/contact/id"), own_contact);
    assert_text(answer_text(a, "/results/0/primary_address/contact/first_name"), "A");
    assert_null(answer_at(a, "/results/1"));
    unknown_to(p, admin, below);
    unknown_to(p, admin, own_contact); /* an id of something else */
    refused(patch(p, PEOPLE_BERLIN, admin, own), "/primary_address");
    assert_status(patch(p, PEOPLE_BERLIN, admin, below), 200);
    forget(p);
}

static void test_on_create(void **state) {
    struct people *p = *state;
    const char *type = pg_value(&p->pg, p->arena, "SELECT id FROM organization.organization_type LIMIT 1").ptr;
    const char *body = people_text(p,
                                   "{\"name\":\"New\",\"code\":\"NEW-ADDRESS\",\"organization_type\":\"%s\","
                                   "\"parent\":\"" PEOPLE_ACME "\",\"primary_address\":\"%s\"}",
                                   type, own);
    refused(people_ask(p, "POST", "/organizations", admin, body), "/primary_address");
    refused(people_ask(p, "POST", "/organizations", admin, people_text(p, "[%s]", body)), "/0/primary_address");
}

/* ---- rights ---- */

/* Somebody who may do these in Acme and, fields not NULL, read these fields of contacts. */
static const char *holder(struct people *p, const char *name, const char *permissions, const char *fields) {
    static int number;
    const char *role = people_text(p, "01930000-0000-7000-8000-0000000000e%d", number++);
    people_add(p, name, NULL, NULL);
    people_sql(p,
               "INSERT INTO rbac.role (id, organization_id, name, permissions) VALUES ('%s', '" PEOPLE_ACME
               "', '%s', '{%s}')",
               role, name, permissions);
    if (fields) {
        people_sql(p,
                   "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields, update_fields) "
                   "VALUES ('" PEOPLE_ACME "', '%s', 'contact.contact', '{%s}', '{notes}')",
                   role, fields);
    }
    people_sql(p,
               "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT id, '" PEOPLE_ACME
               "', '{%s}' FROM rbac.app_user WHERE username = '%s'",
               role, name);
    return people_token(p, name);
}

static void test_rights(void **state) {
    struct people *p = *state;
    const char *blind = holder(p, "blind", VIEW_AND_CHANGE, NULL);
    const char *narrow = holder(p, "narrow", VIEW_AND_CHANGE ",contact.view_contact", "first_name,email_addresses");
    const char *wide = holder(p, "wide", VIEW_AND_CHANGE ",contact.view_contact", "addresses");
    const char *whole = holder(p, "whole", VIEW_AND_CHANGE ",contact.view_contact", NULL);
    people_join(p, "narrow", PEOPLE_GLOBEX, "manager", false); /* who may read addresses there, and not here */
    people_soon(p, 200, "GET", ACME, blind, NULL);
    people_soon(p, 200, "GET", people_text(p, "/contacts/%s", own_contact), narrow, NULL);
    people_soon(p, 200, "GET", people_text(p, "/contacts/%s/addresses/%s", own_contact, own), wide, NULL);
    people_soon(p, 200, "GET", people_text(p, "/contacts/%s", own_contact), whole, NULL);
    unknown_to(p, blind, own);
    unknown_to(p, narrow, own);
    assert_status(patch(p, PEOPLE_ACME, wide, own), 200);
    shows_only_the_id(p, blind, own);
    shows_only_the_id(p, narrow, own);
    const struct answer *a = people_ask(p, "GET", ACME "?expand=primary_address", wide, NULL);
    assert_text(answer_text(a, "/primary_address/city"), "Bonn");
    a = people_ask(p, "GET", "/organizations?expand=primary_address", narrow, NULL);
    assert_status(a, 200);
    assert_true(strstr(a->body.ptr, own) != NULL && strstr(a->body.ptr, "Bonn") == NULL);
    forget(p);
    assert_status(patch(p, PEOPLE_ACME, whole, own), 200);
    /* what stands there is no change, whoever sends it */
    a = people_ask(p, "GET", ACME, narrow, NULL);
    assert_status(people_ask(p, "PUT", ACME, narrow, a->body.ptr), 200);
    forget(p);
}

/* ---- an address that goes ---- */

static void test_goes(void **state) {
    struct people *p = *state;
    const char *contact, *id = make_address(p, PEOPLE_ACME, &contact);
    const char *path = people_text(p, "/contacts/%s/addresses/%s", contact, id);
    assert_status(patch(p, PEOPLE_ACME, admin, id), 200);
    assert_status(people_ask(p, "DELETE", path, admin, NULL), 204);
    shows_only_the_id(p, admin, id);
    const struct answer *a = people_ask(p, "GET", ACME, admin, NULL);
    assert_text(answer_text(a, "/primary_address"), id);
    assert_status(people_ask(p, "PUT", ACME, admin, a->body.ptr), 200);
    forget(p);
    unknown_to(p, admin, id);
}

/* With a contact that is marked, its parts are out of sight, and come back with it. */
static void test_contact_goes(void **state) {
    struct people *p = *state;
    const char *contact, *id = make_address(p, PEOPLE_ACME, &contact);
    const char *path = people_text(p, "/contacts/%s", contact);
    assert_status(patch(p, PEOPLE_ACME, admin, id), 200);
    assert_status(people_ask(p, "DELETE", path, admin, NULL), 204);
    shows_only_the_id(p, admin, id);
    forget(p);
    unknown_to(p, admin, id);
    assert_status(people_ask(p, "POST", people_text(p, "%s/restore", path), admin, NULL), 200);
    assert_status(patch(p, PEOPLE_ACME, admin, id), 200);
    assert_text(answer_text(people_ask(p, "GET", ACME "?expand=primary_address", admin, NULL), "/primary_address/city"),
                "Bonn");
    assert_status(people_ask(p, "DELETE", people_text(p, "%s?permanent=true", path), admin, NULL), 204);
    shows_only_the_id(p, admin, id);
    forget(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_this_very_organization),
        cmocka_unit_test(test_on_create),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_goes),
        cmocka_unit_test(test_contact_goes),
    };
    return cmocka_run_group_tests_name("organization_address", tests, setup, people_teardown);
}
