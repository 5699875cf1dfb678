/* SPDX-License-Identifier: MIT
 * throttle.h - bounds guesses at passwords, in memory of a fixed size. Any thread.
 *
 * Two allowances are spent by each attempt and given back when the password was right: one of the account as seen from
 * this address, and one of the address. There is none of the account alone, so failures from other addresses never keep
 * its owner out. An IPv6 address counts as its /64, which one customer has whole. */
#ifndef THROTTLE_H
#define THROTTLE_H

#include "alees/cred.h"

struct throttle;

/* attempts: how many at once for an account from one address, 0 switches all off; ten times as many for an address.
 * seed makes the places of accounts unpredictable. NULL without memory. */
struct throttle *throttle_new(const struct alees_cred_v1 *cred, uint32_t attempts, alees_id seed);
void throttle_free(struct throttle *t); /* accepts NULL */

/* Spends one attempt at now_ms (monotonic): 0, or the seconds to wait. */
uint32_t throttle_spend(struct throttle *t, alees_str account, alees_str address, int64_t now_ms);
void throttle_give_back(struct throttle *t, alees_str account, alees_str address); /* it was right */

#endif
