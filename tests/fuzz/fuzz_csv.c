/* SPDX-License-Identifier: MIT
 * fuzz_csv.c - any bytes as CSV, and as lines: never more memory than was allowed, cells always within their record; cut
 * in two anywhere they mean the same; and what was read and written is read as the same again.
 *
 * The first byte says where the bytes are cut. */
#include <stdlib.h>
#include <string.h>

#include "csv.h"

enum { LONGEST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All of it again as CSV; absent after a failure. */
static alees_str rewrite(struct arena *arena, alees_str text, size_t cut, bool is_lines) {
    struct csv *c = csv_open(is_lines, LONGEST);
    enum csv_result result = CSV_MORE;
    struct str out;
    if (!c) {
        abort();
    }
    str_init(&out, arena, 256);
    alees_str pieces[2] = {{text.ptr, cut}, {text.ptr + cut, text.len - cut}};
    for (int i = 0; i < 3; i++) {
        while ((result = i < 2 ? csv_read(c, &pieces[i]) : csv_finish(c)) == CSV_RECORD) {
            uint32_t count;
            const struct csv_cell *cells = csv_cells(c, &count);
            size_t total = 0;
            for (uint32_t k = 0; k < count; k++) {
                bool is_absent = cells[k].text.len == 0 && !cells[k].is_quoted;
                total += cells[k].text.len;
                if (cells[k].text.ptr[cells[k].text.len] != '\0') {
                    abort();
                }
                csv_put(&out, is_absent && count > 1 ? (alees_str){NULL, 0} : csv_plain(cells[k].text), true, k == 0);
            }
            csv_end(&out);
            if (count == 0 || count > CSV_MAX_CELLS || total > LONGEST + 2) {
                abort();
            }
        }
    }
    csv_close(c);
    return result == CSV_MORE ? str_done(&out) : (alees_str){NULL, 0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
    if (!arena || size < 1) {
        arena_free(arena);
        return 0;
    }
    alees_str text = {(const char *)data + 1, size - 1};
    size_t cut = text.len > 0 ? data[0] % (text.len + 1) : 0;
    alees_str whole = rewrite(arena, text, 0, false), parts = rewrite(arena, text, cut, false);
    if ((whole.ptr == NULL) != (parts.ptr == NULL) || whole.len != parts.len ||
        (whole.len > 0 && memcmp(whole.ptr, parts.ptr, whole.len) != 0)) {
        abort();
    }
    if (whole.ptr && whole.len < LONGEST) {
        alees_str again = rewrite(arena, whole, 0, false);
        if (!again.ptr || again.len != whole.len || memcmp(again.ptr, whole.ptr, whole.len) != 0) {
            abort();
        }
    }
    (void)rewrite(arena, text, cut, true);
    arena_free(arena);
    return 0;
}
