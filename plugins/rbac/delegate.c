/* SPDX-License-Identifier: MIT
 * delegate.c - see delegate.h. */
#include "delegate.h"

#include "alees/util.h"

const char *delegate_code(enum delegate_verdict verdict) {
    static const char *const codes[] = {
        [DELEGATE_ALLOWED] = NULL,
        [DELEGATE_EXCEEDS] = "grant_exceeds_own",
        [DELEGATE_NOT_BELOW] = "grant_exceeds_own",
        [DELEGATE_SELF] = "own_rights",
        [DELEGATE_OWNERS_ONLY] = "owners_only",
        [DELEGATE_SUPERUSERS_ONLY] = "superusers_only",
    };
    return codes[verdict];
}

/* --- what is lacking --- */

static void note(struct delegate_lacks *lacks, const struct policy_role *role, uint32_t permission, uint32_t field) {
    if (lacks->count < DELEGATE_MOST_LACKS) {
        lacks->items[lacks->count] = (struct delegate_lack){role, permission, field};
    }
    lacks->count++;
}

/* What of a set, and of the fields that the role leaves behind it, the writer lacks. */
static void look(const struct delegate *d, const struct policy_role *role, const struct policy_role *told,
                 const uint64_t *set, const alees_id *organization, bool below, struct delegate_lacks *lacks) {
    uint32_t permissions[DELEGATE_MOST_LACKS];
    struct policy_lack fields[DELEGATE_MOST_LACKS];
    uint32_t count = policy_lacks(d->writer, d->limit, set, organization, below, permissions, DELEGATE_MOST_LACKS);
    for (uint32_t i = 0; i < count; i++) {
        note(lacks, told, i < DELEGATE_MOST_LACKS ? permissions[i] : 0, POLICY_NONE);
    }
    count = policy_lacks_of_role(d->catalogue, d->writer, d->limit, role, set, organization, below, fields,
                                 DELEGATE_MOST_LACKS);
    for (uint32_t i = 0; i < count; i++) {
        struct policy_lack lack = i < DELEGATE_MOST_LACKS ? fields[i] : (struct policy_lack){0, POLICY_NONE};
        note(lacks, told, lack.permission, lack.field);
    }
}

static bool is_superuser(const struct delegate *d) {
    return d->writer->is_active && d->writer->is_superuser && !d->limit;
}

static bool writer_holds(const struct delegate *d, const char *permission, bool below) {
    return policy_holds(d->writer, d->limit, policy_permission(d->catalogue, permission), d->organization, below);
}

bool delegate_carries(const struct policy_user *u, const alees_id *role) {
    for (uint32_t i = 0; i < u->role_count; i++) {
        if (alees_id_compare(&u->role_ids[i], role) == 0) {
            return true;
        }
    }
    return false;
}

/* --- sets of fields --- */

/* Leaves in wanted what was not had, of so many fields; false: nothing. */
static bool subtract(struct policy_fields *wanted, const struct policy_fields *had, uint32_t fields) {
    struct policy_fields added = {0};
    bool any = false;
    for (uint32_t i = 0; i < fields && i < POLICY_MOST_FIELDS; i++) {
        const uint64_t bit = (uint64_t)1 << (i % 64);
        if ((wanted->all || (wanted->bits[i / 64] & bit)) && !had->all && !(had->bits[i / 64] & bit)) {
            added.bits[i / 64] |= bit;
            any = true;
        }
    }
    *wanted = added;
    return any;
}

static bool is_none(const struct policy_fields *fields) {
    uint64_t any = 0;
    for (uint32_t i = 0; i < POLICY_FIELD_WORDS; i++) {
        any |= fields->bits[i];
    }
    return !fields->all && any == 0;
}

/* Of the resource that a permission is about. */
static uint32_t field_count(const struct policy_catalogue *c, uint32_t permission) {
    uint32_t resource = c->subjects[permission - 1].resource;
    return resource == POLICY_NONE ? 0 : c->resources[resource]->resource->fields.count;
}

/* --- memberships --- */

