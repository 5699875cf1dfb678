/* SPDX-License-Identifier: MIT
 * address.h - what rights depend on: is this a name for a user, are these two e-mail addresses the same? Any thread. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>

#include "alees/abi.h"

/* UTF-8 of which everything is seen: no control characters, nothing invisible or that turns the direction around, no other
 * space than the common one, and none at either end. Two names that look the same may still differ. */
bool address_is_username(alees_str name);
/* The letters A to Z in either case are the same, and nothing else is: two addresses that are one to a person's eye are
 * two here if their bytes differ. An absent address is that of nobody. */
bool address_is_same(alees_str a, alees_str b);

#endif
