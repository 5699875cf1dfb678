/* SPDX-License-Identifier: MIT
 * revoke.c - see revoke.h. */
#include "revoke.h"

#include <stdio.h>
#include <time.h>

#include "sys.h"

#define text(r, ...) (arena_printf((r)->arena, __VA_ARGS__).ptr)

/* By the superuser, through the first server. */
static void must(struct revoke *r, const char *method, const char *path, const char *body) {
    struct wire_answer a = caller_ask(&r->callers[REVOKE_FIRST], method, path, r->admin, body);
    if (a.status < 200 || a.status > 299) {
        fail_msg("%s %s: %u %s", method, path, a.status, a.body);
    }
}

static void put_membership(struct revoke *r, const char *is_active) {
    must(r, "PATCH", r->membership_path, text(r, "{\"is_active\":%s}", is_active));
}

static void end_membership(struct revoke *r) {
    put_membership(r, "false");
}

static void give_membership(struct revoke *r) {
    put_membership(r, "true");
}

static void put_role(struct revoke *r, const char *permission) {
    must(r, "PATCH", text(r, "/api/v1/roles/%s", r->role), text(r, "{\"permissions\":[\"%s\"]}", permission));
}

static void end_role(struct revoke *r) {
    put_role(r, "organization.delete_organization");
}

static void give_role(struct revoke *r) {
    put_role(r, "organization.view_organization");
}

static void move(struct revoke *r, const char *parent) {
    must(r, "POST", text(r, "/api/v1/organizations/%s/move", r->unit), text(r, "{\"parent\":\"%s\"}", parent));
}

static void end_place(struct revoke *r) {
    move(r, r->there);
}

static void give_place(struct revoke *r) {
    move(r, r->here);
}

static void put_status(struct revoke *r, const char *status) {
    must(r, "PATCH", r->path, text(r, "{\"status\":\"%s\"}", status));
}

static void end_organization(struct revoke *r) {
    put_status(r, "inactive");
}

static void give_organization(struct revoke *r) {
    put_status(r, "active");
}

static void end_token(struct revoke *r) {
    struct wire_answer a = caller_ask(&r->callers[REVOKE_FIRST], "POST", "/api/v1/auth/logout", r->user, NULL);
    assert_int_equal(a.status, 204);
}

static void give_token(struct revoke *r) {
    caller_login(&r->callers[REVOKE_FIRST], "nobody", r->user);
}

static void put_user(struct revoke *r, const char *is_active) {
    must(r, "PATCH", text(r, "/api/v1/users/%s", r->user_id), text(r, "{\"is_active\":%s}", is_active));
}

static void end_user(struct revoke *r) {
    put_user(r, "false");
}

static void give_user(struct revoke *r) {
    put_user(r, "true");
    give_token(r); /* logins end with the account and do not come back with it */
}

static void end_key(struct revoke *r) {
    must(r, "DELETE", text(r, "/api/v1/api-keys/%s", r->key_id), NULL);
}

static void give_key(struct revoke *r) {
    struct wire_answer a = caller_ask(&r->callers[REVOKE_FIRST], "POST", "/api/v1/api-keys", r->user,
                                      "{\"name\":\"k\",\"permissions\":[\"organization.view_organization\"]}");
    const char *id = strstr(a.body, "\"id\":\""), *secret = strstr(a.body, "\"secret\":\"");
    if (a.status != 201 || !id || !secret || sscanf(id + 6, "%39[^\"]", r->key_id) != 1 ||
        sscanf(secret + 10, "%127[^\"]", r->key) != 1) {
        fail_msg("no key: %u %s", a.status, a.body);
    }
}

const struct revoke_way revoke_ways[REVOKE_WAYS] = {
    {"membership deactivated", end_membership, give_membership, false},
    {"role edited", end_role, give_role, false},
    {"organization moved", end_place, give_place, false},
    {"organization deactivated", end_organization, give_organization, false},
    {"user deactivated", end_user, give_user, false},
    {"token ended", end_token, give_token, false},
    {"API key ended", end_key, give_key, true},
};

