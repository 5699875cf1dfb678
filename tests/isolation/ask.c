/* SPDX-License-Identifier: MIT
 * ask.c - requests of the kit's users. Whatever comes back is searched: no secret and no id of a row that the user may not
 * see, no word of PostgreSQL in an error, no 500 (T31). */
#include "kit.h"

#include <stdarg.h>
#include <string.h>

#include "alees/util.h"
#include "str.h"

static struct { /* what was asked last, for messages */
    size_t user;
    const char *method, *path, *body, *header, *value;
    const struct answer *answer;
} last;

/* Did the client itself send this text? */
static bool is_echo(const char *text) {
    return (last.path && strstr(last.path, text)) || (last.body && strstr(last.body, text)) ||
           (last.value && strstr(last.value, text));
}

static void search_secrets(struct kit *k, const struct answer *a) {
    for (const char *at = strstr(a->wire.ptr, KIT_SECRET); at; at = strstr(at + 1, KIT_SECRET)) {
        const struct resource *r;
        size_t place;
        char text[sizeof KIT_SECRET + 3] = "";
        if (!kit_secret_read(k, at, &r, &place)) {
            continue;
        }
        memcpy(text, at, sizeof text - 1);
        if (!kit_may_see_secret(k, r, last.user, place) && !is_echo(text)) {
            kit_check(k, false, "the answer shows text of a row of %s in %s", r->full_name,
                      place < KIT_PLACES ? k->place_names[place] : "no organization");
            return;
        }
    }
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void search_ids(struct kit *k, const struct answer *a) {
    for (size_t i = 0; i + 36 <= a->body.len; i++) {
        const struct resource *r;
        size_t place;
        char id[37] = "";
        alees_id parsed;
        if (a->body.ptr[i + 8] != '-' || !is_hex(a->body.ptr[i]) ||
            alees_id_parse((alees_str){a->body.ptr + i, 36}, &parsed) != ALEES_OK) {
            continue;
        }
        alees_id_format(&parsed, id);
        if (kit_row_find(k, id, &r, &place) && !kit_may_see_id(k, r, last.user, place) && !is_echo(id)) {
            kit_check(k, false, "the answer shows the id %s of a row of %s in %s", id, r->full_name,
                      place < KIT_PLACES ? k->place_names[place] : "no organization");
            return;
        }
        i += 35;
    }
}

static void search_words(struct kit *k, const struct answer *a) {
    static const char *const words[] = {"_fkey",    "unique constraint", "_pkey",        "constraint", "violates",
                                        "relation", "SELECT ",           "INSERT ",      "UPDATE ",    "column \"",
                                        "SQLSTATE", "row-level",         "alees_plugin", "pg_catalog", "duplicate key"};
    for (size_t i = 0; i < ARRAY_LEN(words) && a->status >= 400; i++) {
        if (strstr(a->body.ptr, words[i]) && !is_echo(words[i])) {
            kit_check(k, false, "an error says \"%s\"", words[i]);
        }
    }
}

static void search(struct kit *k, const struct answer *a) {
    const char *attack = k->attack;
    if (!k->subject) {
        return; /* the world is not yet made */
    }
    k->attack = "T31";
    kit_check(k, a->status < 500 || a->status == 501, "%s", "a failure of the server");
    search_secrets(k, a);
    search_ids(k, a);
    search_words(k, a);
    k->attack = attack;
}

const struct answer *kit_ask_with(struct kit *k, size_t user, const char *method, const char *path, const char *body,
                                  const char *header, const char *value) {
    const struct loopback_request request = {.method = method,
                                             .path = path,
                                             .token = user < KIT_USERS ? k->tokens[user] : NULL,
                                             .body = body,
                                             .headers = {{header, value}}};
    last.user = user;
    last.method = method;
    last.path = path;
    last.body = body;
    last.header = header;
    last.value = value;
    last.answer = loopback_send(k->loopback, &request);
    search(k, last.answer);
    return last.answer;
}

const struct answer *kit_ask(struct kit *k, size_t user, const char *method, const char *path, const char *body) {
    return kit_ask_with(k, user, method, path, body, NULL, NULL);
}

bool kit_check(struct kit *k, bool is_right, const char *format, ...) {
    kit_count(k, k->attack, is_right);
    if (!is_right) {
        va_list arguments;
        FILE *out = k->options.is_json ? stderr : stdout;
        fprintf(out, "%s %s: %s %s %s%s%.300s%s%s%s%.60s: ", k->attack, k->subject->name,
                last.user < KIT_USERS ? kit_people[last.user].name : "without token", last.method, last.path,
                last.body ? " " : "", last.body ? last.body : "", last.header ? " " : "",
                last.header ? last.header : "", last.header ? ": " : "", last.header ? last.value : "");
        va_start(arguments, format);
        vfprintf(out, format, arguments);
        va_end(arguments);
        fprintf(out, "; answered %u %.*s\n", last.answer->status,
                last.answer->body.len > 400 ? 400 : (int)last.answer->body.len, last.answer->body.ptr);
    }
    return is_right;
}

bool kit_is_code(const struct answer *a, const char *code) {
    return str_equal(answer_text(a, "/code"), code);
}

bool kit_check_problem(struct kit *k, const struct answer *a, uint32_t status, const char *code) {
    return kit_check(k, a->status == status && kit_is_code(a, code), "must be %u %s", status, code);
}

/* Without the id and the time of the request. */
static const char *stable(struct kit *k, const struct answer *a) {
    alees_str id = answer_header(a, "X-Request-Id"), date = answer_header(a, "Date");
    char *copy = arena_dup(k->arena, a->wire.ptr, a->wire.len);
    ASSERT(copy != NULL);
    if (date.ptr) {
        memset(copy + (date.ptr - a->wire.ptr), '-', date.len);
    }
    char given[64] = "";
    if (id.ptr && id.len < sizeof given) {
        memcpy(given, id.ptr, id.len);
        for (char *at = strstr(copy, given); at; at = strstr(at, given)) {
            memset(at, '-', id.len);
        }
    }
    return copy;
}

bool kit_check_same(struct kit *k, const struct answer *a, const struct answer *b) {
    return kit_check(k, a->status == b->status && strcmp(stable(k, a), stable(k, b)) == 0,
                     "must be answered as for what nobody has: %u %.*s", b->status,
                     b->body.len > 300 ? 300 : (int)b->body.len, b->body.ptr);
}

void kit_check_unknown(struct kit *k, const struct answer *a, const struct answer *unknown) {
    if (kit_check_problem(k, a, 404, "not_found")) {
        kit_check_same(k, a, unknown);
    }
}

void kit_check_denied(struct kit *k, const struct answer *a, const char *permission, size_t place) {
    if (kit_check_problem(k, a, 403, "permission_denied")) {
        kit_check(k, strstr(a->body.ptr, permission) != NULL, "must name the permission %s", permission);
        kit_check(k, place >= KIT_PLACES || strstr(a->body.ptr, k->place_names[place]) != NULL,
                  "must name the organization %s", place < KIT_PLACES ? k->place_names[place] : "");
    }
}

void kit_check_admitted(struct kit *k, const struct answer *a, size_t user) {
    bool is_route = k->subject->route != NULL; /* a handler may ask for more permissions than its route does */
    bool is_in = a->status >= 200 && a->status < 300;
    if ((user != KIT_ROOT || is_route) && (a->status == 403 || a->status == 409 || a->status == 422)) {
        is_in = !kit_is_code(a, "organization_not_permitted") && (is_route || !kit_is_code(a, "permission_denied"));
    }
    kit_check(k, is_in, "%s may do this", user < KIT_USERS ? kit_people[user].name : "nobody");
}
