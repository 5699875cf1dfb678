/* SPDX-License-Identifier: MIT
 * test_policy_worlds.c - thousands of random worlds: the decision against the rule written down as plainly as can be,
 * and check, list and explanation against each other. */
#include "policy_rows.h"

enum { WORLDS = 4000, MOST_ORGANIZATIONS = 14, MOST_ROLES = 5, MOST_MEMBERSHIPS = 8 };

static uint32_t seed;

static uint32_t below(uint32_t limit) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

static bool one_in(uint32_t many) {
    return below(many) == 0;
}

struct random_world {
    struct policy_organization_row organizations[MOST_ORGANIZATIONS];
    int parents[MOST_ORGANIZATIONS];
    struct policy_role_row roles[MOST_ROLES * PERMISSIONS];
    struct policy_membership_row memberships[MOST_MEMBERSHIPS * 2];
    uint32_t organization_count, role_rows, membership_rows;
    struct policy_user_row user;
};

static void draw_tree(struct random_world *w) {
    w->organization_count = 1 + below(MOST_ORGANIZATIONS);
    for (uint32_t i = 0; i < w->organization_count; i++) {
        w->parents[i] = i == 0 || one_in(6) ? -1 : (int)below(i);
        w->organizations[i] = organization(i, w->parents[i], !one_in(5));
    }
}

static void draw_roles(struct random_world *w) {
    w->role_rows = 0;
    for (uint32_t role = 0; role < MOST_ROLES; role++) {
        bool is_system = one_in(2), has_one = false;
        uint32_t where = below(w->organization_count);
        for (uint32_t p = 0; p < PERMISSIONS || !has_one; p++) {
            if (p < PERMISSIONS && !one_in(2)) {
                continue;
            }
            w->roles[w->role_rows++] =
                (struct policy_role_row){.id = role_id(role),
                                         .organization = organization_id(where),
                                         .is_system = is_system,
                                         .name = test_view("a role"),
                                         .permission = test_view(p < PERMISSIONS ? permission_rows[p].name : NULL)};
            has_one = true;
        }
    }
}

static void draw_user(struct random_world *w) {
    w->user = (struct policy_user_row){id_of(4, 1), test_view("somebody"), !one_in(8), one_in(8)};
    w->membership_rows = 0;
    for (uint32_t i = 0; i < MOST_MEMBERSHIPS; i++) {
        struct policy_membership_row row = member(i, below(MOST_ROLES + 1), one_in(2));
        bool is_taken = false;
        row.organization = organization_id(below(w->organization_count + 1)); /* the last one is unknown */
        for (uint32_t j = 0; j < w->membership_rows; j++) {
            is_taken = is_taken || alees_id_compare(&w->memberships[j].organization, &row.organization) == 0;
        }
        if (is_taken) {
            continue;
        }
        row.is_active = !one_in(6);
        row.from = one_in(3) ? NOW - 2 + below(5) : INT64_MIN;
        row.until = one_in(3) ? NOW - 2 + below(5) : INT64_MAX;
        row.has_role = !one_in(8);
        w->memberships[w->membership_rows++] = row;
        if (row.has_role && one_in(3)) {
            row.role = role_id(below(MOST_ROLES));
            w->memberships[w->membership_rows++] = row;
        }
    }
}

/* The rule, straight from the rows. */
static bool plainly_holds(const struct random_world *w, const struct policy_membership_row *m, uint32_t permission) {
    for (uint32_t i = 0; m->has_role && i < w->role_rows; i++) {
        const struct policy_role_row *r = &w->roles[i];
        if (alees_id_compare(&r->id, &m->role) == 0 &&
            (r->is_system || alees_id_compare(&r->organization, &m->organization) == 0) &&
            alees_equal(r->permission, test_view(permission_rows[permission - 1].name))) {
            return true;
        }
    }
    return false;
}

