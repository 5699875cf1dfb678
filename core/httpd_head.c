/* SPDX-License-Identifier: MIT
 * httpd_head.c - what civetweb 1.15 lets pass and we do not.
 *
 * civetweb parses in place. After "GET /a HTTP/1.1\r\nHost: h\r\n\r\n" its buffer holds, with 0 for NUL,
 *
 *     GET0/a0HTTP/1.100Host0 h00\r0
 *
 * so the distances between the parts tell what stood between them. Refused are: white space in front of the request or of
 * its first header, lines that end in a bare LF, folded lines and others at which civetweb stops in silence (it would not
 * see a Transfer-Encoding behind them), white space before a colon, more headers than it keeps, repeated or strange
 * framing headers (RFC 9112, sections 2.2, 5 and 6.3).
 *
 * White space in front is more than a matter of style: civetweb skips it past the end of what has been received, into what
 * another client's request left in the buffer of the thread. */
#include "httpd_head.h"

#include <string.h>

#include "alees/util.h"
#include "app.h"

enum { MAX_LENGTH_DIGITS = 18 };

static alees_rc malformed(alees_ctx *ctx, const char *what) {
    return problem_set(&ctx->problem, PROBLEM_BAD_REQUEST, "%s", what);
}

/* The lowest address at which a request began is where the buffer begins: every connection's first request is put there. */
static bool is_at_start(const char *method, struct httpd_head_place *place) {
    if (!place->first || method < place->first) {
        place->first = method;
    }
    return method == place->first;
}

static bool is_request_line(const struct httpd_head *head) {
    const char *uri_end = head->query ? head->query + strlen(head->query) : head->uri + strlen(head->uri);
    return head->uri == head->method + strlen(head->method) + 1 && head->version == uri_end + sizeof "HTTP/";
}

/* Name, colon, blanks, value, CR, LF, and then at once the next line. */
static bool is_header_line(const struct httpd_head *head, uint32_t i) {
    const char *colon = head->names[i] + strlen(head->names[i]);
    const char *end = head->values[i] + strlen(head->values[i]);
    for (const char *p = colon + 1; p < head->values[i]; p++) {
        if (*p != ' ') {
            return false;
        }
    }
    if (i + 1 < head->header_count) {
        return head->names[i + 1] == end + 2;
    }
    return end[1] == '\0' && end[2] == '\r' && end[3] == '\0';
}

static alees_rc check_lines(const struct httpd_head *head, alees_ctx *ctx) {
    const char *start = head->version + strlen(head->version) + 2;
    if (!is_request_line(head)) {
        return malformed(ctx, "The request line is not valid.");
    }
    if (head->header_count == 0) {
        return ALEES_OK;
    }
    if (head->names[0] != start) {
        return malformed(ctx, "The headers must follow the request line at once.");
    }
    const char *last = head->values[head->header_count - 1];
    if (head->header_count >= HTTPD_HEAD_HEADERS || (size_t)(last - start) + strlen(last) > ctx->app->max_header) {
        return problem_set(&ctx->problem, PROBLEM_HEADERS_TOO_LARGE, "Send fewer than %d headers, %u bytes together.",
                           HTTPD_HEAD_HEADERS, ctx->app->max_header);
    }
    for (uint32_t i = 0; i < head->header_count; i++) {
        if (!is_header_line(head, i)) {
            return malformed(ctx, "A header is not valid, or its line does not end in CR LF.");
        }
    }
    return ALEES_OK;
}

static bool parse_length(const char *text, uint64_t *ret_length) {
    uint64_t length = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > MAX_LENGTH_DIGITS || text[digits] != '\0') {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        length = length * 10 + (uint64_t)(text[i] - '0');
    }
    *ret_length = length;
    return true;
}

/* Is word among the options of a list such as "keep-alive, TE"? */
static bool has_option(const char *list, const char *word) {
    while (*list) {
        size_t len = strcspn(list, ",");
        alees_str option = {list, len};
        while (option.len && *option.ptr == ' ') {
            option.ptr++;
            option.len--;
        }
        while (option.len && option.ptr[option.len - 1] == ' ') {
            option.len--;
        }
        if (str_equal_nocase(option, word)) {
            return true;
        }
        list += len + (list[len] == ',');
    }
    return false;
}

struct framing {
    uint32_t hosts, lengths, encodings, connections;
    const char *length, *encoding, *connection;
};

static void look(struct httpd_head *head, struct framing *f) {
    for (uint32_t i = 0; i < head->header_count; i++) {
        alees_str name = alees_text(head->names[i]);
        const char *value = head->values[i];
        if (str_equal_nocase(name, "host")) {
            f->hosts++;
        } else if (str_equal_nocase(name, "content-length")) {
            f->lengths++;
            f->length = value;
        } else if (str_equal_nocase(name, "transfer-encoding")) {
            f->encodings++;
            f->encoding = value;
        } else if (str_equal_nocase(name, "connection")) {
            f->connections++;
            f->connection = value;
        } else if (str_equal_nocase(name, "expect")) {
            head->is_expecting = str_equal_nocase(alees_text(value), "100-continue");
        }
    }
}

