/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EXITLAB_PROCESS_OF_H
#define EXITLAB_PROCESS_OF_H

#include <sys/types.h>

/* The process that a thread belongs to; 0 where the number is no thread's. */
pid_t process_of(pid_t thread);

#endif
