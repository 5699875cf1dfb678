/* SPDX-License-Identifier: MIT
 *
 * alees/audit.h - the audit trail. Every insert, update and delete of a declared resource's table is written to it by a
 * trigger of the host, in the same transaction, whoever does it; no plugin has to. Fields that are ALEES_WRITE_ONLY are
 * masked; read-only timestamps named last_* (used, login) are left out. This service is for what leaves no row behind: an
 * attempt that was refused.
 */
#ifndef ALEES_AUDIT_H
#define ALEES_AUDIT_H

#include "alees/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ALEES_AUDIT_V1 "alees.audit/1"
struct alees_audit_v1 {
    uint32_t struct_size, reserved0;
    /* Writes one entry in a transaction of its own, at the end of the ctx: when the client has its answer. action is
     * snake_case: "login_refused"; user and organization may be NULL, detail is shown to auditors: no secrets. Entries of
     * the same action and user beyond a bound per minute are counted, not written; the next one tells how many. Failures
     * are logged here, not given back. [owner] */
    void (*note)(alees_self *self, alees_ctx *ctx, const char *action, const alees_id *user,
                 const alees_id *organization, alees_str detail);
};

#ifdef __cplusplus
}
#endif
#endif