static bool has_role(const struct delegate_membership *m, const struct policy_role *role) {
    for (uint32_t i = 0; i < m->role_count; i++) {
        if (alees_id_compare(&m->roles[i]->id, &role->id) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_owners(const struct delegate_membership *m) {
    for (uint32_t i = 0; m && i < m->role_count; i++) {
        if (m->roles[i]->is_owner) {
            return true;
        }
    }
    return false;
}

/* Do the roles that were carried already count where, or when, they did not? */
static bool is_wider(const struct delegate_membership *before, const struct delegate_membership *after) {
    return !before || (after->is_active && !before->is_active) || (after->inherit && !before->inherit) ||
           after->from < before->from || after->until > before->until;
}

static bool is_new_role(const struct delegate_membership *before, const struct policy_role *role) {
    return !before || !has_role(before, role);
}

static bool is_raised(const struct delegate_membership *was, const struct delegate_membership *now) {
    for (uint32_t i = 0; i < now->role_count; i++) {
        if (is_new_role(was, now->roles[i])) {
            return true;
        }
    }
    return is_wider(was, now);
}

static bool is_changed(const struct delegate_membership *before, const struct delegate_membership *after) {
    return !before || !after || is_raised(before, after) || is_raised(after, before);
}

/* Does what is carried already hold all that the role gives? */
static bool covers(const struct policy_catalogue *c, const struct delegate_membership *m,
                   const struct policy_role *role) {
    for (uint32_t permission = 1; permission <= c->count; permission++) {
        struct policy_fields given, had;
        bool is_there = false;
        if (!policy_set_has(role->permissions, permission)) {
            continue;
        }
        policy_role_fields(c, role, permission, &given);
        for (uint32_t i = 0; i < m->role_count && !(is_there && is_none(&given)); i++) {
            if (policy_set_has(m->roles[i]->permissions, permission)) {
                policy_role_fields(c, m->roles[i], permission, &had);
                (void)subtract(&given, &had, field_count(c, permission));
                is_there = true;
            }
        }
        if (!is_there || !is_none(&given)) {
            return false;
        }
    }
    return true;
}

static bool drops_role(const struct delegate_membership *before, const struct delegate_membership *after) {
    for (uint32_t i = 0; i < before->role_count; i++) {
        if (!has_role(after, before->roles[i])) {
            return true;
        }
    }
    return false;
}

/* One's own may be exchanged for less; nothing is added to it, not even what is held already. */
static bool is_more_for_oneself(const struct delegate *d, const struct delegate_membership *before,
                                const struct delegate_membership *after) {
    if (is_wider(before, after)) {
        return true;
    }
    for (uint32_t i = 0; i < after->role_count; i++) {
        const struct policy_role *role = after->roles[i];
        if (is_new_role(before, role) && (!drops_role(before, after) || (role->is_owner && !is_owners(before)) ||
                                          !covers(d->catalogue, before, role))) {
            return true;
        }
    }
    return false;
}

/* Every role that is given now: the new ones, or all where the membership itself becomes wider. */
static void look_at_roles(const struct delegate *d, const struct delegate_membership *before,
                          const struct delegate_membership *after, bool below, struct delegate_lacks *lacks) {
    const bool every = is_wider(before, after);
    for (uint32_t i = 0; i < after->role_count; i++) {
        if (every || is_new_role(before, after->roles[i])) {
            look(d, after->roles[i], after->roles[i], after->roles[i]->permissions, d->organization, below, lacks);
        }
    }
}

static enum delegate_verdict give(const struct delegate *d, uint32_t permission,
                                  const struct delegate_membership *before, const struct delegate_membership *after,
                                  struct delegate_lacks *lacks) {
    if (after->inherit && !policy_holds(d->writer, d->limit, permission, d->organization, true)) {
        note(lacks, NULL, permission, POLICY_NONE);
        return DELEGATE_NOT_BELOW;
    }
    if (writer_holds(d, "rbac.bind_role", after->inherit)) {
        return DELEGATE_ALLOWED;
    }
    look_at_roles(d, before, after, false, lacks);
    if (lacks->count > 0) {
        return DELEGATE_EXCEEDS;
    }
    if (after->inherit) {
        look_at_roles(d, before, after, true, lacks);
    }
    return lacks->count > 0 ? DELEGATE_NOT_BELOW : DELEGATE_ALLOWED;
}

enum delegate_verdict delegate_membership(const struct delegate *d, uint32_t permission,
                                          const struct delegate_membership *before,
                                          const struct delegate_membership *after, struct delegate_lacks *ret_lacks) {
    ret_lacks->count = 0;
    if (is_superuser(d) || !is_changed(before, after)) {
        return DELEGATE_ALLOWED;
    }
    if (!d->organization) {
        return DELEGATE_SUPERUSERS_ONLY;
    }
    bool is_own = alees_id_compare(before ? &before->user : &after->user, &d->writer->id) == 0;
    if (is_own && d->limit && is_owners(before)) {
        return DELEGATE_OWNERS_ONLY; /* a key that was stolen makes nobody less than an owner */
    }
    if (is_own) {
        return after && is_more_for_oneself(d, before, after) ? DELEGATE_SELF : DELEGATE_ALLOWED;
    }
    if ((is_owners(before) || is_owners(after)) && !policy_is_owner(d->writer, d->limit, d->organization)) {
        return DELEGATE_OWNERS_ONLY;
    }
    return after && is_raised(before, after) ? give(d, permission, before, after, ret_lacks) : DELEGATE_ALLOWED;
}

/* --- roles --- */

/* May the writer widen it at all? */
static enum delegate_verdict may_widen(const struct delegate *d, const struct delegate_role *role) {
    if (!d->organization) {
        return DELEGATE_SUPERUSERS_ONLY;
    }
    return role->role && delegate_carries(d->writer, &role->role->id) ? DELEGATE_SELF : DELEGATE_ALLOWED;
}

enum delegate_verdict delegate_role(const struct delegate *d, const struct delegate_role *role, const uint64_t *wanted,
                                    struct delegate_lacks *ret_lacks) {
    static const struct policy_role nothing;
    const struct policy_role *was = role->role ? role->role : &nothing;
    enum { MOST_WORDS = 64 };
    uint64_t added[MOST_WORDS] = {0}, any = 0;
    const uint32_t words = policy_words(d->catalogue);
    ret_lacks->count = 0;
    if (is_superuser(d)) {
        return DELEGATE_ALLOWED;
    }
    if (!d->organization || words > MOST_WORDS) {
        return DELEGATE_SUPERUSERS_ONLY;
    }
    for (uint32_t i = 0; wanted && i < words; i++) {
        added[i] = wanted[i] & ~(was->permissions ? was->permissions[i] : 0);
        any |= added[i];
    }
    if (any == 0) {
        return DELEGATE_ALLOWED;
    }
    enum delegate_verdict verdict = may_widen(d, role);
    if (verdict != DELEGATE_ALLOWED || writer_holds(d, "rbac.escalate_role", role->is_below)) {
        return verdict;
    }
    look(d, was, NULL, added, d->organization, false, ret_lacks);
    if (ret_lacks->count > 0) {
        return DELEGATE_EXCEEDS;
    }
    if (role->is_below) {
        look(d, was, NULL, added, d->organization, true, ret_lacks);
    }
    return ret_lacks->count > 0 ? DELEGATE_NOT_BELOW : DELEGATE_ALLOWED;
}

/* --- field permissions --- */

/* The permission to do that to a resource; 0: there is none. */
static uint32_t permission_of(const struct policy_catalogue *c, uint32_t resource, uint32_t action) {
    for (uint32_t permission = 1; permission <= c->count; permission++) {
        if (c->subjects[permission - 1].resource == resource && c->subjects[permission - 1].action == action) {
            return permission;
        }
    }
    return 0;
}

static void look_at_fields(const struct delegate *d, uint32_t permission, const struct policy_fields *added, bool below,
                           struct delegate_lacks *lacks) {
    uint32_t fields[POLICY_MOST_FIELDS];
    uint32_t count = policy_lacks_fields(d->catalogue, d->writer, d->limit, permission, added, d->organization, below,
                                         fields, POLICY_MOST_FIELDS);
    for (uint32_t i = 0; i < count; i++) {
        note(lacks, NULL, permission, fields[i]);
    }
}

enum delegate_verdict delegate_fields(const struct delegate *d, const struct delegate_role *role, uint32_t resource,
                                      const struct policy_fields wanted[POLICY_ACTIONS],
                                      struct delegate_lacks *ret_lacks) {
    bool is_allowed = writer_holds(d, "rbac.escalate_role", role->is_below);
    ret_lacks->count = 0;
    if (is_superuser(d)) {
        return DELEGATE_ALLOWED;
    }
    if (!d->organization) {
        return DELEGATE_SUPERUSERS_ONLY;
    }
    for (uint32_t action = 0; action < POLICY_ACTIONS; action++) {
        uint32_t permission = permission_of(d->catalogue, resource, action);
        struct policy_fields had, added = wanted[action];
        if (permission == 0 || !policy_set_has(role->role->permissions, permission)) {
            continue; /* without the permission they are no rights; whoever gives it will be asked for them */
        }
        policy_role_fields(d->catalogue, role->role, permission, &had);
        if (!subtract(&added, &had, field_count(d->catalogue, permission))) {
            continue;
        }
        enum delegate_verdict verdict = may_widen(d, role);
        if (verdict != DELEGATE_ALLOWED) {
            return verdict;
        }
        if (!is_allowed) {
            look_at_fields(d, permission, &added, role->is_below, ret_lacks);
        }
    }
    return ret_lacks->count > 0 ? DELEGATE_EXCEEDS : DELEGATE_ALLOWED;
}

/* --- accounts --- */

static enum delegate_verdict look_at_membership(const struct delegate *d, const struct policy_user *user,
                                                const struct policy_membership *m, bool is_removal,
                                                struct delegate_lacks *lacks) {
    const alees_id *organization = m->is_global ? NULL : &m->organization;
    for (uint32_t i = m->first_role; i < m->first_role + m->role_count; i++) {
        const struct policy_role *role =
            user->role_places[i] != POLICY_NONE ? &user->roles->roles[user->role_places[i]] : NULL;
        if (!role) {
            continue; /* of another organization: it counts for nothing */
        }
        if (role->is_owner && !policy_is_owner(d->writer, d->limit, organization)) {
            return DELEGATE_OWNERS_ONLY;
        }
        if (!is_removal) {
            look(d, role, role, role->permissions, organization, m->inherit, lacks);
        }
    }
    return DELEGATE_ALLOWED;
}

enum delegate_verdict delegate_account(const struct delegate *d, uint32_t permission, const struct policy_user *user,
                                       bool is_removal, bool *ret_is_elsewhere, struct delegate_lacks *ret_lacks) {
    ret_lacks->count = 0;
    *ret_is_elsewhere = false;
    if (is_superuser(d)) {
        return DELEGATE_ALLOWED;
    }
    if (user->is_superuser) {
        return DELEGATE_SUPERUSERS_ONLY;
    }
    if (policy_holds(d->writer, d->limit, permission, NULL, false)) {
        return DELEGATE_ALLOWED;
    }
    if (user->membership_count == 0) { /* nobody's but theirs who hold it everywhere, not even the user's own */
        *ret_is_elsewhere = true;
        return DELEGATE_EXCEEDS;
    }
    for (uint32_t i = 0; i < user->membership_count; i++) {
        const struct policy_membership *m = &user->memberships[i];
        if (!policy_holds(d->writer, d->limit, permission, m->is_global ? NULL : &m->organization, false)) {
            *ret_is_elsewhere = true;
            return DELEGATE_EXCEEDS;
        }
    }
    for (uint32_t i = 0; i < user->membership_count; i++) {
        enum delegate_verdict verdict = look_at_membership(d, user, &user->memberships[i], is_removal, ret_lacks);
        if (verdict != DELEGATE_ALLOWED) {
            return verdict;
        }
    }
    return ret_lacks->count > 0 ? DELEGATE_EXCEEDS : DELEGATE_ALLOWED;
}
