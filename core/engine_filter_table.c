/* SPDX-License-Identifier: MIT
 * engine_filter_table.c - which operator which type has, what it takes and how it is written: the one truth about
 * filters. Conditions are written so that an index can serve them.
 *
 * Nothing is ever equal to, greater than or part of no value: a row without one only meets ne and isnull. */
#include "engine_filter.h"

static const char *const names[ENGINE_OPERATORS] = {
    [ENGINE_EQ] = "",
    [ENGINE_NE] = "ne",
    [ENGINE_LT] = "lt",
    [ENGINE_LTE] = "lte",
    [ENGINE_GT] = "gt",
    [ENGINE_GTE] = "gte",
    [ENGINE_IN] = "in",
    [ENGINE_RANGE] = "range",
    [ENGINE_CONTAINS] = "contains",
    [ENGINE_ICONTAINS] = "icontains",
    [ENGINE_STARTSWITH] = "startswith",
    [ENGINE_ISTARTSWITH] = "istartswith",
    [ENGINE_IENDSWITH] = "iendswith",
    [ENGINE_ISNULL] = "isnull",
};

enum family { /* types that have the same operators */
              FAMILY_TEXT,
              FAMILY_ORDERED,
              FAMILY_NAMED, /* is it this one? There is no greater and smaller */
              FAMILY_LIST,
              FAMILY_OBJECT, /* JSON as a whole */
              FAMILY_MEMBER, /* of JSON */
              FAMILY_CUSTOM, /* of custom fields */
              FAMILIES
};

static const uint8_t families[] = {
    [ALEES_TEXT] = FAMILY_TEXT,       [ALEES_BOOLEAN] = FAMILY_NAMED, [ALEES_INTEGER] = FAMILY_ORDERED,
    [ALEES_DECIMAL] = FAMILY_ORDERED, [ALEES_DATE] = FAMILY_ORDERED,  [ALEES_TIMESTAMP] = FAMILY_ORDERED,
    [ALEES_UUID] = FAMILY_ORDERED,    [ALEES_CHOICE] = FAMILY_NAMED,  [ALEES_REFERENCE] = FAMILY_NAMED,
    [ALEES_JSON] = FAMILY_OBJECT,     [ALEES_TAGS] = FAMILY_LIST,     [ALEES_REFERENCES] = FAMILY_LIST,
};

#define SAME \
    [ENGINE_EQ] = {{"%c = %v", NULL}, ENGINE_TAKES_VALUE}, \
    [ENGINE_NE] = {{"%c IS DISTINCT FROM %v", NULL}, ENGINE_TAKES_VALUE}, \
    [ENGINE_IN] = {{"%c = ANY(%l)", NULL}, ENGINE_TAKES_LIST}
#define ORDERED \
    [ENGINE_LT] = {{"%c < %v", NULL}, ENGINE_TAKES_VALUE}, [ENGINE_LTE] = {{"%c <= %v", NULL}, ENGINE_TAKES_VALUE}, \
    [ENGINE_GT] = {{"%c > %v", NULL}, ENGINE_TAKES_VALUE}, [ENGINE_GTE] = {{"%c >= %v", NULL}, ENGINE_TAKES_VALUE}, \
    [ENGINE_RANGE] = {{"%c BETWEEN %v AND %v", NULL}, ENGINE_TAKES_RANGE}
#define PARTS(text) \
    [ENGINE_CONTAINS] = {{text " LIKE %v", NULL}, ENGINE_TAKES_PATTERN}, \
    [ENGINE_ICONTAINS] = {{text " ILIKE %v", NULL}, ENGINE_TAKES_PATTERN}, \
    [ENGINE_STARTSWITH] = {{text " LIKE %v", NULL}, ENGINE_TAKES_PATTERN}, \
    [ENGINE_ISTARTSWITH] = {{text " ILIKE %v", NULL}, ENGINE_TAKES_PATTERN}, \
    [ENGINE_IENDSWITH] = {{text " ILIKE %v", NULL}, ENGINE_TAKES_PATTERN}
#define NOTHING(text) [ENGINE_ISNULL] = {{text " IS NULL", text " IS NOT NULL"}, ENGINE_TAKES_TRUTH}
/* Numbers are compared with numbers, texts with texts: jsonb has an order across types. */
#define MEMBER(comparison) \
    { "(jsonb_typeof(%m) = 'string' AND %m " comparison ")", "(jsonb_typeof(%m) = 'number' AND %m " comparison ")" }

/* Decimals are kept as texts there: what reads as a number is one. No text that passes makes a number too large. */
#define NUMBER(comparison) \
    "CASE WHEN %t ~ '^-?[0-9]{1,200}([.][0-9]{1,200})?([eE][+-]?[0-9]{1,3})?$' THEN (%t)::numeric " comparison " END"
#define CUSTOM(comparison, numbers) \
    { "(jsonb_typeof(%m) = 'string' AND %m " comparison ")", NUMBER(numbers) }
/* Rows without any are not in the index, which says so in these words (migrate_index.c). */
#define ANY_OF_IT "%c <> '{}' AND %c @> "

