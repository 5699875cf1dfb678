/* SPDX-License-Identifier: MIT
 * people.c - see people.h. */
#include "people.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cred.h"
#include "str.h"
#include "sys.h"

enum { BOUND_MS = 2000 };

int people_setup(void **state) {
    static struct people p;
    p.arena = arena_new((size_t)64 * 1024 * 1024);
    pg_open(&p.pg, "people", PG_DEMO);
    p.loopback = loopback_open(p.pg.conf, NULL);
    *state = &p;
    return 0;
}

int people_teardown(void **state) {
    struct people *p = *state;
    loopback_close(p->loopback);
    pg_close(&p->pg);
    arena_free(p->arena);
    return 0;
}

static const char *PRINTF_LIKE(2, 0) format_text(struct people *p, const char *format, va_list arguments) {
    char buffer[4096];
    int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    assert_true(length >= 0 && (size_t)length < sizeof buffer);
    return arena_str(p->arena, (alees_str){buffer, (size_t)length}).ptr;
}

const char *people_text(struct people *p, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = format_text(p, format, arguments);
    va_end(arguments);
    return text;
}

void people_sql(struct people *p, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    pg_exec(&p->pg, format_text(p, format, arguments));
    va_end(arguments);
}

const struct answer *people_ask(struct people *p, const char *method, const char *path, const char *token,
                                const char *body) {
    return loopback_request(p->loopback, method, people_text(p, "/api/v1%s", path), token, body);
}

const char *people_stable(struct people *p, const struct answer *a) {
    char *copy = arena_dup(p->arena, a->body.ptr, a->body.len + 1);
    alees_str id = answer_text(a, "/request_id");
    char *at = copy && id.ptr ? strstr(copy, id.ptr) : NULL;
    assert_non_null(at);
    memset(at, '-', id.len);
    return copy;
}

void people_join(struct people *p, const char *name, const char *organization, const char *role, bool inherit) {
    people_sql(p,
               "INSERT INTO rbac.membership (user_id, organization_id, role_ids, inherit) "
               "SELECT u.id, '%s', ARRAY[r.id], %s FROM rbac.app_user u, rbac.role r "
               "WHERE u.username = '%s' AND r.name = '%s' AND r.organization_id IS NULL",
               organization, inherit ? "true" : "false", name, role);
}

void people_add(struct people *p, const char *name, const char *organization, const char *role) {
    people_sql(p,
               "INSERT INTO rbac.app_user (username, email, password_hash, is_demo) "
               "SELECT '%s', '%s@example.com', password_hash, true FROM rbac.app_user WHERE username = 'nobody'",
               name, name);
    if (organization) {
        people_join(p, name, organization, role, false);
    }
}

const char *people_token(struct people *p, const char *name) {
    alees_str token;
    uint8_t hash[CRED_HASH];
    char hex[2 * CRED_HASH + 1];
    assert_int_equal(cred_new_token(p->arena, "alees_", &token), ALEES_OK);
    cred_hash(token, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    }
    people_sql(p,
               "INSERT INTO rbac.token (hash, user_id, expires_at) "
               "SELECT decode('%s', 'hex'), id, now() + interval '1 h' FROM rbac.app_user WHERE username = '%s'",
               hex, name);
    return token.ptr;
}

const char *people_id(struct people *p, const char *name) {
    const char *sql = people_text(p, "SELECT id FROM rbac.app_user WHERE username = '%s'", name);
    alees_str id = pg_value(&p->pg, p->arena, sql);
    assert_non_null(id.ptr);
    return id.ptr;
}

const char *people_new(struct people *p, const char *name, const char *organization, const char *role) {
    people_add(p, name, organization, role);
    return people_token(p, name);
}

void people_soon(struct people *p, uint32_t status, const char *method, const char *path, const char *token,
                 const char *body) {
    const uint64_t start = sys_monotonic_us();
    const struct answer *a = people_ask(p, method, path, token, body);
    while (a->status != status && sys_monotonic_us() - start < BOUND_MS * (uint64_t)1000) {
        nanosleep(&(struct timespec){0, 2000000}, NULL);
        a = people_ask(p, method, path, token, body);
    }
    assert_status(a, status);
}
