/* SPDX-License-Identifier: MIT
 * test_matrix.c - who may do what: every operation of every kind of row, by everybody who differs in rights, in their own
 * organization, in the one below it and in a foreign one. What must come is worked out from the two tables below and nothing
 * else; after each refusal the row is as it was. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "people.h"
#include "str.h"

enum level { NONE, VIEW, EDIT, FULL, LEVELS };
enum role { OWNER, MANAGER, EDITOR, VIEWER, KEY, SUPERUSER, ROLES }; /* KEY: *.view_* of a manager */
enum where { OWN, CHILD, FOREIGN, PLACES };

static const char *const places[PLACES] = {PEOPLE_ACME, PEOPLE_BERLIN, PEOPLE_GLOBEX};
static const char *const place_names[PLACES] = {"own", "child", "foreign"};

static const struct person {
    const char *name;
    enum role role;
    bool reaches[PLACES];
    const char *joins; /* the organization; NULL: none */
    bool inherit, is_expired;
} persons[] = {
    {"superuser", SUPERUSER, {true, true, true}, NULL, false, false},
    {"owner", OWNER, {true, false, false}, PEOPLE_ACME, false, false},
    {"manager", MANAGER, {true, false, false}, PEOPLE_ACME, false, false},
    {"editor", EDITOR, {true, false, false}, PEOPLE_ACME, false, false},
    {"viewer", VIEWER, {true, false, false}, PEOPLE_ACME, false, false},
    {"elsewhere", MANAGER, {false, false, true}, PEOPLE_GLOBEX, false, false},
    {"nowhere", VIEWER, {false, false, false}, NULL, false, false},
    {"inherited", MANAGER, {true, true, false}, PEOPLE_ACME, true, false},
    {"expired", MANAGER, {false, false, false}, PEOPLE_ACME, false, true},
    {"key", KEY, {true, false, false}, PEOPLE_ACME, false, false},
};
static const char *const role_names[ROLES] = {"owner", "manager", "editor", "viewer", "manager", "viewer"};

struct kind {
    const char *name, *path;
    enum level levels[ROLES];
    /* A row of that organization, as a client sends it. */
    const char *(*body)(struct people *p, const char *organization);
    const char *patch;
    uint32_t flags;
};
enum {
    ITSELF =
        1, /* the row is the organization, which cannot be deleted: others are there; its body makes one below it */
    FOR_ALL = 2, /* of no organization: all read it, superusers write it */
    INVITED = 4, /* who does not see the user already cannot create it: test_invitations.c */
    PART = 8     /* of a contact, below whose path it is: to change that is to do anything with it */
};

/* ---- kinds of rows ---- */

static uint32_t serial;

static const char *category(struct people *p, const char *organization) {
    return people_text(p, "{\"organization\":\"%s\",\"name\":\"Matrix %u\"}", organization, ++serial);
}

static const char *unit_id(struct people *p) {
    static char id[40];
    if (!id[0]) {
        alees_str text = pg_value(&p->pg, p->arena, "SELECT id FROM product.unit_of_measure WHERE code = 'EA'");
        snprintf(id, sizeof id, "%.*s", STR_FMT(text));
    }
    return id;
}

static const char *product(struct people *p, const char *organization) {
    return people_text(p, "{\"organization\":\"%s\",\"name\":\"Matrix\",\"sku\":\"MX-%u\",\"base_uom\":\"%s\"}",
                       organization, ++serial, unit_id(p));
}

static const char *contact(struct people *p, const char *organization) {
    return people_text(p, "{\"organization\":\"%s\",\"first_name\":\"Matrix %u\"}", organization, ++serial);
}

static const char *email(struct people *p, const char *where) {
    (void)where;
    return people_text(p, "{\"email\":\"matrix%u@example.com\"}", ++serial);
}

static const char *phone(struct people *p, const char *where) {
    (void)where;
    return people_text(p, "{\"number\":\"+4930901%u\"}", 1000 + ++serial);
}

static const char *address(struct people *p, const char *where) {
    (void)where;
    return people_text(p, "{\"street_address_1\":\"Matrix %u\",\"city\":\"Berlin\",\"country\":\"DE\"}", ++serial);
}

static const char *definition(struct people *p, const char *organization) {
    return people_text(p,
                       "{\"organization\":\"%s\",\"resource\":\"product.product\",\"key\":\"matrix_%u\","
                       "\"label\":\"Matrix\",\"type\":\"text\"}",
                       organization, ++serial);
}

