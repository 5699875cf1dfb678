/* SPDX-License-Identifier: MIT
 * log.h - one event, one line, one write: JSON, or text for people when standard error is a terminal. Level 1. */
#ifndef LOG_H
#define LOG_H

#include "base.h"

enum log_format { LOG_AUTO, LOG_JSON, LOG_TEXT };

void log_init(enum log_format format, uint32_t level); /* level: ALEES_LOG_*; events below it cost one comparison */
uint32_t log_level(void);

/* fields: further members, already JSON without braces: "\"status\":200,\"ms\":1.2"; NULL for none.
 * Message and fields never hold a secret, a token or SQL parameters. Any thread. */
void log_event(uint32_t level, const char *source, const char *request_id, const char *fields, const char *format, ...)
    PRINTF_LIKE(5, 6);
#define log_debug(...) log_event(ALEES_LOG_DEBUG, "core", NULL, NULL, __VA_ARGS__)
#define log_info(...) log_event(ALEES_LOG_INFO, "core", NULL, NULL, __VA_ARGS__)
#define log_warn(...) log_event(ALEES_LOG_WARN, "core", NULL, NULL, __VA_ARGS__)
#define log_error(...) log_event(ALEES_LOG_ERROR, "core", NULL, NULL, __VA_ARGS__)

#endif
