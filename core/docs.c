/* SPDX-License-Identifier: MIT
 * docs.c - the API reference page: who sees it, what it may do in a browser. */
#include "docs.h"

#include <string.h>

/* Nothing inline, nothing evaluated, nothing from elsewhere: what a client has put into a row cannot run on the page. Images
 * in data: are the icons within the page's own style sheet. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                             "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                             "frame-ancestors 'none'";

alees_rc docs_protect(alees_ctx *ctx) {
    static const char *const headers[][2] = {
        {"Content-Security-Policy", policy},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Embedder-Policy", "require-corp"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    alees_rc rc = ALEES_OK;
    for (size_t i = 0; i < ARRAY_LEN(headers) && rc == ALEES_OK; i++) {
        rc = ctx_set_header(ctx, headers[i][0], (alees_str){headers[i][1], strlen(headers[i][1])});
    }
    return rc;
}

void docs_html(struct str *out, const char *text) {
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&': str_puts(out, "&amp;"); break;
        case '<': str_puts(out, "&lt;"); break;
        case '>': str_puts(out, "&gt;"); break;
        case '"': str_puts(out, "&quot;"); break;
        default: str_putc(out, *p);
        }
    }
}

void docs_begin(alees_ctx *ctx, const char *title) {
    struct str *out = &ctx->response.body;
    str_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    docs_html(out, title);
    str_puts(out, "</title>\n<link rel=\"icon\" href=\"data:,\">\n");
    if (docs_is_whole(ctx->app->docs) && docs_access_of(ctx) != DOCS_OFF) {
        str_puts(out, "<link rel=\"stylesheet\" href=\"/docs/page.css\">\n");
    }
    str_puts(out, "</head>\n<body>\n<main>\n<h1>");
    docs_html(out, title);
    str_puts(out, "</h1>\n");
}

alees_rc docs_end(alees_ctx *ctx) {
    str_puts(&ctx->response.body, "</main>\n</body>\n</html>\n");
    ctx->response.status = 200;
    ctx->response.content_type = "text/html; charset=utf-8";
    return docs_protect(ctx);
}

/* Without the files of docs/page. */
static alees_rc plain_page(alees_ctx *ctx) {
    struct str *out = &ctx->response.body;
    docs_begin(ctx, "The API of this server");
    str_puts(out,
             "<p>The page on which the API can be tried out is not installed. Its files come from npm: where "
             "<code>npm</code> is there, <code>make build</code> puts them into <code>share/docs</code> beside the "
             "program, and <code>make install</code> and packages install them; the setting <code>path</code> in "
             "<code>[docs]</code> names another folder.</p>\n<ul>\n"
             "<li><a href=\"/openapi.json\">/openapi.json</a>: the whole API as OpenAPI 3.1</li>\n"
             "<li><a href=\"/postman.json\">/postman.json</a>: the same as a collection for Postman</li>\n"
             "<li><a href=\"/docs/errors\">/docs/errors</a>: every error code</li>\n</ul>\n");
    return docs_end(ctx);
}

alees_rc docs_page(alees_ctx *ctx) {
    if (docs_access_of(ctx) == DOCS_OFF) {
        return ALEES_E_NOT_FOUND;
    }
    return docs_is_whole(ctx->app->docs) ? docs_send(ctx, STR_LIT("index.html")) : plain_page(ctx);
}

alees_rc docs_file(alees_ctx *ctx) {
    return docs_access_of(ctx) == DOCS_OFF ? ALEES_E_NOT_FOUND : docs_send(ctx, ctx_path(ctx, "file"));
}
