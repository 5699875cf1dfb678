/* SPDX-License-Identifier: MIT
 * fuzz_config.c - any bytes as a configuration file: it is loaded, or refused with at least one line. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/alees-fuzz-XXXXXX";

static void clean(void) {
    (void)unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int descriptor = -1;
    char *text = NULL;
    size_t length = 0;
    struct config *config = NULL;
    if (descriptor < 0) {
        descriptor = mkstemp(path);
        ASSERT(descriptor >= 0 && atexit(clean) == 0);
    }
    ASSERT(pwrite(descriptor, data, size, 0) == (ssize_t)size && ftruncate(descriptor, (off_t)size) == 0);
    FILE *errors = open_memstream(&text, &length);
    ASSERT(errors);
    alees_rc rc = config_load(path, "/modules", errors, &config);
    ASSERT(fclose(errors) == 0);
    ASSERT(rc == ALEES_OK ? length == 0 : length > 0 && text[length - 1] == '\n');
    if (!rc) {
        ASSERT(config_integer(config, SETTING_PAGE_SIZE) <= config_integer(config, SETTING_MAX_PAGE_SIZE));
        config_free(config);
    }
    free(text);
    return 0;
}