static const struct engine_filter_form forms[FAMILIES][ENGINE_OPERATORS] =
    {
        [FAMILY_TEXT] = {SAME, ORDERED, PARTS("%c"), NOTHING("%c")},
        [FAMILY_ORDERED] = {SAME, ORDERED, NOTHING("%c")},
        [FAMILY_NAMED] = {SAME, NOTHING("%c")},
        [FAMILY_LIST] =
            {
                [ENGINE_EQ] = {{"%c @> %l", NULL}, ENGINE_TAKES_ITEM},
                [ENGINE_NE] = {{"(%c @> %l) IS NOT TRUE", NULL}, ENGINE_TAKES_ITEM},
                [ENGINE_IN] = {{"%c && %l", NULL}, ENGINE_TAKES_LIST},
                [ENGINE_CONTAINS] = {{"%c @> %l", NULL}, ENGINE_TAKES_LIST},
            },
        [FAMILY_OBJECT] =
            {
                [ENGINE_EQ] = {{"%c = %v", NULL}, ENGINE_TAKES_OBJECT},
                [ENGINE_NE] = {{"%c IS DISTINCT FROM %v", NULL}, ENGINE_TAKES_OBJECT},
                [ENGINE_CONTAINS] = {{"%c @> %v", NULL}, ENGINE_TAKES_OBJECT},
                NOTHING("%c"),
            },
        [FAMILY_MEMBER] =
            {
                [ENGINE_EQ] = {{"%c @> %v", "(%c @> %v OR %c @> %v)"}, ENGINE_TAKES_VALUE},
                [ENGINE_NE] = {{"(%c @> %v) IS NOT TRUE", "(%c @> %v OR %c @> %v) IS NOT TRUE"}, ENGINE_TAKES_VALUE},
                [ENGINE_LT] = {MEMBER("< %v"), ENGINE_TAKES_VALUE},
                [ENGINE_LTE] = {MEMBER("<= %v"), ENGINE_TAKES_VALUE},
                [ENGINE_GT] = {MEMBER("> %v"), ENGINE_TAKES_VALUE},
                [ENGINE_GTE] = {MEMBER(">= %v"), ENGINE_TAKES_VALUE},
                [ENGINE_IN] = {{"%m = ANY(%l)", NULL}, ENGINE_TAKES_LIST},
                [ENGINE_RANGE] = {MEMBER("BETWEEN %v AND %v"), ENGINE_TAKES_RANGE},
                PARTS("%t"),
                NOTHING("%t"),
            },
        [FAMILY_CUSTOM] =
            {
                [ENGINE_EQ] = {{"(" ANY_OF_IT "%v)", "(" ANY_OF_IT "ANY(%l))"}, ENGINE_TAKES_VALUE},
                [ENGINE_NE] = {{"(%c @> %v) IS NOT TRUE", "(%c @> ANY(%l)) IS NOT TRUE"}, ENGINE_TAKES_VALUE},
                [ENGINE_LT] = {CUSTOM("< %v", "< (%v)::numeric"), ENGINE_TAKES_VALUE},
                [ENGINE_LTE] = {CUSTOM("<= %v", "<= (%v)::numeric"), ENGINE_TAKES_VALUE},
                [ENGINE_GT] = {CUSTOM("> %v", "> (%v)::numeric"), ENGINE_TAKES_VALUE},
                [ENGINE_GTE] = {CUSTOM(">= %v", ">= (%v)::numeric"), ENGINE_TAKES_VALUE},
                [ENGINE_IN] = {{"%m = ANY(%l)", NULL}, ENGINE_TAKES_LIST},
                [ENGINE_RANGE] = {CUSTOM("BETWEEN %v AND %v", "BETWEEN (%v)::numeric AND (%v)::numeric"),
                                  ENGINE_TAKES_RANGE},
                PARTS("%t"),
                NOTHING("%t"),
            },
};

const struct engine_filter_form *engine_filter_form(const struct alees_field *field, bool is_member,
                                                    enum engine_operator op) {
    ASSERT(field->type > 0 && field->type < ARRAY_LEN(families) && op < ENGINE_OPERATORS);
    bool is_custom = (field->flags & ALEES_CUSTOM) != 0;
    return &forms[!is_member ? families[field->type] : is_custom ? (uint8_t)FAMILY_CUSTOM : (uint8_t)FAMILY_MEMBER][op];
}

const char *engine_filter_word(enum engine_operator op) {
    ASSERT(op < ENGINE_OPERATORS);
    return names[op];
}

bool engine_filter_operator(alees_str name, enum engine_operator *ret_operator) {
    for (uint32_t i = ENGINE_EQ + 1; i < ENGINE_OPERATORS; i++) {
        if (str_equal(name, names[i])) {
            *ret_operator = (enum engine_operator)i;
            return true;
        }
    }
    return false;
}

bool engine_filter_is_slow(const struct engine_filter *filter) {
    return filter->join != ENGINE_LEAF || filter->field->decl->type == ALEES_JSON ||
           engine_filter_form(filter->field->decl, false, filter->op)->takes == ENGINE_TAKES_PATTERN;
}
