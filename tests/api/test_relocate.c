/* SPDX-License-Identifier: MIT
 * test_relocate.c - a row goes to another organization by PATCH or PUT of `organization`: who may take it there, what must
 * hold there, what goes with it, and what each end is told afterwards. */
#include "people.h"

#include "grant.h"
#include "str.h"

#define ALL "contact.view_contact,contact.add_contact,contact.change_contact"

static struct {
    const char *admin, *both, *acme, *globex; /* the last three: managers there */
    const char *unit;
} us;

static const char *made(struct people *p, const char *token, const char *path, const char *body) {
    const struct answer *a = people_ask(p, "POST", path, token, body);
    if (a->status != 201) {
        fail_msg("POST %s %s: %u %.*s", path, body, a->status, STR_FMT(a->body));
    }
    return people_text(p, "%s/%s", path, answer_text(a, "/id").ptr);
}

/* Of Acme; members: "\"a\":1,", or "". */
static const char *contact(struct people *p, const char *members) {
    return made(p, us.acme, "/contacts", people_text(p, "{%s\"first_name\":\"Lena\"}", members));
}

static const char *category(struct people *p, const char *token, const char *name, const char *members) {
    return made(p, token, "/categories", people_text(p, "{\"name\":\"%s\"%s}", name, members));
}

static const char *product(struct people *p, const char *token, const char *sku, const char *members) {
    return made(p, token, "/products",
                people_text(p, "{\"name\":\"Bolt\",\"sku\":\"%s\",\"base_uom\":\"%s\"%s}", sku, us.unit, members));
}

static const char *id_of(const char *path) {
    return strrchr(path, '/') + 1;
}

static const struct answer *move(struct people *p, const char *token, const char *path, const char *to) {
    return people_ask(p, "PATCH", path, token, people_text(p, "{\"organization\":\"%s\"}", to));
}

/* "<id>-<version>" */
static void check_version(const struct answer *a, const char *version) {
    alees_str etag = answer_header(a, "ETag");
    assert_status(a, 200);
    assert_true(etag.len > 3);
    assert_memory_equal(etag.ptr + etag.len - 3, version, 3);
}

static const struct answer *prefer(struct people *p, const char *path, const char *header, const char *value) {
    return loopback_send(p->loopback, &(struct loopback_request){.method = "PATCH",
                                                                 .path = people_text(p, "/api/v1%s", path),
                                                                 .token = us.both,
                                                                 .body = "{\"organization\":\"" PEOPLE_GLOBEX "\"}",
                                                                 .headers = {{header, value}}});
}

static void check_first(const struct answer *a, uint32_t status, const char *code, const char *pointer,
                        const char *item_code) {
    assert_problem(a, status, code);
    assert_text(answer_text(a, "/errors/0/pointer"), pointer);
    assert_text(answer_text(a, "/errors/0/code"), item_code);
}

/* It is still Acme's, and nobody else has seen anything of it. */
static void check_stays(struct people *p, const char *path) {
    const struct answer *a = people_ask(p, "GET", path, us.acme, NULL);
    assert_status(a, 200);
    assert_text(answer_text(a, "/organization"), PEOPLE_ACME);
    assert_problem(people_ask(p, "GET", path, us.globex, NULL), 404, "not_found");
}

