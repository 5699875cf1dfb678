/* SPDX-License-Identifier: MIT
 * pipeline_respond.c - the end of the way: a failure becomes a problem (RFC 9457), an answer becomes bytes, and both are
 * counted and logged. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alees/util.h"
#include "log.h"
#include "pipeline_impl.h"
#include "ratelimit.h"
#include "sys.h"

static const char *const method_names[] = {[ALEES_GET] = "GET",
                                           [ALEES_POST] = "POST",
                                           [ALEES_PUT] = "PUT",
                                           [ALEES_PATCH] = "PATCH",
                                           [ALEES_DELETE] = "DELETE"};

alees_str pipeline_methods(alees_ctx *ctx, uint32_t methods) {
    struct str text;
    str_init(&text, ctx->arena, 64);
    for (uint32_t m = ALEES_GET; m < ARRAY_LEN(method_names); m++) {
        if (methods & 1u << m) {
            str_puts(&text, method_names[m]);
            str_puts(&text, m == ALEES_GET ? ", HEAD, " : ", ");
        }
    }
    str_puts(&text, "OPTIONS");
    return str_done(&text);
}

void pipeline_allow(alees_ctx *ctx, uint32_t methods) {
    if (ctx_set_header(ctx, "Allow", pipeline_methods(ctx, methods)) != ALEES_OK) {
        log_event(ALEES_LOG_WARN, "core", ctx->request_id, NULL, "no memory for the header Allow");
    }
}

static const char *advice(enum problem_kind kind) {
    switch ((uint32_t)kind) {
    case PROBLEM_INTERNAL: return "Tell the operator of the server the request_id.";
    case PROBLEM_UNAVAILABLE: return "Try again in a moment.";
    case PROBLEM_TOO_MANY_REQUESTS: return "Try again later.";
    case PROBLEM_OUT_OF_MEMORY: return "Ask for less at once.";
    case PROBLEM_UNAUTHENTICATED: return "Log in and send the token as the header Authorization: Bearer TOKEN.";
    case PROBLEM_CONFLICT: return "Read the present state and try again.";
    case PROBLEM_UNSUPPORTED: return "This server does not offer it.";
    default: return "Correct the request.";
    }
}

/* Of what a handler that then failed has set, only this says something about the failure. */
static alees_str retry_after_of(const struct ctx_response *r) {
    for (uint32_t i = 0; i < r->header_count; i++) {
        if (str_equal_nocase(r->headers[i].name, "retry-after")) {
            return r->headers[i].value;
        }
    }
    return (alees_str){NULL, 0};
}

static void set_headers_of_problem(alees_ctx *ctx, alees_str retry_after) {
    const struct problem *p = &ctx->problem;
    alees_rc rc = ALEES_OK;
    if (p->status == 401) {
        rc = ctx_set_header(ctx, "WWW-Authenticate",
                            ctx->token.ptr ? STR_LIT("Bearer realm=\"alees\", error=\"invalid_token\"")
                                           : STR_LIT("Bearer realm=\"alees\""));
    } else if (p->status == 405) {
        pipeline_allow(ctx, ctx->match.allowed);
    } else if (p->status == 415) {
        rc = pipeline_tell_types(ctx);
    } else if (p->status == 503 || p->status == 429 || p->retry_after > 0) {
        char seconds[16];
        (void)snprintf(seconds, sizeof seconds, "%" PRIu32, p->retry_after ? p->retry_after : 1);
        rc = ctx_set_header(ctx, "Retry-After", retry_after.ptr ? retry_after : alees_text(seconds));
    }
    if (rc != ALEES_OK) {
        log_event(ALEES_LOG_WARN, "core", ctx->request_id, NULL, "no memory for a header of status %u", p->status);
    }
}

/* What is unknown and what is invisible look the same: whatever a stage knew about the row is dropped. */
static void make_uniform(struct problem *p) {
    if (p->status == 404 && strcmp(p->code, problem_rows[PROBLEM_NOT_FOUND].code) == 0) {
        struct arena *arena = p->arena;
        problem_init(p, arena);
        (void)problem_set(p, PROBLEM_NOT_FOUND, "%s", "There is nothing at this address, or you may not see it.");
    }
}

