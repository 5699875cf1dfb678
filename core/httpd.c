/* SPDX-License-Identifier: MIT
 * httpd.c - sockets, by civetweb 1.15: bytes -> ctx->request -> pipeline_run -> one write, or many (httpd_stream.c).
 *
 * civetweb calls on_request for whatever it could parse, and nothing else of it runs. It is lenient where a proxy in front
 * may not be, so httpd_head.c looks at the head once more; what it doubts is answered with 400 and the connection ended.
 * Ending the connection is also the answer to every body that was not read to its end: civetweb would otherwise read on,
 * or take the rest for the next request. */
#include "httpd.h"

#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "alees/util.h"
#include "httpd_stream.h"
#include "log.h"
#include "pipeline.h"
#include "shim.h"
#include "sys.h"

enum {
    HEAD_BYTES = 96 * 1024, /* request line and headers; a URI far too long still fits and gets its 414 */
    CHUNK = 16 * 1024,      /* first room for a body of unknown length */
    LEAST_RATE = 8 * 1024,  /* bytes a second, of streams: who is slower holds a place that others wait for */
    LINGER_BYTES = 8 * 1024 * 1024,
    LISTEN_FD = 3 /* SD_LISTEN_FDS_START */
};

struct httpd {
    struct app *app;
    struct mg_context *civetweb;
    atomic_uint active; /* requests between their first byte and their answer */
    uint32_t drain_ms;
    uint64_t timeout_us; /* of reading a body into memory */
};

/* One for each thread of civetweb. */
struct worker {
    struct arena *arena;
    struct httpd_head_place place;
    uint64_t started_us;       /* its request */
    uint64_t moved, waited_us; /* of its stream, both ways; spent for that */
    struct httpd_stream stream;
};

static void *start_thread(const struct mg_context *civetweb, int kind) {
    const struct httpd *h = mg_get_user_data(civetweb);
    struct worker *w = kind == 1 ? calloc(1, sizeof *w) : NULL;
    if (w) {
        w->arena = arena_new(h->app->max_memory);
        shim_watch(0); /* whatever this thread receives but in on_request is of a client */
    }
    return w;
}

static void end_thread(const struct mg_context *civetweb, int kind, void *data) {
    struct worker *w = data;
    (void)civetweb;
    if (kind == 1 && w) {
        arena_free(w->arena);
        free(w);
    }
}

static int on_log(const struct mg_connection *conn, const char *text) {
    (void)conn;
    log_event(ALEES_LOG_WARN, "http", NULL, NULL, "%s", text);
    return 1;
}

static int on_access(const struct mg_connection *conn, const char *text) {
    (void)conn;
    (void)text;
    return 1; /* the pipeline has its own line */
}

/* There is not even memory for a request. */
static void write_last_resort(struct mg_connection *conn) {
    alees_str bytes = pipeline_last_resort(NULL, false);
    mg_disable_connection_keep_alive(conn);
    (void)mg_write(conn, bytes.ptr, bytes.len);
}

/* civetweb waits for each byte anew; the deadline is that of all of them. */
static int read_until(struct mg_connection *conn, void *bytes, size_t size, uint64_t deadline_us) {
    shim_watch(deadline_us);
    int got = mg_read(conn, bytes, size);
    shim_release();
    return got;
}

static bool write_until(struct mg_connection *conn, const void *bytes, size_t size, uint64_t deadline_us) {
    shim_watch(deadline_us);
    int written = mg_write(conn, bytes, size);
    shim_release();
    return written == (int)size;
}

/* Until when the client may keep a stream waiting now. What the server spends with the rows does not count. */
static uint64_t patience_of(const struct httpd *h, const struct worker *w, uint64_t now) {
    uint64_t may = h->timeout_us + (w->moved + CHUNK) * 1000000 / LEAST_RATE, end = w->started_us + h->app->transfer_us;
    uint64_t until = may > w->waited_us ? now + (may - w->waited_us) : now;
    return until < end ? until : end;
}

static int read_stream(void *data, char *bytes, size_t size) {
    struct mg_connection *conn = data;
    struct worker *w = mg_get_thread_pointer(conn);
    uint64_t now = sys_monotonic_us();
    int got = read_until(conn, bytes, size, patience_of(mg_get_user_context_data(conn), w, now));
    w->moved += got > 0 ? (uint64_t)got : 0;
    w->waited_us += sys_monotonic_us() - now;
    return got;
}

