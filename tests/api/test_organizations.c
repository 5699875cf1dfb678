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

/* ---- when an organization counts ---- */

#define BERLIN "/organizations/" PEOPLE_BERLIN

static const char *day(struct people *p, const char *timezone, int days) {
    return pg_value(&p->pg, p->arena, people_text(p, "SELECT (now() AT TIME ZONE '%s')::date + %d", timezone, days))
        .ptr;
}

static void set_dates(struct people *p, const char *from, const char *until, const char *timezone) {
    const char *body = people_text(p, "{\"effective_date\":%s,\"end_date\":%s,\"timezone\":\"%s\"}",
                                   from ? people_text(p, "\"%s\"", from) : "null",
                                   until ? people_text(p, "\"%s\"", until) : "null", timezone);
    assert_status(patch(p, PEOPLE_BERLIN, people_token(p, "admin"), body), 200);
}

/* Outside of its dates it is there for superusers alone; its days are those of its own time zone. */
static void test_dates(void **state) {
    struct people *p = *state;
    static const char west[] = "Etc/GMT+12", east[] = "Pacific/Kiritimati"; /* never the same day */
    const char *inside = people_new(p, "in-berlin", PEOPLE_BERLIN, "viewer");
    const char *admin = people_token(p, "admin");
    const struct {
        const char *from, *until, *timezone;
        uint32_t status;
    } rows[] = {
        {NULL, NULL, "UTC", 200},
        {day(p, "UTC", 0), day(p, "UTC", 0), "UTC", 200},
        {day(p, "UTC", 1), NULL, "UTC", 404},
        {NULL, day(p, "UTC", -1), "UTC", 404},
        {NULL, day(p, west, 0), west, 200},
        {NULL, day(p, west, 0), east, 404},
        {day(p, east, 0), NULL, east, 200},
        {day(p, east, 0), NULL, west, 404},
        {"0001-01-01", "9999-12-31", "UTC", 200},
        {NULL, NULL, "Europe/Berlin", 200},
    };
    people_soon(p, 200, "GET", BERLIN, inside, NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        set_dates(p, rows[i].from, rows[i].until, rows[i].timezone);
        const struct answer *a = people_ask(p, "GET", BERLIN, inside, NULL); /* at once */
        if (a->status != rows[i].status) {
            fail_msg("row %zu: %u, not %u", i, a->status, rows[i].status);
        }
        a = people_ask(p, "GET", "/organizations", inside, NULL);
        assert_status(a, 200);
        assert_int_equal(jx_size(answer_at(a, "/results")), rows[i].status == 200 ? 1 : 0);
        a = people_ask(p, "GET", "/products?organization=" PEOPLE_BERLIN, inside, NULL);
        assert_status(a, 200);
        assert_status(people_ask(p, "GET", BERLIN, admin, NULL), 200);
        a = people_ask(p, "GET", "/rbac/can?permission=product.view_product&organization=" PEOPLE_BERLIN, inside, NULL);
        assert_text(answer_text(a, "/reason"), rows[i].status == 200 ? "granted" : "inactive_organization");
    }
}

/* What is above closes what is below it, for those whose right comes from there. */
static void test_dates_above(void **state) {
    struct people *p = *state;
    const char *through = people_new(p, "through-acme", NULL, NULL), *admin = people_token(p, "admin");
    const char *inside = people_new(p, "in-berlin-too", PEOPLE_BERLIN, "viewer");
    people_join(p, "through-acme", PEOPLE_ACME, "viewer", true);
    people_soon(p, 200, "GET", BERLIN, through, NULL);
    people_soon(p, 200, "GET", BERLIN, inside, NULL);
    assert_status(patch(p, PEOPLE_ACME, admin, people_text(p, "{\"end_date\":\"%s\"}", day(p, "UTC", -2))), 200);
    assert_status(people_ask(p, "GET", BERLIN, through, NULL), 404);
    assert_status(people_ask(p, "GET", BERLIN, inside, NULL), 200);
    assert_status(patch(p, PEOPLE_ACME, admin, "{\"end_date\":null}"), 200);
    assert_status(people_ask(p, "GET", BERLIN, through, NULL), 200);
}

