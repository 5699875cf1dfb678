/* SPDX-License-Identifier: MIT
 * test_plugin_owner.c - declarations of parts and their owners: each wrong one of part_faults.c has its line. */
#include "test.h"

#include <string.h>

#include "fixtures.h"

static const char *const faults[] = {
    "resource root: field strangers is of PARTS: its reference must name a resource of part_faults whose owner is this",
    "resource root: field others is of PARTS: its reference must name",
    "resource root: field again has the same parts as good",
    "resource root: field stored is of PARTS: it has no column and no fallback",
    "resource root: field sorted is of PARTS: it can be FILTER and READ_ONLY, and nothing else",
    "resource root: field sorted is of PARTS, of which there may be none: it has no min",
    "resource root: field kept is of PARTS and can be written, but kept is NO_CREATE, NO_CHANGE or NO_DELETE",
    "resource root: field nameless needs a reference",
    "resource root: field nameless is of PARTS: its reference must name",
    "resource root: field first is SINGLE, but of whom?",
    "resource root: field custom is CUSTOM but not JSON",
    "resource root: field weak is WEAK but not a REFERENCE",
    "resource missing: its owner must name a field that is a REFERENCE to another resource of part_faults",
    "resource unfit: its owner must name a field",
    "resource foreign: its owner must name a field",
    "resource selfish: its owner must name a field",
    "resource sendable: field owner names the owner, which the host writes: it must be READ_ONLY",
    "resource deeper is a part of good: both must be ALEES_SCOPE_ORGANIZATION and not OPTIONAL, and the owner no part",
    "resource of_open is a part of open: both must be ALEES_SCOPE_ORGANIZATION",
    "resource of_fixed is a part of fixed, which is NO_CHANGE: it must be NO_CREATE, NO_CHANGE and NO_DELETE",
    "resource soft is SOFT_DELETE, which parts cannot be",
    "resource moved_optional is MOVABLE, which only ALEES_SCOPE_ORGANIZATION can be, not OPTIONAL and no part",
    "resource moved_part is MOVABLE, which only ALEES_SCOPE_ORGANIZATION can be, not OPTIONAL and no part",
    "resource moved_fixed is MOVABLE and NO_CREATE or NO_CHANGE",
    "resource moved is MOVABLE, but field other of its part part_faults.tied is a reference or CUSTOM",
    "resource moved is MOVABLE, but field values of its part part_faults.tied is a reference or CUSTOM",
    "resource text_single: field choice is SINGLE but not BOOLEAN",
    "resource text_single: field null_choice is SINGLE: it cannot be NULLABLE or UNIQUE as well",
    "resource deep: /root/{owner}/a/b/c/d/e/f/g/h/i is too long",
    "route POST /act: field parts is of PARTS, which only a resource has",
};

/* Nothing else is said either: a line that no entry expects is a false alarm. */
static void test_every_fault_is_named(void **state) {
    struct fixtures f;
    (void)state;
    assert_err(fixtures_load(&f, "part_faults", NULL, false), ALEES_E_INVALID);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (!strstr(f.errors, faults[i])) {
            print_error("not said: %s\n%s", faults[i], f.errors);
            fail();
        }
    }
    for (char *line = strtok(f.errors, "\n"); line; line = strtok(NULL, "\n")) {
        bool is_expected = false;
        for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
            is_expected = is_expected || strstr(line, faults[i]);
        }
        if (!is_expected) {
            print_error("said without need: %s\n", line);
            fail();
        }
    }
    fixtures_end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_fault_is_named)};
    return cmocka_run_group_tests_name("plugin_owner", tests, NULL, NULL);
}