static void test_a_contact_and_its_parts(void **state) {
    struct people *p = *state;
    const char *path = contact(
        p,
        "\"email_addresses\":[{\"email\":\"a@example.com\",\"is_primary\":true},{\"email\":"
        "\"b@example.com\"}],\"phone_numbers\":[{\"number\":\"+4930901820\"}],\"addresses\":[{\"city\":\"Berlin\"}],");
    const struct answer *a = people_ask(p, "GET", path, us.acme, NULL);
    const char *part = people_text(p, "%s/email-addresses/%s", path, answer_text(a, "/email_addresses/0/id").ptr);
    assert_status(people_ask(p, "GET", part, us.acme, NULL), 200);
    a = move(p, us.both, path, PEOPLE_GLOBEX);
    check_version(a, "-2\"");
    assert_text(answer_text(a, "/organization"), PEOPLE_GLOBEX);
    assert_int_equal(jx_size(answer_at(a, "/email_addresses")), 2);
    assert_int_equal(jx_size(answer_at(a, "/phone_numbers")), 1);
    assert_int_equal(jx_size(answer_at(a, "/addresses")), 1);
    assert_problem(people_ask(p, "GET", path, us.acme, NULL), 404, "not_found");
    assert_problem(people_ask(p, "GET", part, us.acme, NULL), 404, "not_found");
    a = people_ask(p, "GET", part, us.globex, NULL);
    assert_text(answer_text(a, "/organization"), PEOPLE_GLOBEX);
    check_version(a, "-2\""); /* what was kept of it under its old entity tag is not it */
    assert_status(people_ask(p, "PATCH", part, us.globex, "{\"email\":\"c@example.com\"}"), 200);
    assert_int_equal(pg_count(&p->pg, people_text(p,
                                                  "SELECT count(*) FROM contact.address WHERE contact_id = '%s' AND "
                                                  "organization_id = '" PEOPLE_GLOBEX "'",
                                                  id_of(path))),
                     1);
}

/* With lists in the same body: what goes, what comes, what is changed. */
static void test_with_its_lists(void **state) {
    struct people *p = *state;
    const char *path = contact(p, "\"email_addresses\":[{\"email\":\"a@example.com\"},{\"email\":\"b@example.com\"}],");
    const struct answer *a = people_ask(p, "GET", path, us.acme, NULL);
    const char *first = answer_text(a, "/email_addresses/0/id").ptr;
    a = people_ask(p, "PATCH", path, us.both,
                   people_text(p,
                               "{\"organization\":\"" PEOPLE_GLOBEX
                               "\",\"title\":\"Head\",\"email_addresses\":[{\"id\":"
                               "\"%s\",\"type\":\"home\"},{\"email\":\"new@example.com\"}]}",
                               first));
    assert_status(a, 200);
    assert_text(answer_text(a, "/title"), "Head");
    assert_int_equal(jx_size(answer_at(a, "/email_addresses")), 2);
    assert_text(answer_text(a, "/email_addresses/0/type"), "home");
    assert_text(answer_text(a, "/email_addresses/1/email"), "new@example.com");
    assert_int_equal(pg_count(&p->pg, people_text(p,
                                                  "SELECT count(*) FROM contact.email_address WHERE contact_id = '%s' "
                                                  "AND organization_id = '" PEOPLE_GLOBEX "'",
                                                  id_of(path))),
                     2);
}

/* ---- who ---- */

static void refuse_there(struct people *p, const char *token, const char *path, const char *to) {
    const struct answer *a = move(p, token, path, to), *create;
    const char *code = people_text(p, "%s", answer_text(a, "/code").ptr);
    create = people_ask(p, "POST", "/contacts", token,
                        people_text(p, "{\"organization\":\"%s\",\"first_name\":\"Lena\"}", to));
    assert_problem(a, create->status, answer_text(create, "/code").ptr);
    assert_string_equal(code, answer_text(create, "/code").ptr);
    assert_text(answer_text(a, "/detail"), answer_text(create, "/detail").ptr);
    check_stays(p, path);
}