/* A moment passes, and nothing is written. */
static void test_dates_by_the_clock(void **state) {
    struct people *p = *state;
    const char *inside = people_new(p, "by-the-clock", PEOPLE_BERLIN, "viewer");
    people_sql(p, "UPDATE rbac.organization SET valid_from = now() + interval '1.5 s', valid_until = now() + "
                  "interval '3 s' WHERE id = '" PEOPLE_BERLIN "'");
    people_soon(p, 404, "GET", BERLIN, inside, NULL);
    people_soon(p, 200, "GET", BERLIN, inside, NULL);
    people_soon(p, 404, "GET", BERLIN, inside, NULL);
    people_sql(p, "UPDATE rbac.organization SET valid_from = NULL, valid_until = NULL");
    people_soon(p, 200, "GET", BERLIN, inside, NULL);
}

static void test_date_rules(void **state) {
    struct people *p = *state;
    const char *admin = people_token(p, "admin");
    const struct answer *a =
        patch(p, PEOPLE_BERLIN, admin, "{\"effective_date\":\"2026-02-01\",\"end_date\":\"2026-01-31\"}");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/end_date");
    assert_text(answer_text(a, "/errors/0/code"), "before_effective_date");
    assert_text(answer_text(a, "/errors/0/detail"), "Use a day that is not before effective_date.");
    /* of one that is sent alone, against what the row has */
    assert_status(patch(p, PEOPLE_BERLIN, admin, "{\"effective_date\":\"2026-02-01\",\"end_date\":null}"), 200);
    a = patch(p, PEOPLE_BERLIN, admin, "{\"end_date\":\"2026-01-31\"}");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/end_date");
    assert_text(answer_text(a, "/errors/0/code"), "before_effective_date");
    assert_text(answer_text(a, "/errors/0/detail"),
                "Use a day that is not before effective_date, or send an earlier effective_date with it.");
    assert_status(patch(p, PEOPLE_BERLIN, admin, "{\"effective_date\":null,\"end_date\":\"2099-01-31\"}"), 200);
    a = people_ask(p, "PATCH", "/organizations?code=ACME-BERLIN", admin, "{\"effective_date\":\"2099-02-01\"}");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/0/pointer"), "/effective_date");
    assert_text(answer_text(a, "/errors/0/code"), "after_end_date");
    assert_text(answer_text(a, "/errors/0/detail"),
                "Use a day that is not after end_date, or send a later end_date with it.");
    assert_status(patch(p, PEOPLE_BERLIN, admin, "{\"effective_date\":\"2026-01-31\"}"), 200);
    assert_status(patch(p, PEOPLE_BERLIN, admin, "{\"end_date\":\"2026-01-31\"}"), 200);
    assert_status(patch(p, PEOPLE_BERLIN, admin, "{\"effective_date\":null,\"end_date\":null}"), 200);
}

/* ---- kinds of organizations ---- */

static void test_type_in_use(void **state) {
    struct people *p = *state;
    const char *admin = people_token(p, "admin");
    const struct answer *a =
        people_ask(p, "POST", "/organization-types", admin, "{\"name\":\"Guild\",\"description\":\"\"}");
    assert_status(a, 201);
    const char *type = answer_text(a, "/id").ptr, *path = people_text(p, "/organization-types/%s", type);
    const char *sql = people_text(
        p, "UPDATE organization.organization SET organization_type_id = '%s' WHERE id = '" PEOPLE_BERLIN "'", type);
    const char *before = pg_value(&p->pg, p->arena,
                                  "SELECT organization_type_id FROM organization.organization "
                                  "WHERE id = '" PEOPLE_BERLIN "'")
                             .ptr;
    people_sql(p, "%s", sql);
    a = people_ask(p, "DELETE", path, admin, NULL);
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/pointer"), "");
    assert_text(answer_text(a, "/errors/0/code"), "protected");
    assert_text(answer_text(a, "/errors/0/detail"), "1 row of organization.organization refers to it");
    assert_null(answer_at(a, "/errors/1"));
    people_sql(p, "UPDATE organization.organization SET organization_type_id = '%s' WHERE id = '" PEOPLE_BERLIN "'",
               before);
    assert_status(people_ask(p, "DELETE", path, admin, NULL), 204);
    assert_status(people_ask(p, "GET", path, admin, NULL), 404);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contact_of_this_very_organization),
        cmocka_unit_test(test_contact_on_create),
        cmocka_unit_test(test_contact_that_is_not_seen),
        cmocka_unit_test(test_contact_that_goes),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_dates_above),
        cmocka_unit_test(test_dates_by_the_clock),
        cmocka_unit_test(test_date_rules),
        cmocka_unit_test(test_type_in_use),
    };
    return cmocka_run_group_tests_name("organizations", tests, people_setup, people_teardown);
}
