/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF programs see the ids of processes as the first PID namespace does. */
#ifndef EXITLAB_PID_NAMESPACE_H
#define EXITLAB_PID_NAMESPACE_H

#include <stdbool.h>
#include <sys/stat.h>

/* Are our ids theirs? */
static inline bool in_first_pid_namespace(void)
{
	struct stat namespace;

	/* PROC_PID_INIT_INO of include/linux/proc_ns.h */
	return stat("/proc/self/ns/pid", &namespace) || namespace.st_ino == 0xeffffffc;
}

#endif