static void test_who_may(void **state) {
    struct people *p = *state;
    const char *path = contact(p, "");
    const char *peeking = people_new(p, "r_peeking", PEOPLE_ACME, "manager");
    const char *adding = people_new(p, "r_adding", PEOPLE_ACME, "manager");
    const char *leaving = people_new(p, "r_leaving", PEOPLE_GLOBEX, "manager");
    people_join(p, "r_peeking", PEOPLE_GLOBEX, "viewer", false);
    people_join(p, "r_leaving", PEOPLE_ACME, "viewer", false);
    grant_member(&p->pg, "r_adding", PEOPLE_GLOBEX, grant_role(&p->pg, p->arena, PEOPLE_GLOBEX, "contact.add_contact"),
                 false);
    people_soon(p, 403, "PATCH", path, leaving, "{\"organization\":\"" PEOPLE_GLOBEX "\"}");
    /* Where it goes: as a create there; what they do not see is like what is not there. */
    refuse_there(p, us.acme, path, PEOPLE_GLOBEX);
    refuse_there(p, us.acme, path, PEOPLE_NOWHERE);
    assert_problem(move(p, us.acme, path, PEOPLE_GLOBEX), 403, "organization_not_permitted");
    assert_string_equal(people_stable(p, move(p, us.acme, path, PEOPLE_GLOBEX)),
                        people_stable(p, move(p, us.acme, path, PEOPLE_NOWHERE)));
    people_soon(p, 200, "GET", "/contacts?organization=" PEOPLE_GLOBEX "&fields=id", peeking, NULL);
    refuse_there(p, peeking, path, PEOPLE_GLOBEX);
    assert_text(answer_text(move(p, peeking, path, PEOPLE_GLOBEX), "/permission"), "contact.add_contact");
    /* They could create there, and not see it afterwards. */
    people_soon(p, 201, "POST", "/contacts", adding,
                "{\"organization\":\"" PEOPLE_GLOBEX "\",\"first_name\":\"Unseen\"}");
    assert_problem(move(p, adding, path, PEOPLE_GLOBEX), 403, "permission_denied");
    assert_text(answer_text(move(p, adding, path, PEOPLE_GLOBEX), "/permission"), "contact.view_contact");
    /* Where it is. */
    assert_problem(move(p, leaving, path, PEOPLE_GLOBEX), 403, "permission_denied");
    assert_text(answer_text(move(p, leaving, path, PEOPLE_GLOBEX), "/permission"), "contact.change_contact");
    assert_problem(move(p, us.globex, path, PEOPLE_GLOBEX), 404, "not_found");
    assert_string_equal(people_stable(p, move(p, us.globex, path, PEOPLE_GLOBEX)),
                        people_stable(p, move(p, us.globex, "/contacts/" PEOPLE_NOWHERE, PEOPLE_GLOBEX)));
    assert_problem(move(p, NULL, path, PEOPLE_GLOBEX), 401, "unauthenticated");
    check_stays(p, path);
    assert_problem(move(p, us.admin, path, PEOPLE_NOWHERE), 403, "organization_not_permitted");
    assert_status(move(p, us.admin, path, PEOPLE_GLOBEX), 200);
    assert_status(move(p, us.both, path, PEOPLE_ACME), 200);
    check_stays(p, path);
}

#define ALL_FIELDS \
    "{first_name,last_name,display_name,duplicates,title,organization_name,linked_organization,contact_type,status," \
    "source,notes,email_addresses,phone_numbers,addresses,tags,custom_fields}"

