/* SPDX-License-Identifier: MIT
 * world.c - organizations, users of every kind, three roles that follow what is under test, and who may see what: the
 * truth that the server is held against. */
#include "kit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cred.h"
#include "jx.h"
#include "str.h"

#define N KIT_NONE
#define O KIT_OTHER
#define V KIT_VIEW
#define M KIT_MANAGE
const struct kit_person kit_people[KIT_USERS] = {
    /*                                  A  child grand sibling B off below */
    [KIT_ROOT] = {"root", NULL, {M, M, M, M, M, M, M}},
    [KIT_OWNER_A] = {"owner_a", NULL, {M, N, N, N, N, N, N}},
    [KIT_MEMBER_A] = {"member_a", NULL, {M, N, N, N, N, N, N}},
    [KIT_VIEWER_A] = {"viewer_a", NULL, {V, N, N, N, N, N, N}},
    [KIT_MEMBER_B] = {"member_b", NULL, {N, N, N, N, M, N, N}},
    [KIT_BOTH] = {"both", NULL, {V, N, N, N, M, N, N}},
    [KIT_INHERITED] = {"inherited", "T83", {M, M, M, M, N, N, N}},
    [KIT_CHILD] = {"child", "T59", {N, M, N, N, N, N, N}},
    [KIT_SIBLING] = {"sibling", "T59", {N, N, N, M, N, N, N}},
    [KIT_BLIND] = {"blind", "T03", {O, N, N, N, N, N, N}},
    [KIT_MIXED] = {"mixed", "T03", {V, N, N, N, O, N, N}},
    [KIT_EXPIRED] = {"expired", "T74", {N, N, N, N, N, N, N}},
    [KIT_FUTURE] = {"future", "T74", {N, N, N, N, N, N, N}},
    [KIT_SUSPENDED] = {"suspended", "T74", {N, N, N, N, N, N, N}},
    [KIT_IN_OFF] = {"in_off", "T87", {N, N, N, N, N, N, N}},
    [KIT_GLOBAL] = {"global", NULL, {N, N, N, N, N, N, N}},
    [KIT_NOBODY] = {"nobody", "T46", {N, N, N, N, N, N, N}},
    [KIT_KEY] = {"key", "T65", {M, N, N, N, N, N, N}},
    [KIT_KEY_VIEW] = {"key_view", "T65", {V, N, N, N, N, N, N}},
    [KIT_KEY_ROOT] = {"key_root", "T65", {M, N, N, N, N, N, N}},
    [KIT_GONE] = {"gone", "T73", {N, N, N, N, N, N, N}},
    [KIT_EXROOT] = {"exroot", "T73", {N, N, N, N, N, N, N}},
    [KIT_DELETED] = {"deleted", "T76", {N, N, N, N, N, N, N}},
    [KIT_KEY_EXPIRED] = {"key_expired", "T65", {N, N, N, N, N, N, N}},
};
#undef N
#undef O
#undef V
#undef M

/* More of the memberships than what the matrix says. place KIT_NOWHERE: without organization. */
static const struct {
    size_t user, place;
    const char *role, *more; /* more: columns and values */
} memberships[] = {
    {KIT_OWNER_A, KIT_A, "owner", ""},
    {KIT_MEMBER_A, KIT_A, "kit-manage", ""},
    {KIT_VIEWER_A, KIT_A, "kit-view", ""},
    {KIT_MEMBER_B, KIT_B, "kit-manage", ""},
    {KIT_BOTH, KIT_A, "kit-view", ""},
    {KIT_BOTH, KIT_B, "kit-manage", ""},
    {KIT_INHERITED, KIT_A, "kit-manage", "inherit = true"},
    {KIT_CHILD, KIT_A_CHILD, "kit-manage", ""},
    {KIT_SIBLING, KIT_A_SIBLING, "kit-manage", ""},
    {KIT_BLIND, KIT_A, "kit-other", ""},
    {KIT_MIXED, KIT_A, "kit-view", ""},
    {KIT_MIXED, KIT_B, "kit-other", ""},
    {KIT_EXPIRED, KIT_A, "kit-manage", "valid_until = now() - interval '1 second'"},
    {KIT_FUTURE, KIT_A, "kit-manage", "valid_from = now() + interval '1 day'"},
    {KIT_SUSPENDED, KIT_A, "kit-manage", "is_active = false"},
    {KIT_IN_OFF, KIT_OFF, "kit-manage", "inherit = true"},
    {KIT_GLOBAL, KIT_NOWHERE, "kit-manage", ""},
    {KIT_GONE, KIT_A, "kit-manage", ""},
    {KIT_DELETED, KIT_A, "kit-manage", ""},
};

