/* SPDX-License-Identifier: MIT
 * metrics.c - counters, gauges and histograms in the text format of Prometheus 0.0.4.
 *
 * Series are kept in families, one for each name, because the format wants all lines of a name together. The lists only
 * grow, under a lock; an update knows its series and takes none. */
#include "metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Upper bounds of the buckets in microseconds, and as the text shows them. */
#define BUCKETS(X) \
    X(100, "0.0001") \
    X(250, "0.00025") \
    X(500, "0.0005") \
    X(1000, "0.001") \
    X(2500, "0.0025") \
    X(5000, "0.005") \
    X(10000, "0.01") \
    X(25000, "0.025") \
    X(50000, "0.05") \
    X(100000, "0.1") \
    X(250000, "0.25") \
    X(500000, "0.5") \
    X(1000000, "1") \
    X(2500000, "2.5") \
    X(5000000, "5") \
    X(10000000, "10") \
    X(UINT64_MAX, "+Inf")

static const struct bucket {
    uint64_t bound;
    const char *text;
} buckets[] = {
#define X(bound, text) {bound, text},
    BUCKETS(X)
#undef X
};

struct metric {
    struct metric *next;
    char *labels;
    int64_t (*read)(void *data);
    void *data;
    _Atomic int64_t value; /* of a histogram: the sum in microseconds */
    _Atomic uint64_t counts[ARRAY_LEN(buckets)];
};

struct family {
    struct family *next;
    enum metrics_kind kind;
    char *name, *help;
    struct metric *first;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* families and their lists */
static struct family *families;

/* The lock is held. */
static struct family *find_family(enum metrics_kind kind, const char *name, const char *help) {
    struct family **link = &families;
    for (; *link; link = &(*link)->next) {
        if (strcmp((*link)->name, name) == 0) {
            return (*link)->kind == kind ? *link : NULL;
        }
    }
    struct family *f = calloc(1, sizeof *f);
    if (!f) {
        return NULL;
    }
    f->kind = kind;
    f->name = strdup(name);
    f->help = strdup(help ? help : "");
    if (!f->name || !f->help) {
        free(f->name);
        free(f->help);
        free(f);
        return NULL;
    }
    *link = f;
    return f;
}

/* The lock is held. */
static struct metric *find_metric(struct family *f, const char *labels) {
    struct metric **link = &f->first;
    for (; *link; link = &(*link)->next) {
        if (strcmp((*link)->labels, labels) == 0) {
            return *link;
        }
    }
    struct metric *m = calloc(1, sizeof *m);
    if (!m) {
        return NULL;
    }
    m->labels = strdup(labels);
    if (!m->labels) {
        free(m);
        return NULL;
    }
    *link = m;
    return m;
}

struct metric *metrics_register(enum metrics_kind kind, const char *name, const char *labels, const char *help) {
    pthread_mutex_lock(&lock);
    struct family *f = find_family(kind, name, help);
    struct metric *m = f ? find_metric(f, labels ? labels : "") : NULL;
    pthread_mutex_unlock(&lock);
    return m;
}

struct metric *metrics_callback(const char *name, const char *labels, const char *help, int64_t (*read)(void *data),
                                void *data) {
    pthread_mutex_lock(&lock);
    struct family *f = find_family(METRICS_GAUGE, name, help);
    struct metric *m = f ? find_metric(f, labels ? labels : "") : NULL;
    if (m) {
        m->read = read;
        m->data = data;
    }
    pthread_mutex_unlock(&lock);
    return m;
}

void metrics_add(struct metric *m, int64_t delta) {
    if (m) {
        atomic_fetch_add_explicit(&m->value, delta, memory_order_relaxed);
    }
}

void metrics_set(struct metric *m, int64_t value) {
    if (m) {
        atomic_store_explicit(&m->value, value, memory_order_relaxed);
    }
}

void metrics_observe_us(struct metric *m, uint64_t microseconds) {
    if (!m) {
        return;
    }
    size_t i = 0;
    while (microseconds > buckets[i].bound) {
        i++;
    }
    atomic_fetch_add_explicit(&m->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->value, (int64_t)(microseconds & INT64_MAX), memory_order_relaxed);
}

int64_t metrics_value(const struct metric *m) {
    return m ? atomic_load_explicit(&m->value, memory_order_relaxed) : 0;
}

static void write_name(struct str *out, const char *name, const char *suffix, const char *labels) {
    str_puts(out, name);
    str_puts(out, suffix);
    if (labels[0]) {
        str_putc(out, '{');
        str_puts(out, labels);
        str_putc(out, '}');
    }
    str_putc(out, ' ');
}

static void write_histogram(struct str *out, const char *name, const struct metric *m) {
    uint64_t total = 0;
    for (size_t i = 0; i < ARRAY_LEN(buckets); i++) {
        total += atomic_load_explicit(&m->counts[i], memory_order_relaxed);
        str_printf(out, "%s_bucket{%s%sle=\"%s\"} ", name, m->labels, m->labels[0] ? "," : "", buckets[i].text);
        str_u64(out, total);
        str_putc(out, '\n');
    }
    uint64_t sum = (uint64_t)metrics_value(m);
    write_name(out, name, "_sum", m->labels);
    str_u64(out, sum / 1000000);
    str_printf(out, ".%06u\n", (unsigned)(sum % 1000000));
    write_name(out, name, "_count", m->labels);
    str_u64(out, total); /* the same as the last bucket, even while others count */
    str_putc(out, '\n');
}

static void write_help(struct str *out, const struct family *f) {
    static const char *const types[] = {"counter", "gauge", "histogram"};
    str_printf(out, "# HELP %s ", f->name);
    for (const char *p = f->help; *p; p++) {
        if (*p == '\\') {
            str_puts(out, "\\\\");
        } else if (*p == '\n') {
            str_puts(out, "\\n");
        } else {
            str_putc(out, *p);
        }
    }
    str_printf(out, "\n# TYPE %s %s\n", f->name, types[f->kind]);
}

void metrics_write(struct str *out) {
    pthread_mutex_lock(&lock);
    for (const struct family *f = families; f; f = f->next) {
        write_help(out, f);
        for (const struct metric *m = f->first; m; m = m->next) {
            if (f->kind == METRICS_HISTOGRAM) {
                write_histogram(out, f->name, m);
                continue;
            }
            write_name(out, f->name, "", m->labels);
            str_i64(out, m->read ? m->read(m->data) : metrics_value(m));
            str_putc(out, '\n');
        }
    }
    pthread_mutex_unlock(&lock);
}
