/* SPDX-License-Identifier: MIT
 * loopback_check.c - the part of loopback.h that fails a cmocka test. */
#include "test.h"

#include "loopback.h"

#include "alees/util.h"
#include "server.h"
#include "str.h"

static void check_code(const struct app *app, const struct answer *a, alees_str code) {
    if (!catalogue_error(&app->catalogue, code)) {
        print_error("nobody has declared the error code %.*s: %.*s\n", STR_FMT(code), STR_FMT(a->body));
        fail();
    }
}

static void judge(const struct app *app, const struct answer *a) {
    const alees_json *items = answer_at(a, "/errors");
    if (a->status < 400 || !str_equal(answer_header(a, "Content-Type"), "application/problem+json") || !a->json) {
        return;
    }
    check_code(app, a, answer_text(a, "/code"));
    for (uint32_t i = 0; i < jx_size(items); i++) {
        check_code(app, a, jx_text(jx_get(jx_at(items, i), "code")));
    }
}

struct loopback *loopback_open(const char *config_path, const char *module_dir) {
    struct app *app = calloc(1, sizeof *app);
    assert_non_null(app);
    assert_int_equal(server_open(app, config_path, module_dir, SERVER_STARTED, false), 0);
    struct loopback *l = loopback_on(app);
    loopback_own(l);
    loopback_judge(l, judge);
    return l;
}

int64_t answer_integer(const struct answer *a, const char *pointer) {
    int64_t number = 0;
    if (jx_integer(answer_at(a, pointer), &number) != ALEES_OK) {
        print_error("no integer at %s in %.*s\n", pointer, STR_FMT(a->body));
        fail();
    }
    return number;
}

void answer_check_status(const struct answer *a, uint32_t status, const char *file, int line) {
    if (a->status != status) {
        print_error("status %u, not %u: %.*s\n", a->status, status, STR_FMT(a->body));
        _fail(file, line);
    }
}

void answer_check_problem(const struct answer *a, uint32_t status, const char *code, const char *file, int line) {
    static const char *const members[] = {"/type", "/title", "/code", "/detail", "/request_id"};
    answer_check_status(a, status, file, line);
    bool is_whole = str_equal(answer_header(a, "Content-Type"), "application/problem+json") &&
                    answer_integer(a, "/status") == (int64_t)status &&
                    alees_equal(answer_text(a, "/request_id"), answer_header(a, "X-Request-Id"));
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        is_whole = is_whole && answer_text(a, members[i]).len > 0;
    }
    if (!is_whole || !str_equal(answer_text(a, "/code"), code)) {
        print_error("not a whole problem %s: %.*s\n", code, STR_FMT(a->wire));
        _fail(file, line);
    }
}
