/* SPDX-License-Identifier: MIT
 *
 * errors.h - what organizations are refused for. */
#ifndef ORGANIZATION_ERRORS_H
#define ORGANIZATION_ERRORS_H

#include "alees/abi.h"

static const struct alees_error errors[] = {
    {"too_many_nodes", 422, 0, "The tree is too large",
     "More organizations are below this one than one answer holds. Ask for less depth, or further below."},
    {"before_effective_date", 422, ALEES_ERROR_FIELD, "Ends before it begins",
     "end_date must not be before effective_date. Send both, or correct this one."},
    {"after_end_date", 422, ALEES_ERROR_FIELD, "Begins after it ends",
     "effective_date must not be after end_date. Send both, or correct this one."},
    {"unknown_timezone", 422, ALEES_ERROR_FIELD, "Not a time zone",
     "timezone is a name of the IANA, such as Europe/Berlin."},
    {"unknown_language", 422, ALEES_ERROR_FIELD, "Not a language", "language is a BCP 47 tag, such as de or de-DE."},
};

#endif