static bool write_stream(void *data, const char *bytes, size_t size) {
    struct mg_connection *conn = data;
    struct worker *w = mg_get_thread_pointer(conn);
    uint64_t now = sys_monotonic_us();
    bool is_written = write_until(conn, bytes, size, patience_of(mg_get_user_context_data(conn), w, now));
    w->moved += size;
    w->waited_us += sys_monotonic_us() - now;
    return is_written;
}

static bool is_gone(void *data) {
    (void)data;
    return sys_is_hung_up(shim_socket());
}

static void answer(struct mg_connection *conn, alees_ctx *ctx, struct httpd_stream *stream, bool keep_alive) {
    pipeline_run(ctx);
    keep_alive = keep_alive && !ctx->response.close && !atomic_load(&ctx->app->is_draining) && stream->is_at_end;
    if (stream->is_begun) {
        if (!httpd_stream_finish(stream) || !keep_alive) {
            mg_disable_connection_keep_alive(conn);
        }
        return;
    }
    alees_str bytes = pipeline_bytes(ctx, keep_alive);
    if (!keep_alive) {
        mg_disable_connection_keep_alive(conn);
    }
    if (!write_until(conn, bytes.ptr, bytes.len, 0)) {
        mg_disable_connection_keep_alive(conn);
    }
}

/* Reads on for a while after a refusal. Closing a socket with unread bytes resets the connection, and the client, still
 * sending, would never see why. */
static void linger(struct mg_connection *conn) {
    char waste[CHUNK];
    uint64_t end = sys_monotonic_us() + 2000000;
    for (size_t total = 0; total < LINGER_BYTES && sys_monotonic_us() < end; total += sizeof waste) {
        if (read_until(conn, waste, sizeof waste, end) < (int)sizeof waste) {
            return;
        }
    }
}

static alees_rc too_large(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_BODY_TOO_LARGE, "A body may be %u bytes long.", ctx->app->max_body);
}

static alees_rc not_whole(alees_ctx *ctx) {
    return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "%s",
                       "The body ended early, or took too long, or is not framed well.");
}

/* Until when a body must have come that is read before the pipeline runs. */
static uint64_t deadline_of(struct mg_connection *conn) {
    const struct httpd *h = mg_get_user_context_data(conn);
    return sys_monotonic_us() + h->timeout_us;
}

static alees_rc read_sized(struct mg_connection *conn, alees_ctx *ctx, size_t size) {
    char *bytes = arena_alloc(ctx->arena, size + 1);
    if (!bytes) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The body needs too much memory.");
    }
    if (read_until(conn, bytes, size, deadline_of(conn)) != (int)size) {
        return not_whole(ctx);
    }
    ctx->request.body = (alees_str){bytes, size};
    return ALEES_OK;
}

/* Until mg_read says 0: only then has it seen the last chunk, and the connection can go on. */
static alees_rc read_chunked(struct mg_connection *conn, alees_ctx *ctx) {
    uint64_t deadline_us = deadline_of(conn);
    size_t size = 0, room = 0;
    char *bytes = NULL;
    for (;;) {
        if (size == room) {
            size_t larger = room ? room * 2 : CHUNK;
            char *copy = arena_alloc(ctx->arena, larger + 1);
            if (!copy) {
                return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The body needs too much memory.");
            }
            if (size) {
                memcpy(copy, bytes, size);
            }
            bytes = copy;
            room = larger;
        }
        int got = read_until(conn, bytes + size, room - size, deadline_us);
        if (got < 0) {
            return not_whole(ctx);
        }
        if (got == 0) {
            break;
        }
        size += (size_t)got;
        if (size > ctx->app->max_body) {
            return too_large(ctx);
        }
    }
    bytes[size] = '\0';
    ctx->request.body = (alees_str){bytes, size};
    return ALEES_OK;
}