static const char *custom_role(struct people *p, const char *organization) {
    return people_text(p, "{\"organization\":\"%s\",\"name\":\"matrix %u\",\"permissions\":[\"product.view_product\"]}",
                       organization, ++serial);
}

static const char *membership(struct people *p, const char *organization) {
    const char *name = people_text(p, "matrix%u", ++serial);
    people_add(p, name, NULL, NULL);
    return people_text(p, "{\"organization\":\"%s\",\"user\":\"%s\",\"roles\":[\"" PEOPLE_VIEWER "\"]}", organization,
                       people_id(p, name));
}

static const char *type_id(struct people *p) {
    static char id[40];
    if (!id[0]) {
        alees_str text =
            pg_value(&p->pg, p->arena, "SELECT id FROM organization.organization_type WHERE name = 'Branch'");
        snprintf(id, sizeof id, "%.*s", STR_FMT(text));
    }
    return id;
}

static const char *organization(struct people *p, const char *parent) {
    serial++;
    return people_text(p, "{\"parent\":\"%s\",\"name\":\"Matrix %u\",\"code\":\"MX-%u\",\"organization_type\":\"%s\"}",
                       parent, serial, serial, type_id(p));
}

static const char *organization_type(struct people *p, const char *where) {
    (void)where;
    return people_text(p, "{\"name\":\"Matrix %u\"}", ++serial);
}

static const char *unit(struct people *p, const char *where) {
    (void)where;
    serial++;
    return people_text(p, "{\"code\":\"MX%u\",\"name\":\"Matrix %u\",\"uom_type\":\"OTHER\"}", serial, serial);
}

#define BUSINESS \
    { FULL, FULL, EDIT, VIEW, VIEW, FULL }
#define PARTS \
    { FULL, FULL, FULL, VIEW, VIEW, FULL }
#define DEFINITIONS /* of which a key for *.view_* has none */ \
    { FULL, FULL, VIEW, VIEW, NONE, FULL }
#define RIGHTS \
    { FULL, VIEW, NONE, NONE, NONE, FULL }
#define SHARED \
    { VIEW, VIEW, VIEW, VIEW, VIEW, FULL }
static const struct kind kinds[] = {
    {"category", "/categories", BUSINESS, category, "{\"description\":\"changed\"}", 0},
    {"product", "/products", BUSINESS, product, "{\"description\":\"changed\"}", 0},
    {"contact", "/contacts", BUSINESS, contact, "{\"notes\":\"changed\"}", 0},
    {"e-mail address", "/email-addresses", PARTS, email, "{\"type\":\"home\"}", PART},
    {"telephone number", "/phone-numbers", PARTS, phone, "{\"type\":\"home\"}", PART},
    {"address", "/addresses", PARTS, address, "{\"city\":\"Hamburg\"}", PART},
    {"organization", "/organizations", BUSINESS, organization, "{\"tags\":[\"changed\"]}", ITSELF},
    {"definition", "/custom-field-definitions", DEFINITIONS, definition, "{\"label\":\"changed\"}", 0},
    {"role", "/roles", RIGHTS, custom_role, "{\"description\":\"changed\"}", 0},
    {"membership", "/organization-memberships", RIGHTS, membership, "{\"is_active\":false}", INVITED},
    {"organization type", "/organization-types", SHARED, organization_type, "{\"description\":\"changed\"}", FOR_ALL},
    {"unit", "/units-of-measure", SHARED, unit, "{\"symbol\":\"x\"}", FOR_ALL},
};

/* ---- one cell of the matrix ---- */

struct cell {
    struct people *p;
    const struct kind *kind;
    const struct person *person;
    enum where where;
    enum level level; /* what the person may there */
    const char *token, *superuser;
    const char *path; /* of the rows */
    const char *row;  /* its id */
};

static const char *text_of(struct people *p, alees_str text) {
    return people_text(p, "%.*s", STR_FMT(text));
}

static const struct answer *send(const struct cell *c, const char *token, const char *method, const char *path,
                                 const char *body, const char *header, const char *value) {
    const struct loopback_request request = {.method = method,
                                             .path = people_text(c->p, "/api/v1%s", path),
                                             .token = token,
                                             .body = body,
                                             .headers = {{header, value}}};
    return loopback_send(c->p->loopback, &request);
}

