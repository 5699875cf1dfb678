/* SPDX-License-Identifier: MIT
 * phone.h - telephone numbers in the form of E.164, "+4930901820", by libphonenumber: what contact.phone.so offers to
 * contact.so, which opens it with the first number (phone_open.c). It is a file of its own because libphonenumber and what
 * it needs take 6 MiB from the moment they are there, and many a server never sees a number. */
#ifndef CONTACT_PHONE_H
#define CONTACT_PHONE_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PHONE_SIZE = 24 }; /* "+", the digits of the longest number, and a NUL */

/* Any thread. What is known of the countries is read with the first call of either, which takes some 20 ms. */
struct phone_library {
    uint32_t struct_size, reserved0;
    /* number as people write it, beginning with + and the country; with a region ("DE"; NULL: none) also as it is dialled
     * there. E_INVALID: no number that exists, or with more to it than a number (letters, an extension): nothing of what
     * was sent is lost silently. E_NOMEM, E_INTERNAL. */
    alees_rc (*normalize)(alees_str number, const char *region, char ret_number[PHONE_SIZE]);
    /* Is this a region whose numbers are known, by its two letters? ALEES_OK, E_INVALID, E_NOMEM or E_INTERNAL. */
    alees_rc (*check_region)(const char *region);
};

ALEES_EXPORT extern const struct phone_library contact_phone_v1; /* what the file exports; phone.cc */

/* phone_open.c, in contact.so. */

#define PHONE_FILE "contact.phone.so"

struct phone_fault { /* what is wrong with the file, and what to do */
    char text[512];
};

/* The path of the plugin that calls, as it was opened; absent if nobody knows. Valid until the process ends. */
const char *phone_plugin(void);
/* Is the file there, beside the plugin, to be read and to be trusted as the plugin is? Nothing is opened. ALEES_OK, or
 * E_UNAVAILABLE with the fault. Any thread. */
alees_rc phone_look(const char *plugin, struct phone_fault *ret_fault);
/* Opens it, once: there is one in the process, and it stays. A failure is tried again with the next call. E_UNAVAILABLE
 * with the fault. Any thread. */
alees_rc phone_open(const char *plugin, const struct phone_library **ret_library, struct phone_fault *ret_fault);

#ifdef __cplusplus
}
#endif
#endif
