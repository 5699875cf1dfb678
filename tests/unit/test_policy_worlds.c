/* SPDX-License-Identifier: MIT
 * test_policy_worlds.c - thousands of random worlds: check, list, explanation, fields and what may be handed on, each
 * against the rules as policy_worlds.h writes them down, and against each other. In person, by a key, and while time goes
 * by. ALEES_TEST_LONG makes it twenty times as many. */
#include "policy_worlds.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORLDS = 10000 };

struct model {
    const struct random_world *w;
    struct policy_catalogue *catalogue;
    struct policy_roles *roles;
    struct policy_user *u;
    const struct policy_limit *limit; /* NULL: in person */
    int64_t now;
    uint32_t granted, beyond, restricted, lacking, moved; /* how often: the worlds are not all alike */
};

static const alees_id *place(int where, alees_id *room) {
    *room = organization_id((uint32_t)where);
    return where == GLOBALLY ? NULL : room;
}

/* --- check, list, explain --- */

static bool is_listed(const struct alees_organizations *list, const alees_id *id) {
    bool found = false;
    for (uint32_t i = 0; i < list->count; i++) {
        found = found || alees_id_compare(&list->ids[i], id) == 0;
    }
    return found;
}

static void check_list_itself(const struct alees_organizations *list) {
    size_t length = list->count == 0 ? 2 : 1 + 37 * (size_t)list->count;
    char text[37];
    assert_int_equal(list->text.len, list->all ? 0 : length);
    for (uint32_t i = 0; i < list->count; i++) {
        assert_memory_equal(list->text.ptr + 1 + (size_t)37 * i, alees_id_format(&list->ids[i], text), 36);
        assert_true(i == 0 || alees_id_compare(&list->ids[i - 1], &list->ids[i]) < 0);
    }
}

/* The grounds name a membership and a role that together give it. */
static void check_grounds(const struct model *m, uint32_t permission, int where, const struct alees_decision *why) {
    bool found = false;
    for (uint32_t i = 0; i < m->w->membership_count; i++) {
        const struct random_membership *membership = &m->w->memberships[i];
        const alees_id id = id_of(3, i);
        for (uint32_t r = 0; r < membership->role_count; r++) {
            const alees_id role = role_id(membership->roles[r]);
            found =
                found || (alees_id_compare(&id, &why->membership) == 0 && alees_id_compare(&role, &why->role) == 0 &&
                          membership->is_active && membership->from <= m->now && m->now < membership->until &&
                          plainly_reaches(m->w, membership, where, m->now, false) &&
                          plainly_permits(m->w, membership, membership->roles[r], permission));
        }
    }
    assert_true(found);
}

static void check_decisions(struct model *m, uint32_t permission) {
    _Alignas(16) char room[2048];
    assert_true(policy_room(m->limit) <= sizeof room);
    const struct alees_organizations *list = policy_organizations(m->u, m->limit, permission, room);
    uint64_t marks[1] = {0};
    check_list_itself(list);
    policy_mark(m->u, m->limit, permission, marks);
    for (int where = GLOBALLY; where <= (int)m->w->organization_count; where++) {
        alees_id id;
        const alees_id *organization = place(where, &id);
        struct alees_decision why;
        const bool expected = plainly_allowed(m->w, m->limit, permission, where, m->now, false);
        const bool is_known = where < (int)m->w->organization_count;
        const uint32_t reason = policy_decide(m->u, m->limit, permission, organization, &why);
        assert_int_equal(policy_is_allowed(reason), expected);
        assert_int_equal(why.reason, reason);
        if (organization) {
            const uint32_t number = policy_tree_find(m->u->tree, &id);
            assert_int_equal(list->all ? is_known : is_listed(list, &id), expected);
            assert_int_equal(number != POLICY_NONE && (marks[0] >> number & 1), expected);
        }
        if (reason == ALEES_GRANTED) {
            check_grounds(m, permission, where, &why);
            assert_true(!organization || policy_is_member(m->u, &id));
            m->granted++;
        }
        if (reason == ALEES_BEYOND_KEY) { /* and only then: in person they may */
            assert_true(plainly_allowed(m->w, false, permission, where, m->now, false));
            m->beyond++;
        }
        assert_int_equal(policy_holds(m->u, m->limit, permission, organization, true),
                         plainly_allowed(m->w, m->limit, permission, where, m->now, where != GLOBALLY));
    }
}

/* --- fields --- */

static bool is_usable(const struct policy_fields *fields, uint32_t field) {
    return fields->all || (fields->bits[0] >> field & 1);
}