/* The status of a request to the second server. */
static uint32_t ask(struct revoke *r, bool by_key) {
    return caller_ask(&r->callers[REVOKE_SECOND], "GET", r->path, by_key ? r->key : r->user, NULL).status;
}

void revoke_wait_allowed(struct revoke *r) {
    for (int i = 0; i < 2000; i++) {
        if (ask(r, false) == 200 && ask(r, true) == 200) {
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    fail_msg("what was given back is not there");
}

static bool is_refusal(uint32_t status) {
    return status == 401 || status == 403 || status == 404;
}

struct revoke_time revoke_measure(struct revoke *r, const struct revoke_way *way, uint64_t most_us) {
    struct revoke_time t = {0, 0, 0};
    uint64_t began = sys_monotonic_us();
    way->end(r);
    t.changed = sys_monotonic_us() - began;
    for (;;) {
        uint64_t sent = sys_monotonic_us() - began;
        uint32_t status = ask(r, way->by_key);
        if (status == 200) {
            t.last_allowed = sent;
        } else if (is_refusal(status)) {
            t.first_refused = sys_monotonic_us() - began;
            break;
        } else if (status != 503 && status != 0) {
            fail_msg("%s: %u", way->name, status);
        }
        if (t.last_allowed > most_us) {
            fail_msg("%s: still allowed after %llu us", way->name, (unsigned long long)t.last_allowed);
        }
        if (sent > most_us + 30000000u) {
            fail_msg("%s: no answer", way->name);
        }
    }
    assert_int_not_equal(ask(r, way->by_key), 200); /* and it stays so */
    return t;
}

static void start_servers(struct revoke *r) {
    const char *second[7] = {NULL};
    if (r->proxy) {
        second[0] = "ALEES_DATABASE_URL";
        second[1] = text(r, "%s host=127.0.0.1 port=%u sslmode=disable", r->pg.app_url, proxy_port(r->proxy));
        second[2] = "ALEES_DATABASE_STATEMENT_TIMEOUT_MS";
        second[3] = "1000";
        second[4] = "ALEES_DATABASE_CONNECT_TIMEOUT_MS";
        second[5] = "1000";
    }
    for (uint32_t i = 0; i < REVOKE_SERVERS; i++) {
        process_start(&r->servers[i], r->pg.conf, i == REVOKE_SECOND ? second : NULL);
        r->callers[i].port = r->servers[i].port;
    }
}

void revoke_open(struct revoke *r, bool proxied) {
    memset(r, 0, sizeof *r);
    pg_open(&r->pg, "revoke", PG_DEMO);
    r->arena = test_arena();
    if (proxied) {
        r->proxy = proxy_open(getenv("PGHOST"), (uint32_t)strtoul(getenv("PGPORT"), NULL, 10));
    }
    r->here = grant_organization(&r->pg, r->arena, "HERE", NULL);
    r->there = grant_organization(&r->pg, r->arena, "THERE", NULL);
    r->unit = grant_organization(&r->pg, r->arena, "UNIT", r->here);
    r->role = grant_role(&r->pg, r->arena, r->here, "organization.view_organization");
    r->path = text(r, "/api/v1/organizations/%s", r->unit);
    r->user_id = pg_value(&r->pg, r->arena, "SELECT id FROM rbac.app_user WHERE username = 'nobody'").ptr;
    grant_member(&r->pg, "nobody", r->here, r->role, true);
    alees_str membership =
        pg_value(&r->pg, r->arena, text(r, "SELECT id FROM rbac.membership WHERE organization_id = '%s'", r->here));
    r->membership_path = text(r, "/api/v1/organization-memberships/%s", membership.ptr);
    start_servers(r);
    caller_login(&r->callers[REVOKE_FIRST], "admin", r->admin);
    give_token(r);
    give_key(r);
    revoke_wait_allowed(r);
}

void revoke_close(struct revoke *r) {
    for (uint32_t i = 0; i < REVOKE_SERVERS; i++) {
        caller_close(&r->callers[i]);
        process_stop(&r->servers[i]);
    }
    if (r->proxy) {
        proxy_close(r->proxy);
    }
    pg_close(&r->pg);
    arena_free(r->arena);
}
