/* SPDX-License-Identifier: MIT
 * test_organizations.c - the rules of organizations: whom they may name as their contact, when they count, what may be
 * deleted. */
#include "people.h"

#include "jx.h"

static const char *path_of(struct people *p, const char *id) {
    return people_text(p, "/organizations/%s", id);
}

static const struct answer *patch(struct people *p, const char *id, const char *token, const char *body) {
    return people_ask(p, "PATCH", path_of(p, id), token, body);
}

static const char *make_contact(struct people *p, const char *organization, const char *name) {
    return pg_value(&p->pg, p->arena,
                    people_text(p,
                                "INSERT INTO contact.contact (organization_id, first_name) VALUES ('%s', '%s') "
                                "RETURNING id",
                                organization, name))
        .ptr;
}

/* Somebody who may do these in an organization. */
static const char *holder(struct people *p, const char *name, const char *organization, const char *permissions,
                          bool inherit) {
    people_add(p, name, NULL, NULL);
    people_sql(p,
               "WITH r AS (INSERT INTO rbac.role (organization_id, name, permissions) "
               "VALUES (NULL, '%s', '{%s}') RETURNING id) "
               "INSERT INTO rbac.membership (user_id, organization_id, role_ids, inherit) "
               "SELECT u.id, '%s', ARRAY[r.id], %s FROM rbac.app_user u, r WHERE u.username = '%s'",
               name, permissions, organization, inherit ? "true" : "false", name);
    return people_token(p, name);
}

/* ---- the primary contact ---- */

static void refused(struct people *p, const struct answer *a) {
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/primary_contact");
    assert_text(answer_text(a, "/errors/0/code"), "invalid_reference");
    assert_text(answer_text(a, "/errors/0/detail"), "does not name a row that can be used here");
    assert_null(answer_at(a, "/errors/1"));
    (void)p;
}

static const char *naming(struct people *p, const char *contact) {
    return people_text(p, "{\"primary_contact\":\"%s\"}", contact);
}

static void test_contact_of_this_very_organization(void **state) {
    struct people *p = *state;
    const char *admin = people_token(p, "admin");
    const char *own = make_contact(p, PEOPLE_ACME, "Own"), *below = make_contact(p, PEOPLE_BERLIN, "Below");
    const struct answer *a = patch(p, PEOPLE_ACME, admin, naming(p, own));
    assert_status(a, 200);
    assert_text(answer_text(a, "/primary_contact"), own);
    a = people_ask(p, "GET", people_text(p, "/organizations?primary_contact=%s&expand=primary_contact", own), admin,
                   NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/results/0/primary_contact/first_name"), "Own");
    assert_null(answer_at(a, "/results/1"));
    refused(p, patch(p, PEOPLE_ACME, admin, naming(p, below)));
    refused(p, patch(p, PEOPLE_BERLIN, admin, naming(p, own)));
    refused(p, patch(p, PEOPLE_ACME, admin, naming(p, PEOPLE_NOWHERE)));
    assert_string_equal(people_stable(p, patch(p, PEOPLE_ACME, admin, naming(p, below))),
                        people_stable(p, patch(p, PEOPLE_ACME, admin, naming(p, PEOPLE_NOWHERE))));
    /* many at once: each by itself */
    a = people_ask(p, "PATCH", "/organizations?code__in=ACME,ACME-BERLIN", admin, naming(p, own));
    refused(p, a);
    a = people_ask(p, "PATCH", "/organizations?code=ACME-BERLIN", admin, naming(p, below));
    assert_status(a, 200);
    assert_status(patch(p, PEOPLE_ACME, admin, "{\"primary_contact\":null}"), 200);
    assert_status(patch(p, PEOPLE_BERLIN, admin, "{\"primary_contact\":null}"), 200);
}

/* There can be none yet. */
static void test_contact_on_create(void **state) {
    struct people *p = *state;
    const char *admin = people_token(p, "admin"), *own = make_contact(p, PEOPLE_ACME, "Own");
    const char *type = pg_value(&p->pg, p->arena, "SELECT id FROM organization.organization_type LIMIT 1").ptr;
    const char *body = people_text(p,
                                   "{\"name\":\"New\",\"code\":\"NEW-CONTACT\",\"organization_type\":\"%s\","
                                   "\"parent\":\"" PEOPLE_ACME "\",\"primary_contact\":\"%s\"}",
                                   type, own);
    refused(p, people_ask(p, "POST", "/organizations", admin, body));
    const struct answer *a = people_ask(p, "POST", "/organizations", admin, people_text(p, "[%s]", body));
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/0/primary_contact");
}

/* Whoever may change the organization but does not see its contacts learns nothing of them. */
static void test_contact_that_is_not_seen(void **state) {
    struct people *p = *state;
    const char *own = make_contact(p, PEOPLE_ACME, "Own");
    const char *blind =
        holder(p, "blind", PEOPLE_ACME, "organization.view_organization,organization.change_organization", false);
    const char *seeing =
        holder(p, "seeing", PEOPLE_ACME,
               "organization.view_organization,organization.change_organization,contact.view_contact", false);
    people_soon(p, 200, "GET", "/organizations/" PEOPLE_ACME, blind, NULL);
    people_soon(p, 200, "GET", "/contacts", seeing, NULL);
    refused(p, patch(p, PEOPLE_ACME, blind, naming(p, own)));
    assert_status(patch(p, PEOPLE_ACME, seeing, naming(p, own)), 200);
    /* what was set by somebody else is told by its id alone */
    const struct answer *a = people_ask(p, "GET", "/organizations/" PEOPLE_ACME "?expand=primary_contact", blind, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/primary_contact/id"), own);
    assert_null(answer_at(a, "/primary_contact/first_name"));
    assert_status(patch(p, PEOPLE_ACME, blind, "{\"primary_contact\":null}"), 200);
}

/* Nothing holds the contact: it goes, and its id stays, also through a PUT of what was read. */
static void test_contact_that_goes(void **state) {
    struct people *p = *state;
    const char *admin = people_token(p, "admin"), *own = make_contact(p, PEOPLE_ACME, "Own");
    assert_status(patch(p, PEOPLE_ACME, admin, naming(p, own)), 200);
    people_sql(p, "DELETE FROM contact.contact WHERE id = '%s'", own);
    const struct answer *a = people_ask(p, "GET", "/organizations/" PEOPLE_ACME "?expand=primary_contact", admin, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/primary_contact/id"), own);
    assert_null(answer_at(a, "/primary_contact/first_name"));
    a = people_ask(p, "GET", "/organizations/" PEOPLE_ACME, admin, NULL);
    assert_text(answer_text(a, "/primary_contact"), own);
    assert_status(people_ask(p, "PUT", "/organizations/" PEOPLE_ACME, admin, a->body.ptr), 200);
    refused(p, patch(p, PEOPLE_BERLIN, admin, naming(p, own)));
    a = patch(p, PEOPLE_ACME, admin, "{\"primary_contact\":null}");
    assert_status(a, 200);
    assert_int_equal(jx_kind(answer_at(a, "/primary_contact")), ALEES_JSON_NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contact_of_this_very_organization),
        cmocka_unit_test(test_contact_on_create),
        cmocka_unit_test(test_contact_that_is_not_seen),
        cmocka_unit_test(test_contact_that_goes),
    };
    return cmocka_run_group_tests_name("organizations", tests, people_setup, people_teardown);
}
