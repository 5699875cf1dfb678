/* SPDX-License-Identifier: MIT
 * log.c - one event, one line, one write(2) on standard error: no lock, no allocation, no torn line. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "str.h"
#include "sys.h"

enum {
    LONGEST_MESSAGE = 2048,                   /* the rest is cut off */
    LONGEST_LINE = 6 * LONGEST_MESSAGE + 4096 /* a byte of a message becomes at most six: \u001b */
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* Written by log_init before there are threads. */
static uint32_t least_level = ALEES_LOG_INFO;
static bool is_text;

void log_init(enum log_format format, uint32_t level) {
    is_text = format == LOG_TEXT || (format == LOG_AUTO && isatty(STDERR_FILENO) == 1);
    least_level = level;
}

uint32_t log_level(void) {
    return least_level;
}

static alees_str view(const char *text) {
    return (alees_str){text, text ? strlen(text) : 0};
}

/* For a terminal: no control character passes, so that nobody's text can forge a line or steer the terminal. */
static void put_plain(struct str *line, alees_str text) {
    while (text.len > 0) {
        size_t step = str_utf8_step(text);
        unsigned char c = (unsigned char)text.ptr[0];
        bool is_c1 = step == 2 && c == 0xc2 && (unsigned char)text.ptr[1] < 0xa0;
        if (step == 0 || c < 0x20 || c == 0x7f || is_c1) {
            str_printf(line, "\\x%02x", c);
            step = 1;
        } else {
            str_put(line, text.ptr, step);
        }
        text.ptr += step;
        text.len -= step;
    }
}

/* A part that does not fit is left out as a whole: the line stays valid. */
static void drop_if_failed(struct str *line, size_t mark) {
    if (line->failed) {
        line->len = mark;
        line->failed = false;
    }
}

static void put_member(struct str *line, const char *name, const char *text) {
    size_t mark = line->len;
    if (is_text) {
        str_printf(line, " %s=", name);
        put_plain(line, view(text));
    } else {
        str_printf(line, ",\"%s\":", name);
        str_json(line, view(text));
    }
    drop_if_failed(line, mark);
}

static void put_line(struct str *line, uint32_t level, const char *source, const char *message) {
    char time[28];
    sys_rfc3339(sys_realtime_us(), time);
    if (is_text) {
        str_printf(line, "%s %-5s %.128s: ", time, level_names[level], source);
        put_plain(line, view(message));
    } else {
        str_printf(line, "{\"time\":\"%s\",\"level\":\"%s\"", time, level_names[level]);
        put_member(line, "source", source);
        put_member(line, "message", message);
    }
}

static void write_all(const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return; /* there is nobody left to tell */
        }
        bytes += written;
        size -= (size_t)written;
    }
}

void log_event(uint32_t level, const char *source, const char *request_id, const char *fields, const char *format,
               ...) {
    if (level < least_level) {
        return;
    }
    if (level > ALEES_LOG_ERROR) {
        level = ALEES_LOG_ERROR; /* a plugin's number */
    }
    int saved_errno = errno;
    char message[LONGEST_MESSAGE], buffer[LONGEST_LINE];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(message, sizeof message, format, arguments) < 0) {
        message[0] = '\0';
    }
    va_end(arguments);

    struct str line;
    str_init_fixed(&line, buffer, sizeof buffer - 2); /* the brace and the newline always fit */
    put_line(&line, level, source ? source : "core", message);
    if (request_id && request_id[0]) {
        put_member(&line, "request_id", request_id);
    }
    if (fields && fields[0]) {
        size_t mark = line.len;
        str_putc(&line, is_text ? ' ' : ',');
        str_puts(&line, fields);
        drop_if_failed(&line, mark);
    }
    if (!is_text) {
        buffer[line.len++] = '}';
    }
    buffer[line.len++] = '\n';
    write_all(buffer, line.len);
    errno = saved_errno;
}

_Noreturn void base_assert_failed(const char *condition, const char *file, int line) {
    log_event(ALEES_LOG_ERROR, "core", NULL, NULL, "assertion failed: %s (%s:%d)", condition, file, line);
    abort();
}