/* What may be used wherever it is held; of something that belongs to several, in a membership without organization. */
static bool plainly_usable_everywhere(const struct model *m, uint32_t permission, uint32_t field) {
    const uint32_t scope = resource_rows[plainly_about(permission).resource].resource->scope;
    bool is_held = false, is_usable_there = true;
    if (scope == ALEES_SCOPE_SEVERAL && plainly_allowed(m->w, m->limit, permission, GLOBALLY, m->now, false)) {
        return plainly_usable(m->w, m->limit, permission, field, GLOBALLY, m->now, false);
    }
    for (int where = 0; where < (int)m->w->organization_count; where++) {
        if (plainly_allowed(m->w, m->limit, permission, where, m->now, false)) {
            is_held = true;
            is_usable_there =
                is_usable_there && plainly_usable(m->w, m->limit, permission, field, where, m->now, false);
        }
    }
    return is_held && is_usable_there;
}

static bool plainly_usable_at(const struct model *m, uint32_t permission, uint32_t field, int where) {
    const struct plain_subject about = plainly_about(permission);
    if (about.resource < 0) {
        return false;
    }
    const uint32_t scope = resource_rows[about.resource].resource->scope;
    if (scope == ALEES_SCOPE_GLOBAL) {
        return plainly_allowed(m->w, m->limit, permission, GLOBALLY, m->now, false);
    }
    if (where == GLOBALLY) {
        return plainly_usable_everywhere(m, permission, field);
    }
    return plainly_usable(m->w, m->limit, permission, field, where, m->now, false) ||
           (scope == ALEES_SCOPE_SEVERAL && plainly_usable(m->w, m->limit, permission, field, GLOBALLY, m->now, false));
}

static void check_fields(struct model *m, uint32_t permission) {
    for (int where = GLOBALLY; where <= (int)m->w->organization_count; where++) {
        alees_id id;
        struct policy_fields fields;
        policy_fields(m->catalogue, m->u, m->limit, permission, place(where, &id), &fields);
        m->restricted += !fields.all && fields.bits[0] != 0;
        for (uint32_t field = 0; field < 4; field++) {
            const struct plain_subject about = plainly_about(permission);
            const bool is_there = about.resource >= 0 && field < resource_rows[about.resource].resource->fields.count;
            if (is_there || !fields.all) {
                assert_int_equal(is_usable(&fields, field), is_there && plainly_usable_at(m, permission, field, where));
            }
        }
    }
}

/* --- handing on --- */

static void check_lacking_fields(struct model *m, const struct policy_role *role, int where, bool below_too) {
    struct policy_lack lacks[64];
    alees_id id;
    uint32_t count = 0, expected = policy_lacks_of_role(m->catalogue, m->u, m->limit, role, NULL, place(where, &id),
                                                        below_too, lacks, ARRAY_LEN(lacks));
    for (uint32_t permission = 1; permission <= PERMISSIONS; permission++) {
        const struct plain_subject about = plainly_about(permission);
        struct policy_fields wanted;
        if (about.resource < 0 || resource_rows[about.resource].resource->scope == ALEES_SCOPE_GLOBAL ||
            !policy_set_has(role->permissions, permission) ||
            !plainly_allowed(m->w, m->limit, permission, where, m->now, below_too && where != GLOBALLY)) {
            continue;
        }
        policy_role_fields(m->catalogue, role, permission, &wanted);
        for (uint32_t field = 0; field < resource_rows[about.resource].resource->fields.count; field++) {
            if (is_usable(&wanted, field) &&
                !plainly_usable(m->w, m->limit, permission, field, where, m->now, below_too && where != GLOBALLY)) {
                assert_true(count < expected);
                assert_int_equal(lacks[count].permission, permission);
                assert_int_equal(lacks[count].field, field);
                count++;
            }
        }
    }
    assert_int_equal(count, expected);
    m->lacking += count;
}

static void check_handing_on(struct model *m) {
    const uint32_t number = below(MOST_ROLES);
    const alees_id role_key = role_id(number);
    const struct policy_role *role = policy_role(m->roles, &role_key);
    for (int where = GLOBALLY; where <= (int)m->w->organization_count; where++) {
        const bool below_too = one_in(2);
        uint32_t missing[PERMISSIONS], count = 0;
        alees_id id;
        const alees_id *organization = place(where, &id);
        const uint32_t found =
            policy_lacks(m->u, m->limit, role->permissions, organization, below_too, missing, PERMISSIONS);
        for (uint32_t permission = 1; permission <= PERMISSIONS; permission++) {
            if (policy_set_has(role->permissions, permission) &&
                !plainly_allowed(m->w, m->limit, permission, where, m->now, below_too && where != GLOBALLY)) {
                assert_true(count < found);
                assert_int_equal(missing[count++], permission);
            }
        }
        assert_int_equal(count, found);
        check_lacking_fields(m, role, where, below_too);
    }
}