/* What a role keeps of single fields would be carried along in one piece: one is missing from each right, at each end. */
static void test_rights_to_fields(void **state) {
    struct people *p = *state;
    static const char *const rights[] = {"read_fields", "create_fields", "update_fields"};
    static const char *const ends[] = {PEOPLE_ACME, PEOPLE_GLOBEX};
    for (size_t i = 0; i < ARRAY_LEN(rights) * 2; i++) {
        const char *path = contact(p, "\"notes\":\"secret\","), *name = people_text(p, "r_field_%zu", i);
        bool is_used = i / 2 == 0 || (i / 2 == 1) == (i % 2 == 1); /* create there, update here */
        const char *token = people_new(p, name, ends[1 - i % 2], "manager");
        const char *role = grant_role(&p->pg, p->arena, ends[i % 2], ALL);
        grant_member(&p->pg, name, ends[i % 2], role, false);
        people_sql(p,
                   "INSERT INTO rbac.field_permission (organization_id, role_id, resource, read_fields, create_fields, "
                   "update_fields) VALUES ('%s', '%s', 'contact.contact', '" ALL_FIELDS "', '" ALL_FIELDS
                   "', '" ALL_FIELDS "')",
                   ends[i % 2], role);
        people_sql(p, "UPDATE rbac.field_permission SET %s = array_remove(%s, 'notes') WHERE role_id = '%s'",
                   rights[i / 2], rights[i / 2], role);
        people_soon(p, is_used ? 403 : 200, "PATCH", path, token, "{\"organization\":\"" PEOPLE_GLOBEX "\"}");
        if (is_used) {
            const struct answer *a = move(p, token, path, PEOPLE_GLOBEX);
            check_first(a, 403, "field_not_permitted", "/notes", "field_not_permitted");
            assert_null(answer_at(a, "/errors/1"));
            check_stays(p, path);
        }
    }
}

/* ---- what must hold there ---- */

static void test_references(void **state) {
    struct people *p = *state;
    const char *old = category(p, us.acme, "r-old", ""), *new = category(p, us.globex, "r-new", "");
    const char *path = product(p, us.acme, "r-ref", people_text(p, ",\"category\":\"%s\"", id_of(old)));
    const char *foreign = people_text(p, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"category\":\"%s\"}", id_of(old));
    check_first(move(p, us.both, path, PEOPLE_GLOBEX), 422, "invalid", "/category", "invalid_reference");
    check_first(people_ask(p, "PATCH", path, us.both, foreign), 422, "invalid", "/category", "invalid_reference");
    check_stays(p, path);
    /* All that is wrong is told at once. */
    const struct answer *a =
        people_ask(p, "PATCH", path, us.both, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"name\":\"\"}");
    assert_problem(a, 422, "invalid");
    assert_text(answer_text(a, "/errors/1/pointer"), "/category");
    a = people_ask(p, "PATCH", path, us.both,
                   people_text(p, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"category\":\"%s\"}", id_of(new)));
    assert_status(a, 200);
    assert_text(answer_text(a, "/category"), id_of(new));
    a = people_ask(p, "PATCH", path, us.both, "{\"organization\":\"" PEOPLE_ACME "\",\"category\":null}");
    assert_status(a, 200);
    assert_int_equal(jx_kind(answer_at(a, "/category")), ALEES_JSON_NULL);
    /* An organization that they may not view, though the row names it. */
    path = contact(p, "");
    people_sql(p, "UPDATE contact.contact SET linked_organization_id = '" PEOPLE_BERLIN "' WHERE id = '%s'",
               id_of(path));
    check_first(move(p, us.both, path, PEOPLE_GLOBEX), 422, "invalid", "/linked_organization", "invalid_reference");
    assert_status(move(p, us.admin, path, PEOPLE_GLOBEX), 200);
}