/* Never more willing to go on than civetweb, which looks at the same header: both must agree, or the client is told of a
 * connection that is not there. */
static bool keeps_alive(const struct framing *f, bool is_1_1) {
    if (f->connections == 0) {
        return is_1_1;
    }
    return f->connections == 1 && has_option(f->connection, "keep-alive") && !has_option(f->connection, "close") &&
           !has_option(f->connection, "upgrade");
}

static alees_rc check_framing(struct httpd_head *head, alees_ctx *ctx) {
    struct framing f = {0};
    bool is_1_1 = strcmp(head->version, "1.1") == 0;
    look(head, &f);
    if (f.hosts > 1 || (is_1_1 && f.hosts == 0)) {
        return malformed(ctx, "Send one Host header.");
    }
    if (f.lengths + f.encodings > 1) {
        return malformed(ctx, "Send either one Content-Length or one Transfer-Encoding.");
    }
    if (f.encodings && (!is_1_1 || !str_equal_nocase(alees_text(f.encoding), "chunked"))) {
        return malformed(ctx, "The only Transfer-Encoding is chunked, in HTTP/1.1.");
    }
    if (f.lengths && !parse_length(f.length, &head->content_length)) {
        return malformed(ctx, "Content-Length is not a number.");
    }
    head->is_1_1 = is_1_1;
    head->is_chunked = f.encodings == 1;
    head->is_expecting = head->is_expecting && is_1_1;
    head->keeps_alive = keeps_alive(&f, is_1_1);
    return ALEES_OK;
}

static void set_method(struct ctx_request *r, const char *method) {
    static const struct {
        const char *name;
        uint32_t method;
    } methods[] = {{"GET", ALEES_GET},     {"HEAD", ALEES_GET},      {"POST", ALEES_POST},
                   {"PATCH", ALEES_PATCH}, {"DELETE", ALEES_DELETE}, {"PUT", ALEES_PUT}};
    r->method_text = alees_text(method);
    r->is_head = strcmp(method, "HEAD") == 0;
    r->is_options = strcmp(method, "OPTIONS") == 0;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (strcmp(method, methods[i].name) == 0) {
            r->method = methods[i].method;
        }
    }
}

/* Joins what civetweb took apart at the question mark. */
static alees_rc set_uri(const struct httpd_head *head, alees_ctx *ctx) {
    struct ctx_request *r = &ctx->request;
    struct str uri;
    size_t path = strlen(head->path), query = head->query ? strlen(head->query) : 0;
    r->uri = (alees_str){head->uri, path + 1 + query};
    if (r->uri.len > ctx->app->max_uri) {
        return ALEES_OK; /* the first stage of the pipeline refuses it for its length alone */
    }
    str_init(&uri, ctx->arena, path + query + 2);
    str_put(&uri, head->path, path);
    if (head->query) {
        str_putc(&uri, '?');
        str_put(&uri, head->query, query);
    }
    r->uri = str_done(&uri);
    if (!r->uri.ptr) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The request needs too much memory.");
    }
    r->path = (alees_str){r->uri.ptr, path};
    r->query = head->query ? (alees_str){r->uri.ptr + path + 1, query} : (alees_str){NULL, 0};
    return ALEES_OK;
}

static alees_rc set_headers(const struct httpd_head *head, alees_ctx *ctx) {
    struct ctx_header *headers = ARENA_ARRAY(ctx->arena, struct ctx_header, head->header_count);
    if (!headers) {
        return problem_set(&ctx->problem, PROBLEM_OUT_OF_MEMORY, "%s", "The request needs too much memory.");
    }
    for (uint32_t i = 0; i < head->header_count; i++) {
        headers[i] = (struct ctx_header){alees_text(head->names[i]), alees_text(head->values[i])};
    }
    ctx->request.headers = headers;
    ctx->request.header_count = head->header_count;
    return ALEES_OK;
}

alees_rc httpd_head_check(struct httpd_head *head, struct httpd_head_place *place, alees_ctx *ctx) {
    set_method(&ctx->request, head->method);
    if (!is_at_start(head->method, place)) {
        return malformed(ctx, "The request line must come first.");
    }
    alees_rc rc = check_lines(head, ctx);
    if (rc == ALEES_OK) {
        rc = set_headers(head, ctx);
    }
    if (rc == ALEES_OK) {
        rc = check_framing(head, ctx);
    }
    return rc == ALEES_OK ? set_uri(head, ctx) : rc;
}