/* --- the worlds --- */

static struct policy_limit *make_limit(const struct random_world *w, const struct policy_catalogue *c) {
    char names[512] = "{", organizations[40 * (MOST_ORGANIZATIONS + 1)] = "{";
    for (uint32_t i = 1; i <= PERMISSIONS; i++) {
        if (w->key_names[i]) {
            strcat(names, names[1] ? "," : "");
            strcat(names, permission_rows[i - 1].name);
        }
    }
    for (uint32_t i = 0; i <= MOST_ORGANIZATIONS; i++) {
        const alees_id id = organization_id(i);
        char text[37];
        if (w->key_organizations[i]) {
            strcat(organizations, organizations[1] ? "," : "");
            strcat(organizations, alees_id_format(&id, text));
        }
    }
    strcat(names, "}");
    strcat(organizations, "}");
    struct policy_limit *limit =
        policy_limit_new(c, test_view(names), w->key_is_everywhere ? test_view(NULL) : test_view(organizations));
    assert_non_null(limit);
    return limit;
}

static void check_all(struct model *m) {
    for (uint32_t permission = 1; permission <= PERMISSIONS; permission++) {
        check_decisions(m, permission);
        check_fields(m, permission);
    }
    check_handing_on(m);
}

/* Every organization that was drawn is known, with its name; those that are open are not blocked by themselves. */
static void check_tree(const struct model *m, const struct policy_tree *tree) {
    for (int i = 0; i < (int)m->w->organization_count; i++) {
        const alees_id id = organization_id((uint32_t)i);
        const uint32_t number = policy_tree_find(tree, &id);
        assert_int_not_equal(number, POLICY_NONE);
        assert_string_equal(tree->organizations[number].name, "an organization");
        assert_int_equal(tree->organizations[number].blocked == number, !plainly_open(m->w, i, m->now));
    }
}

/* Time goes by; the tree and a user are resolved anew only when they say so. Takes the tree. */
static void check_world(struct model *m, struct policy_tree *tree) {
    struct policy_limit *limit = make_limit(m->w, m->catalogue);
    for (m->now = NOW - 3; m->now <= NOW + 3; m->now++) {
        if (m->now < tree->last_change || m->now >= tree->next_change) {
            struct policy_tree *again = policy_tree_again(tree, m->now);
            assert_true(m->now >= m->u->next_change);
            policy_tree_release(tree);
            tree = again;
            m->moved++;
        }
        check_tree(m, tree);
        if (m->now < m->u->last_change || m->now >= m->u->next_change) {
            struct policy_user *again = policy_user_again(m->u, tree, m->roles, m->now);
            policy_user_release(m->u);
            m->u = again;
        }
        m->limit = NULL;
        check_all(m);
        if (m->w->has_key) {
            m->limit = limit;
            check_all(m);
        }
    }
    policy_tree_release(tree);
    free(limit);
}

static void test_random_worlds(void **state) {
    static struct random_world w;
    static struct world_rows rows;
    const uint32_t worlds = getenv("ALEES_TEST_LONG") ? WORLDS * 20 : WORLDS;
    struct model m = {.w = &w, .catalogue = catalogue()};
    (void)state;
    for (uint32_t world = 0; world < worlds; world++) {
        world_seed = world * 2654435761u;
        draw_world(&w, NOW);
        write_rows(&w, &rows);
        struct policy_tree *tree = policy_tree_new(rows.organizations, w.organization_count, 1, NOW - 3);
        const struct policy_role_rows roles = {rows.roles, rows.fields, rows.role_count, rows.field_count};
        const struct policy_user_row user = {id_of(4, 1), test_view("somebody"), w.is_active, w.is_superuser};
        m.roles = policy_roles_new(m.catalogue, &roles, 1);
        m.u =
            policy_user_new(&user, rows.memberships, rows.membership_count, tree, m.roles, m.catalogue->count, NOW - 3);
        check_world(&m, tree);
        policy_user_release(m.u);
        policy_roles_release(m.roles);
    }
    policy_catalogue_free(m.catalogue);
    assert_true(m.granted > worlds && m.beyond > worlds && m.restricted > worlds && m.lacking > worlds &&
                m.moved > worlds);
    print_message("%u worlds: granted %u, beyond the key %u, restricted fields %u, not to be handed on %u\n", worlds,
                  m.granted, m.beyond, m.restricted, m.lacking);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_worlds),
    };
    return cmocka_run_group_tests_name("policy_worlds", tests, NULL, NULL);
}
