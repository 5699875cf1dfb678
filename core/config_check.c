/* SPDX-License-Identifier: MIT
 * config_check.c - is one value of the configuration allowed, and if not, what is? */
#include "config_impl.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "str.h"

enum { MAX_CHOICES = 16, MAX_SHOWN = 60 };

void config_fault(struct config_report *report, struct config_place place, const char *key, const char *format, ...) {
    va_list arguments;
    report->count++;
    if (place.line > 0) {
        fprintf(report->out, "%s:%d: ", place.file, place.line);
    } else {
        fprintf(report->out, "%s: ", place.file);
    }
    if (key) {
        fprintf(report->out, "%s: ", key);
    }
    va_start(arguments, format);
    vfprintf(report->out, format, arguments);
    va_end(arguments);
    fputc('\n', report->out);
}

const char *config_hint(const char *word, const void *words, size_t count, size_t stride, char *out, size_t size) {
    alees_str text = {word, strlen(word)};
    const char *nearest = str_nearest(text, words, count, stride);
    out[0] = '\0';
    if (nearest) {
        (void)snprintf(out, size, " (did you mean %s?)", nearest);
    }
    return out;
}

void config_env_name(const char *section, const char *key, char *out, size_t size) {
    (void)snprintf(out, size, "%s_%s", section, key);
    for (char *p = out; *p; p++) {
        *p = (char)toupper((unsigned char)*p);
    }
}

/* A value as it may stand in a one-line message: short, nothing that moves a terminal's cursor. */
static const char *shown(const char *value, char *out, size_t size) {
    size_t n = 0;
    for (; value[n] && n + 4 < size && n < MAX_SHOWN; n++) {
        unsigned char c = (unsigned char)value[n];
        out[n] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    (void)snprintf(out + n, size - n, "%s", value[n] ? "..." : "");
    return out;
}

static bool check_integer(struct config_report *report, struct config_place place, const char *key,
                          const struct config_rule *rule, const char *value, int64_t *ret_number) {
    char copy[MAX_SHOWN + 8];
    alees_str text = {value, strlen(value)};
    bool has_bounds = rule->min != 0 || rule->max != 0;
    int64_t number = 0;
    if (str_parse_i64(text, &number) && (!has_bounds || (number >= rule->min && number <= rule->max))) {
        *ret_number = number;
        return true;
    }
    const char *unit = rule->unit ? rule->unit : "integer";
    if (has_bounds) {
        config_fault(report, place, key, "must be an integer from %" PRId64 " to %" PRId64 " (%s), not \"%s\"",
                     rule->min, rule->max, unit, shown(value, copy, sizeof copy));
    } else {
        config_fault(report, place, key, "must be an integer (%s), not \"%s\"", unit, shown(value, copy, sizeof copy));
    }
    return false;
}

static bool check_boolean(struct config_report *report, struct config_place place, const char *key, const char *value,
                          int64_t *ret_number) {
    char copy[MAX_SHOWN + 8];
    bool is_true = strcmp(value, "true") == 0;
    if (is_true || strcmp(value, "false") == 0) {
        *ret_number = is_true;
        return true;
    }
    config_fault(report, place, key, "must be true or false, not \"%s\"", shown(value, copy, sizeof copy));
    return false;
}

static bool check_choice(struct config_report *report, struct config_place place, const char *key, const char *choices,
                         const char *value, int64_t *ret_number) {
    char list[512], hint[128], copy[MAX_SHOWN + 8];
    const char *words[MAX_CHOICES];
    size_t count = 0;
    ASSERT(choices && strlen(choices) < sizeof list);
    (void)snprintf(list, sizeof list, "%s", choices);
    char *rest = list;
    for (char *word; count < MAX_CHOICES && (word = strtok_r(rest, "|", &rest)) != NULL;) {
        if (strcmp(word, value) == 0) {
            *ret_number = (int64_t)count;
            return true;
        }
        words[count++] = word;
    }
    config_fault(report, place, key, "must be one of %s, not \"%s\"%s", choices, shown(value, copy, sizeof copy),
                 config_hint(value, words, count, sizeof words[0], hint, sizeof hint));
    return false;
}

static bool check_text(struct config_report *report, struct config_place place, const char *key, const char *value) {
    alees_str text = {value, strlen(value)};
    if (!str_is_utf8(text)) {
        config_fault(report, place, key, "must be UTF-8 text");
        return false;
    }
    for (const char *p = value; *p; p++) {
        if (iscntrl((unsigned char)*p)) {
            config_fault(report, place, key, "must be text without control characters");
            return false;
        }
    }
    return true;
}

bool config_check(struct config_report *report, struct config_place place, const char *key,
                  const struct config_rule *rule, const char *value, int64_t *ret_number) {
    *ret_number = 0;
    if (!value[0] && !rule->may_be_empty) {
        config_fault(report, place, key, "must not be empty; remove the line to get the default");
        return false;
    }
    switch (rule->type) {
    case SETTINGS_INTEGER: return check_integer(report, place, key, rule, value, ret_number);
    case SETTINGS_BOOLEAN: return check_boolean(report, place, key, value, ret_number);
    case SETTINGS_CHOICE: return check_choice(report, place, key, rule->choices, value, ret_number);
    case SETTINGS_TEXT:
    case SETTINGS_SECRET: break;
    }
    return check_text(report, place, key, value);
}

const char *config_read_secret(struct arena *arena, struct config_report *report, struct config_place place,
                               const char *key, const char *path) {
    char text[CONFIG_MAX_SECRET + 2];
    FILE *file = fopen(path, "re");
    if (!file) {
        config_fault(report, place, key, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    size_t size = fread(text, 1, sizeof text - 1, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (failed) {
        config_fault(report, place, key, "cannot read %s", path);
        return NULL;
    }
    if (size > CONFIG_MAX_SECRET) {
        config_fault(report, place, key, "%s must have at most %d bytes", path, CONFIG_MAX_SECRET);
        return NULL;
    }
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r')) {
        size--;
    }
    text[size] = '\0';
    if (memchr(text, '\0', size)) {
        config_fault(report, place, key, "%s must be text without control characters", path);
        return NULL;
    }
    return arena_dup(arena, text, size);
}
