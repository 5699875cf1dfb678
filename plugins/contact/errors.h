/* SPDX-License-Identifier: MIT
 *
 * errors.h - what contacts are refused for. */
#ifndef CONTACT_ERRORS_H
#define CONTACT_ERRORS_H

#include "alees/abi.h"

static const struct alees_error errors[] = {
    {"invalid_email", 422, ALEES_ERROR_FIELD, "Not an e-mail address",
     "The text is no address such as lena@example.com: one @, no blanks, a domain behind it."},
    {"invalid_phone_number", 422, ALEES_ERROR_FIELD, "Not a telephone number",
     "The text is no number that can be dialled in its region. Begin with + and the code of the country."},
    {"incomplete_position", 422, ALEES_ERROR_FIELD, "Half of a position",
     "latitude and longitude are sent together, or neither of them."},
    {"phone_numbers_unavailable", 503, 0, "Telephone numbers cannot be checked now",
     "The library that knows telephone numbers cannot be loaded. Tell the operator of the server; all else can "
     "be written."},
};

#endif
