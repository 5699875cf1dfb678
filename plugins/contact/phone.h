/* SPDX-License-Identifier: MIT
 * phone.h - telephone numbers in the form of E.164, "+4930901820", by libphonenumber. Any thread. What is known of the
 * countries is read with the first call of either function, which takes some 20 ms and 3 MiB. */
#ifndef CONTACT_PHONE_H
#define CONTACT_PHONE_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PHONE_SIZE = 24 }; /* "+", the digits of the longest number, and a NUL */

/* number as people write it, beginning with + and the country; with a region ("DE"; NULL: none) also as it is dialled
 * there. E_INVALID: no number that exists, or with more to it than a number (letters, an extension): nothing of what was
 * sent is lost silently. E_NOMEM, E_INTERNAL. */
alees_rc phone_normalize(alees_str number, const char *region, char ret_number[PHONE_SIZE]);
/* Is this a region whose numbers are known, by its two letters? ALEES_OK, E_INVALID, E_NOMEM or E_INTERNAL. */
alees_rc phone_check_region(const char *region);

#ifdef __cplusplus
}
#endif
#endif
