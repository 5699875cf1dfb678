/* SPDX-License-Identifier: MIT
 * standalone.c - runs a fuzz target over files instead of under libFuzzer, so that every build replays the corpus.
 *
 * Usage: fuzz_NAME FOLDER|FILE... Every file is also cut at each of its first 64 bytes: short inputs find most of the
 * reads past an end. A folder that is missing or empty is a failure: a replay of nothing proves nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_INPUT = 1 << 20, CUTS = 64 };

/* The target gets a block of exactly its size, so that a sanitizer sees one byte too many. */
static void run(const uint8_t *data, size_t size) {
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact) {
        abort();
    }
    memcpy(exact, data, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static int run_file(const char *path) {
    static uint8_t bytes[MAX_INPUT];
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 0;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 0; cut < size && cut < CUTS; cut++) {
        run(bytes, cut);
    }
    run(bytes, size);
    return 1;
}

static int run_folder(const char *path) {
    char name[4096];
    int count = 0;
    DIR *folder = opendir(path);
    if (!folder) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.' && snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name) {
            count += run_file(name);
        }
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv) {
    int count = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        count += stat(argv[i], &status) == 0 && S_ISREG(status.st_mode) ? run_file(argv[i]) : run_folder(argv[i]);
    }
    printf("%d inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
