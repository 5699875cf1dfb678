/* SPDX-License-Identifier: MIT
 * engine_calendar.c - dates and times of RFC 3339, checked against the proleptic Gregorian calendar. */
#include "engine_parts.h"

#include <string.h>

struct moment {
    int64_t year, month, day, hour, minute, second, micros;
};

/* count digits at *at; false if there are fewer. */
static bool digits(alees_str text, size_t *at, size_t count, int64_t *ret_number) {
    int64_t number = 0;
    if (text.len < *at + count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char c = text.ptr[*at + i];
        if (c < '0' || c > '9') {
            return false;
        }
        number = number * 10 + (c - '0');
    }
    *at += count;
    *ret_number = number;
    return true;
}

static bool literal(alees_str text, size_t *at, const char *any_of) {
    if (*at >= text.len || text.ptr[*at] == '\0' || strchr(any_of, text.ptr[*at]) == NULL) {
        return false;
    }
    *at += 1;
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month) {
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

static bool read_date(alees_str text, size_t *at, struct moment *m) {
    return digits(text, at, 4, &m->year) && literal(text, at, "-") && digits(text, at, 2, &m->month) &&
           literal(text, at, "-") && digits(text, at, 2, &m->day) && m->year >= 1 && m->month >= 1 && m->month <= 12 &&
           m->day >= 1 && m->day <= days_in_month(m->year, m->month);
}

bool engine_calendar_date(alees_str text) {
    struct moment m;
    size_t at = 0;
    return read_date(text, &at, &m) && at == text.len;
}

/* Days since 1970-01-01: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil. Years are
 * counted from March, so that the leap day is the last of its year. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* The same turned round: civil_from_days. */
static void civil_from_days(int64_t days, struct moment *m) {
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    m->day = day_of_year - (153 * month + 2) / 5 + 1;
    m->month = month < 10 ? month + 3 : month - 9;
    m->year = year_of_era + era * 400 + (m->month <= 2 ? 1 : 0);
}

/* ".123" behind the seconds, if it is there. More than microseconds would have to be rounded: refused. */
static const char *read_fraction(alees_str text, size_t *at, struct moment *m) {
    int64_t scale = 100000;
    size_t count = 0;
    m->micros = 0;
    if (!literal(text, at, ".")) {
        return NULL;
    }
    while (*at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9') {
        m->micros += scale * (text.ptr[*at] - '0');
        scale /= 10;
        *at += 1;
        count++;
    }
    if (count == 0) {
        return "has no digit after the point";
    }
    return count > 6 ? "must not be finer than microseconds" : NULL;
}

/* "Z" or "+02:00", in minutes. */
static bool read_offset(alees_str text, size_t *at, int64_t *ret_minutes) {
    int64_t hours, minutes, sign;
    if (literal(text, at, "Zz")) {
        *ret_minutes = 0;
        return true;
    }
    sign = *at < text.len && text.ptr[*at] == '-' ? -1 : 1;
    if (!literal(text, at, "+-") || !digits(text, at, 2, &hours) || !literal(text, at, ":") ||
        !digits(text, at, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

static void put_digits(char *out, int64_t number, int count) {
    for (int i = count - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

static void write_moment(const struct moment *m, char out[28]) {
    memcpy(out, "0000-00-00T00:00:00.000000Z", 28);
    put_digits(out, m->year, 4);
    put_digits(out + 5, m->month, 2);
    put_digits(out + 8, m->day, 2);
    put_digits(out + 11, m->hour, 2);
    put_digits(out + 14, m->minute, 2);
    put_digits(out + 17, m->second, 2);
    put_digits(out + 20, m->micros, 6);
}

/* Moves m by whole minutes; false if that leaves the years 0001 to 9999. */
static bool shift(struct moment *m, int64_t minutes) {
    int64_t total = days_from_civil(m->year, m->month, m->day) * 1440 + m->hour * 60 + m->minute + minutes;
    int64_t days = total >= 0 ? total / 1440 : (total - 1439) / 1440;
    civil_from_days(days, m);
    m->hour = (total - days * 1440) / 60;
    m->minute = (total - days * 1440) % 60;
    return m->year >= 1 && m->year <= 9999;
}

const char *engine_calendar_timestamp(alees_str text, char out[28]) {
    struct moment m;
    const char *fault;
    int64_t offset;
    size_t at = 0;
    if (!read_date(text, &at, &m)) {
        return "must begin with a date that exists, such as \"2026-11-22T14:05:00Z\"";
    }
    if (!literal(text, &at, "Tt ") || !digits(text, &at, 2, &m.hour) || !literal(text, &at, ":") ||
        !digits(text, &at, 2, &m.minute) || !literal(text, &at, ":") || !digits(text, &at, 2, &m.second) ||
        m.hour > 23 || m.minute > 59 || m.second > 59) {
        return "must have a time of day with seconds, such as \"2026-11-22T14:05:00Z\"";
    }
    fault = read_fraction(text, &at, &m);
    if (fault != NULL) {
        return fault;
    }
    if (!read_offset(text, &at, &offset) || at != text.len) {
        return "must end with Z or an offset from UTC, such as \"2026-11-22T14:05:00+01:00\"";
    }
    if (!shift(&m, -offset)) {
        return "must lie in the years 0001 to 9999";
    }
    write_moment(&m, out);
    return NULL;
}
