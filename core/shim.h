/* SPDX-License-Identifier: MIT
 * shim.h - symbols of libc that this executable defines so that libcivetweb calls them: pthread_attr_setstacksize
 * (its threads have 100 KiB, too little for third-party handlers), bind (it cannot adopt an inherited socket), recv and
 * send (it bounds the pause between two bytes, never the whole; and tells nobody which socket it talks to).
 * They are the only symbols the executable exports (cmake/server.dynlist). Level 2. */
#ifndef SHIM_H
#define SHIM_H

#include "base.h"

void shim_set_stack(size_t bytes);      /* least stack of threads made with an attribute from now on */
void shim_adopt_socket(int descriptor); /* the next bind() of a TCP socket takes this listening one over; -1: none */

/* What the calling thread receives and sends from now on belongs to a connection of libcivetweb, until shim_release; past
 * deadline_us (monotonic; 0: none) it fails. Other threads, and libpq in between, are not concerned. */
void shim_watch(uint64_t deadline_us);
void shim_release(void);
int shim_socket(void); /* where was received last under watch; -1: nowhere yet */

#endif
