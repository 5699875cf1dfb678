/* SPDX-License-Identifier: MIT
 * metrics.h - counters, gauges and histograms in the text format of Prometheus 0.0.4. Level 1. Any thread; an update is
 * one relaxed atomic addition. */
#ifndef METRICS_H
#define METRICS_H

#include "str.h"

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

struct metric; /* lives as long as the process */

/* Registers one series before serving. labels: "route=\"/products\",status=\"200\"" or "". The same name and labels
 * give the same series. NULL without memory, or if the name has another kind already. All strings are copied. */
struct metric *metrics_register(enum metrics_kind kind, const char *name, const char *labels, const char *help);
/* A gauge whose value is asked for when it is written. Registered again, the new read and data replace the old ones. */
struct metric *metrics_callback(const char *name, const char *labels, const char *help, int64_t (*read)(void *data),
                                void *data);
void metrics_add(struct metric *m, int64_t delta); /* m may be NULL */
void metrics_set(struct metric *m, int64_t value);
void metrics_observe_us(struct metric *m, uint64_t microseconds); /* buckets from 0.1 ms to 10 s, shown in seconds */
int64_t metrics_value(const struct metric *m);
void metrics_write(struct str *out); /* every series, grouped by name with HELP and TYPE */

#endif
