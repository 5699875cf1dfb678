/* SPDX-License-Identifier: MIT
 * record.c - see record.h. */
#include "record.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "describe.h"
#include "str.h"

enum {
    MOST_TEXT = 65536, /* bytes of a body; a longer one is left out */
    MOST_ALIKE = 10,
    SHAPES = 1 << 14, /* a power of two */
    PATH = 512
};
#define MEMORY ((size_t)64 * 1024 * 1024)

static struct {
    pthread_mutex_t lock;
    int file; /* 0: not opened yet */
    struct arena *arena;
    uint32_t shape_count;
    uint64_t shapes[SHAPES]; /* hash, in the lowest byte how many; 0: free */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};
static atomic_bool is_shipped;

bool record_is_on(void) {
    const char *folder = getenv("ALEES_TEST_RECORD");
    return folder && *folder;
}

void record_shipped_server(void) {
    atomic_store(&is_shipped, true);
}

const char *record_socket_world(void) {
    return record_is_on() && atomic_load(&is_shipped) ? "shipped" : NULL;
}

/* ---- what is alike ---- */

static uint64_t hash_byte(uint64_t hash, char c) { /* FNV-1a */
    return (hash ^ (unsigned char)c) * UINT64_C(0x100000001b3);
}

static uint64_t hash_text(uint64_t hash, alees_str text) {
    for (size_t i = 0; i < text.len; i++) {
        hash = hash_byte(hash, text.ptr[i]);
    }
    return hash_byte(hash, '\n');
}

/* Letters beyond f alone: what is left without ids and numbers. Of parameters their names. */
static uint64_t hash_path(uint64_t hash, alees_str path) {
    bool is_value = false;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        is_value = c == '=' || (is_value && c != '&');
        if (!is_value && ((c > 'f' && c <= 'z') || c == '/' || c == '?' || c == '&')) {
            hash = hash_byte(hash, c);
        }
    }
    return hash_byte(hash, '\n');
}

/* Brackets, names of members, and of values their first byte. Of what is not JSON this is something, too. */
static uint64_t hash_json(uint64_t hash, alees_str text) {
    const char *p = text.ptr, *end = text.ptr + text.len;
    while (p < end) {
        const char *begin = p++;
        if (*begin == '"') {
            while (p < end && *p != '"') {
                p += *p == '\\' && p + 1 < end ? 2 : 1;
            }
            p += p < end ? 1 : 0;
            hash =
                p < end && *p == ':' ? hash_text(hash, (alees_str){begin, (size_t)(p - begin)}) : hash_byte(hash, '"');
        } else if (strchr("[]{}tfn", *begin) && *begin) {
            hash = hash_byte(hash, *begin);
        }
    }
    return hash_byte(hash, '\n');
}

static bool is_known(const struct record *r) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = hash_text(hash, r->method);
    hash = hash_path(hash, r->path);
    hash = hash_byte(hash, (char)(r->status % 251));
    hash = hash_json(hash, r->request_body);
    hash = hash_json(hash, r->body) | 0x100;
    size_t at = (size_t)(hash >> 8) % SHAPES;
    while (all.shapes[at] != 0 && (all.shapes[at] ^ hash) >> 8 != 0) {
        at = (at + 1) % SHAPES;
    }
    if (all.shapes[at] == 0) {
        if (all.shape_count >= SHAPES / 4 * 3) {
            return true;
        }
        all.shape_count++;
        all.shapes[at] = hash & ~UINT64_C(0xff);
    }
    if ((all.shapes[at] & 0xff) >= MOST_ALIKE) {
        return true;
    }
    all.shapes[at]++;
    return false;
}

/* ---- files ---- */

/* Its first 15 letters, as the kernel knows them. */
static void read_program_name(char ret_name[17]) {
    int file = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    ssize_t len = file < 0 ? -1 : read(file, ret_name, 16);
    if (file >= 0) {
        (void)close(file);
    }
    ret_name[len > 0 ? len : 0] = '\0';
    ret_name[strcspn(ret_name, "\n")] = '\0';
}

static void write_all(int file, alees_str text) {
    while (text.len) {
        ssize_t n = write(file, text.ptr, text.len);
        ASSERT(n > 0);
        text = (alees_str){text.ptr + n, text.len - (size_t)n};
    }
}

static void begin(void) {
    char path[PATH], name[17];
    if (!all.arena) {
        all.arena = arena_new(MEMORY);
        ASSERT(all.arena != NULL);
    }
    if (all.file == 0) {
        read_program_name(name);
        (void)snprintf(path, sizeof path, "%s/%s-%ld.ndjson", getenv("ALEES_TEST_RECORD"), name, (long)getpid());
        all.file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        ASSERT(all.file > 0);
    }
}

void record_make_world(struct record_world *w, struct app *app) {
    char path[PATH], made[PATH + 32];
    if (w->name[0]) {
        return;
    }
    (void)pthread_mutex_lock(&all.lock);
    begin();
    alees_str text = describe_openapi(all.arena, &app->catalogue, NULL, false);
    ASSERT(text.ptr != NULL);
    (void)snprintf(w->name, sizeof w->name, "%016" PRIx64, hash_text(UINT64_C(0xcbf29ce484222325), text));
    (void)snprintf(path, sizeof path, "%s/world-%s.openapi.json", getenv("ALEES_TEST_RECORD"), w->name);
    if (access(path, F_OK) != 0) { /* another process may be at it */
        (void)snprintf(made, sizeof made, "%s.%ld", path, (long)getpid());
        int file = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        ASSERT(file >= 0);
        write_all(file, text);
        (void)close(file);
        ASSERT(rename(made, path) == 0);
    }
    arena_reset(all.arena);
    (void)pthread_mutex_unlock(&all.lock);
}

static void put_text(struct str *out, const char *key, alees_str text) {
    str_printf(out, ",\"%s\":", key);
    if (text.len > MOST_TEXT || !str_is_utf8(text)) {
        str_puts(out, "{\"left_out\":");
        str_u64(out, text.len);
        str_puts(out, "}");
    } else {
        str_json(out, text);
    }
}

void record_put(const struct record *r) {
    struct str line;
    (void)pthread_mutex_lock(&all.lock);
    if (!is_known(r)) {
        begin();
        str_init(&line, all.arena, 4096);
        str_printf(&line, "{\"world\":\"%s\",\"status\":%u", r->world, r->status);
        put_text(&line, "method", r->method);
        put_text(&line, "path", r->path);
        put_text(&line, "request_head", r->request_head);
        put_text(&line, "request_body", r->request_body);
        put_text(&line, "head", r->head);
        put_text(&line, "body", r->body);
        str_puts(&line, "}\n");
        alees_str text = str_done(&line);
        ASSERT(text.ptr != NULL);
        write_all(all.file, text);
        arena_reset(all.arena);
    }
    (void)pthread_mutex_unlock(&all.lock);
}