static void test_what_refers_to_it(void **state) {
    struct people *p = *state;
    const char *to = "{\"organization\":\"" PEOPLE_GLOBEX "\"}";
    const char *top = category(p, us.acme, "r-top", "");
    const char *below = category(p, us.acme, "r-below", people_text(p, ",\"parent\":\"%s\"", id_of(top)));
    const char *there = category(p, us.globex, "r-there", "");
    const char *gone = product(p, us.acme, "r-held", people_text(p, ",\"category\":\"%s\"", id_of(top)));
    const struct answer *a = people_ask(p, "PATCH", top, us.both, to);
    check_first(a, 409, "protected", "", "protected");
    assert_text(answer_text(a, "/errors/0/detail"), "1 row of product.category refers to it");
    assert_text(answer_text(a, "/errors/1/detail"), "1 row of product.product refers to it");
    check_stays(p, top);
    /* Of a tree: the parent that it has, one of the old organization, and one of the new. */
    check_first(people_ask(p, "PATCH", below, us.both, to), 422, "invalid", "/parent", "invalid_reference");
    check_first(people_ask(p, "PATCH", below, us.both,
                           people_text(p, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"parent\":\"%s\"}", id_of(top))),
                422, "invalid", "/parent", "invalid_reference");
    check_first(people_ask(p, "PATCH", top, us.both,
                           people_text(p, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"parent\":\"%s\"}", id_of(there))),
                409, "protected", "", "protected");
    a = people_ask(p, "PATCH", below, us.both,
                   people_text(p, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"parent\":\"%s\"}", id_of(there)));
    assert_status(a, 200);
    assert_text(answer_text(a, "/parent"), id_of(there));
    /* A deleted one may come back, and holds it, too. */
    assert_status(people_ask(p, "DELETE", gone, us.acme, NULL), 204);
    a = people_ask(p, "PATCH", top, us.both, to);
    assert_problem(a, 409, "protected");
    assert_text(answer_text(a, "/errors/0/detail"), "1 deleted row of product.product refers to it");
    assert_status(people_ask(p, "DELETE", people_text(p, "%s?permanent=true", gone), us.acme, NULL), 204);
    assert_status(people_ask(p, "PATCH", top, us.both, to), 200);
    /* What names it weakly keeps its name only: it finds nothing there. */
    const char *path = contact(p, "");
    people_sql(p, "UPDATE organization.organization SET primary_contact_id = '%s' WHERE id = '" PEOPLE_ACME "'",
               id_of(path));
    assert_status(move(p, us.both, path, PEOPLE_GLOBEX), 200);
    a = people_ask(p, "GET", "/organizations/" PEOPLE_ACME "?expand=primary_contact", us.acme, NULL);
    assert_status(a, 200);
    assert_null(strstr(a->body.ptr, "Lena"));
    people_sql(p, "UPDATE organization.organization SET primary_contact_id = NULL");
}

static void test_unique_and_deleted(void **state) {
    struct people *p = *state;
    const char *path = product(p, us.acme, "r-unique", "");
    product(p, us.globex, "r-unique", "");
    check_first(move(p, us.both, path, PEOPLE_GLOBEX), 409, "not_unique", "/sku", "not_unique");
    assert_status(
        people_ask(p, "PATCH", path, us.both, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"sku\":\"r-unique-2\"}"), 200);
    path = product(p, us.acme, "r-deleted", "");
    assert_status(people_ask(p, "DELETE", path, us.acme, NULL), 204);
    assert_problem(move(p, us.both, path, PEOPLE_GLOBEX), 404, "not_found");
    assert_int_equal(pg_count(&p->pg, people_text(p,
                                                  "SELECT count(*) FROM product.product WHERE id = '%s' AND "
                                                  "organization_id = '" PEOPLE_ACME "'",
                                                  id_of(path))),
                     1);
}

static void define(struct people *p, const char *token, const char *organization, const char *members) {
    made(p, token, "/custom-field-definitions",
         people_text(p, "{\"organization\":\"%s\",\"resource\":\"contact.contact\",\"label\":\"X\",%s}", organization,
                     members));
}

