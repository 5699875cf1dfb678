/* SPDX-License-Identifier: MIT
 * docs_errors.c - what the codes of problems mean, from the tables that they come from: the `type` of every problem is the
 * address of one of these pages. */
#include <string.h>

#include "docs.h"
#include "pipeline_impl.h"

/* 0: HTML, 1: JSON; 406 for neither. */
static alees_rc choose(alees_ctx *ctx, bool *ret_is_json) {
    static const char *const types[] = {"text/html", "application/json", NULL};
    const char *type = pipeline_negotiate(ctx_header_list(ctx, "accept"), types);
    if (!type) {
        return problem_set(&ctx->problem, PROBLEM_NOT_ACCEPTABLE, "%s",
                           "Only text/html and application/json are offered here.");
    }
    *ret_is_json = type == types[1];
    alees_rc rc = ctx_set_header(ctx, "Vary", STR_LIT("Accept"));
    return rc == ALEES_OK ? ctx_set_header(ctx, "Cache-Control", STR_LIT("no-cache")) : rc;
}

static bool is_of_field(const struct catalogue_error *e) {
    return (e->decl.flags & ALEES_ERROR_FIELD) != 0;
}

static void put_text(struct str *out, const char *name, const char *text) {
    str_printf(out, ",\"%s\":", name);
    str_json(out, (alees_str){text, strlen(text)});
}

static void put_json(struct str *out, const struct catalogue_error *e) {
    str_printf(out, "{\"type\":\"/docs/errors/%s\"", e->decl.code);
    put_text(out, "code", e->decl.code);
    str_printf(out, ",\"status\":%u,\"of_field\":%s", e->decl.status, is_of_field(e) ? "true" : "false");
    put_text(out, "title", e->decl.title);
    put_text(out, "help", e->decl.help);
    if (e->plugin) {
        put_text(out, "plugin", e->plugin->decl.name);
    }
    str_putc(out, '}');
}

static alees_rc end_json(alees_ctx *ctx) {
    str_puts(&ctx->response.body, "]}");
    ctx->response.status = 200;
    ctx->response.content_type = "application/json";
    return ALEES_OK;
}

static void put_row(struct str *out, const struct catalogue_error *e) {
    str_printf(out, "<tr><td>%u</td><td><a href=\"/docs/errors/%s\"><code>%s</code></a></td><td>", e->decl.status,
               e->decl.code, e->decl.code);
    docs_html(out, e->decl.title);
    str_puts(out, "</td><td>");
    docs_html(out, e->plugin ? e->plugin->decl.name : "");
    str_puts(out, "</td></tr>\n");
}

/* By status; within one, in the order of the catalogue. */
static void put_table(struct str *out, const struct catalogue *c, bool of_fields) {
    str_puts(out, "<table>\n<tr><th>Status</th><th>Code</th><th>Meaning</th><th>Plugin</th></tr>\n");
    for (uint32_t status = 400; status < 600; status++) {
        for (uint32_t i = 0; i < c->error_count; i++) {
            if (c->errors[i].decl.status == status && is_of_field(&c->errors[i]) == of_fields) {
                put_row(out, &c->errors[i]);
            }
        }
    }
    str_puts(out, "</table>\n");
}

alees_rc docs_errors(alees_ctx *ctx) {
    const struct catalogue *c = &ctx->app->catalogue;
    struct str *out = &ctx->response.body;
    bool is_json = false;
    alees_rc rc = choose(ctx, &is_json);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (is_json) {
        str_puts(out, "{\"errors\":[");
        for (uint32_t i = 0; i < c->error_count; i++) {
            str_puts(out, i > 0 ? "," : "");
            put_json(out, &c->errors[i]);
        }
        return end_json(ctx);
    }
    docs_begin(ctx, "Error codes");
    str_puts(out,
             "<p>Every failure is answered as <code>application/problem+json</code> (RFC 9457). Its <code>code</code> "
             "never changes; its <code>type</code> is the address of the page here that explains it.</p>\n");
    put_table(out, c, false);
    str_puts(out,
             "<h2>Codes of single fields</h2>\n<p>They stand in the list <code>errors</code> of a problem, each with "
             "a <code>pointer</code> to the field; so may any of those above.</p>\n");
    put_table(out, c, true);
    return docs_end(ctx);
}

static void put_section(struct str *out, const struct catalogue_error *e) {
    str_printf(out, "<h2>%u ", e->decl.status);
    docs_html(out, e->decl.title);
    str_puts(out, "</h2>\n<p>");
    docs_html(out, e->decl.help);
    str_puts(out, "</p>\n");
    if (is_of_field(e)) {
        str_puts(out, "<p>It stands in the list <code>errors</code> of a problem, beside a <code>pointer</code> to the "
                      "field.</p>\n");
    }
    if (e->plugin) {
        str_puts(out, "<p>Plugin: <code>");
        docs_html(out, e->plugin->decl.name);
        str_puts(out, "</code></p>\n");
    }
}

alees_rc docs_error(alees_ctx *ctx) {
    const struct catalogue *c = &ctx->app->catalogue;
    const struct catalogue_error *first = catalogue_error(c, ctx_path(ctx, "code"));
    struct str *out = &ctx->response.body;
    bool is_json = false;
    alees_rc rc = first ? choose(ctx, &is_json) : ALEES_E_NOT_FOUND;
    if (rc != ALEES_OK) {
        return rc;
    }
    if (is_json) {
        str_puts(out, "{\"errors\":[");
    } else {
        docs_begin(ctx, first->decl.code);
    }
    for (const struct catalogue_error *e = first; e; e = catalogue_next_error(c, e)) {
        if (is_json) {
            str_puts(out, e == first ? "" : ",");
            put_json(out, e);
        } else {
            put_section(out, e);
        }
    }
    if (is_json) {
        return end_json(ctx);
    }
    str_puts(out, "<p><a href=\"/docs/errors\">All error codes</a></p>\n");
    return docs_end(ctx);
}