static alees_rc read_body(struct mg_connection *conn, alees_ctx *ctx, const struct httpd_head *head) {
    if (!head->is_chunked && head->content_length > ctx->app->max_body) {
        return too_large(ctx);
    }
    if (ctx->request.uri.len > ctx->app->max_uri) {
        return ALEES_E_MALFORMED; /* the first stage says 414; not worth reading a body for */
    }
    if (head->is_expecting && (head->is_chunked || head->content_length > 0)) {
        static const char proceed[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (mg_write(conn, proceed, sizeof proceed - 1) < 0) {
            return not_whole(ctx);
        }
    }
    if (head->is_chunked) {
        return read_chunked(conn, ctx);
    }
    return head->content_length > 0 ? read_sized(conn, ctx, (size_t)head->content_length) : ALEES_OK;
}

_Static_assert(MG_MAX_HEADERS == HTTPD_HEAD_HEADERS, "httpd_head.h counts civetweb's headers");

static void copy_head(const struct mg_request_info *info, struct httpd_head *ret_head) {
    struct httpd_head head = {.method = info->request_method,
                              .uri = info->request_uri,
                              .query = info->query_string,
                              .path = info->local_uri_raw,
                              .version = info->http_version,
                              .header_count = (uint32_t)info->num_headers};
    for (int i = 0; i < info->num_headers; i++) {
        head.names[i] = info->http_headers[i].name;
        head.values[i] = info->http_headers[i].value;
    }
    *ret_head = head;
}

static void serve(struct mg_connection *conn, struct worker *w, alees_ctx *ctx) {
    const struct mg_request_info *info = mg_get_request_info(conn);
    struct httpd_stream *stream = &w->stream;
    struct httpd_head head;
    bool has_unread = false;
    copy_head(info, &head);
    ctx->request.peer = alees_text(info->remote_addr);
    alees_rc rc = httpd_head_check(&head, &w->place, ctx);
    if (rc == ALEES_OK) {
        ctx->request.is_unread = (head.is_chunked || head.content_length > 0) && pipeline_is_streamed(ctx);
        rc = ctx->request.is_unread ? ALEES_OK : read_body(conn, ctx, &head);
        has_unread = rc != ALEES_OK;
    }
    w->started_us = ctx->started_us;
    w->moved = w->waited_us = 0;
    head.keeps_alive = head.keeps_alive && rc == ALEES_OK;
    httpd_stream_init(stream, ctx, &head, ctx->request.is_unread);
    stream->conn = conn;
    stream->read = read_stream;
    stream->write = write_stream;
    stream->base.is_gone = is_gone;
    ctx->stream = &stream->base;
    answer(conn, ctx, stream, head.keeps_alive);
    has_unread = has_unread || !stream->is_at_end;
    if (has_unread && !(ctx->request.is_unread ? stream->is_expecting : head.is_expecting)) {
        linger(conn);
    }
}

static int on_request(struct mg_connection *conn) {
    struct httpd *h = mg_get_user_context_data(conn);
    struct worker *w = mg_get_thread_pointer(conn);
    alees_ctx *ctx = NULL;
    atomic_fetch_add(&h->active, 1);
    shim_release();
    if (w && w->arena) {
        ctx = ctx_new(h->app, w->arena);
    }
    if (ctx) {
        ctx->client = shim_socket();
        serve(conn, w, ctx);
        ctx_end(ctx);
    } else {
        write_last_resort(conn);
    }
    shim_watch(0);
    atomic_fetch_sub(&h->active, 1);
    return 200; /* any number above 0: answered, nothing else of civetweb is to run */
}

/* What civetweb could not parse never gets as far as on_request. It ends the connection afterwards by itself. */
static int on_error(struct mg_connection *conn, int status, const char *text) {
    struct httpd *h = mg_get_user_context_data(conn);
    struct worker *w = mg_get_thread_pointer(conn);
    alees_ctx *ctx = w && w->arena ? ctx_new(h->app, w->arena) : NULL;
    const struct httpd_head head = {0};
    struct httpd_stream stream;
    (void)text;
    if (!ctx) {
        write_last_resort(conn);
        return 0;
    }
    if (status == 505) {
        (void)problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "%s", "Speak HTTP/1.1 or HTTP/1.0.");
    } else if (status >= 500) {
        (void)problem_set(&ctx->problem, PROBLEM_INTERNAL, "%s", "The request could not be read.");
    } else {
        (void)problem_set(&ctx->problem, PROBLEM_BAD_REQUEST,
                          "Request line and headers are not valid HTTP/1.1, or are longer than %d bytes, or did not "
                          "arrive in time.",
                          HEAD_BYTES);
    }
    httpd_stream_init(&stream, ctx, &head, false);
    answer(conn, ctx, &stream, false);
    shim_watch(0);
    ctx_end(ctx);
    return 0;
}

static bool is_listening_ipv4(int descriptor) {
    struct sockaddr_storage address;
    int is_listening = 0;
    socklen_t flag = sizeof is_listening, size = sizeof address;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &flag) == 0 && is_listening &&
           getsockname(descriptor, (struct sockaddr *)(void *)&address, &size) == 0 && address.ss_family == AF_INET;
}

