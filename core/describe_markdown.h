/* SPDX-License-Identifier: MIT
 * describe_markdown.h - what the describe_markdown*.c share. Level 4. Split by task:
 *   describe_markdown.c          the document: introduction, groups, endpoints
 *   describe_markdown_table.c    tables: fields, filters, parameters, errors
 *   describe_markdown_text.c     text, code, links and values in Markdown (GitHub's, github.github.com/gfm)
 *   describe_markdown_example.c  requests with their answers, declared and recorded */
#ifndef DESCRIBE_MARKDOWN_H
#define DESCRIBE_MARKDOWN_H

#include "describe.h"
#include "jx.h"

struct markdown {
    struct describe d; /* first: visitors are given it */
    struct str *out;
    const alees_json *examples;    /* as describe_examples gave them; NULL: none */
    const struct route **recorded; /* whose they are, by place; NULL: of none that is here */
    const char *group;
    const char *separator; /* before the next item of a list */
    struct markdown_filter *filters;
    uint32_t filter_count;
    const char **told; /* common parameters */
    uint32_t told_count;
    bool has_filters;
};

static inline struct markdown *markdown_of(struct describe *d) {
    return (struct markdown *)d;
}

/* ---- describe_markdown_text.c ---- */

/* Sentences of a declaration, which are Markdown as they are in OpenAPI; what would be HTML, or end a cell, is text. */
void markdown_text(struct markdown *m, const char *text);
/* `text`, whatever is in it; in a table too. */
void markdown_code(struct markdown *m, alees_str text);
/* [text](#place-name) */
void markdown_link(struct markdown *m, const char *text, const char *place, const char *name);
/* <a id="place-name"></a>; place "": the name alone */
void markdown_target(struct markdown *m, const char *place, const char *name);
/* The same as a paragraph. */
void markdown_anchor(struct markdown *m, const char *place, const char *name);
/* What a field may hold: "text, 1 to 64 characters", with links to resources. */
void markdown_type(struct markdown *m, const struct alees_field *f);
/* JSON for people, lists cut after their first items. */
void markdown_json(struct markdown *m, const alees_json *v);

/* ---- describe_markdown_table.c ---- */

void markdown_fields(struct markdown *m, const struct resource *r);  /* with its filters */
void markdown_members(struct markdown *m, alees_list fields);        /* of a body or an answer */
void markdown_parameters(struct markdown *m, const struct route *r); /* of path, query and headers, in a list */
void markdown_commons(struct markdown *m);                           /* parameters and headers of many endpoints */
void markdown_problems(struct markdown *m);
void markdown_errors(struct markdown *m);

/* ---- describe_markdown_example.c ---- */

/* From now on what is recorded comes before what is declared. */
void markdown_use(struct markdown *m, const alees_json *examples);
void markdown_example(struct markdown *m, const struct route *route);
void markdown_group_error(struct markdown *m); /* the one that tells most, of m->group */

#endif