static const char *row_path(const struct cell *c) {
    return people_text(c->p, "%s/%s", c->path, c->row);
}

static const char *chosen_path(const struct cell *c) {
    return people_text(c->p, "%s?id=%s", c->path, c->row);
}

static void must(const struct cell *c, const char *what, const struct answer *a, uint32_t status) {
    if (a->status != status) {
        print_error("%s %s %s in %s organization: %u, not %u: %.*s\n", c->person->name, what, c->kind->name,
                    place_names[c->where], a->status, status, STR_FMT(a->body));
        fail();
    }
}

static const char *seen_by_superuser(const struct cell *c) {
    const struct answer *a = send(c, c->superuser, "GET", row_path(c), NULL, NULL, NULL);
    must(c, "is checked:", a, 200);
    return text_of(c->p, a->body);
}

static const char *new_row(const struct cell *c) {
    if (c->kind->flags & ITSELF) {
        return places[c->where];
    }
    const char *body = c->kind->body(c->p, places[c->where]);
    const struct answer *a = send(c, c->superuser, "POST", c->path, body, NULL, NULL);
    must(c, "gets a row:", a, 201);
    return text_of(c->p, answer_text(a, "/id"));
}

static const char *path_of(const struct cell *c) {
    if (!(c->kind->flags & PART)) {
        return c->kind->path;
    }
    const struct answer *a = send(c, c->superuser, "POST", "/contacts", contact(c->p, places[c->where]), NULL, NULL);
    must(c, "gets an owner:", a, 201);
    return people_text(c->p, "/contacts/%.*s%s", STR_FMT(answer_text(a, "/id")), c->kind->path);
}

/* Is all that there is below an address that is not there? */
static bool is_nowhere(const struct cell *c) {
    return (c->kind->flags & PART) != 0 && c->level == NONE;
}

/* What comes of an operation on the row that needs that level. */
static uint32_t on_row(const struct cell *c, enum level needed, uint32_t done) {
    return c->level >= needed ? done : c->level == NONE ? 404 : 403;
}

/* ---- the operations ---- */

static void read_row(const struct cell *c) {
    bool is_seen = c->level >= VIEW;
    uint32_t list = is_nowhere(c) ? 404 : 200;
    const struct answer *a = send(c, c->token, "GET", chosen_path(c), NULL, NULL, NULL);
    must(c, "lists", a, list);
    assert_int_equal(jx_size(answer_at(a, "/results")), is_seen);
    if ((c->kind->flags & (ITSELF | FOR_ALL | PART)) == 0) {
        const char *path = people_text(c->p, "%s&organization=%s", chosen_path(c), places[c->where]);
        a = send(c, c->token, "GET", path, NULL, NULL, NULL);
        must(c, "lists one organization's", a, 200);
        assert_int_equal(jx_size(answer_at(a, "/results")), is_seen);
    }
    a = send(c, c->token, "GET", chosen_path(c), NULL, "Accept", "application/x-ndjson");
    must(c, "exports", a, list);
    assert_int_equal(strstr(a->wire.ptr, c->row) != NULL, is_seen);
    must(c, "gets", send(c, c->token, "GET", row_path(c), NULL, NULL, NULL), is_seen ? 200 : 404);
    a = send(c, c->token, "GET", people_text(c->p, "%s/history", row_path(c)), NULL, NULL, NULL);
    must(c, "gets the history of", a, is_seen ? 200 : 404);
}

/* One, an array, a file: each makes a row of that organization. */
static void create_rows(const struct cell *c) {
    uint32_t done = c->level >= EDIT ? 201 : is_nowhere(c) ? 404 : 403;
    if ((c->kind->flags & INVITED) && c->person->role != SUPERUSER) {
        return;
    }
    const char *array = people_text(c->p, "[%s]", c->kind->body(c->p, places[c->where]));
    const char *line = people_text(c->p, "%s\n", c->kind->body(c->p, places[c->where]));
    must(c, "creates", send(c, c->token, "POST", c->path, c->kind->body(c->p, places[c->where]), NULL, NULL), done);
    must(c, "creates an array of", send(c, c->token, "POST", c->path, array, NULL, NULL), done);
    must(c, "imports", send(c, c->token, "POST", c->path, line, "Content-Type", "application/x-ndjson"), done);
}

