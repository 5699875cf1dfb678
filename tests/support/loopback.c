/* SPDX-License-Identifier: MIT
 * loopback.c - requests without a socket. Nothing of cmocka: the isolation kit has none. */
#include "loopback.h"

#include <stdlib.h>
#include <string.h>

#include "alees/util.h"
#include "pipeline.h"
#include "record.h"
#include "server.h"
#include "str.h"

#define ANSWERS ((size_t)1024 * 1024 * 1024)

struct loopback {
    struct app *app;
    bool is_owner;         /* of app: closes it */
    struct arena *answers; /* until the end */
    struct arena *request; /* of the one running now */
    struct record_world world;
    void (*judge)(const struct app *app, const struct answer *a); /* NULL: nobody looks */
};

struct loopback *loopback_on(struct app *app) {
    struct loopback *l = calloc(1, sizeof *l);
    ASSERT(l != NULL);
    l->app = app;
    l->answers = arena_new(ANSWERS);
    l->request = arena_new(app->max_memory);
    ASSERT(l->answers != NULL && l->request != NULL);
    return l;
}

void loopback_own(struct loopback *l) {
    l->is_owner = true;
}

void loopback_judge(struct loopback *l, void (*judge)(const struct app *app, const struct answer *a)) {
    l->judge = judge;
}

void loopback_forget(struct loopback *l) {
    arena_reset(l->answers);
}

void loopback_close(struct loopback *l) {
    if (l) {
        arena_free(l->request);
        arena_free(l->answers);
        if (l->is_owner) {
            server_close(l->app);
            free(l->app);
        }
        free(l);
    }
}

struct app *loopback_app(struct loopback *l) {
    return l->app;
}

