/* SPDX-License-Identifier: MIT
 * engine_decimal.c - decimal numbers as text: syntax and comparison with a bound, without rounding. */
#include "engine_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The exponent behind a number: "e-12". */
static bool parse_exponent(const char *p, const char *end, int64_t *ret_exponent) {
    int64_t exponent = 0;
    bool is_negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    if (p == end || end - p > 3) {
        return false;
    }
    for (; p < end; p++) {
        if (*p < '0' || *p > '9') {
            return false;
        }
        exponent = exponent * 10 + (*p - '0');
    }
    *ret_exponent = is_negative ? -exponent : exponent;
    return true;
}

/* -?digits[.digits][e[+-]digits], as in JSON but leading zeros allowed. */
bool engine_decimal_parse(alees_str text, struct engine_decimal *d) {
    const char *p = text.ptr, *end = text.ptr + text.len;
    bool seen_digit = false, seen_point = false;
    int64_t exponent = 0;
    memset(d, 0, sizeof *d);
    if (text.len == 0 || text.len > ENGINE_MAX_DECIMAL) {
        return false;
    }
    if (*p == '-') {
        d->is_negative = true;
        p++;
    }
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.' && seen_digit && !seen_point && p + 1 < end && p[1] >= '0' && p[1] <= '9') {
            seen_point = true;
            continue;
        }
        if (*p < '0' || *p > '9') {
            return false;
        }
        seen_digit = true;
        if (*p != '0' || d->count > 0) {
            d->digits[d->count++] = *p;
            d->point += seen_point ? 0 : 1;
        } else if (seen_point) {
            d->point--; /* a zero right behind the point */
        }
    }
    if (!seen_digit || (p < end && !parse_exponent(p + 1, end, &exponent))) {
        return false;
    }
    d->point += exponent;
    while (d->count > 0 && d->digits[d->count - 1] == '0') {
        d->count--;
    }
    return true;
}

static int compare_decimals(const struct engine_decimal *a, const struct engine_decimal *b) {
    int sign_a = a->count == 0 ? 0 : a->is_negative ? -1 : 1;
    int sign_b = b->count == 0 ? 0 : b->is_negative ? -1 : 1;
    size_t common = a->count < b->count ? a->count : b->count;
    int order;
    if (sign_a != sign_b || sign_a == 0) {
        return sign_a - sign_b;
    }
    if (a->point != b->point) {
        return a->point < b->point ? -sign_a : sign_a;
    }
    order = memcmp(a->digits, b->digits, common);
    if (order == 0) {
        order = a->count < b->count ? -1 : a->count > b->count ? 1 : 0;
    }
    return order < 0 ? -sign_a : order > 0 ? sign_a : 0;
}

int engine_decimal_compare(const struct engine_decimal *a, int64_t bound) {
    struct engine_decimal b;
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, bound);
    bool is_number = engine_decimal_parse((alees_str){text, (size_t)len}, &b);
    ASSERT(is_number);
    return compare_decimals(a, &b);
}