/* The listening socket that systemd, or a supervisor that speaks its protocol, hands down; -1 if there is none. */
static alees_rc find_inherited(FILE *errors, int *ret_descriptor) {
    const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    if (!count || strtol(count, NULL, 10) < 1 || (pid && strtol(pid, NULL, 10) != (long)getpid())) {
        *ret_descriptor = -1;
        return ALEES_OK;
    }
    if (!is_listening_ipv4(LISTEN_FD)) {
        fprintf(errors, "LISTEN_FDS: descriptor %d is not a listening TCP socket of IPv4\n", LISTEN_FD);
        return ALEES_E_UNAVAILABLE;
    }
    *ret_descriptor = LISTEN_FD;
    return ALEES_OK;
}

struct options {
    char address[256], threads[16], timeout[16], keep_alive[16], head[16];
    const char *list[32];
};

static void make_options(const struct config *c, struct options *o) {
    (void)snprintf(o->address, sizeof o->address, "%.200s:%d", config_text(c, SETTING_LISTEN),
                   (int)config_integer(c, SETTING_PORT));
    (void)snprintf(o->threads, sizeof o->threads, "%d", (int)config_integer(c, SETTING_THREADS));
    (void)snprintf(o->timeout, sizeof o->timeout, "%d", (int)config_integer(c, SETTING_REQUEST_TIMEOUT));
    (void)snprintf(o->keep_alive, sizeof o->keep_alive, "%d", (int)config_integer(c, SETTING_KEEP_ALIVE));
    (void)snprintf(o->head, sizeof o->head, "%d", HEAD_BYTES);
    const char *pairs[][2] = {{"listening_ports", o->address},
                              {"num_threads", o->threads},
                              {"request_timeout_ms", o->timeout},
                              {"enable_keep_alive", "yes"},
                              {"keep_alive_timeout_ms", o->keep_alive},
                              {"max_request_size", o->head},
                              {"tcp_nodelay", "1"},
                              {"listen_backlog", "1024"},
                              {"decode_url", "no"},
                              {"enable_auth_domain_check", "no"}};
    _Static_assert(sizeof pairs < sizeof o->list, "room for the NULL behind the last");
    memset(o->list, 0, sizeof o->list);
    memcpy(o->list, pairs, sizeof pairs);
}

alees_rc httpd_start(struct app *app, FILE *errors, struct httpd **ret_httpd) {
    static const struct mg_callbacks callbacks = {.begin_request = on_request,
                                                  .log_message = on_log,
                                                  .log_access = on_access,
                                                  .http_error = on_error,
                                                  .init_thread = start_thread,
                                                  .exit_thread = end_thread};
    struct options options;
    int inherited;
    if (strchr(config_text(app->config, SETTING_LISTEN), ':')) {
        fprintf(errors, "server.listen: only IPv4 is built into libcivetweb; a proxy in front can offer IPv6\n");
        return ALEES_E_UNAVAILABLE;
    }
    alees_rc rc = find_inherited(errors, &inherited);
    if (rc != ALEES_OK) {
        return rc;
    }
    struct httpd *h = calloc(1, sizeof *h);
    if (!h) {
        return ALEES_E_NOMEM;
    }
    h->app = app;
    h->drain_ms = (uint32_t)config_integer(app->config, SETTING_DRAIN);
    h->timeout_us = (uint64_t)config_integer(app->config, SETTING_REQUEST_TIMEOUT) * 1000;
    make_options(app->config, &options);
    shim_set_stack((size_t)config_integer(app->config, SETTING_STACK) * 1024);
    shim_adopt_socket(inherited);
    h->civetweb = mg_start(&callbacks, h, options.list);
    shim_adopt_socket(-1);
    if (!h->civetweb) {
        fprintf(errors, "cannot listen on %s: the log says why\n", options.address);
        free(h);
        return ALEES_E_UNAVAILABLE;
    }
    *ret_httpd = h;
    return ALEES_OK;
}

uint32_t httpd_port(const struct httpd *h) {
    struct mg_server_port port;
    return mg_get_server_ports(h->civetweb, 1, &port) == 1 ? (uint32_t)port.port : 0;
}

/* While it drains, new connections are still served, one request each: the proxy in front needs a moment to notice. Once
 * civetweb is told to stop it writes nothing any more, so nothing may be running then. */
void httpd_stop(struct httpd *h) {
    uint64_t end = sys_monotonic_us() + (uint64_t)h->drain_ms * 1000;
    const struct timespec pause = {0, 5 * 1000 * 1000};
    atomic_store(&h->app->is_draining, true);
    while (atomic_load(&h->active) > 0 && sys_monotonic_us() < end) {
        (void)nanosleep(&pause, NULL);
    }
    mg_stop(h->civetweb);
    free(h);
}