static bool plainly_reaches(const struct random_world *w, const struct policy_membership_row *m, uint32_t where) {
    for (int at = (int)where; at >= 0; at = w->parents[at]) {
        if (!w->organizations[at].is_active) {
            return false;
        }
        if (alees_id_compare(&w->organizations[at].id, &m->organization) == 0) {
            return at == (int)where || m->inherit;
        }
    }
    return false;
}

static bool plainly_allowed(const struct random_world *w, uint32_t permission, uint32_t where, int64_t now) {
    if (!w->user.is_active || where >= w->organization_count) {
        return false;
    }
    if (w->user.is_superuser) {
        return true;
    }
    for (uint32_t i = 0; i < w->membership_rows; i++) {
        const struct policy_membership_row *m = &w->memberships[i];
        if (m->is_active && m->from <= now && now < m->until && plainly_reaches(w, m, where) &&
            plainly_holds(w, m, permission)) {
            return true;
        }
    }
    return false;
}

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

/* The grounds of a permission name a membership and a role that are there. */
static void check_grounds(const struct random_world *w, const struct alees_decision *why) {
    bool found = false;
    for (uint32_t i = 0; i < w->membership_rows; i++) {
        const struct policy_membership_row *m = &w->memberships[i];
        found = found ||
                (alees_id_compare(&m->id, &why->membership) == 0 && m->has_role &&
                 alees_id_compare(&m->organization, &why->through) == 0 && alees_id_compare(&m->role, &why->role) == 0);
    }
    assert_true(found);
}

static uint32_t check_user(const struct random_world *w, struct policy_user *u, int64_t now) {
    uint32_t granted = 0;
    for (uint32_t permission = 1; permission <= PERMISSIONS; permission++) {
        const struct alees_organizations *list = policy_organizations(u, NULL, permission, NULL);
        check_list_itself(list);
        for (uint32_t where = 0; where <= w->organization_count; where++) {
            const alees_id id = organization_id(where);
            struct alees_decision why;
            bool expected = plainly_allowed(w, permission, where, now);
            uint32_t reason = policy_decide(u, NULL, permission, &id, &why);
            bool is_known = where < w->organization_count;
            assert_int_equal(policy_is_allowed(reason), expected);
            assert_int_equal(list->all ? is_known : is_listed(list, &id), expected);
            assert_int_equal(why.reason, reason);
            if (reason == ALEES_GRANTED) {
                check_grounds(w, &why);
                assert_true(policy_is_member(u, &id));
                granted++;
            }
        }
    }
    return granted;
}

static void test_random_worlds(void **state) {
    static struct random_world w;
    uint32_t granted = 0;
    struct policy_catalogue *c = catalogue();
    (void)state;
    for (seed = 0; seed < WORLDS; seed++) {
        const uint32_t world = seed;
        draw_tree(&w);
        draw_roles(&w);
        draw_user(&w);
        struct policy_tree *tree = policy_tree_new(w.organizations, w.organization_count, 1);
        struct policy_roles *roles =
            policy_roles_new(c, &(struct policy_role_rows){.roles = w.roles, .role_count = w.role_rows}, 1);
        struct policy_user *u =
            policy_user_new(&w.user, w.memberships, w.membership_rows, tree, roles, c->count, NOW - 3);
        granted += check_user(&w, u, NOW - 3);
        for (int64_t now = NOW - 2; now <= NOW + 3; now++) { /* time goes by: resolved anew only when it says so */
            if (now < u->last_change || now >= u->next_change) {
                struct policy_user *again = policy_user_again(u, tree, roles, now);
                policy_user_release(u);
                u = again;
            }
            granted += check_user(&w, u, now);
        }
        policy_user_release(u);
        policy_roles_release(roles);
        policy_tree_release(tree);
        seed = world;
    }
    policy_catalogue_free(c);
    assert_true(granted > WORLDS); /* the worlds are not all closed */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_worlds),
    };
    return cmocka_run_group_tests_name("policy_worlds", tests, NULL, NULL);
}