void pipeline_refuse(alees_ctx *ctx, alees_rc rc) {
    struct ctx_response *r = &ctx->response;
    struct problem *p = &ctx->problem;
    if (p->rc == ALEES_OK) {
        enum problem_kind kind = problem_kind_of(rc);
        (void)problem_set(p, kind, "%s", advice(kind));
    }
    make_uniform(p);
    if (p->status < 400) {
        p->status = 500;
    }
    alees_str retry_after = retry_after_of(r);
    r->header_count = 0;
    r->is_streamed = false; /* if its head is gone already, the client learns by the missing end */
    set_headers_of_problem(ctx, retry_after);
    r->status = p->status;
    r->content_type = "application/problem+json";
    r->body.len = 0;
    r->body.failed = false; /* the room that it has is kept, enough for a problem when there is no more memory */
    problem_write(p, alees_text(ctx->request_id), &r->body);
}

/* Who asked, and in which trace: ,"user":"...","trace_id":"...", or nothing. */
static void format_origin(const alees_ctx *ctx, char *out, size_t size) {
    char id[37];
    bool has_user = ctx->who != NULL, has_trace = ctx->trace_id[0] != '\0';
    (void)snprintf(out, size, "%s%s%s%s%s%s", has_user ? ",\"user\":\"" : "",
                   has_user ? alees_id_format(&ctx->who->id, id) : "", has_user ? "\"" : "",
                   has_trace ? ",\"trace_id\":\"" : "", ctx->trace_id, has_trace ? "\"" : "");
}

static void log_request(const alees_ctx *ctx, uint64_t us) {
    const struct ctx_request *r = &ctx->request;
    const char *method = r->is_head      ? "HEAD"
                         : r->is_options ? "OPTIONS"
                         : r->method     ? method_names[r->method]
                                         : "other";
    const char *path = ctx->route ? ctx->route->path : "unknown";
    bool is_error = ctx->response.status >= 500;
    char origin[128], fields[640];
    format_origin(ctx, origin, sizeof origin);
    (void)snprintf(fields, sizeof fields,
                   "\"method\":\"%s\",\"route\":\"%.256s\",\"status\":%" PRIu32 ",\"ms\":%" PRIu64 ".%03u%s%s%s%s",
                   method, path, ctx->response.status, us / 1000, (unsigned)(us % 1000), origin,
                   ctx->problem.rc != ALEES_OK ? ",\"code\":\"" : "",
                   ctx->problem.rc != ALEES_OK ? ctx->problem.code : "", ctx->problem.rc != ALEES_OK ? "\"" : "");
    log_event(is_error ? ALEES_LOG_ERROR : ALEES_LOG_INFO, "http", ctx->request_id, fields, "%s %s %" PRIu32, method,
              path, ctx->response.status);
}

void pipeline_account(alees_ctx *ctx) {
    uint64_t us = sys_monotonic_us() - ctx->started_us;
    if (ctx->route) {
        uint32_t class = ctx->response.status / 100;
        metrics_add(ctx->route->requests[class < ARRAY_LEN(ctx->route->requests) ? class : 0], 1);
        metrics_observe_us(ctx->route->latency, us);
    }
    if (ctx->app->log_requests || ctx->response.status >= 500) {
        log_request(ctx, us);
    }
}