static uint32_t method_of(const char *name) {
    static const char *const names[] = {"", "GET", "POST", "PUT", "PATCH", "DELETE"};
    for (uint32_t i = 1; i < ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return strcmp(name, "HEAD") == 0 ? ALEES_GET : 0;
}

static void fill(alees_ctx *ctx, const struct loopback_request *in) {
    struct ctx_request *r = &ctx->request;
    struct ctx_header *headers = ARENA_ARRAY(ctx->arena, struct ctx_header, ARRAY_LEN(in->headers) + 2);
    const char *question = strchr(in->path, '?');
    bool has_type = false;
    ASSERT(headers != NULL);
    for (size_t i = 0; i < ARRAY_LEN(in->headers) && in->headers[i][0]; i++) {
        headers[r->header_count++] = (struct ctx_header){alees_text(in->headers[i][0]), alees_text(in->headers[i][1])};
        has_type = has_type || str_equal_nocase(alees_text(in->headers[i][0]), "content-type");
    }
    if (in->token) {
        headers[r->header_count++] =
            (struct ctx_header){STR_LIT("Authorization"), arena_printf(ctx->arena, "Bearer %s", in->token)};
    }
    if (in->body && !has_type) {
        headers[r->header_count++] = (struct ctx_header){STR_LIT("Content-Type"), STR_LIT("application/json")};
    }
    r->headers = headers;
    r->method = method_of(in->method);
    r->is_head = strcmp(in->method, "HEAD") == 0;
    r->is_options = strcmp(in->method, "OPTIONS") == 0;
    r->method_text = alees_text(in->method);
    r->uri = alees_text(in->path);
    r->path = question ? (alees_str){in->path, (size_t)(question - in->path)} : r->uri;
    r->query = question ? alees_text(question + 1) : (alees_str){NULL, 0};
    r->body = alees_text(in->body);
    r->peer = STR_LIT("192.0.2.1");
}

static void take_answer(struct loopback *l, alees_ctx *ctx, struct answer *a) {
    struct problem problem;
    alees_json *json = NULL;
    a->status = ctx->response.status;
    a->wire = arena_str(l->answers, pipeline_bytes(ctx, true));
    ASSERT(a->wire.ptr != NULL);
    const char *end = strstr(a->wire.ptr, "\r\n\r\n");
    ASSERT(end != NULL);
    a->head = (alees_str){a->wire.ptr, (size_t)(end - a->wire.ptr) + 2};
    a->body = (alees_str){end + 4, a->wire.len - a->head.len - 2};
    problem_init(&problem, l->answers);
    if (a->body.len && jx_parse(l->answers, &problem, a->body, &json) == ALEES_OK) {
        a->json = json;
    }
}

/* A body that is read piece by piece, and an answer that is sent so: as httpd.c gives them, without a socket. */
struct memory {
    struct ctx_stream stream;
    alees_ctx *ctx;
    alees_str left;
    struct str sent;
};

static int64_t read_memory(void *data, char *bytes, size_t size) {
    struct memory *m = data;
    size_t count = m->left.len < size ? m->left.len : size;
    memcpy(bytes, m->left.ptr, count);
    m->left = (alees_str){m->left.ptr + count, m->left.len - count};
    return (int64_t)count;
}

static bool write_memory(void *data, const char *bytes, size_t size) {
    struct memory *m = data;
    m->ctx->response.is_streamed = true;
    str_put(&m->sent, bytes, size);
    return !m->sent.failed;
}

static void leave_unread(struct loopback *l, alees_ctx *ctx, struct memory *m) {
    struct ctx_request *r = &ctx->request;
    if (r->body.len == 0 || !pipeline_is_streamed(ctx)) {
        return;
    }
    *m = (struct memory){.stream = {m, read_memory, write_memory, NULL}, .ctx = ctx, .left = r->body};
    str_init(&m->sent, l->answers, 256);
    r->is_unread = true;
    r->body = (alees_str){NULL, 0};
    ctx->stream = &m->stream;
}

/* Without the token. A server without a database, of unit tests, is described nowhere. */
static void write_down(struct loopback *l, const alees_ctx *ctx, alees_str sent, const struct answer *a) {
    const struct ctx_request *r = &ctx->request;
    struct str head;
    if (!l->app->store || !record_is_on()) {
        return;
    }
    str_init(&head, l->answers, 256); /* the request's memory may be what is tested */
    for (uint32_t i = 0; i < r->header_count; i++) {
        bool is_secret = str_equal_nocase(r->headers[i].name, "authorization");
        str_view(&head, r->headers[i].name);
        str_puts(&head, ": ");
        str_view(&head, is_secret ? STR_LIT("-") : r->headers[i].value);
        str_puts(&head, "\r\n");
    }
    record_make_world(&l->world, l->app);
    record_put(&(struct record){.world = l->world.name,
                                .method = r->method_text,
                                .path = r->uri,
                                .request_head = str_done(&head),
                                .request_body = sent,
                                .status = a->status,
                                .head = a->head,
                                .body = a->body});
}

const struct answer *loopback_send(struct loopback *l, const struct loopback_request *request) {
    struct answer *a = ARENA_NEW(l->answers, struct answer);
    alees_ctx *ctx = ctx_new(l->app, l->request);
    ASSERT(a != NULL);
    ASSERT(ctx != NULL);
    struct memory memory = {.ctx = NULL};
    fill(ctx, request);
    leave_unread(l, ctx, &memory);
    pipeline_run(ctx);
    if (memory.ctx && ctx->response.is_streamed) {
        ctx->response.is_streamed = false;
        ctx->response.body = memory.sent;
    }
    take_answer(l, ctx, a);
    write_down(l, ctx, alees_text(request->body), a);
    ctx_end(ctx);
    if (l->judge) {
        l->judge(l->app, a);
    }
    return a;
}

const struct answer *loopback_request(struct loopback *l, const char *method, const char *path, const char *token,
                                      const char *body) {
    const struct loopback_request request = {.method = method, .path = path, .token = token, .body = body};
    return loopback_send(l, &request);
}

alees_str answer_header(const struct answer *a, const char *name) {
    size_t len = strlen(name);
    const char *end = a->head.ptr + a->head.len;
    for (const char *line = a->head.ptr; line < end; line = strstr(line, "\r\n") + 2) {
        size_t rest = (size_t)(end - line);
        if (rest > len + 2 && str_equal_nocase((alees_str){line, len}, name) && line[len] == ':') {
            const char *value = line + len + 2;
            return (alees_str){value, (size_t)(strstr(value, "\r\n") - value)};
        }
    }
    return (alees_str){NULL, 0};
}

const alees_json *answer_at(const struct answer *a, const char *pointer) {
    const alees_json *v = a->json;
    while (v && *pointer == '/') {
        char name[128];
        size_t len = strcspn(pointer + 1, "/");
        ASSERT(len < sizeof name);
        memcpy(name, pointer + 1, len);
        name[len] = '\0';
        v = jx_kind(v) == ALEES_JSON_ARRAY ? jx_at(v, (uint32_t)strtoul(name, NULL, 10)) : jx_get(v, name);
        pointer += len + 1;
    }
    return v;
}

alees_str answer_text(const struct answer *a, const char *pointer) {
    return jx_text(answer_at(a, pointer));
}
