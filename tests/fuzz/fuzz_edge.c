/* SPDX-License-Identifier: MIT
 * fuzz_edge.c - any bytes as the headers that every request may have: traceparent, Accept, Accept-Encoding, Content-Type. */
#include "test.h"

#include <string.h>

#include "pipeline_impl.h"
#include "trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken is written the same way again. */
static void check_trace(alees_str text) {
    char id[TRACE_ID + 1];
    if (!trace_parse(text, id)) {
        return;
    }
    ASSERT(strlen(id) == TRACE_ID && strspn(id, "0123456789abcdef") == TRACE_ID && strspn(id, "0") < TRACE_ID);
    ASSERT(text.len >= 55 && memcmp(text.ptr + 3, id, TRACE_ID) == 0);
}

static void check_types(alees_str text) {
    static const char *const offered[] = {"application/json", "text/csv", "application/x-ndjson", NULL};
    const char *chosen = pipeline_negotiate(text, offered);
    const char *body = pipeline_body_type(text, offered);
    bool is_chosen = !chosen, is_body = !body;
    for (size_t i = 0; offered[i]; i++) {
        is_chosen = is_chosen || chosen == offered[i];
        is_body = is_body || body == offered[i];
    }
    ASSERT(is_chosen && is_body);
    ASSERT(!pipeline_accepts_coding(text, "gzip") || text.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size ? size : 1); /* to the byte, so that a sanitizer sees what is read behind it */
    ASSERT(copy);
    if (size) {
        memcpy(copy, data, size);
    }
    check_trace((alees_str){copy, size});
    check_types((alees_str){copy, size});
    free(copy);
    return 0;
}
