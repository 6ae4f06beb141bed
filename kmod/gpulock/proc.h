/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* /proc/swarm/gpu. */
#ifndef GPULOCK_PROC_H
#define GPULOCK_PROC_H

#include <linux/fs.h>
#include <linux/types.h>

int proc_start(void);
void proc_stop(void);

/*
 * What a write to one of the files does: line is what was written, without its newline, to be taken
 * apart. 0 or an errno.
 */
int control_command(char *line);
int control_quota(char *line);
int control_grant(char *line);

#endif