/* API keys: whose, and what they are made for. */
static const struct {
    size_t key, user;
    const char *permissions; /* those that are like this */
    bool is_for_a;
    const char *expires_at;
} keys[] = {
    {KIT_KEY, KIT_INHERITED, "%", true, "NULL"},
    {KIT_KEY_VIEW, KIT_MEMBER_A, "%.view\\_%", false, "now() + interval '1 day'"},
    {KIT_KEY_ROOT, KIT_ROOT, "%", true, "NULL"},
    {KIT_KEY_EXPIRED, KIT_MEMBER_A, "%", false, "now() - interval '1 second'"},
};

bool kit_is_key(size_t user) {
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (keys[i].key == user) {
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    size_t parent;
} places[KIT_PLACES] = {
    [KIT_A] = {"A", KIT_NOWHERE},
    [KIT_A_CHILD] = {"child of A", KIT_A},
    [KIT_A_GRANDCHILD] = {"grandchild of A", KIT_A_CHILD},
    [KIT_A_SIBLING] = {"sibling", KIT_A},
    [KIT_B] = {"B", KIT_NOWHERE},
    [KIT_OFF] = {"off", KIT_NOWHERE},
    [KIT_OFF_CHILD] = {"child of off", KIT_OFF},
};

/* ---- who may see what ---- */

static size_t owner_of(size_t place) { /* of OWN rows: one user for A, one for B */
    return place == KIT_A ? KIT_MEMBER_A : place == KIT_B ? KIT_MEMBER_B : KIT_USERS;
}

enum kit_access kit_access(const struct kit *k, const struct resource *r, size_t user, size_t place) {
    (void)k;
    if (user >= KIT_SEEN) {
        return KIT_NONE;
    }
    if (user == KIT_ROOT) {
        return KIT_MANAGE;
    }
    if (r->decl->scope == ALEES_SCOPE_OWN) {
        return user == owner_of(place) ? KIT_MANAGE : KIT_NONE;
    }
    if (r->decl->scope == ALEES_SCOPE_GLOBAL) {
        return user == KIT_GLOBAL ? KIT_MANAGE : KIT_VIEW;
    }
    if (r->decl->scope == ALEES_SCOPE_SEVERAL && user == KIT_GLOBAL) {
        return KIT_MANAGE;
    }
    if (place == KIT_NOWHERE) {
        return r->decl->flags & ALEES_RESOURCE_SHARED ? KIT_VIEW : KIT_NONE;
    }
    return kit_people[user].access[place];
}

/* A membership of whatever state tells the name of its organization to its holder. */
static bool is_member(size_t user, size_t place) {
    for (size_t i = 0; i < ARRAY_LEN(memberships); i++) {
        if (memberships[i].user == user && memberships[i].place == place) {
            return true;
        }
    }
    return false;
}

static bool has_any_access(size_t user, size_t place) {
    return user == KIT_ROOT || (place < KIT_PLACES && kit_people[user].access[place] != KIT_NONE);
}

/* Who sees a row sees its parts. */
static const struct resource *whole_of(const struct resource *r) {
    return r && r->owner ? r->owner : r;
}

bool kit_may_see_secret(const struct kit *k, const struct resource *part, size_t user, size_t place) {
    const struct resource *r = whole_of(part), *tested = whole_of(k->subject ? k->subject->resource : NULL);
    if (user >= KIT_SEEN || user == KIT_ROOT) {
        return user == KIT_ROOT;
    }
    if (r->decl->scope == ALEES_SCOPE_GLOBAL || place == KIT_NOWHERE) {
        return true;
    }
    if (r->decl->scope == ALEES_SCOPE_SELF && is_member(user, place)) {
        return true;
    }
    if (r->decl->scope == ALEES_SCOPE_OWN) {
        return user == owner_of(place);
    }
    enum kit_access access = kit_people[user].access[place];
    bool is_of_route = k->subject && k->subject->route && k->subject->route->plugin == r->plugin;
    if (r == tested || is_of_route) {
        return kit_access(k, r, user, place) >= KIT_VIEW;
    }
    /* all permissions, but perhaps those under test */
    if (user == KIT_OWNER_A || user == KIT_KEY_ROOT || access == KIT_OTHER) {
        return access != KIT_NONE;
    }
    /* an auditor sees what was written; and denials name the organization of a row that is seen */
    bool is_auditor = tested && strcmp(tested->plugin->decl.name, "audit") == 0;
    return access >= KIT_VIEW && (is_auditor || r->decl->scope == ALEES_SCOPE_SELF);
}

bool kit_may_see_id(const struct kit *k, const struct resource *r, size_t user, size_t place) {
    if (user == KIT_ROOT || place == KIT_NOWHERE || r->decl->scope == ALEES_SCOPE_GLOBAL || is_member(user, place) ||
        has_any_access(user, place) || kit_access(k, r, user, place) != KIT_NONE) {
        return true;
    }
    /* an organization's parent */
    for (size_t child = 0; r->decl->scope == ALEES_SCOPE_SELF && child < KIT_PLACES; child++) {
        if (places[child].parent == place && (has_any_access(user, child) || kit_may_see_id(k, r, user, child))) {
            return true;
        }
    }
    return false;
}

/* ---- making it ---- */

static const struct resource *self_resource(const struct kit *k) {
    for (uint32_t i = 0; i < k->catalogue->resource_count; i++) {
        if (k->catalogue->resources[i]->decl->scope == ALEES_SCOPE_SELF) {
            return k->catalogue->resources[i];
        }
    }
    return NULL;
}

static bool make_users(struct kit *k) {
    alees_str hash;
    if (cred_hash_password(k->arena, STR_LIT("kit-password"), &hash) != ALEES_OK) {
        return false;
    }
    for (size_t i = 0; i < KIT_USERS; i++) {
        if (kit_is_key(i)) {
            continue;
        }
        k->user_ids[i] =
            kit_sql(k,
                    "INSERT INTO rbac.app_user (id, username, password_hash, is_superuser) VALUES (alees.new_id(), "
                    "'kit-%s', '%s', %s) RETURNING id",
                    kit_people[i].name, hash.ptr, i == KIT_ROOT || i == KIT_EXROOT ? "true" : "false");
        const struct answer *a = loopback_request(
            k->loopback, "POST", "/api/v1/auth/login", NULL,
            kit_text(k, "{\"username\":\"kit-%s\",\"password\":\"kit-password\"}", kit_people[i].name));
        alees_str token = answer_text(a, "/token");
        if (!token.ptr) {
            fprintf(stderr, "isolation: %s cannot log in: %.*s\n", kit_people[i].name, STR_FMT(a->body));
            return false;
        }
        k->tokens[i] = arena_str(k->arena, token).ptr;
    }
    return true;
}

static bool make_place(struct kit *k, const struct resource *r, size_t place) {
    const struct answer *a;
    do {
        const char *body = kit_row_body(k, r, place, false);
        if (places[place].parent != KIT_NOWHERE) {
            body = kit_text(k, "{\"%s\":\"%s\",%s", r->decl->parent, k->place_ids[places[place].parent], body + 1);
        }
        a = loopback_request(k->loopback, "POST", kit_list_path(k, r, ""), k->tokens[KIT_ROOT], body);
    } while (a->status != 201 && kit_row_learn(k, r, a));
    if (a->status != 201) {
        fprintf(stderr, "isolation: the organization %s cannot be made: %.*s\n", places[place].name, STR_FMT(a->body));
        return false;
    }
    k->place_ids[place] = arena_str(k->arena, answer_text(a, "/id")).ptr;
    k->place_names[place] = kit_sql(k, "SELECT name FROM rbac.organization WHERE id = '%s'", k->place_ids[place]);
    kit_row_note(k, r, place, k->place_ids[place]);
    return true;
}

static bool make_places(struct kit *k) {
    const struct resource *r = self_resource(k);
    bool is_made = r != NULL;
    for (size_t i = 0; is_made && i < KIT_PLACES; i++) {
        is_made = make_place(k, r, i);
    }
    return is_made;
}

static void make_memberships(struct kit *k) {
    static const char *const roles[] = {"kit-manage", "kit-view", "kit-other"};
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        kit_sql(k, "INSERT INTO rbac.role (name) VALUES ('%s')", roles[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(memberships); i++) {
        const char *place =
            memberships[i].place == KIT_NOWHERE ? "NULL" : kit_text(k, "'%s'", k->place_ids[memberships[i].place]);
        const char *id = kit_sql(k,
                                 "INSERT INTO rbac.membership (user_id, organization_id, role_ids) SELECT '%s', %s, "
                                 "ARRAY[id] FROM rbac.role WHERE name = '%s' AND organization_id IS NULL "
                                 "RETURNING id",
                                 k->user_ids[memberships[i].user], place, memberships[i].role);
        if (memberships[i].more[0]) {
            kit_sql(k, "UPDATE rbac.membership SET %s WHERE id = '%s'", memberships[i].more, id);
        }
    }
}

static void make_keys(struct kit *k) {
    struct str names;
    str_init(&names, k->arena, 4096);
    for (uint32_t i = 0; i < k->catalogue->permission_count; i++) {
        str_printf(&names, "%s%s", i ? "," : "", k->catalogue->permissions[i].name);
    }
    alees_str all = str_done(&names);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        alees_str token;
        uint8_t hash[CRED_HASH];
        char hex[2 * CRED_HASH + 1];
        alees_rc rc = cred_new_token(k->arena, "alees_key_", &token);
        ASSERT(rc == ALEES_OK && all.ptr);
        cred_hash(token, hash);
        for (size_t b = 0; b < sizeof hash; b++) {
            snprintf(hex + 2 * b, 3, "%02x", hash[b]);
        }
        kit_sql(k,
                "INSERT INTO rbac.api_key (id, user_id, name, prefix, hash, permissions, organizations, expires_at) "
                "SELECT alees.new_id(), '%s', '%s', left('%s', 16), decode('%s', 'hex'), array_agg(p), %s, %s "
                "FROM unnest('{%s}'::text[]) p WHERE p LIKE '%s'",
                k->user_ids[keys[i].user], kit_people[keys[i].key].name, token.ptr, hex,
                keys[i].is_for_a ? kit_text(k, "ARRAY['%s'::uuid]", k->place_ids[KIT_A]) : "NULL", keys[i].expires_at,
                all.ptr, keys[i].permissions);
        k->tokens[keys[i].key] = token.ptr;
        k->user_ids[keys[i].key] = k->user_ids[keys[i].user];
    }
}

bool kit_world_make(struct kit *k) {
    if (!make_users(k) || !make_places(k)) {
        return false;
    }
    make_memberships(k);
    make_keys(k);
    kit_sql(k, "UPDATE organization.organization SET status = 'inactive' WHERE id = '%s'", k->place_ids[KIT_OFF]);
    kit_sql(k, "UPDATE rbac.app_user SET is_active = false WHERE id IN ('%s', '%s')", k->user_ids[KIT_GONE],
            k->user_ids[KIT_EXROOT]);
    kit_sql(k, "DELETE FROM rbac.app_user WHERE id = '%s'", k->user_ids[KIT_DELETED]);
    return true;
}

/* ---- what the roles hold ---- */

static void set_role(struct kit *k, const char *role, const char *permissions) {
    kit_sql(k, "UPDATE rbac.role SET permissions = '{%s}' WHERE name = '%s' AND organization_id IS NULL", permissions,
            role);
}

/* Does the server know that this person, by their first membership, holds exactly these? */
static bool is_known(struct kit *k, size_t user, const char *const *names, uint32_t count) {
    const struct answer *a = loopback_request(k->loopback, "GET", "/api/v1/auth/me", k->tokens[user], NULL);
    const alees_json *held = answer_at(a, "/memberships/0/permissions");
    uint32_t found = 0;
    for (uint32_t i = 0; i < jx_size(held); i++) {
        for (uint32_t p = 0; p < count; p++) {
            found += str_equal(jx_text(jx_at(held, i)), names[p]) ? 1u : 0u;
        }
    }
    return held && found == count && jx_size(held) == count;
}

static void give(struct kit *k, const char *role, const char *const *names, uint32_t count) {
    struct str all;
    str_init(&all, k->arena, 4096);
    for (uint32_t i = 0; i < count; i++) {
        str_printf(&all, "%s%s", i ? "," : "", names[i]);
    }
    set_role(k, role, str_done(&all).ptr);
}

/* The server learns of changed roles by a notification: one role that already was as it now is says nothing of the
 * others. */
void kit_world_point(struct kit *k, const char *const *manage, const char *view, const char *hidden) {
    const char **other = ARENA_ARRAY(k->arena, const char *, k->catalogue->permission_count);
    uint32_t manage_count = 0, other_count = 0;
    ASSERT(other);
    while (manage[manage_count]) {
        manage_count++;
    }
    for (uint32_t i = 0; i < k->catalogue->permission_count; i++) {
        const char *name = k->catalogue->permissions[i].name;
        if (!hidden || strcmp(name, hidden) != 0) {
            other[other_count++] = name;
        }
    }
    const struct {
        const char *role;
        size_t user;
        const char *const *names;
        uint32_t count;
    } roles[] = {
        {"kit-manage", KIT_MEMBER_A, manage, manage_count},
        {"kit-view", KIT_VIEWER_A, &view, view ? 1 : 0},
        {"kit-other", KIT_BLIND, other, other_count},
    };
    kit_sql(k, "BEGIN");
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        give(k, roles[i].role, roles[i].names, roles[i].count);
    }
    kit_sql(k, "COMMIT");
    for (size_t i = 0, turns = 0; i < ARRAY_LEN(roles);) {
        if (is_known(k, roles[i].user, roles[i].names, roles[i].count)) {
            i++;
        } else if (++turns == 2000) {
            fprintf(stderr, "isolation: the server does not learn of changed roles\n");
            exit(1);
        } else {
            nanosleep(&(struct timespec){0, 5000000}, NULL);
        }
    }
}