static const char *reason(uint32_t status) {
    static const struct {
        uint32_t status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {499, "Client Closed Request"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return "Unknown"; /* the phrase carries no meaning (RFC 9112, 4) */
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", made once a second by each thread. */
static const char *http_date(void) {
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static _Thread_local time_t made_for = -1;
    static _Thread_local char text[64];
    time_t now = (time_t)(sys_realtime_us() / 1000000);
    struct tm tm;
    if (now != made_for && gmtime_r(&now, &tm)) {
        (void)snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * tm.tm_wday, tm.tm_mday,
                       months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        made_for = now;
    }
    return text;
}

/* "db;dur=1.234", in milliseconds. */
static void write_duration(struct str *out, const char *name, uint64_t us) {
    str_printf(out, "%s;dur=%" PRIu64 ".%03u", name, us / 1000, (unsigned)(us % 1000));
}

static void write_timing(const alees_ctx *ctx, struct str *out) {
    str_puts(out, "\r\nServer-Timing: ");
    write_duration(out, "total", sys_monotonic_us() - ctx->started_us);
    write_duration(out, ", auth", ctx->auth_us);
    write_duration(out, ", db", ctx->db_us);
}

static void write_headers(const alees_ctx *ctx, bool keep_alive, bool is_chunked, struct str *out) {
    const struct ctx_response *r = &ctx->response;
    bool has_body = r->status != 204 && r->status != 304;
    bool is_cacheable = false;
    str_puts(out, "HTTP/1.1 ");
    str_u64(out, r->status);
    str_putc(out, ' ');
    str_puts(out, reason(r->status));
    str_puts(out, "\r\nDate: ");
    str_puts(out, http_date());
    if (has_body) {
        if (r->content_type || r->body.len) { /* nothing has no type: clients would read it as one */
            str_puts(out, "\r\nContent-Type: ");
            str_puts(out, r->content_type ? r->content_type : "application/json");
        }
        if (!r->is_streamed) {
            str_puts(out, "\r\nContent-Length: ");
            str_u64(out, r->body.len);
        } else if (is_chunked) {
            str_puts(out, "\r\nTransfer-Encoding: chunked");
        }
    }
    if (r->coding) {
        str_puts(out, "\r\nContent-Encoding: ");
        str_puts(out, r->coding);
    }
    if (r->varies) {
        str_puts(out, "\r\nVary: Accept-Encoding");
    }
    for (uint32_t i = 0; i < r->header_count; i++) {
        str_puts(out, "\r\n");
        str_view(out, r->headers[i].name);
        str_puts(out, ": ");
        str_view(out, r->headers[i].value);
        is_cacheable = is_cacheable || str_equal_nocase(r->headers[i].name, "cache-control");
    }
    pipeline_cors_write(ctx, out);
    if (ctx->app->ratelimit) {
        ratelimit_write(ctx, out);
    }
    if (ctx->app->server_timing) {
        write_timing(ctx, out);
    }
    if (!is_cacheable) {
        str_puts(out, "\r\nCache-Control: no-store");
    }
    str_puts(out, "\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ");
    str_puts(out, ctx->request_id);
    str_puts(out, keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
}

alees_str pipeline_head(alees_ctx *ctx, bool keep_alive, bool is_chunked) {
    struct str out;
    /* others are to be seen line by line */
    bool is_long = ctx->route && (ctx->route->operation == ROUTE_LIST || (ctx->route->flags & ALEES_ROUTE_LIST) != 0);
    if (is_long && !pipeline_choose_coding(ctx)) {
        ctx->response.coding = NULL;
    }
    str_init(&out, ctx->arena, 1024);
    write_headers(ctx, keep_alive, is_chunked, &out);
    return str_done(&out);
}

alees_str pipeline_last_resort(alees_ctx *ctx, bool keep_alive) {
    enum { HEAD = 512, BODY = 512 }; /* an id of a request has at most 39 characters */
    static _Thread_local char bytes[HEAD + BODY];
    const struct problem_row *row = &problem_rows[PROBLEM_OUT_OF_MEMORY];
    const struct problem p = {.rc = row->rc,
                              .status = row->status,
                              .code = row->code,
                              .title = row->title,
                              .detail = alees_text(advice(PROBLEM_OUT_OF_MEMORY))};
    const char *id = ctx != NULL ? ctx->request_id : NULL;
    char text[BODY];
    struct str body, out;
    str_init_fixed(&body, text, sizeof text);
    problem_write(&p, alees_text(id), &body);
    str_init_fixed(&out, bytes, sizeof bytes);
    str_printf(&out,
               "HTTP/1.1 %" PRIu32
               " %s\r\nDate: %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\n"
               "Retry-After: 1\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s%s%sConnection: %s"
               "\r\n\r\n",
               row->status, reason(row->status), http_date(), body.len, id != NULL ? "X-Request-Id: " : "",
               id != NULL ? id : "", id != NULL ? "\r\n" : "", keep_alive ? "keep-alive" : "close");
    if (ctx == NULL || !ctx->request.is_head) {
        str_put(&out, body.ptr, body.len);
    }
    if (ctx != NULL) {
        ctx->response.status = row->status;
    }
    ASSERT(!body.failed && !out.failed);
    return str_done(&out);
}

alees_str pipeline_bytes(alees_ctx *ctx, bool keep_alive) {
    const struct ctx_response *r = &ctx->response;
    bool sends_body = !ctx->request.is_head && r->status != 204 && r->status != 304;
    struct str out;
    str_init(&out, ctx->arena, 512 + (sends_body ? r->body.len : 0));
    write_headers(ctx, keep_alive, false, &out);
    if (sends_body) {
        str_put(&out, r->body.ptr, r->body.len);
    }
    return r->body.failed || out.failed ? pipeline_last_resort(ctx, keep_alive) : str_done(&out);
}