static void change_row(const struct cell *c) {
    const char *before = seen_by_superuser(c);
    const char *path = row_path(c);
    must(c, "puts", send(c, c->token, "PUT", path, before, NULL, NULL), on_row(c, EDIT, 200));
    must(c, "patches", send(c, c->token, "PATCH", path, c->kind->patch, NULL, NULL), on_row(c, EDIT, 200));
    const struct answer *a = send(c, c->token, "PATCH", chosen_path(c), c->kind->patch, NULL, NULL);
    must(c, "patches many", a, is_nowhere(c) ? 404 : c->level == VIEW ? 403 : 200);
    if (a->status == 200) {
        assert_int_equal(answer_integer(a, "/count"), c->level >= EDIT);
    }
    assert_int_equal(strcmp(before, seen_by_superuser(c)) != 0, c->level >= EDIT);
}

static void delete_row(struct cell *c) {
    const char *before = seen_by_superuser(c);
    bool is_held = (c->kind->flags & ITSELF) != 0;
    uint32_t many = is_nowhere(c) ? 404 : c->level == NONE ? 200 : c->level < FULL ? 403 : is_held ? 409 : 200;
    const struct answer *a = send(c, c->token, "DELETE", chosen_path(c), NULL, NULL, NULL);
    must(c, "deletes many", a, many);
    if (many == 200) {
        assert_int_equal(answer_integer(a, "/count"), c->level == FULL);
    }
    if (many == 200 && c->level == FULL) {
        must(c, "gets afterwards", send(c, c->token, "GET", row_path(c), NULL, NULL, NULL), 404);
        c->row = new_row(c);
    } else {
        assert_string_equal(before, seen_by_superuser(c));
    }
    before = seen_by_superuser(c);
    must(c, "deletes", send(c, c->token, "DELETE", row_path(c), NULL, NULL, NULL),
         on_row(c, FULL, is_held ? 409 : 204));
    if (c->level < FULL || is_held) {
        assert_string_equal(before, seen_by_superuser(c));
    }
}

/* ---- all of it ---- */

static enum level level_of(const struct kind *kind, const struct person *person, enum where where) {
    if (kind->flags & FOR_ALL) {
        return person->role == SUPERUSER ? FULL : VIEW;
    }
    return person->reaches[where] ? kind->levels[person->role] : NONE;
}

static void make_person(struct people *p, const struct person *person) {
    people_add(p, person->name, NULL, NULL);
    if (person->joins) {
        people_join(p, person->name, person->joins, role_names[person->role], person->inherit);
    }
    if (person->is_expired) {
        people_sql(
            p,
            "UPDATE rbac.membership SET valid_from = now() - interval '2 d', valid_until = now() - interval '1 s'"
            " WHERE user_id = '%s'",
            people_id(p, person->name));
    }
    if (person->role == SUPERUSER) {
        people_sql(p, "UPDATE rbac.app_user SET is_superuser = true WHERE username = '%s'", person->name);
    }
}

static const char *credential(struct people *p, const struct person *person) {
    const char *token = people_token(p, person->name);
    if (person->role != KEY) {
        return token;
    }
    people_soon(p, 200, "GET", "/products?page_size=1", token, NULL);
    const struct answer *a =
        people_ask(p, "POST", "/api-keys", token, "{\"name\":\"views\",\"permissions\":[\"*.view_*\"]}");
    assert_status(a, 201);
    return text_of(p, answer_text(a, "/secret"));
}

static void walk(struct people *p, const struct person *person) {
    const char *superuser = people_token(p, "admin");
    make_person(p, person);
    const char *token = credential(p, person);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (enum where where = OWN; where < PLACES; where++) {
            struct cell c = {p,     &kinds[k], person, where, level_of(&kinds[k], person, where),
                             token, superuser, NULL,   NULL};
            c.path = path_of(&c);
            c.row = new_row(&c);
            read_row(&c);
            create_rows(&c);
            change_row(&c);
            delete_row(&c);
            loopback_forget(p->loopback);
        }
    }
}

static void test_matrix(void **state) {
    for (size_t i = 0; i < ARRAY_LEN(persons); i++) {
        walk(*state, &persons[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_matrix)};
    return cmocka_run_group_tests_name("matrix", tests, people_setup, people_teardown);
}
