/* SPDX-License-Identifier: MIT
 * test_gzip.c - what is packed can be unpacked again, by another program: gzip(1). */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gzip.h"

/* The text that `gzip -dc` makes of it; NULL if it refuses. */
static char *unpack(const char *bytes, size_t size, size_t *ret_size) {
    char path[] = "/tmp/alees-gzip-XXXXXX", command[128], *text = malloc(16 * 1024 * 1024);
    int file = mkstemp(path);
    assert_non_null(text);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    (void)close(file);
    (void)snprintf(command, sizeof command, "gzip -dc < %s 2>/dev/null", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    *ret_size = fread(text, 1, 16 * 1024 * 1024, pipe);
    int status = pclose(pipe);
    (void)unlink(path);
    if (status != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static void fill(char *text, size_t size) {
    size_t at = 0;
    for (unsigned row = 0; at + 100 < size; row++) {
        at += (size_t)snprintf(text + at, size - at, "{\"id\":\"%08x\",\"name\":\"Bolt M%u\",\"price\":\"%u.50\"},",
                               row * 2654435761u, row % 20, row % 977);
    }
    memset(text + at, 'x', size - at);
}

static void check_whole(const char *text, size_t size) {
    struct arena *arena = test_arena();
    struct str out;
    size_t unpacked;
    str_init(&out, arena, 16);
    assert_true(gzip_whole(arena, (alees_str){text, size}, &out));
    char *back = unpack(out.ptr, out.len, &unpacked);
    assert_non_null(back);
    assert_int_equal(unpacked, size);
    assert_memory_equal(back, text, size);
    free(back);
    arena_free(arena);
}

static void test_whole(void **state) {
    static char text[3 * 1024 * 1024];
    static const size_t sizes[] = {1, 2, 1025, 16 * 1024, 16 * 1024 + 1, 300000, sizeof text};
    (void)state;
    fill(text, sizeof text);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        check_whole(text, sizes[i]);
    }
    for (size_t i = 0; i < sizeof text; i++) { /* nothing to gain */
        text[i] = (char)((i * 2654435761u + (i >> 3) * 40503u) >> 11);
    }
    check_whole(text, sizeof text);
}

struct collected {
    char bytes[1024 * 1024];
    size_t size, calls, refuse_at;
};

static bool collect(void *data, const char *bytes, size_t size) {
    struct collected *c = data;
    assert_true(size <= 16 * 1024 && c->size + size <= sizeof c->bytes);
    memcpy(c->bytes + c->size, bytes, size);
    c->size += size;
    return ++c->calls != c->refuse_at;
}

/* Over marks of the arena, as an export does it. */
static void test_stream(void **state) {
    static struct collected c;
    static char text[500000];
    struct arena *arena = test_arena();
    size_t unpacked;
    (void)state;
    fill(text, sizeof text);
    memset(&c, 0, sizeof c);
    struct gzip *g = gzip_open(arena, collect, &c);
    assert_non_null(g);
    for (size_t at = 0; at < sizeof text; at += 5000) {
        struct arena_mark mark;
        arena_mark(arena, &mark);
        assert_non_null(arena_alloc(arena, 100000));
        assert_true(gzip_write(g, text + at, 5000));
        arena_release(arena, &mark);
    }
    size_t before = c.size;
    assert_true(gzip_flush(g));
    assert_true(c.size > before);
    assert_null(unpack(c.bytes, c.size, &unpacked)); /* it says itself that it is not whole */
    assert_true(gzip_close(g));
    char *back = unpack(c.bytes, c.size, &unpacked);
    assert_non_null(back);
    assert_int_equal(unpacked, sizeof text);
    assert_memory_equal(back, text, sizeof text);
    assert_true(c.size < sizeof text / 3);
    free(back);
    arena_free(arena);
}

static void test_failures(void **state) {
    static struct collected c = {.refuse_at = 1};
    static char text[400000];
    struct str out;
    (void)state;
    fill(text, sizeof text);
    struct arena *arena = test_arena();
    struct gzip *g = gzip_open(arena, collect, &c);
    assert_non_null(g);
    assert_false(gzip_write(g, text, sizeof text) && gzip_close(g));
    assert_int_equal(c.calls, 1);
    arena_free(arena);
    for (uint32_t nth = 1; nth < 6; nth++) {
        arena = test_arena();
        arena_fail_after(arena, nth);
        assert_null(gzip_open(arena, collect, &c));
        arena_free(arena);
    }
    arena = arena_new(80 * 1024); /* its state fits, what comes out does not */
    str_init(&out, arena, 16);
    assert_false(gzip_whole(arena, (alees_str){text, sizeof text}, &out));
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole), cmocka_unit_test(test_stream),
                                       cmocka_unit_test(test_failures)};
    return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
