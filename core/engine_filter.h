/* SPDX-License-Identifier: MIT
 * engine_filter.h - what the files about filters share with each other and with their tests. Level 3. Split by task:
 *   engine_filter.c        a parameter, or a member of filter={..}: its name -> field, path, operator; who may use it
 *   engine_filter_table.c  the table of types and operators, which everything else is read from
 *   engine_filter_value.c  what is sent -> the values that are bound
 *   engine_filter_tree.c   filter={"or":[..]} -> a tree of conditions
 *   engine_filter_sql.c    conditions -> SQL
 *
 * To choose rows for a statement of any kind: engine_query_read, then engine_filter_sql. */
#ifndef ENGINE_FILTER_H
#define ENGINE_FILTER_H

#include "engine_parts.h"

enum {
    ENGINE_MAX_IN = 100,            /* values of one list */
    ENGINE_MAX_PATH = 5,            /* names of members, one inside the other */
    ENGINE_MAX_LEAVES = 50,         /* conditions in filter= */
    ENGINE_MAX_DEPTH = 5,           /* groups in groups */
    ENGINE_MAX_FILTER_VALUES = 160, /* bound values of all conditions: a statement has at most DB_MAX_PARAMS */
    ENGINE_MAX_PATTERN = 1000       /* characters of a text to look for */
};

enum engine_operator {
    ENGINE_EQ,
    ENGINE_NE,
    ENGINE_LT,
    ENGINE_LTE,
    ENGINE_GT,
    ENGINE_GTE,
    ENGINE_IN,
    ENGINE_RANGE,
    ENGINE_CONTAINS,
    ENGINE_ICONTAINS,
    ENGINE_STARTSWITH,
    ENGINE_ISTARTSWITH,
    ENGINE_IENDSWITH,
    ENGINE_ISNULL,
    ENGINE_OPERATORS
};

enum engine_join { ENGINE_LEAF, ENGINE_AND, ENGINE_OR, ENGINE_NOT };

/* A condition, or a group of them. */
struct engine_filter {
    enum engine_join join;
    const struct engine_filter *parts; /* of a group */
    uint32_t part_count;

    const struct resource_field *field;  /* of a leaf, as all below */
    const struct resource_field *nested; /* the owner's field whose parts have it; NULL: it is the row's own */
    bool is_presence;                    /* nested: are there any parts? isnull */
    enum engine_operator op;
    const alees_str *path; /* of a JSON field: the names of members, outermost first */
    uint32_t path_count;
    uint32_t variant; /* which text of the form: see the table */
    alees_str values[2];
    uint32_t value_count;
};

/* ---- engine_filter_table.c ---- */

enum engine_filter_takes {
    ENGINE_TAKES_VALUE,
    ENGINE_TAKES_ITEM,    /* of a list: one of what it holds */
    ENGINE_TAKES_LIST,    /* 1 to ENGINE_MAX_IN of them */
    ENGINE_TAKES_RANGE,   /* two */
    ENGINE_TAKES_PATTERN, /* a part of a text */
    ENGINE_TAKES_TRUTH,   /* true or false */
    ENGINE_TAKES_OBJECT   /* a JSON object */
};

/* What an operator means for a type. In sql: %c the column, %m the member of a JSON column, %t the same as text, %v the
 * next value, %l the next value, which is a list. [1] is written for a leaf with that variant: isnull=false; a member
 * compared with what reads as JSON, not only as text. */
struct engine_filter_form {
    const char *sql[2]; /* [0] NULL: the type does not have this operator */
    enum engine_filter_takes takes;
};

/* is_member: of a member of a JSON field, not of the field itself. */
const struct engine_filter_form *engine_filter_form(const struct alees_field *field, bool is_member,
                                                    enum engine_operator op);
/* "icontains"; "" for ENGINE_EQ, which has no name. */
const char *engine_filter_word(enum engine_operator op);
/* False: there is none of that name. */
bool engine_filter_operator(alees_str name, enum engine_operator *ret_operator);
/* Whether it may read many rows to find few. */
bool engine_filter_is_slow(const struct engine_filter *filter);

/* ---- engine_filter.c ---- */

struct engine_filter_reader {
    alees_ctx *ctx;
    const struct resource *r;
    struct engine_query *q;
    alees_str parameter; /* "price__gte", or "filter" */
    alees_str name;      /* "price__gte", in both cases */
    bool is_nested;      /* the name is one within filter= */
    uint32_t leaves;     /* in filter= so far */
};

/* Is it declared to be filtered by, and no secret? */
bool engine_filter_is_on(const struct resource_field *f);
/* Adds what a leaf binds to q->filter_values; 400 past ENGINE_MAX_FILTER_VALUES. */
alees_rc engine_filter_count(struct engine_filter_reader *reader, const struct engine_filter *leaf) MUST_CHECK;
/* The name of a condition -> field, path and operator, if the caller may use it. Sets the problem. */
alees_rc engine_filter_read_name(struct engine_filter_reader *reader, struct engine_filter *leaf) MUST_CHECK;
/* Cuts what is before the first two underscores off *rest; all of it if there are none, and then *rest is absent. */
alees_str engine_filter_take_word(alees_str *rest);
/* What stands behind a field's name, absent if nothing: path and operator of leaf->field. Sets the problem. */
alees_rc engine_filter_read_rest(struct engine_filter_reader *reader, alees_str rest,
                                 struct engine_filter *leaf) MUST_CHECK;
/* 400: there is no such parameter; f: the field that it names all the same. */
alees_rc engine_filter_unknown(const struct engine_filter_reader *reader, const struct resource_field *f);
/* 400: "The parameter price__gte must be ..". */
alees_rc engine_filter_bad(const struct engine_filter_reader *reader, const char *fault);

/* ---- engine_filter_value.c ---- */

/* The values of a leaf whose name has been read, from the texts sent: one, or those of a list. is_null: of filter=. */
struct engine_filter_sent {
    alees_str *texts;
    uint32_t count;
    bool is_null;
};
alees_rc engine_filter_read_values(struct engine_filter_reader *reader, const struct engine_filter_sent *sent,
                                   struct engine_filter *leaf) MUST_CHECK;
/* "a,\"b,c\"" -> its values; ALEES_E_INVALID: a quote is not closed. At most ENGINE_MAX_IN + 1 are given. */
alees_rc engine_filter_split(struct arena *arena, alees_str text, struct engine_filter_sent *ret_sent) MUST_CHECK;

/* ---- engine_filter_tree.c ---- */

/* The value of the parameter filter -> one group. */
alees_rc engine_filter_read_tree(struct engine_filter_reader *reader, alees_str text,
                                 struct engine_filter *ret_group) MUST_CHECK;

#endif
