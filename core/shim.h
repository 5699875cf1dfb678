/* SPDX-License-Identifier: MIT
 * shim.h - two symbols of libc that this executable defines so that libcivetweb calls them: pthread_attr_setstacksize
 * (its threads have 100 KiB, too little for third-party handlers) and bind (it cannot adopt an inherited socket).
 * They are the only symbols the executable exports (cmake/server.dynlist). Level 2. */
#ifndef SHIM_H
#define SHIM_H

#include "base.h"

void shim_set_stack(size_t bytes);      /* least stack of threads made with an attribute from now on */
void shim_adopt_socket(int descriptor); /* the next bind() of a TCP socket takes this listening one over; -1: none */

#endif