static void test_custom_fields(void **state) {
    struct people *p = *state;
    static const char there[] = "\"organization\":\"" PEOPLE_GLOBEX "\"";
    define(p, us.acme, PEOPLE_ACME, "\"key\":\"size\",\"type\":\"integer\"");
    define(p, us.acme, PEOPLE_ACME, "\"key\":\"colour\",\"type\":\"text\"");
    define(p, us.globex, PEOPLE_GLOBEX, "\"key\":\"size\",\"type\":\"integer\",\"max\":10");
    const char *path = contact(p, "\"custom_fields\":{\"size\":50,\"colour\":\"red\"},");
    const struct answer *a = move(p, us.both, path, PEOPLE_GLOBEX);
    assert_problem(a, 422, "invalid");
    assert_non_null(strstr(a->body.ptr, "\"/custom_fields/colour\",\"code\":\"unknown_field\""));
    assert_non_null(strstr(a->body.ptr, "\"/custom_fields/size\",\"code\":\"too_large\""));
    a = people_ask(p, "PATCH", path, us.both, people_text(p, "{%s,\"custom_fields\":{\"size\":5}}", there));
    check_first(a, 422, "invalid", "/custom_fields/colour", "unknown_field");
    check_stays(p, path);
    a = people_ask(p, "PATCH", path, us.both,
                   people_text(p, "{%s,\"custom_fields\":{\"size\":5,\"colour\":null}}", there));
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/custom_fields/size"), 5);
    assert_int_equal(jx_size(answer_at(a, "/custom_fields")), 1);
    /* Back again: what it keeps fits there; then what is required elsewhere is asked for. */
    assert_status(move(p, us.both, path, PEOPLE_ACME), 200);
    define(p, us.globex, PEOPLE_GLOBEX, "\"key\":\"level\",\"type\":\"text\",\"required\":true");
    check_first(move(p, us.both, path, PEOPLE_GLOBEX), 422, "invalid", "/custom_fields/level", "required");
    a = people_ask(p, "PATCH", path, us.both, people_text(p, "{%s,\"custom_fields\":{\"level\":\"a\"}}", there));
    assert_status(a, 200);
    assert_int_equal(answer_integer(a, "/custom_fields/size"), 5);
    people_sql(p, "DELETE FROM custom.custom_field_definition");
}

/* ---- how ---- */

static void test_ways(void **state) {
    struct people *p = *state;
    const char *path = contact(p, "\"notes\":\"here\",");
    const struct answer *a = people_ask(p, "GET", path, us.both, NULL);
    const char *etag = people_text(p, "%.*s", STR_FMT(answer_header(a, "ETag")));
    const char *whole = people_text(p, "%.*s", STR_FMT(a->body));
    /* The organization that it has: nothing happens, for PUT neither. */
    a = move(p, us.acme, path, PEOPLE_ACME);
    check_version(a, "-1\"");
    a = people_ask(p, "PUT", path, us.acme, whole);
    check_version(a, "-1\"");
    check_first(people_ask(p, "PATCH", path, us.both, "{\"organization\":null}"), 422, "invalid", "/organization",
                "invalid_format");
    check_first(people_ask(p, "PATCH", path, us.both, "{\"organization\":\"x\"}"), 422, "invalid", "/organization",
                "invalid_format");
    assert_problem(prefer(p, path, "If-Match", "\"00000000-0000-0000-0000-000000000000-1\""), 412,
                   "precondition_failed");
    assert_status(prefer(p, path, "Prefer", "tx=rollback"), 200);
    check_stays(p, path);
    a = prefer(p, path, "If-Match", etag);
    assert_status(a, 200);
    assert_status(move(p, us.both, path, PEOPLE_ACME), 200);
    a = prefer(p, path, "Prefer", "return=minimal");
    assert_status(a, 204);
    assert_true(answer_header(a, "ETag").len > 0);
    /* PUT: the row as it was read, with another organization; and without what it has had. */
    whole = people_text(p, "%.*s", STR_FMT(people_ask(p, "GET", path, us.both, NULL)->body));
    char *at = strstr(whole, PEOPLE_GLOBEX);
    assert_non_null(at);
    memcpy(at, PEOPLE_ACME, 36);
    a = people_ask(p, "PUT", path, us.both, whole);
    assert_status(a, 200);
    assert_text(answer_text(a, "/notes"), "here");
    a = people_ask(p, "PUT", path, us.both, "{\"organization\":\"" PEOPLE_GLOBEX "\",\"first_name\":\"Lena\"}");
    assert_status(a, 200);
    assert_text(answer_text(a, "/organization"), PEOPLE_GLOBEX);
    assert_text(answer_text(a, "/notes"), "");
    assert_problem(people_ask(p, "PUT", path, us.globex, "{\"organization\":\"" PEOPLE_ACME "\",\"first_name\":\"x\"}"),
                   403, "organization_not_permitted");
}

