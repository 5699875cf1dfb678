/* SPDX-License-Identifier: MIT
 *
 * custom_errors.h - what definitions of custom fields are refused for. Level 3. */
#ifndef CUSTOM_ERRORS_H
#define CUSTOM_ERRORS_H

#include "alees/abi.h"

static const struct alees_error custom_errors[] = {
    {"out_of_range", 422, ALEES_ERROR_FIELD, "Out of range",
     "The bounds of a text are from 0 to 65535 characters; max is not below min, and above it for numbers."},
    {"not_applicable", 422, ALEES_ERROR_FIELD, "Not for this one",
     "The member has no meaning for a definition of this type or resource. Leave it out, or send null."},
    {"reserved", 422, ALEES_ERROR_FIELD, "The key is reserved",
     "The key would be read as an operator of filters. Choose another one."},
};

#endif
