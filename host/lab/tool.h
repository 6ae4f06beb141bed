/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that the lab asks something before there is an emulated host. */
#ifndef EXITLAB_LAB_TOOL_H
#define EXITLAB_LAB_TOOL_H

#include <stddef.h>

/*
 * Runs a tool and puts what it prints into text, as much as fits. Returns its exit status, 127
 * where it is missing; a signal that comes meanwhile to the signalfd, or the deadline, ends it and
 * all it started, with 128 + n returned.
 */
int tool_run(char *const *argv, int deadline_s, int signals, char *text, size_t size);

#endif