static void test_what_does_not_move(void **state) {
    struct people *p = *state;
    const char *path = product(p, us.acme, "r-stays", ",\"organization\":\"" PEOPLE_ACME "\"");
    const struct answer *a =
        people_ask(p, "PATCH", "/products?sku=r-stays", us.both, "{\"organization\":\"" PEOPLE_GLOBEX "\"}");
    assert_problem(a, 400, "read_only_field");
    assert_text(answer_text(a, "/errors/0/detail"), "cannot be changed for many rows at once; leave it out");
    /* By its key it is found in the organization that is named: another row, or none. */
    a = people_ask(p, "POST", "/products?on_conflict=sku", us.both,
                   people_text(p,
                               "[{\"sku\":\"r-stays\",\"organization\":\"" PEOPLE_GLOBEX
                               "\",\"name\":\"x\",\"base_uom\":\"%s\"}]",
                               us.unit));
    assert_status(a, 201);
    assert_true(!strstr(a->body.ptr, id_of(path)));
    check_stays(p, path);
    /* Parts are where their owner is; and what does not say that it can go stays. */
    const char *owner = contact(p, ""), *part = people_text(p, "%s/email-addresses", owner);
    part = made(p, us.acme, part, "{\"email\":\"a@example.com\"}");
    assert_problem(move(p, us.both, part, PEOPLE_GLOBEX), 400, "read_only_field");
    const char *definition =
        made(p, us.admin, "/custom-field-definitions",
             "{\"organization\":\"" PEOPLE_ACME
             "\",\"resource\":\"contact.contact\",\"label\":\"X\",\"key\":\"x\",\"type\":\"text\"}");
    assert_problem(move(p, us.admin, definition, PEOPLE_GLOBEX), 400, "read_only_field");
    const char *role = made(p, us.admin, "/roles", "{\"organization\":\"" PEOPLE_ACME "\",\"name\":\"r-role\"}");
    assert_problem(move(p, us.admin, role, PEOPLE_GLOBEX), 400, "read_only_field");
    alees_str membership =
        pg_value(&p->pg, p->arena, "SELECT id FROM rbac.membership WHERE organization_id = '" PEOPLE_ACME "' LIMIT 1");
    assert_problem(move(p, us.admin, people_text(p, "/organization-memberships/%s", membership.ptr), PEOPLE_GLOBEX),
                   400, "read_only_field");
    people_sql(p, "DELETE FROM custom.custom_field_definition");
}

static int set_up(void **state) {
    struct people *p;
    people_setup(state);
    p = *state;
    us.admin = people_token(p, "admin");
    us.acme = people_new(p, "r_acme", PEOPLE_ACME, "manager");
    us.globex = people_new(p, "r_globex", PEOPLE_GLOBEX, "manager");
    us.both = people_new(p, "r_both", PEOPLE_ACME, "manager");
    people_join(p, "r_both", PEOPLE_GLOBEX, "manager", false);
    us.unit = pg_value(&p->pg, p->arena, "SELECT id FROM product.unit_of_measure WHERE code = 'KG'").ptr;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_contact_and_its_parts),
        cmocka_unit_test(test_with_its_lists),
        cmocka_unit_test(test_who_may),
        cmocka_unit_test(test_rights_to_fields),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_what_refers_to_it),
        cmocka_unit_test(test_unique_and_deleted),
        cmocka_unit_test(test_custom_fields),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_what_does_not_move),
    };
    return cmocka_run_group_tests_name("relocate", tests, set_up, people_teardown);
}
