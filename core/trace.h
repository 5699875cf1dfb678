/* SPDX-License-Identifier: MIT
 * trace.h - the header traceparent (W3C Trace Context): to which trace does a request belong? Level 1. */
#ifndef TRACE_H
#define TRACE_H

#include "base.h"

enum { TRACE_ID = 32 }; /* hexadecimal digits */

/* The id of the trace, with a NUL; of version 00, or of a later one, as far as it begins like 00. False, and nothing is
 * written, for whatever else: a broken header is as good as none. */
bool trace_parse(alees_str header, char ret_id[TRACE_ID + 1]) MUST_CHECK;

#endif
